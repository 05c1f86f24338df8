"""`sized_function`: the function of a metric whose state has the sizes of its batch."""

from collections.abc import Callable, Iterable
from typing import Any

from jax_metrics.arguments import names_arguments
from jax_metrics.metrics._functional import functional


def sized_function(
    metric: Callable[..., Any],
    name: str | None,
    found: Iterable[str],
    sizes: Callable[[dict[str, Any], set[str]], dict[str, Any]],
) -> Any:
    """`functional`, where some options default to sizes found from the arguments.

    Args:
        metric: The class.
        name: The name of the function; None for the name of the metric.
        found: The names of these options.
        sizes: Maps the arguments by name, and the names of missing options, to the values of these
            options and to arguments to replace.
    """
    inner: Any = functional(metric, name)
    parameters = inner.__signature__.parameters
    first = list(parameters)[:2]
    known = {option for option in found if option in parameters}

    def function(*args: Any, **given: Any) -> Any:
        named = first[: len(args)]
        if len(args) > len(first) or given.keys() & named or first[0] not in {*given, *named}:
            return inner(*args, **given)  # which raises
        given.update(zip(named, args, strict=True))
        missing = {option for option in known if given.get(option) is None}
        if missing:
            changed = sizes(given, missing)
            given.update({n: v for n, v in changed.items() if n in missing or n in first})
        return inner(**given)

    return renamed(
        function,
        inner,
        [
            parameter.replace(default=None) if parameter.name in known else parameter
            for parameter in parameters.values()
        ],
    )


def renamed(function: Any, original: Any, parameters: list[Any]) -> Any:
    """The function with the name and docstring of another function, and these parameters."""
    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(function, attribute, getattr(original, attribute))
    function.__signature__ = original.__signature__.replace(parameters=parameters)
    return names_arguments(function)
