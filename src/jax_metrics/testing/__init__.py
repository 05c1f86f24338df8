"""Checks for custom layers, losses and metrics, and for what devices send to each other."""

from jax_metrics.testing._check_layer import check_layer as check_layer
from jax_metrics.testing._check_loss import check_loss as check_loss
from jax_metrics.testing._check_metric import check_metric as check_metric
from jax_metrics.testing._collectives import Collective as Collective
from jax_metrics.testing._collectives import Collectives as Collectives
from jax_metrics.testing._collectives import collectives as collectives
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


# Type checkers read the imports, all of which name what they export.
globals()["__all__"] = __dir__()
