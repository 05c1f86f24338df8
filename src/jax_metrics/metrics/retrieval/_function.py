"""`function_of_queries`: the function of a retrieval metric, whose capacity fits its batch."""

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import jax.numpy as jnp

from jax_metrics.metrics._sized_function import sized_function

V = TypeVar("V", covariant=True)


class QueryFunction(Protocol[V]):
    """The function of a retrieval metric."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        *,
        indexes: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
        **options: Any,
    ) -> V:
        """The value of one batch."""
        ...


def function_of_queries(metric: Callable[..., Any], name: str) -> Any:
    """The function of a retrieval metric, where the sizes of the state are those of the batch.

    These are `capacity` for `indexes`, and, for whole queries, `max_queries` and `max_k`.
    """
    return sized_function(metric, name, ("capacity", "max_queries", "max_k"), _sizes)


def _sizes(given: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    shape = jnp.shape(given["target"])
    if given.get("indexes") is not None:
        return {"capacity": max(math.prod(shape), 1)}
    sizes = {"max_queries": math.prod(shape[:-1]), "max_k": (*shape, 1)[len(shape) - 1]}
    return {option: max(size, 1) for option, size in sizes.items()}
