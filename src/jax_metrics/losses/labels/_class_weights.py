"""Weights of classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp


def as_class_weights(weights: Sequence[float] | jax.Array, classes: int, dtype: Any) -> jax.Array:
    """The weights as an array `[classes]`.

    Raises:
        ValueError: If there is not one for each class.
        TypeError: If they are a dict.
    """
    if isinstance(weights, Mapping):
        raise TypeError(
            f"class_weights must be a sequence of {classes} numbers, but are a dict. Write "
            f"`[class_weights[label] for label in range({classes})]`."
        )
    array = jnp.asarray(weights, dtype)
    if array.shape != (classes,):
        raise ValueError(
            f"class_weights must have one number for each of {classes} classes, but its shape is "
            f"{list(array.shape)}."
        )
    return array
