"""Checks of values: raised when a metric is updated eagerly, left out inside a traced function.

What depends on values cannot raise while tracing. So an eager update, which runs as one compiled
program, also returns whether all checks held, and raises before it keeps the new state. Which of
them did not, a second program finds out, made and run only then.
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
        each: Whether rules are looked at one by one, to say which of them is broken; else together.
        made: What was checked, and whether it held.
    """

    each: bool
    made: list[Named[jax.Array]] = dataclasses.field(default_factory=list)

    @property
    def held(self) -> jax.Array | None:
        """Whether all held, as one array, so that the device is waited for once."""
        if not self.made:
            return None
        return functools.reduce(jnp.logical_and, [one.value for one in self.made])


_running: contextvars.ContextVar[Checks | None] = contextvars.ContextVar("checks", default=None)


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
    return check_rules([Rule(holds, message)])


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
    rules = tuple(rules)
    if not rules:
        return jnp.zeros(())
    by_shape: dict[tuple[int, ...], list[jax.Array]] = {}
    for rule in rules:
        holds = jnp.asarray(rule.holds)
        by_shape.setdefault(holds.shape, []).append(holds)
    held = jnp.ones((), bool)
    for group in by_shape.values():  # one pass over all of a shape
        held &= functools.reduce(jnp.logical_and, group).all()
    note(rules, held)
    return jnp.where(held, 0.0, jnp.nan)


def note(rules: Iterable[Rule], held: jax.Array) -> None:
    """Has the running eager update raise for the rule that is broken, unless `held` is true.

    Args:
        rules: What was checked.
        held: Whether all of them hold. It may be false if they do: that costs time, no more.
    """
    checks = _running.get()
    if checks is None:
        return
    if checks.each:
        checks.made += [Named(rule.message, jnp.all(rule.holds)) for rule in rules]
    else:
        checks.made.append(Named("", held))


@contextlib.contextmanager
def collected(each: bool = False) -> Iterator[Checks]:
    """Collects the checks that are made while the block runs."""
    checks = Checks(each)
    token = _running.set(checks)
    try:
        yield checks
    finally:
        _running.reset(token)


def inlined(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a compiled program, which in traced code becomes a part of that."""
    return jax.jit(f, inline=True)


def raising(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a compiled program that raises if one of its checks does not hold.

    Within traced code it is a part of that, and its checks are among those of what is traced.

    Raises:
        ValueError: With the message of the first one that does not.
    """

    @inlined
    def program(*args: Any) -> tuple[Any, jax.Array | None]:
        with collected() as checks:
            result = f(*args)
        return result, checks.held

    @jax.jit
    def each(*args: Any) -> tuple[Any, list[Named[jax.Array]]]:
        with collected(each=True) as checks:
            result = f(*args)
        return result, checks.made  # the result too: what is left behind would warn of lost state

    @functools.wraps(f)
    def run(*args: Any) -> Any:
        result, held = program(*args)
        if held is None:
            return result
        if isinstance(held, Tracer):
            outside = _running.get()
            if outside is not None and outside.each:
                return f(*args)
            note((), held)
            return result
        if not np.asarray(held):  # `bool` takes five times as long
            _raise_broken(each(*args)[1])
        return result

    return run


def raising_uncompiled(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which raises as that of `raising` does, but is not compiled."""

    @functools.wraps(f)
    def run(*args: Any) -> Any:
        with collected(each=True) as checks:
            result = f(*args)
        _raise_broken(checks.made)
        return result

    return run


def _raise_broken(checks: Iterable[Named[jax.Array]]) -> None:
    for one in checks:
        if isinstance(one.value, Tracer):
            check(one.value, one.name)  # for what is traced to judge
        elif not one.value:
            raise ValueError(one.name)


def through(transform: Callable[..., Any], f: Callable[..., Any], *args: Any) -> Any:
    """`transform(f)(*args)` of a function that makes checks, which would not leave the trace."""
    outside = _running.get()
    names: list[str] = []

    def inner(*args: Any) -> Any:
        with collected(outside is not None and outside.each) as checks:
            result = f(*args)
        names[:] = [one.name for one in checks.made]
        return result, [one.value for one in checks.made]

    result, held = transform(inner)(*args)
    for name, one in zip(names, held, strict=True):
        check(one, name)
    return result
