"""`Metric`: the base of all metrics."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Protocol, Self, TypedDict, TypeVar

import jax

from jax_metrics.arguments import Index, as_path, refuse_unknown
from jax_metrics.metrics._check_modes import forget_noticed, pass_on, raise_noticed
from jax_metrics.metrics._constructor import check_options, constructor_signature
from jax_metrics.metrics._default_dtype import DefaultDtype, checked_dtype
from jax_metrics.metrics._dict_order import as_dicts, keep_order
from jax_metrics.metrics._explain import explain_values
from jax_metrics.metrics._logs import to_floats
from jax_metrics.metrics._operators import Operators, check_same_options
from jax_metrics.metrics._plot import plot
from jax_metrics.metrics._programs import jit_inline, run_by
from jax_metrics.metrics._routing import ArgumentRouting, Inputs
from jax_metrics.metrics._sharding import explicit_mesh, with_automatic_sharding
from jax_metrics.metrics._states import (
    PlainStates,
    check_kept,
    check_mergeable,
    map_states,
    plain_states,
    with_initial_states,
)
from jax_metrics.metrics.state import gathered_state, merged_states, neutral_state, reduced_state
from jax_metrics.tree import (
    DefaultName,
    Extensions,
    OtherMethod,
    copy,
    layout_of,
    made_here,
    only_reading,
    signature_of,
)

M = TypeVar("M", bound="Metric")
P = ParamSpec("P")
V = TypeVar("V", covariant=True)


class Called(Protocol[P, V]):
    """A metric whose call has the arguments of its `update` and the value of its `compute`."""

    def update(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Updates with a batch."""

    def compute(self) -> V:
        """The value."""
        ...


class Common(TypedDict, total=False):
    """The options of all metrics; see `Metric`."""

    name: str | None
    on: Index | None
    dtype: Any


class Metric(Operators, ArgumentRouting, PlainStates, Extensions):
    """Accumulates batches: `update` adds a batch, `compute` returns the value so far.

    A custom metric declares its state (see `state`, `Total`, `Moments`, `Buffer`), creates it in
    `__init__`, and defines `update`, which assigns it, and `compute`. Everything else follows.

    `update` changes the metric in place and returns it, so `metric.update(...)` and
    `metric = metric.update(...)` both work; inside a traced function, return the metric. Outside,
    an update runs as one compiled program.

    Args:
        name: Its name in logs, by default the name of the class in snake case.
        on: The path to the arguments in nested structures: `on="a"` reads `target["a"]` and
            `preds["a"]`, `on=("a", 0)` reads `target["a"][0]` and `preds["a"][0]`. It does not
            apply to `sample_weight` and `mask`.
        dtype: The floating dtype of the state and of the value, by default float32, or float64 if
            x64 is enabled; or an integer dtype, of a class with `keeps_integers`.

    Attributes:
        jittable: Whether `update` and `compute` can be traced. Set it to False in a metric of
            strings, or with code other than JAX. Metrics of metrics, such as `Metrics`, derive it
            from their members.
        per_example: For a metric whose `update` takes no `mask`: the names of its arguments that
            have examples along the first axis, so that a collection raises if it is given a mask.
            None, the default, for all arrays; `()` for a metric that needs no mask.
        keeps_integers: Whether `dtype` may be an integer dtype, for a metric that stores values.
        higher_is_better: Whether a higher value is better; None where neither direction is better,
            or where it differs between several values, see `directions`.
        bounds: The smallest and the largest possible value, each None where there is no limit or
            none is known; for a curve, the limits of its x and y, for an operating point, the
            limits of its rate. The attribute of the class is for the default options, that of an
            instance for its own options.
        plot_form: How `plot` draws the value: `"value"`, `"matrix"`, or the names of the fields
            with x and y of a curve.

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
        >>> float(Positive().update(jnp.array([1.0, -1.0])).update(jnp.array([2.0, 3.0])).compute())
        0.75
    """

    if not TYPE_CHECKING:  # hidden from type checkers
        forward = OtherMethod("Call the metric itself, `metric(...)`, or `metric.update(...)`.")
        update_state = OtherMethod("It is `metric.update(...)`.")
        reset_state = OtherMethod("It is `metric.reset()`.")
        reset_states = OtherMethod("It is `metric.reset()`.")
    _variable: ClassVar[str] = "metric"
    per_example: ClassVar[tuple[str, ...] | None] = None
    _array_declarations: ClassVar[tuple[str, ...]] = ('jm.metrics.state("sum")',)
    jittable: Any = True
    keeps_integers: ClassVar[bool] = False
    higher_is_better: Any = None
    bounds: tuple[float | None, float | None] = (None, None)
    plot_form: Any = "value"
    name: Any = DefaultName()
    dtype: Any = DefaultDtype()
    _update: ClassVar[Callable[..., Any]]  # the method as defined, not compiled

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__signature__ = constructor_signature(cls)
        if "update" in vars(cls):
            cls._update = staticmethod(vars(cls)["update"])
            cls._receive_as(cls._update)
            cls.update = _compiled_update(cls._update)
        if "compute" in vars(cls):
            cls.compute = _compiled_compute(vars(cls)["compute"])
        if getattr(cls.__call__, "__code__", None) is Metric.__call__.__code__:
            cls.__call__ = _call_like(cls)

    if TYPE_CHECKING:

        def __init__(
            self, *, name: str | None = None, on: Index | None = None, dtype: Any = None
        ): ...

    else:

        def __new__(cls, *args: Any, **options: Any) -> Self:
            if args or options:
                check_options(cls, args, options)
            return super().__new__(cls)

        def __init__(
            self,
            *,
            name: str | None = None,
            on: Index | None = None,
            dtype: Any = None,
            **unknown: Any,
        ):
            if unknown:  # only here, since a subclass may keep further options for itself
                cls = type(self)
                known = cls.__signature__.parameters
                refuse_unknown(cls.__name__, unknown, known, cls._arguments_hint)
            if name is not None:
                self.name = name
            if on is not None:
                self.on = as_path(on)
            if dtype is not None:
                self.dtype = checked_dtype(type(self), dtype)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Updates the metric with a batch and returns it; each metric defines its own."""
        raise TypeError(f"{type(self).__name__} must define `update`; see `jm.Metric`.")

    def compute(self) -> Any:
        """The value of all batches so far; each metric defines its own."""
        raise TypeError(f"{type(self).__name__} must define `compute`; see `jm.Metric`.")

    if TYPE_CHECKING:

        def __call__(self: Called[P, V], *args: P.args, **kwargs: P.kwargs) -> V:
            """Updates with a batch and returns the value of this batch alone."""
            ...

    def _step(self: M, inputs: Inputs) -> tuple[Any, M]:
        """The value of a batch alone, and the metric updated with it."""
        batch = batch_of(self, inputs)
        if next(plain_states(self), None) is None:
            return batch.compute(), self._merged(batch)
        return batch.compute(), _update_received(copy(self), inputs)

    def reset(self: M) -> M:
        """Resets the state in place and returns the metric; shapes do not change."""
        forget_noticed(self)
        return _assign_state(self, self.neutral())

    def neutral(self: M) -> M:
        """A metric with the initial state, of the same shapes."""
        return made_here((_compiled_neutral if self.jittable else _neutral)(self))

    def batch_updates(self: M, *args: Any, **kwargs: Any) -> M:
        """A metric updated with this batch alone."""
        return self.neutral().update(*args, **kwargs)

    def merge_state(self: M, other: M) -> M:
        """Merges the state of another metric into this one, in place, and returns this one.

        Raises:
            ValueError: If the other metric is of another class or has other options, or its states
                have other shapes.
            TypeError: If a state is declared without a reduction.
        """
        merged = self._merged(other)
        pass_on(other, self)
        return _assign_state(self, merged)

    def _merged(self: M, other: M) -> M:
        if type(other) is not type(self):
            raise ValueError(
                f"A {type(self).__name__} can only be merged with a metric of the same class; got "
                f"a {type(other).__name__}."
            )
        check_mergeable(self, "merge_state")
        check_same_options(self, other)
        own, others = _shapes(self), _shapes(other)
        if own != others:
            raise ValueError(
                f"Two {type(self).__name__} can only be merged if their states have the same "
                f"shapes; these have {own} and {others}. Create both with the same options."
            )
        merged = map_states(merged_states, self, other)
        pass_on(self, merged)
        pass_on(other, merged)
        return merged

    def reduce(self: M) -> M:
        """Merges the metrics along the leading axis of every state, as after `vmap`, into one.

        Raises:
            TypeError: If a state is declared without a reduction.
        """
        check_mergeable(self, "reduce")
        return map_states(reduced_state, self)

    def sync(self: M, axis_name: Any) -> M:
        """Merges the metrics of all devices along a mapped axis.

        Args:
            axis_name: The axis of `jax.shard_map`, `jax.vmap` or `jax.pmap`.

        Raises:
            TypeError: If a state is declared without a reduction.
        """
        check_mergeable(self, "sync")
        gathered = map_states(lambda value, kind: gathered_state(value, kind, axis_name), self)
        return gathered.reduce()

    def compute_logs(self) -> dict[str, Any]:
        """The value by name, ready for a logger: scalars as Python floats, in one transfer."""
        return {self.name: to_floats(self.compute())}

    @property
    def directions(self) -> Any:
        """Whether a higher value is better; a dict by name where the value is a dict."""
        value = jax.eval_shape(lambda m: m.compute(), self) if self.jittable else self.compute()
        return same_direction(value, self.higher_is_better)

    def plot(
        self, value: Any = None, *, labels: Sequence[str] | None = None, ax: Any = None
    ) -> tuple[Any, Any]:
        """Draws a value: bars, a confusion matrix, or a curve. Needs matplotlib.

        Args:
            value: The value to draw, by default the current one; a list of values, such as one for
                each epoch, is drawn as lines.
            labels: Names of the classes.
            ax: The matplotlib axes to draw into, by default those of a new figure.

        Returns:
            The figure and the axes.

        Example:
            >>> import jax_metrics as jm
            >>> mean = jm.metrics.Mean().update(3.0)
            >>> figure, ax = mean.plot()
            >>> ax.get_title()
            'mean'
        """
        value = self.compute() if value is None else value
        return plot(value, self.plot_form, name=self.name, bounds=self.bounds, labels=labels, ax=ax)


def same_direction(value: Any, direction: bool | None) -> Any:
    """The direction for each value of nested dicts."""
    if not isinstance(value, Mapping):
        return direction
    return {name: same_direction(part, direction) for name, part in value.items()}


def _call_like(cls: Any) -> Callable[..., Any]:
    """A method `__call__` with the signature of `update`, and the result of `compute`."""

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        """Updates with a batch and returns the value of this batch alone."""
        inputs = self._received(args, kwargs)
        value, merged = _run_step(self, inputs)
        _assign_state(self, merged)
        return as_dicts(value)

    returned = signature_of(cls.compute).return_annotation
    __call__.__qualname__ = f"{cls.__qualname__}.__call__"
    call: Any = __call__
    call.__signature__ = signature_of(cls.update).replace(return_annotation=returned)
    return call


Metric.__signature__ = constructor_signature(Metric)
if not TYPE_CHECKING:
    Metric.__call__ = _call_like(Metric)


def _shapes(metric: Metric) -> list[tuple[int, ...]]:
    return [leaf.shape for leaf in jax.tree.leaves(metric)]


def _assign_state(metric: M, other: M) -> M:
    """Assigns the states of the other metric to this one."""
    for name in layout_of(other).names:
        setattr(metric, name, getattr(other, name))
    return metric


def _compiled_update(update: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(update)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if type(self)._update is not update:  # called by `update` of a subclass
            update(self, *args, **kwargs)
            return self
        return _assign_state(self, _run_update(self, self._received(args, kwargs)))

    return wrapper


def _compiled_compute(compute: Callable[..., Any]) -> Callable[..., Any]:
    compiled = jit_inline(lambda metric: keep_order(compute(metric)))

    @functools.wraps(compute)
    def wrapper(self: Any, *, as_floats: bool = False) -> Any:
        raise_noticed(self)
        if not self.jittable:
            return to_floats(compute(self)) if as_floats else compute(self)
        with only_reading(self):
            try:
                value = as_dicts(compiled(self))
                return to_floats(value) if as_floats else value
            except Exception as error:
                explain_values(self, "compute", error)
                raise

    return wrapper


def batch_of(metric: M, inputs: Inputs) -> M:
    """A metric updated with received arguments alone."""
    return _update_received(metric.neutral(), inputs)


def _update_received(metric: M, inputs: Inputs) -> M:
    """Updates a metric with received arguments, and returns it."""

    def update(metric: M, inputs: Inputs) -> M:
        before = copy(metric)
        type(metric)._update(metric, *inputs[0], **inputs[1])
        check_kept(before, metric)
        return metric

    mesh = explicit_mesh(inputs) if metric.jittable else None
    if mesh is None:
        return update(metric, inputs)
    return _assign_state(metric, with_automatic_sharding(update, mesh, metric, inputs))


def _neutral(metric: M) -> M:
    return with_initial_states(map_states(neutral_state, metric))


def _step(metric: M, inputs: Inputs) -> tuple[Any, M]:
    value, merged = metric._step(inputs)
    return keep_order(value), merged


_compiled_neutral = jit_inline(_neutral)
_run_step = run_by(_step, by_parts=True)
_run_update = run_by(_update_received, by_parts=True)
