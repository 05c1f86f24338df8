"""`functional`: the function of a metric, which returns the value of one batch."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax

from jax_metrics.metrics._metric import Metric, value_of_batch

_NOT_OPTIONS = ("name", "on", "dtype")


def functional(metric: type[Metric], name: str | None = None, **fixed: Any) -> Callable[..., Any]:
    """The function of a metric for one batch, as `accuracy` is that of `Accuracy`.

    It takes the arguments of `update`, the first two of them also by position, and the options of
    the class. It compiles once for the same options and shapes.

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
    options = {n: p for n, p in _options(metric).items() if n not in (*_NOT_OPTIONS, *fixed)}
    arguments = metric._parameters
    signature = _signature(arguments, options)

    @functools.lru_cache(maxsize=256)
    def cached_metric(chosen: tuple[tuple[str, Any], ...]) -> Metric:
        with jax.ensure_compile_time_eval():  # the cache outlives the current trace
            return metric(**dict(chosen), **fixed)

    def function(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        chosen = tuple((n, v) for n, v in given.items() if n in options)
        inputs = {n: v for n, v in given.items() if n in arguments}
        try:
            instance = cached_metric(chosen)
        except TypeError:  # an unhashable option
            instance = metric(**dict(chosen), **fixed)
        return value_of_batch(instance, **inputs)

    function.__name__ = function.__qualname__ = name or metric.name
    function.__module__ = metric.__module__
    function.__doc__ = _doc(metric, fixed)
    function.__signature__ = signature
    return function


def _options(metric: type[Metric]) -> dict[str, inspect.Parameter]:
    """The options of a class, including those that it passes on to its bases."""
    options: dict[str, inspect.Parameter] = {}
    for base in metric.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            passes_options_on = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
            named = {p.name: p for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
            options = named | options
            if not passes_options_on:
                break
    return options


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
