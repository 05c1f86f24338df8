"""Ranks of weighted values, where ties share a rank."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Ranks(NamedTuple):
    """The ranks of weighted values, as `SpearmanCorrCoef` and `KendallRankCorrCoef` compare them.

    Attributes:
        group: The index of the group of equal values that each value belongs to, in increasing
            order of the values, `[n]`.
        weight: The sum of the weights in each group, `[n]`; 0 after the last group.
        middle: The rank of each value, `[n]`: the weight of all smaller values plus half the weight
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
    group_weight = jnp.zeros_like(weight).at[group].add(weight)
    before = jnp.cumsum(group_weight) - group_weight
    return Ranks(group, group_weight, (before + group_weight / 2)[group])


def inversions(group: jax.Array, weight: jax.Array) -> jax.Array:
    """The sum of the products of weights over pairs where the larger number comes first.

    A stable sort from the highest bit down to the lowest. The order of two numbers is decided at
    the highest bit in which they differ: there, each number with the bit that precedes a number
    without it is an inversion. This takes `n * log(n)**2` steps instead of the `n**2` of comparing
    all pairs.

    Args:
        group: Integers from 0 to n - 1, `[n]`.
        weight: Of the same shape.
    """
    size = group.shape[0]

    def step(index: jax.Array, carry: tuple) -> tuple:
        group, weight, total = carry
        bit = bits - 1 - index
        high, value = group >> (bit + 1), (group >> bit) & 1
        ones = jnp.where(value == 1, weight, 0)
        before = jnp.cumsum(ones) - ones
        start = jnp.concatenate([jnp.ones(1, bool), high[1:] != high[:-1]])
        first = jax.lax.cummax(jnp.where(start, jnp.arange(size), 0))
        within = before - before[first]
        total = total + jnp.where(value == 0, weight * within, 0).sum()
        order = jnp.argsort(group >> bit, stable=True)
        return group[order], weight[order], total

    bits = max(1, (size - 1).bit_length())
    zero = 0 * weight.sum()
    return jax.lax.fori_loop(0, bits, step, (group, weight, zero))[2]
