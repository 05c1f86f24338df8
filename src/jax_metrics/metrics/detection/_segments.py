"""Segments of an image: pixels of the same category and instance."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Segments(NamedTuple):
    """The segments that the pixels of an image belong to, for each pixel, `[pixels]`.

    Attributes:
        category: Its category.
        number: The number of its segment, from 0 on.
        first: Whether it is the first pixel of its segment, so that each segment is counted once.
        area: The number of pixels of its segment.
        is_void: Whether it has no category.
    """

    category: jax.Array
    number: jax.Array
    first: jax.Array
    area: jax.Array
    is_void: jax.Array

    def sum(self, values: jax.Array) -> jax.Array:
        """The sum of integers or booleans over each segment, by its number, `[pixels]`."""
        return jnp.zeros_like(self.number).at[self.number].add(values)


def segments_of(category: jax.Array, instance: jax.Array, categories: int) -> Segments:
    """The segments of pixels `[pixels]`; categories of `categories` or more count as none."""
    number, first = segment_ids(category, instance)
    is_void = category >= categories
    area = jnp.zeros_like(number).at[number].add(1)[number]
    return Segments(category, number, first & ~is_void, area, is_void)


def segment_ids(first: jax.Array, second: jax.Array) -> tuple[jax.Array, jax.Array]:
    """For each pair of integers its number, from 0 on, and whether it is the first of its kind.

    Args:
        first: Integers `[n]`.
        second: Likewise.
    """
    order = jnp.lexsort((second, first))
    a, b = first[order], second[order]
    starts = jnp.append(True, (a[1:] != a[:-1]) | (b[1:] != b[:-1]))[: order.size]
    number = jnp.cumsum(starts, dtype=jnp.int32) - 1
    place = jnp.zeros_like(order)
    return place.at[order].set(number), jnp.zeros_like(starts).at[order].set(starts)
