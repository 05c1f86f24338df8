"""Checks of values: raised when a metric is updated eagerly, left out inside a traced function.

What depends on values cannot raise while tracing. So an eager update, which runs as one compiled
program, also returns whether each check held, and raises before it keeps the new state.
"""

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import Named

_running: contextvars.ContextVar[list[Named[jax.Array]] | None] = contextvars.ContextVar(
    "checks", default=None
)


def check(holds: Any, message: str) -> jax.Array:
    """Has the running eager update raise a ValueError if the condition does not hold.

    Code that is traced cannot raise; add what this returns to the state, so that the value becomes
    NaN there instead of one that looks right. It is a float, so add it to the state and not to
    counts, which are exact as integers.

    Args:
        holds: A condition on values, an array of booleans.
        message: What was expected, and how to mend it.

    Returns:
        0 if the condition holds everywhere, else NaN; a float32 scalar.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Counter(jm.Metric):
        ...     def __init__(self):
        ...         self.seen = jm.metrics.Total()
        ...     def update(self, counts):
        ...         fault = jm.metrics.check(counts >= 0, "counts must not be negative.")
        ...         self.seen = self.seen + counts.sum() + fault
        ...     def compute(self):
        ...         return self.seen.value
        >>> Counter().update(jnp.array([3, -1]))
        Traceback (most recent call last):
        ValueError: counts must not be negative.
    """
    held = jnp.all(holds)
    checks = _running.get()
    if checks is not None:
        checks.append(Named(message, held))
    return jnp.where(held, 0.0, jnp.nan)


class Rule(NamedTuple):
    """A condition that is yet to be checked.

    Attributes:
        holds: An array of booleans.
        message: What was expected, and how to mend it.
    """

    holds: jax.Array
    message: str


def check_rules(rules: Iterable[Rule]) -> jax.Array:
    """Checks each of them: 0 if all hold, else NaN; see `check`."""
    return sum((check(*rule) for rule in rules), jnp.zeros(()))


@contextlib.contextmanager
def collected() -> Iterator[list[Named[jax.Array]]]:
    """Collects the checks that are made while the block runs."""
    checks: list[Named[jax.Array]] = []
    token = _running.set(checks)
    try:
        yield checks
    finally:
        _running.reset(token)


@functools.partial(jax.tree_util.register_dataclass, data_fields=["held"], meta_fields=["messages"])
@dataclasses.dataclass(frozen=True)
class Packed:
    """Checks as one array, so that the device is waited for once."""

    messages: tuple[str, ...]
    held: jax.Array


def packed(checks: list[Named[jax.Array]]) -> Packed:
    """The checks that were collected."""
    return Packed(tuple(one.name for one in checks), jnp.array([one.value for one in checks]))


def raise_failed(checks: Packed) -> None:
    """Raises for the first of the packed checks that did not hold.

    Raises:
        ValueError: With the message of that check.
    """
    if not checks.messages:
        return
    held = np.asarray(checks.held)
    if not held.all():
        raise ValueError(checks.messages[held.argmin()])


def through(transform: Callable[..., Any], f: Callable[..., Any], *args: Any) -> Any:
    """`transform(f)(*args)` of a function that makes checks, which would not leave the trace."""
    messages: list[str] = []

    def inner(*args: Any) -> Any:
        with collected() as checks:
            result = f(*args)
        messages[:] = [one.name for one in checks]
        return result, [one.value for one in checks]

    result, held = transform(inner)(*args)
    for message, one in zip(messages, held, strict=True):
        check(one, message)
    return result
