"""Text generation with any model that has a decoding cache."""

from jax_metrics.models.generation._filters import keep_min_p as keep_min_p
from jax_metrics.models.generation._filters import keep_top_k as keep_top_k
from jax_metrics.models.generation._filters import keep_top_p as keep_top_p
from jax_metrics.models.generation._filters import penalize_repetition as penalize_repetition
from jax_metrics.models.generation._generate import Generated as Generated
from jax_metrics.models.generation._generate import generate as generate
from jax_metrics.models.generation._generate import stream as stream
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
