"""Functions of nominal variables, which determine the number of categories from their batch."""

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._sized_function import renamed, sized_function

V = TypeVar("V", covariant=True)


class VariablesFunction(Protocol[V]):
    """The function of a metric of two nominal variables."""

    __name__: str

    def __call__(
        self,
        target: Any,
        preds: Any,
        sample_weight: Any = None,
        mask: Any = None,
        **options: Any,
    ) -> V:
        """The value of one batch."""
        ...


class MatrixFunction(Protocol[V]):
    """The function of all pairs of some nominal variables."""

    __name__: str

    def __call__(self, matrix: Any, *, mask: Any = None, **options: Any) -> V:
        """The value of each pair, `[variables, variables]`."""
        ...


def function_of_variables(metric: Callable[..., Any], name: str) -> Any:
    """The function of a metric, where the number of categories defaults to that of the batch."""

    def sizes(given: dict[str, Any], missing: set[str]) -> dict[str, Any]:
        variables = [given[name] for name in ("target", "preds") if name in given]
        return {"num_classes": _number_of_categories(variables, given)}

    return sized_function(metric, name, ("num_classes",), sizes)


def function_of_matrix(metric: Any, name: str) -> Any:
    """The function of all pairs of the columns of `matrix`, `[examples, variables]`.

    Row i and column j of the result hold the value of the target j and the predictions i.
    """
    inner: Any = functional(metric, name)

    def function(matrix: Any, *, mask: Any = None, **options: Any) -> jax.Array:
        if jnp.ndim(matrix) != 2:
            raise ValueError(
                f"matrix must be [examples, variables], but its shape is {list(jnp.shape(matrix))}."
            )
        if options.get("num_classes") is None:
            options["num_classes"] = _number_of_categories([matrix], options)
        columns = jnp.asarray(matrix).T

        def value(target: jax.Array, preds: jax.Array) -> jax.Array:
            return inner(target, preds, mask=mask, **options)

        values = jax.vmap(jax.vmap(value, (0, None)), (None, 0))(columns, columns)
        return jnp.where(jnp.eye(len(columns), dtype=bool), 1, values)

    keyword = inspect.Parameter.KEYWORD_ONLY
    first = inspect.Parameter("matrix", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any)
    parameters = [
        parameter.replace(kind=keyword, default=None if n == "num_classes" else parameter.default)
        for n, parameter in inner.__signature__.parameters.items()
        if n not in ("target", "preds", "sample_weight")
    ]
    return renamed(function, inner, [first, *parameters])


def _number_of_categories(variables: list[Any], options: dict[str, Any]) -> int:
    """One more than the largest category, rounded up to a power of two for fewer programs.

    For scores, it is the number of their columns.

    Raises:
        TypeError: If a variable is traced.
    """
    if any(isinstance(variable, Tracer) for variable in variables):
        raise TypeError("The number of categories must be given in traced code, as `num_classes=`.")
    arrays = [np.asarray(variable) for variable in variables]
    columns = [array.shape[1] for array in arrays if array.ndim == 2]
    if columns and len(arrays) == 2:
        return columns[0]
    replaced = options.get("nan_replace_value", 0.0)
    present = [array[~np.isnan(array)] for array in arrays]
    return 1 << int(max(1, *(array.max(initial=replaced) for array in present))).bit_length()
