"""`Metric`: what all metrics are."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import jax
from jax.core import Tracer

from jax_metrics.metrics import _checks
from jax_metrics.metrics._accumulator import Accumulator
from jax_metrics.metrics._state import (
    gathered_state,
    merged_states,
    neutral_state,
    reduced_state,
)
from jax_metrics.tree import Extensions, Tree, copy, layout_of, snake_case

M = TypeVar("M", bound="Metric")


class _DefaultName:
    def __get__(self, instance: Any, owner: type) -> str:
        return snake_case(owner.__name__)


class Metric(Tree, Extensions):
    """Gathers values over batches: `update` takes a batch in, `compute` gives the value so far.

    A metric of your own declares its state (see `state`, `Total`, `Moments`, `Buffer`), makes it in
    `__init__`, and defines `update`, which assigns it, and `compute`. Everything else follows.

    `update` changes the metric and returns it, so `metric.update(...)` and
    `metric = metric.update(...)` both work; inside of a traced function, return the metric.
    Outside, an update runs as one compiled program.

    Attributes:
        jittable: Whether `update` and `compute` can be traced.
        higher_is_better: Whether a higher value is a better one; None where neither is.
        name: Its name in logs; that of the class in snake case unless given.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Positive(jm.Metric):
        ...     def __init__(self):
        ...         self.positive = jm.metrics.Total()
        ...         self.seen = jm.metrics.Total()
        ...     def update(self, values):
        ...         self.positive += (values > 0).sum()
        ...         self.seen += values.size
        ...     def compute(self):
        ...         return self.positive.value / self.seen.value
        >>> metric = Positive()
        >>> float(metric.update(jnp.array([1.0, -1.0])).update(jnp.array([2.0, 3.0])).compute())
        0.75
    """

    jittable: ClassVar[bool] = True
    higher_is_better: ClassVar[bool | None] = None
    name: Any = _DefaultName()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "update" in vars(cls):
            cls.update = _compiled_update(vars(cls)["update"])
        if "compute" in vars(cls):
            cls.compute = _compiled_compute(vars(cls)["compute"])

    def __init__(self, *, name: str | None = None):
        if name is not None:
            self.name = name

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in, changes the metric and returns it; each metric defines its own."""
        raise TypeError(f"{type(self).__name__} must define `update`; see `jm.Metric`.")

    def compute(self) -> Any:
        """The value of all that was taken in; each metric defines its own."""
        raise TypeError(f"{type(self).__name__} must define `compute`; see `jm.Metric`.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in and returns the value of this batch alone."""
        if _is_traced(self, args, kwargs) or not self.jittable:
            value, merged = _step(self, args, kwargs)
        else:
            value, merged, checks = _compiled_step(self, args, kwargs)
            _checks.raise_failed(checks)
        _take_state(self, merged)
        return value

    def reset(self: M) -> M:
        """Forgets everything, in place, and returns the metric; shapes stay as they are."""
        return _take_state(self, self.neutral())

    def neutral(self: M) -> M:
        """A metric that has taken nothing in, of the same shapes."""
        return _map_states(neutral_state, self)

    def batch_updates(self: M, *args: Any, **kwargs: Any) -> M:
        """A metric that has taken in this batch alone."""
        return self.neutral().update(*args, **kwargs)

    def merge_state(self: M, other: M) -> M:
        """Takes in all that the other metric has, in place, and returns the metric.

        Raises:
            ValueError: If the other is another kind of metric.
        """
        return _take_state(self, self + other)

    def __add__(self: M, other: M) -> M:
        """The metric that has taken in what both have."""
        if type(other) is not type(self):
            raise ValueError(
                f"A {type(self).__name__} can be merged with another one only; got a "
                f"{type(other).__name__}."
            )
        return _map_states(merged_states, self, other)

    def reduce(self: M) -> M:
        """One metric of many that lie along the leading axis of every state, as after `vmap`."""
        return _map_states(reduced_state, self)

    def sync(self: M, axis_name: Any) -> M:
        """The metric that has taken in what those of all devices along a mapped axis have.

        Args:
            axis_name: The axis of `jax.shard_map`, `jax.vmap` or `jax.pmap`.
        """
        gathered = _map_states(lambda value, kind: gathered_state(value, axis_name), self)
        return gathered.reduce()

    def compute_logs(self) -> dict[str, Any]:
        """The value by name, ready for a logger."""
        return {self.name: self.compute()}


def _is_traced(*values: Any) -> bool:
    return any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(values))


def _map_states(f: Callable[..., Any], metric: M, *others: M) -> M:
    """A copy of the metric with a function applied to each of its states."""
    made = copy(metric)
    layout = layout_of(metric)
    for name, metadata in zip(layout.names, layout.metadata, strict=True):
        values = [getattr(one, name) for one in (metric, *others)]
        setattr(made, name, _map_value(f, metadata.kind, *values))
    return made


def _map_value(f: Callable[..., Any], kind: type, *values: Any) -> Any:
    def inner(*parts: Any) -> Any:
        if isinstance(parts[0], Metric):
            return _map_states(f, *parts)
        return f(*parts, kind)

    def ends(value: Any) -> bool:
        return isinstance(value, Metric | Accumulator)

    return jax.tree.map(inner, *values, is_leaf=ends)


def _take_state(metric: M, other: M) -> M:
    """Gives the metric the states of the other one."""
    for name in layout_of(other).names:
        setattr(metric, name, getattr(other, name))
    return metric


def _compiled_update(update: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(update)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not self.jittable or _is_traced(self, args, kwargs):
            update(self, *args, **kwargs)
            return self
        metric, checks = _compiled(self, args, kwargs)
        _checks.raise_failed(checks)
        return _take_state(self, metric)

    @jax.jit
    def _compiled(metric: Any, args: Any, kwargs: Any) -> Any:
        with _checks.collected() as checks:
            update(metric, *args, **kwargs)
        return metric, checks

    return wrapper


def _compiled_compute(compute: Callable[..., Any]) -> Callable[..., Any]:
    compiled = jax.jit(compute)

    @functools.wraps(compute)
    def wrapper(self: Any) -> Any:
        return (compute if not self.jittable or _is_traced(self) else compiled)(self)

    return wrapper


def _step(metric: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    batch = metric.batch_updates(*args, **kwargs)
    return batch.compute(), metric + batch


@jax.jit
def _compiled_step(metric: Any, args: Any, kwargs: Any) -> tuple[Any, Any, Any]:
    with _checks.collected() as checks:
        value, merged = _step(metric, args, kwargs)
    return value, merged, checks
