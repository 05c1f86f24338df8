"""Ranks of weighted values, where equal values share one."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Ranks(NamedTuple):
    """Values in order, equal ones together.

    Attributes:
        group: For each value the number of the group of equal values that it is in, from the
            smallest on, `[n]`.
        weight: For each group the sum of the weights, `[n]`; 0 from the last group on.
        middle: For each value its rank, `[n]`: the weight of all that are smaller, and half of that
            of its group.
    """

    group: jax.Array
    weight: jax.Array
    middle: jax.Array


def ranks(values: jax.Array, weight: jax.Array) -> Ranks:
    """The ranks of values, `[n]`; those with weight 0 come last."""
    values = jnp.where(weight != 0, values, jnp.inf)
    order = jnp.argsort(values)
    ordered = values[order]
    new = jnp.concatenate([jnp.zeros(1, bool), ordered[1:] != ordered[:-1]])
    group = jnp.zeros(values.shape, jnp.int32).at[order].set(jnp.cumsum(new, dtype=jnp.int32))
    together = jnp.zeros_like(weight).at[group].add(weight)
    before = jnp.cumsum(together) - together
    return Ranks(group, together, (before + together / 2)[group])


def inversions(group: jax.Array, weight: jax.Array) -> jax.Array:
    """The sum of the products of weights over pairs where the larger number comes first.

    A stable sort from the highest bit down to the lowest: two numbers are told apart at the highest
    bit in which they differ, and what counts is then how many with the bit come before those
    without it. This takes `n * log(n)**2` steps, not the `n**2` of comparing all pairs.

    Args:
        group: Integers from 0 to n - 1, `[n]`.
        weight: Of the same shape.
    """
    size = group.shape[0]

    def step(index: jax.Array, carry: tuple) -> tuple:
        group, weight, total = carry
        bit = bits - 1 - index
        high, has = group >> (bit + 1), (group >> bit) & 1
        ones = jnp.where(has == 1, weight, 0)
        before = jnp.cumsum(ones) - ones
        start = jnp.concatenate([jnp.ones(1, bool), high[1:] != high[:-1]])
        first = jax.lax.cummax(jnp.where(start, jnp.arange(size), 0))
        within = before - before[first]
        total = total + jnp.where(has == 0, weight * within, 0).sum()
        order = jnp.argsort(group >> bit, stable=True)
        return group[order], weight[order], total

    bits = max(1, (size - 1).bit_length())
    zero = 0 * weight.sum()
    return jax.lax.fori_loop(0, bits, step, (group, weight, zero))[2]
