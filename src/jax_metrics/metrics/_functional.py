"""`functional`: the function of a metric, which returns the value of one batch."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import jax
import numpy as np

from jax_metrics.arguments import refuse_misfit, refuse_truncation
from jax_metrics.metrics._dict_order import as_dicts, keep_order
from jax_metrics.metrics._function_types import (
    Comparing,
    Comparison,
    GroupComparison,
    Grouping,
    Reducer,
    Reducing,
)
from jax_metrics.metrics._metric import Metric, batch_of
from jax_metrics.metrics._programs import run_by
from jax_metrics.tree import Tree, signature_of, static

_NOT_OPTIONS = ("name", "on", "dtype")
P = ParamSpec("P")
V = TypeVar("V")


@overload
def functional(
    metric: Callable[P, Comparing[V]], name: str | None = None, **fixed: Any
) -> Comparison[P, V]: ...
@overload
def functional(
    metric: Callable[P, Grouping[V]], name: str | None = None, **fixed: Any
) -> GroupComparison[P, V]: ...
@overload
def functional(
    metric: Callable[P, Reducing[V]], name: str | None = None, **fixed: Any
) -> Reducer[P, V]: ...
@overload
def functional(
    metric: type[Metric], name: str | None = None, **fixed: Any
) -> Callable[..., Any]: ...
def functional(metric: Any, name: str | None = None, **fixed: Any) -> Callable[..., Any]:
    """The function of a metric for one batch, such as `accuracy` for `Accuracy`.

    It takes the arguments of `update`, the first two also by position, and the options of the
    class. It compiles once for the same options and shapes.

    Args:
        metric: The class.
        name: The name of the function, by default the name of the class in snake case.
        **fixed: Options with a fixed value, which the function does not take.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mean = jm.metrics.functional(jm.metrics.Mean)
        >>> float(mean(jnp.array([1.0, 3.0])))
        2.0
    """
    options = {
        name: parameter
        for name, parameter in signature_of(metric).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in (*_NOT_OPTIONS, *fixed)
    }
    arguments = metric._parameters
    returned = signature_of(metric.compute).return_annotation
    signature = _signature(arguments, options).replace(return_annotation=returned)

    @functools.lru_cache(maxsize=256)
    def cached(chosen: tuple[tuple[str, type, Any], ...]) -> "_Unmade":
        return _Unmade(metric, {**{name: value for name, _, value in chosen}, **fixed})

    def function(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            refuse_misfit(function, args, kwargs, error)
        chosen = {n: v for n, v in given.items() if n in options}
        inputs = {n: v for n, v in given.items() if n in arguments}
        refuse_truncation(**inputs)  # now, before JAX converts the values
        try:
            # Types, since 1 and True are equal.
            unmade = cached(tuple((n, type(v), v) for n, v in chosen.items()))
        except TypeError:  # an unhashable option
            unmade = _Unmade(metric, {**chosen, **fixed})
        return as_dicts(_run_value(unmade, inputs))

    function.__name__ = function.__qualname__ = name or metric.name
    function.__module__ = metric.__module__
    function.__doc__ = _doc(metric, fixed)
    function.__signature__ = signature
    return function


class _Unmade(Tree):
    """A metric yet to be made: it has no arrays, which would belong to the mesh of the first call.

    Args:
        cls: The class.
        options: Its options.
    """

    options: dict[str, Any] = static()

    def __init__(self, cls: type[Metric], options: dict[str, Any]):
        self.cls = cls
        self.options = {
            name: np.asarray(value) if isinstance(value, jax.Array) else value
            for name, value in options.items()
        }
        known = cls.jittable
        self.jittable = known if isinstance(known, bool) else self.make().jittable

    def make(self) -> Metric:
        """Makes the metric."""
        return self.cls(**self.options)


def _value(unmade: _Unmade, inputs: dict[str, Any]) -> Any:
    metric = unmade.make()
    return keep_order(batch_of(metric, metric._received((), inputs)).compute())


_run_value = run_by(_value, may_defer=False)


def _signature(arguments: Any, options: dict[str, inspect.Parameter]) -> inspect.Signature:
    positional, keyword = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    parameters = [
        parameter.replace(kind=positional if index < 2 else keyword)
        for index, parameter in enumerate(arguments.values())
    ]
    parameters += [parameter.replace(kind=keyword) for parameter in options.values()]
    return inspect.Signature(parameters)


def _doc(metric: type[Metric], fixed: dict[str, Any]) -> str:
    first = (metric.__doc__ or "").strip().split("\n")[0]
    options = "".join(f", {name}={value!r}" for name, value in fixed.items())
    return f"{first}\n\nThe value of one batch; see `{metric.__name__}` for the options{options}.\n"
