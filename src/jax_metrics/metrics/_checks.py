"""Checks of values: an eager update raises if one fails, traced code cannot.

Tracing cannot raise an error that depends on values. So an eager update, which runs as one compiled
program, also returns whether all checks passed, and raises before it assigns the new state. Only
then is a second program compiled and run, which finds the check that failed.

Checks made directly in the update are collected while it is traced. A check inside a scan, or
inside another transformation within the update, belongs to the inner trace and cannot leave it
directly. It becomes part of the program, and `checkify` extracts it from any transformation.
"""

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jax.experimental import checkify
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.core import jaxpr_as_fun

from jax_metrics.arguments import names_arguments
from jax_metrics.module import Named
from jax_metrics.tree import running_trace


class Rule(NamedTuple):
    """A condition yet to be checked.

    Attributes:
        holds: An array of booleans.
        message: What is expected, and how to fix the input.
    """

    holds: jax.Array
    message: str


@dataclasses.dataclass
class Collecting:
    """The checks of the program that is being traced.

    Attributes:
        per_rule: Whether rules are recorded one by one, to find the broken rule, or all together.
        results: For each check its message, and whether it passed.
        trace: The trace of the program.
    """

    per_rule: bool = False
    results: list[Named[jax.Array]] = dataclasses.field(default_factory=list)
    trace: Any = dataclasses.field(default_factory=running_trace)

    def record(self, rules: Iterable[Rule], all_passed: jax.Array) -> None:
        """Records checked rules."""
        if running_trace() is not self.trace:
            for rule in rules:
                text = rule.message.replace("{", "{{").replace("}", "}}")  # a format string
                checkify.debug_check(jnp.all(rule.holds), text)
        elif self.per_rule:
            self.results += [Named(rule.message, jnp.all(rule.holds)) for rule in rules]
        else:
            self.results.append(Named("", all_passed))


class Raising:
    """Raises for a broken rule at once, in code that is not traced."""

    def record(self, rules: Iterable[Rule], all_passed: jax.Array) -> None:
        """Raises if a rule is broken."""
        for rule in rules:
            holds = jnp.all(rule.holds)
            if not isinstance(holds, Tracer) and not holds:
                raise ValueError(rule.message)


Recorder = Collecting | Raising
# JAX caches the trace of a jitted function for later calls. A function that is called in an update
# needs a different trace, with its checks, than elsewhere; the metadata distinguish the two.
_PROGRAMS_OF_THEIR_OWN = functools.partial(set_xla_metadata, checks="returned")
_recorder: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar(
    "recorder", default=None
)


@names_arguments
def check(holds: Any, message: str) -> jax.Array:
    """Makes the current eager update raise a ValueError unless the condition holds everywhere.

    `jm.metrics.checks` decides when it raises. Traced code cannot raise; add the result to the
    state, so that the value becomes NaN there instead of a number that looks right. The result is a
    float: add it to the state, not to integer counts, which would become inexact.

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
    recorder = _recorder.get()
    if recorder is not None:
        recorder.record(rules, all_passed)


def current_recorder() -> Recorder | None:
    """The current recorder of checks."""
    return _recorder.get()


@contextlib.contextmanager
def recorded_by(recorder: Recorder | None) -> Iterator[None]:
    """Sends the checks made in the block to a recorder."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


class Outcome(NamedTuple):
    """The results of the checks of a program, which returns them.

    Attributes:
        results: For each check its message, and whether it passed.
        failure: What `checkify` found, if some checks were within transformations.
    """

    results: list[Named[jax.Array]]
    failure: Any = None

    def failed(self) -> jax.Array | None:
        """Whether a check failed, as one value to transfer; None if there are no checks."""
        flags = [~result.value for result in self.results]
        flags += [leaf.any() for leaf in jax.tree.leaves(self.failure) if leaf.dtype == bool]
        return functools.reduce(jnp.logical_or, flags) if flags else None

    def message(self) -> str | None:
        """The message of the first check that failed; None if none did."""
        for result in self.results:
            if not result.value:
                return result.name
        message = None if self.failure is None else self.failure.get()
        return None if message is None else message.removesuffix(" (`check` failed)")


def collecting(
    f: Callable[..., Any], *, per_rule: bool
) -> Callable[..., tuple[Any, list[Named[jax.Array]]]]:
    """The function, which also returns the checks made directly in it; see `Collecting`."""

    @functools.wraps(f)
    def run(*args: Any) -> tuple[Any, list[Named[jax.Array]]]:
        checks = Collecting(per_rule)
        with recorded_by(checks), _PROGRAMS_OF_THEIR_OWN():
            return f(*args), checks.results

    return run


def with_outcome(f: Callable[..., Any], *, per_rule: bool) -> Callable[..., tuple[Any, Outcome]]:
    """The function, to be compiled, which also returns the results of all checks within.

    Args:
        f: The function.
        per_rule: Whether rules are distinguished, which takes time; see `Outcome.message`.
    """
    # As an inner program it is traced once and not written out again.
    collected = jax.jit(collecting(f, per_rule=per_rule))

    @functools.wraps(f)
    def run(*args: Any) -> tuple[Any, Outcome]:
        jaxpr, shapes = jax.make_jaxpr(collected, return_shape=True)(*args)
        function, leaves = jaxpr_as_fun(jaxpr), jax.tree.leaves(args)
        failure, outputs = None, None
        if any("Error" in type(effect).__name__ for effect in jaxpr.effects):
            with contextlib.suppress(ValueError, NotImplementedError):
                # `checkify` cannot look into all programs. A broken rule still gives NaN.
                failure, outputs = checkify.checkify(function, errors=checkify.user_checks)(*leaves)
        outputs = function(*leaves) if outputs is None else outputs
        result, results = jax.tree.unflatten(jax.tree.structure(shapes), outputs)
        return result, Outcome(results, failure)

    return run


def lift_checks(transform: Callable[..., Any], f: Callable[..., Any], *args: Any) -> Any:
    """`transform(f)(*args)`, where the checks of `f` are returned out of the transformation."""
    outer = _recorder.get()
    if not isinstance(outer, Collecting):
        return transform(f)(*args)
    messages: list[str] = []

    def inner(*args: Any) -> Any:
        checks = Collecting(outer.per_rule)
        with recorded_by(checks):
            result = f(*args)
        messages[:] = [result.name for result in checks.results]
        return result, [result.value for result in checks.results]

    result, passed = transform(inner)(*args)
    for message, holds in zip(messages, passed, strict=True):
        check(holds, message)
    return result
