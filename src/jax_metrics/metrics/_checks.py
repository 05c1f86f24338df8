"""Checks of values: an eager update raises if one fails, traced code cannot.

Tracing cannot raise an error that depends on values. So an eager update, which runs as one compiled
program, also returns whether all checks passed, and raises before it assigns the new state. Only
then a second program is compiled and run, which finds the check that failed.
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
from jax.core import Tracer

from jax_metrics.module import Named


@dataclasses.dataclass
class Checks:
    """The checks of a program.

    Attributes:
        per_rule: Whether rules are recorded one by one, to find the broken one; else together.
        results: For each check its message, and whether it passed.
    """

    per_rule: bool
    results: list[Named[jax.Array]] = dataclasses.field(default_factory=list)

    @property
    def all_passed(self) -> jax.Array | None:
        """Whether all passed, as one array, so that there is one transfer from the device."""
        if not self.results:
            return None
        return functools.reduce(jnp.logical_and, [result.value for result in self.results])


_current: contextvars.ContextVar[Checks | None] = contextvars.ContextVar("checks", default=None)


def check(holds: Any, message: str) -> jax.Array:
    """Makes the current eager update raise a ValueError unless the condition holds everywhere.

    Traced code cannot raise. Add the result to the state, so that the value becomes NaN there
    instead of a number that looks right. The result is a float: add it to the state, not to integer
    counts, which would become inexact.

    Args:
        holds: A condition on values, an array of booleans.
        message: What is expected, and how to fix the input.

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
    return check_rules([Rule(holds, message)])


class Rule(NamedTuple):
    """A condition yet to be checked.

    Attributes:
        holds: An array of booleans.
        message: What is expected, and how to fix the input.
    """

    holds: jax.Array
    message: str


def check_rules(rules: Iterable[Rule]) -> jax.Array:
    """Checks the rules: 0 if all hold everywhere, else NaN; see `check`."""
    rules = tuple(rules)
    if not rules:
        return jnp.zeros(())
    by_shape: dict[tuple[int, ...], list[jax.Array]] = {}
    for rule in rules:
        holds = jnp.asarray(rule.holds)
        by_shape.setdefault(holds.shape, []).append(holds)
    all_passed = jnp.ones((), bool)
    for group in by_shape.values():  # a single pass for all rules of a shape
        all_passed &= functools.reduce(jnp.logical_and, group).all()
    record(rules, all_passed)
    return jnp.where(all_passed, 0.0, jnp.nan)


def record(rules: Iterable[Rule], all_passed: jax.Array) -> None:
    """Makes the current eager update raise for the broken rule, unless `all_passed` is true.

    Args:
        rules: The rules that were checked.
        all_passed: Whether all of them hold. A false negative only costs time: the second program
            then finds no broken rule.
    """
    checks = _current.get()
    if checks is None:
        return
    if checks.per_rule:
        checks.results += [Named(rule.message, jnp.all(rule.holds)) for rule in rules]
    else:
        checks.results.append(Named("", all_passed))


@contextlib.contextmanager
def collect_checks(per_rule: bool = False) -> Iterator[Checks]:
    """Collects the checks that are made while the block runs."""
    checks = Checks(per_rule)
    token = _current.set(checks)
    try:
        yield checks
    finally:
        _current.reset(token)


def jit_inline(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a compiled program, which is inlined in traced code."""
    return jax.jit(f, inline=True)


def with_checks(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a compiled program that raises if one of its checks fails.

    In traced code it is inlined, and its checks become checks of the traced program.

    Raises:
        ValueError: With the message of the first check that fails.
    """

    @jit_inline
    def program(*args: Any) -> tuple[Any, jax.Array | None]:
        with collect_checks() as checks:
            result = f(*args)
        return result, checks.all_passed

    @jax.jit
    def per_rule_program(*args: Any) -> tuple[Any, list[Named[jax.Array]]]:
        with collect_checks(per_rule=True) as checks:
            result = f(*args)
        return result, checks.results  # without the result there would be a warning of lost state

    @functools.wraps(f)
    def run(*args: Any) -> Any:
        result, all_passed = program(*args)
        if all_passed is None:
            return result
        if isinstance(all_passed, Tracer):
            outer = _current.get()
            if outer is not None and outer.per_rule:
                return f(*args)
            record((), all_passed)
            return result
        if not np.asarray(all_passed):  # `bool` takes five times as long
            _raise_failed(per_rule_program(*args)[1])
        return result

    return run


def with_checks_uncompiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, raising like that of `with_checks`, but not compiled."""

    @functools.wraps(f)
    def run(*args: Any) -> Any:
        with collect_checks(per_rule=True) as checks:
            result = f(*args)
        _raise_failed(checks.results)
        return result

    return run


def _raise_failed(results: Iterable[Named[jax.Array]]) -> None:
    for result in results:
        if isinstance(result.value, Tracer):
            check(result.value, result.name)  # the traced program decides
        elif not result.value:
            raise ValueError(result.name)


def lift_checks(transform: Callable[..., Any], f: Callable[..., Any], *args: Any) -> Any:
    """`transform(f)(*args)`, where the checks of `f` are returned out of the transformation."""
    outer = _current.get()
    messages: list[str] = []

    def inner(*args: Any) -> Any:
        with collect_checks(outer is not None and outer.per_rule) as checks:
            result = f(*args)
        messages[:] = [result.name for result in checks.results]
        return result, [result.value for result in checks.results]

    result, passed = transform(inner)(*args)
    for message, holds in zip(messages, passed, strict=True):
        check(holds, message)
    return result
