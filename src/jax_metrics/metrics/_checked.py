"""Sums and counts that notice in passing what breaks a rule.

To look for it alone would take about as long as to count.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jax_metrics.metrics._bincount import bincount
from jax_metrics.metrics._checks import Rule, check_rules, note

_EXACT = 2**24  # to which a float32 counts


def checked_sum(values: jax.Array, rules: Sequence[Rule]) -> tuple[jax.Array, jax.Array]:
    """The sum, and 0, or NaN if a rule is broken; see `check`.

    Args:
        values: 0 and 1 in integers, which give an integer, exactly; or floats.
        rules: What must hold; of the same shape.
    """
    if values.size > _EXACT:
        return values.sum(), check_rules(rules)
    held = _together(rules, values.ndim)
    dtype = jnp.promote_types(values.dtype, jnp.float32)
    total = jnp.where(held, values.astype(dtype), jnp.nan).sum()
    known = ~jnp.isnan(total)
    return jnp.where(known, total, 0).astype(values.dtype), _fault(rules, known)


def checked_bincount(
    numbers: jax.Array, weight: jax.Array, length: int, rules: Sequence[Rule]
) -> tuple[jax.Array, jax.Array]:
    """What `bincount` gives, and 0, or NaN if a rule is broken; see `check`.

    Args:
        numbers: Integers from 0 to `length - 1`, of any shape.
        weight: Of the same shape.
        length: How many numbers there are.
        rules: What must hold; their shapes are the first part of that of the numbers.
    """
    held = _together(rules, numbers.ndim)
    numbers = jnp.where(held, numbers, length)  # a bin of their own
    counts = bincount(numbers, jnp.where(held, weight, 1), length + 1)
    return counts[:length], _fault(rules, counts[length] == 0)


def _together(rules: Sequence[Rule], ndim: int) -> jax.Array:
    """Whether all rules hold, for each place."""
    holds = (rule.holds for rule in rules)
    alike = (one.reshape(one.shape + (1,) * (ndim - one.ndim)) for one in holds)
    return functools.reduce(jnp.logical_and, alike)


def _fault(rules: Sequence[Rule], held: jax.Array) -> jax.Array:
    note(rules, held)
    return jnp.where(held, 0.0, jnp.nan)
