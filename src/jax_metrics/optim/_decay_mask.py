"""`decay_mask`: which parameters weight decay applies to."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from jax_metrics.arguments import names_arguments
from jax_metrics.optim._rules import Place, Rule, as_rules, check_used, matches, places
from jax_metrics.optim._seen_tree import seen

# The last part of a path. Flax and Haiku have the same names, and some shorter ones.
_NAMES = re.compile(r"(.+_)?(bias|scale|offset|embeddings?)|b")
_CLASSES = re.compile(r".*Norm|.*Embed(ding)?s?")


@names_arguments
def decay_mask(
    *spare: Rule, decay: Rule | Sequence[Rule] = ()
) -> Callable[[dict[str, Any]], dict[str, bool]]:
    """A mask for `optax.adamw` and others: True for the parameters to which weight decay applies.

    It excludes parameters named `bias`, `scale` or `embedding`, and those that belong directly to a
    module whose class is named like a norm or an embedding, such as `BatchNorm` and `Embed`. A
    kernel in a `SpectralNorm` belongs to the layer inside, so it decays.

    Args:
        *spare: Other parameters to exclude: paths such as `".head"`, with everything inside, or
            with `*` for any characters; classes of modules; kinds; functions of a `FieldInfo`.
        decay: Exceptions, which decay in any case; rules of the same form.

    Returns:
        The mask, for a transformation in a `jm.Optimizer`.

    Raises:
        TypeError: If a rule is none of these.
        ValueError: In `Optimizer.init`, if no parameter matches a rule.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(4), jm.LayerNorm()).init(0, jnp.ones((1, 2)))
        >>> adamw = optax.adamw(1e-3, weight_decay=0.1, mask=jm.optim.decay_mask())
        >>> optimizer = jm.Optimizer(adamw).init(model)
        >>> new = optimizer.update(model.map(jnp.zeros_like, jm.Parameter), model)
        >>> bool((new[0].kernel == model[0].kernel).any()), bool((new[1].scale == 1).all())
        (False, True)
    """
    spared, exceptions = as_rules(spare, "decay_mask"), as_rules(decay, "decay_mask")

    def mask(params: dict[str, Any]) -> dict[str, bool]:
        now = seen("decay_mask")
        found = places(now.tree)
        if now.initial:
            check_used([*spared, *exceptions], found, "decay_mask")

        def decays(place: Place) -> bool:
            if any(matches(rule, place) for rule in exceptions):
                return True
            return not (_is_spared(place) or any(matches(rule, place) for rule in spared))

        return {path: decays(found[path]) for path in params}

    return mask


def _is_spared(place: Place) -> bool:
    name = re.split(r"\.|\['|'\]", place.field.path.removesuffix("']"))[-1]
    owner = type(place.field.module)
    return bool(
        _NAMES.fullmatch(name) or any(_CLASSES.fullmatch(c.__name__) for c in owner.__mro__)
    )
