"""Arguments of layers that work on spatial axes: one number for all axes, or one for each."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place

Pairs = tuple[tuple[int, int], ...]


def as_shape(value: int | Sequence[int], name: str) -> tuple[int, ...]:
    """The shape of a window or kernel, whose length is the number of spatial axes.

    Args:
        value: One size, for one spatial axis, or a size for each.
        name: The argument's name.

    Raises:
        ValueError: If it is empty, or a size is below one.
    """
    shape = (value,) if isinstance(value, int) else tuple(value)
    if not shape or any(not isinstance(size, int) or size < 1 for size in shape):
        raise ValueError(
            f"`{name}` needs a positive integer for each spatial axis, as in `{name}=(2, 2)`; got "
            f"{value!r}."
        )
    return shape


def per_axis(value: int | Sequence[int], axes: int, name: str) -> tuple[int, ...]:
    """The numbers for each spatial axis: a single one applies to all.

    Args:
        value: A number or a sequence of them.
        axes: How many spatial axes there are.
        name: The argument's name.

    Raises:
        ValueError: If there are more or fewer numbers than axes, or one is below one.
    """
    numbers = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(numbers) != axes or any(not isinstance(n, int) or n < 1 for n in numbers):
        raise ValueError(
            f"`{name}` needs one positive integer, or one for each of the {axes} spatial axes; got "
            f"{value!r}."
        )
    return numbers


def padding_pairs(value: Any, axes: int) -> Pairs:
    """How much to add before and after along each spatial axis.

    Args:
        value: A number for all sides, or for each axis a number or a pair `(before, after)`.
        axes: How many spatial axes there are.

    Raises:
        ValueError: If it is none of these.
    """
    entries: Any = (value,) * axes if isinstance(value, int) else value
    if isinstance(entries, Sequence) and not isinstance(entries, str) and len(entries) == axes:
        pairs = tuple((e, e) if isinstance(e, int) else e for e in entries)
        if all(
            isinstance(pair, Sequence) and len(pair) == 2 and all(isinstance(n, int) for n in pair)
            for pair in pairs
        ):
            return tuple((pair[0], pair[1]) for pair in pairs)
    raise ValueError(
        f"`padding` needs one integer, or for each of the {axes} spatial axes an integer or a pair "
        f"`(before, after)`; got {value!r}."
    )


def check_rank(layer: Any, x: jax.Array, axes: int) -> None:
    """Raises unless an array has this many spatial axes and one of channels.

    Raises:
        ValueError: If it does not.
    """
    if jnp.ndim(x) < axes + 1:
        spatial = "one spatial axis" if axes == 1 else f"{axes} spatial axes"
        raise ValueError(
            f"{describe_place(layer)} expects {spatial} and then channels, "
            f"`[batch..., spatial..., channels]`; got shape {jnp.shape(x)}. Add the missing axes, "
            "or give the layer a shorter window."
        )


def check_one_axis(layer: Any, name: str, size: Any, x: Any) -> None:
    """Raises for an integer as the size of a window over images, of which it has one axis only.

    Args:
        layer: The layer.
        name: The name of the argument.
        size: The argument as it was given.
        x: The inputs.

    Raises:
        ValueError: If there are more axes than batch, one spatial axis and channels.
    """
    if isinstance(size, int) and jnp.ndim(x) > 3:
        axes = jnp.ndim(x) - 2
        raise ValueError(
            f"{describe_place(layer)} has `{name}={size}`, an integer, which is a window along one "
            f"spatial axis, but the inputs have the shape {jnp.shape(x)}. Give a size for each "
            f"spatial axis, `{name}={(size,) * axes}`; or, if the inputs have several batch axes, "
            f"`{name}=({size},)`."
        )
