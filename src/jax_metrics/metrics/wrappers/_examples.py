"""Which examples of a batch count, and whether there are any."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def included_examples(size: int, *weights: Any) -> jax.Array:
    """Which examples count: those with an element that all weights and masks include, `[size]`.

    Args:
        size: The number of examples.
        *weights: Weights and masks, `[size, ...]`, numbers, or None. The shapes of some are
            prefixes of those of others.

    Raises:
        ValueError: If one is of another number of examples.
    """
    included = jnp.ones(size, bool)
    for weight in weights:
        if weight is None:
            continue
        nonzero = jnp.asarray(weight) != 0
        if nonzero.ndim and nonzero.shape[0] != size:
            raise ValueError(
                f"A mask or weights of shape {nonzero.shape} do not fit a batch of {size} examples."
            )
        if nonzero.ndim > included.ndim:
            included = included.reshape(included.shape + (1,) * (nonzero.ndim - included.ndim))
        else:
            nonzero = nonzero.reshape(nonzero.shape + (1,) * (included.ndim - nonzero.ndim))
        included = included & nonzero
    return included.any(tuple(range(1, included.ndim)))


def has_examples(args: Any, kwargs: dict[str, Any]) -> jax.Array:
    """Whether a batch, as the arguments of `update`, has an example that counts."""
    chosen = ("sample_weight", "mask")
    data = {name: value for name, value in kwargs.items() if name not in chosen}
    arrays = [leaf for leaf in jax.tree.leaves((args, data)) if np.ndim(leaf)]
    if any(np.shape(leaf)[0] == 0 for leaf in arrays):
        return jnp.zeros((), bool)
    weights = [kwargs.get(name) for name in chosen]
    size = next((np.shape(x)[0] for x in weights if x is not None and np.ndim(x)), 1)
    return included_examples(size, *weights).any()
