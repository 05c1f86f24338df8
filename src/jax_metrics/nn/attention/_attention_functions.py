"""The attention functions of Flax, with a check of the mask."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import flax.linen as linen
import jax

from jax_metrics.nn._padding import check_mask


def _checked(function: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> jax.Array:
        mask = signature.bind_partial(*args, **kwargs).arguments.get("mask")
        check_mask(function.__name__, "mask", mask, " Scores to add are the argument `bias`.")
        return function(*args, **kwargs)

    return checked


dot_product_attention = _checked(linen.dot_product_attention)
dot_product_attention_weights = _checked(linen.dot_product_attention_weights)
