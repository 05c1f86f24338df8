"""Reductions fused with validity checks, because a separate pass would double the cost."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import Rule, check_rules, record
from jax_metrics.metrics.counts._bincount import bincount

_EXACT = 2**24  # a float32 counts exactly up to here


def checked_sum(values: jax.Array, rules: Sequence[Rule]) -> tuple[jax.Array, jax.Array]:
    """The sum; and 0, or NaN if a rule is broken, see `check`.

    Args:
        values: Integers 0 and 1, which give an exact integer; or floats.
        rules: Rules of the same shape.
    """
    if values.size > _EXACT:
        return values.sum(), check_rules(rules)
    passed = _all_rules(rules, values.ndim)
    dtype = jnp.promote_types(values.dtype, jnp.float32)
    total = jnp.where(passed, values.astype(dtype), jnp.nan).sum()
    all_passed = ~jnp.isnan(total)
    return jnp.where(all_passed, total, 0).astype(values.dtype), _fault(rules, all_passed)


def checked_bincount(
    numbers: jax.Array, weight: jax.Array, length: int, rules: Sequence[Rule]
) -> tuple[jax.Array, jax.Array]:
    """The result of `bincount`; and 0, or NaN if a rule is broken, see `check`.

    Args:
        numbers: Integers from 0 to `length - 1`, of any shape.
        weight: Weights of the same shape.
        length: The length of the result.
        rules: Rules whose shapes are prefixes of the shape of the numbers.
    """
    passed = _all_rules(rules, numbers.ndim)
    numbers = jnp.where(passed, numbers, length)  # a separate bin for broken rules
    counts = bincount(numbers, jnp.where(passed, weight, 1), length + 1)
    return counts[:length], _fault(rules, counts[length] == 0)


def _all_rules(rules: Sequence[Rule], ndim: int) -> jax.Array:
    """Whether all rules hold, for each element."""
    conditions = (rule.holds for rule in rules)
    expanded = (holds.reshape(holds.shape + (1,) * (ndim - holds.ndim)) for holds in conditions)
    return functools.reduce(jnp.logical_and, expanded)


def _fault(rules: Sequence[Rule], all_passed: jax.Array) -> jax.Array:
    record(rules, all_passed)
    return jnp.where(all_passed, 0.0, jnp.nan)
