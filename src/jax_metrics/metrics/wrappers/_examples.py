"""Which examples of a batch count, and whether there are any."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def included_examples(size: int, **weights: Any) -> jax.Array:
    """Which examples count: those with an element that all weights and masks include, `[size]`.

    Args:
        size: The number of examples.
        **weights: Weights and masks, `[size, ...]`, numbers, or None. Their shapes are prefixes of
            one another.

    Raises:
        ValueError: If a shape does not fit.
    """
    included = jnp.ones(size, bool)
    for name, weight in weights.items():
        if weight is None:
            continue
        nonzero = jnp.asarray(weight) != 0
        shared = min(nonzero.ndim, included.ndim)
        if nonzero.shape[:shared] != included.shape[:shared]:
            raise ValueError(
                f"{name} of shape {nonzero.shape} does not fit a batch of {size} examples."
            )
        if nonzero.ndim > included.ndim:
            included = included.reshape(included.shape + (1,) * (nonzero.ndim - included.ndim))
        else:
            nonzero = nonzero.reshape(nonzero.shape + (1,) * (included.ndim - nonzero.ndim))
        included = included & nonzero
    return included.any(tuple(range(1, included.ndim)))


def has_examples(args: Any, kwargs: dict[str, Any]) -> jax.Array:
    """Whether a batch, as the arguments of `update`, has an example that counts."""
    weights = {name: kwargs.get(name) for name in ("sample_weight", "mask")}
    data = {name: value for name, value in kwargs.items() if name not in weights}
    arrays = [leaf for leaf in jax.tree.leaves((args, data)) if np.ndim(leaf)]
    if any(np.shape(leaf)[0] == 0 for leaf in arrays):
        return jnp.zeros((), bool)
    given = [x for x in weights.values() if x is not None and np.ndim(x)]
    size = np.shape(given[0])[0] if given else 1
    return included_examples(size, **weights).any()
