"""Checks of values: raised when a metric is updated eagerly, left out inside a traced function.

What depends on values cannot raise while tracing. So an eager update, which runs as one compiled
program, also returns whether each check held, and raises before it keeps the new state.
"""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Named

_running: contextvars.ContextVar[list[Named[jax.Array]] | None] = contextvars.ContextVar(
    "checks", default=None
)


def check(holds: Any, message: str) -> None:
    """Has the running eager update raise a ValueError if the condition does not hold.

    Args:
        holds: A condition on values, an array of booleans.
        message: What was expected, and how to mend it.
    """
    checks = _running.get()
    if checks is not None:
        checks.append(Named(message, jnp.all(holds)))


@contextlib.contextmanager
def collected() -> Iterator[list[Named[jax.Array]]]:
    """Collects the checks that are made while the block runs."""
    checks: list[Named[jax.Array]] = []
    token = _running.set(checks)
    try:
        yield checks
    finally:
        _running.reset(token)


def raise_failed(checks: list[Named[jax.Array]]) -> None:
    """Raises for the first check that did not hold.

    Raises:
        ValueError: With the message of that check.
    """
    for one in checks:
        if not one.value:
            raise ValueError(one.name)
