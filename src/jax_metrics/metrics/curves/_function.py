"""`function_of_scores`: the function of a curve, which holds all scores and so is exact."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import jax.numpy as jnp

from jax_metrics.metrics._function_types import Comparing, Comparison
from jax_metrics.metrics._functional import functional

P = ParamSpec("P")
V = TypeVar("V")


def function_of_scores(
    metric: Callable[P, Comparing[V]], name: str | None = None
) -> Comparison[P, V]:
    """`functional`, which keeps all scores unless `thresholds` or a `capacity` are given."""
    inner: Any = functional(metric, name)

    def function(*args: Any, **options: Any) -> Any:
        target = args[0] if args else options.get("target")
        chosen = options.get("capacity") is not None or options.get("thresholds") is not None
        if target is not None and not chosen:
            examples = jnp.size(target) // (options.get("num_labels") or 1)
            options["capacity"] = max(examples, 1)
        return inner(*args, **options)

    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(function, attribute, getattr(inner, attribute))
    result: Any = function
    result.__signature__ = inner.__signature__
    return result
