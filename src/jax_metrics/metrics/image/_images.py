"""How images are read: as floats, with the channels last."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import as_float, pair
from jax_metrics.metrics.state import power_of_two

DataRange = float | Sequence[float]
_Range = float | tuple[float, float]


def as_images(name: str, value: Any, spatial: tuple[int, ...] = (2,)) -> jax.Array:
    """A batch of images as floats, `[batch, height, width, channels]`.

    Args:
        name: The name of the argument.
        value: The images.
        spatial: How many spatial axes there may be: 3 for volumes with a depth before the height.

    Raises:
        TypeError: If its elements are not real numbers.
        ValueError: If it has another number of axes, or its channels come first.
    """
    images = as_float(name, value)
    check_layout(name, images.shape, spatial)
    return images


def image_pair(
    target: Any, preds: Any, spatial: tuple[int, ...] = (2,)
) -> tuple[jax.Array, jax.Array]:
    """Two batches of images of the same shape; see `as_images`.

    Raises:
        TypeError: If their elements are not real numbers.
        ValueError: If their shapes differ, or are not those of images.
    """
    images = pair(target, preds)
    check_layout("target", images[0].shape, spatial)
    return images


def check_layout(name: str, shape: tuple[int, ...], spatial: tuple[int, ...] = (2,)) -> None:
    """Checks that a shape is that of images with the channels last.

    Channels that come first are recognized by their number: if an image would have one to four rows
    but is larger along its last two axes, these are channels.

    Raises:
        ValueError: If it is not such a shape.
    """
    forms = {
        2: "[batch, height, width, channels]",
        3: "[batch, depth, height, width, channels]",
    }
    if len(shape) - 2 not in spatial:
        expected = " or ".join(forms[axes] for axes in spatial)
        raise ValueError(f"{name} must be images, {expected}, but its shape is {list(shape)}.")
    if shape[1] <= 4 < min(shape[2:]):
        raise ValueError(
            f"{name} of shape {list(shape)} seems to have its channels first. Images are "
            f"{forms[len(shape) - 2]} here: write `jnp.moveaxis({name}, 1, -1)`."
        )


def to_unit(*images: jax.Array, axes: tuple[int, ...]) -> list[jax.Array]:
    """The images times one power of two, so that the largest value along the axes is about 1.

    A power of two adds no rounding errors: equal differences of pixels stay equal.

    Args:
        *images: Images of one shape.
        axes: The axes of values that have a common factor.
    """
    largest = jnp.stack([abs(one).max(axes, keepdims=True) for one in images]).max(0)
    most = jnp.finfo(largest.dtype).maxexp - 2  # the factor must be a normal number
    exponent = jnp.frexp(jnp.where(jnp.isfinite(largest), largest, 1))[1].clip(-most, most)
    factor = power_of_two(-exponent, largest.dtype)
    return [one * factor for one in images]


def check_range(data_range: DataRange) -> _Range:
    """The range of the values of images: a number, or the lowest and the highest value as a tuple.

    Raises:
        ValueError: If it is neither, or empty.
    """
    given = np.asarray(data_range)
    if given.dtype.kind in "iuf" and given.shape in ((), (2,)):
        size = given if given.ndim == 0 else given[1] - given[0]
        if 0 < size < np.inf:
            return given.item() if given.ndim == 0 else (given[0].item(), given[1].item())
    raise ValueError(
        f"data_range must be the difference between the highest and the lowest value that images "
        f"can have, as 1.0 or 255, or both values, as (0, 1); got {data_range!r}."
    )


def range_size(data_range: _Range) -> float:
    """The difference between the highest and the lowest value."""
    if isinstance(data_range, tuple):
        low, high = data_range
        return high - low
    return data_range


def clipped(images: jax.Array, data_range: _Range) -> jax.Array:
    """The images, with values outside of a given interval moved to its ends."""
    return images.clip(*data_range) if isinstance(data_range, tuple) else images
