"""`Regularizer`: a loss of parameters."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments
from jax_metrics.losses import Loss
from jax_metrics.module import Parameter
from jax_metrics.tree import FieldInfo, filter, static

Filter = type | Callable[[FieldInfo], bool]


@explains_arguments
def selected_parameters(
    parameters: Any, filters: Filter | Sequence[Filter] = ()
) -> list[jax.Array]:
    """The parameters that pass all filters, in float32 or a wider type.

    Args:
        parameters: A module, from which only fields of kind `jm.Parameter` are used; or any pytree
            of arrays, from which all are used.
        filters: Kinds, and functions of a `jm.FieldInfo`; see `jm.filter`.

    Raises:
        ValueError: If no parameter passes, which is hardly ever intended.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.MLP([8, 2]).init(0, jnp.ones((1, 4)))
        >>> kernels = jm.regularizers.selected_parameters(model, lambda f: f.name == "kernel")
        >>> [kernel.shape for kernel in kernels]
        [(4, 8), (8, 2)]
    """
    filters = _as_tuple(filters)
    leaves = jax.tree.leaves(filter(parameters, _is_parameter, *filters))
    arrays = [jnp.asarray(leaf) for leaf in leaves]
    arrays = [array for array in arrays if jnp.issubdtype(array.dtype, jnp.inexact)]
    if not arrays:
        raise ValueError(
            f"There is nothing to regularize: the {type(parameters).__name__} has no parameters "
            f"{'that pass the filters' if filters else 'yet'}. Check the filters, and call "
            "`model.init(key, inputs)` first."
        )
    return [array.astype(jnp.promote_types(array.dtype, jnp.float32)) for array in arrays]


def total_penalty(
    penalty: Callable[[jax.Array], jax.Array],
    parameters: Any,
    filters: Filter | Sequence[Filter],
) -> jax.Array:
    """The sum of the penalties of the parameters that pass all filters."""
    return jnp.sum(jnp.stack([penalty(x) for x in selected_parameters(parameters, filters)]))


def _as_tuple(filters: Filter | Sequence[Filter]) -> tuple[Filter, ...]:
    return tuple(filters) if isinstance(filters, list | tuple) else (filters,)  # type: ignore[arg-type]


def _is_parameter(info: FieldInfo) -> bool:
    return info.module is None or issubclass(info.kind, Parameter)


class Regularizer(Loss):
    """The base class of all regularizers: losses that are called with `parameters=`.

    The parameters are a module or a pytree. A subclass has a method `penalty`, from one array to a
    number; the loss is the sum of the penalties.

    Args:
        filters: One or several kinds and functions of a `jm.FieldInfo`; parameters that pass all of
            them are used. By default all parameters are.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Largest(jm.regularizers.Regularizer):
        ...     def penalty(self, parameter):
        ...         return jnp.max(jnp.abs(parameter))
        >>> Largest(weight=0.5)(parameters={"a": jnp.array([1.0, -2.0]), "b": jnp.ones(3)})
        Array(1.5, dtype=float32)
    """

    filters: Filter | Sequence[Filter] = static(default=(), kw_only=True)
    per_example: ClassVar[tuple[str, ...]] = ()
    _extra: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = _as_tuple(self.filters)

    if TYPE_CHECKING:

        def __call__(self, *, parameters: Any) -> jax.Array: ...

    def call(self, parameters: Any) -> jax.Array:
        """The sum of the penalties."""
        return total_penalty(self.penalty, parameters, self.filters)

    def penalty(self, parameter: jax.Array) -> jax.Array:
        """The penalty of one array, as a scalar."""
        raise NotImplementedError(
            f"{type(self).__name__} has no method `penalty`. Write `def penalty(self, parameter)`, "
            "which returns the penalty of one array as a scalar."
        )
