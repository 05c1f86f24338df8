"""`Regularizer`: a loss of parameters."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jax_metrics.losses import Loss
from jax_metrics.module import Parameter
from jax_metrics.tree import FieldInfo, filter, static

Filter = type | Callable[[FieldInfo], bool]


def selected_parameters(
    parameters: Any, filters: Filter | Sequence[Filter] = ()
) -> list[jax.Array]:
    """The parameters that pass all filters, as float32 at least.

    Args:
        parameters: A module, of which only the fields of kind `jm.Parameter` count; or any pytree
            of arrays, of which all count.
        filters: Kinds, and functions of a `jm.FieldInfo`; see `jm.filter`.

    Raises:
        ValueError: If none is left, as that is hardly ever meant.

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
            "`model.init(key, inputs)` before."
        )
    return [array.astype(jnp.promote_types(array.dtype, jnp.float32)) for array in arrays]


def _as_tuple(filters: Filter | Sequence[Filter]) -> tuple[Filter, ...]:
    return tuple(filters) if isinstance(filters, list | tuple) else (filters,)  # type: ignore[arg-type]


def _is_parameter(info: FieldInfo) -> bool:
    return info.module is None or issubclass(info.kind, Parameter)


class Regularizer(Loss):
    """The base of all regularizers: a loss that is called with `parameters=`, a module or a pytree.

    A subclass has a method `penalty`, from one array to a number; the loss is the sum of them.

    Args:
        filters: Which parameters count, as kinds and functions of a `jm.FieldInfo`, one or several
            that must all hold. By default all do.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Largest(jm.regularizers.Regularizer):
        ...     def penalty(self, parameter):
        ...         return jnp.max(jnp.abs(parameter))
        >>> Largest(weight=0.5)(parameters={"a": jnp.array([1.0, -2.0]), "b": jnp.ones(3)})
        Array(1.5, dtype=float32)
    """

    filters: Filter | Sequence[Filter] = static((), kw_only=True)
    _extra: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = _as_tuple(self.filters)

    def call(self, parameters: Any) -> jax.Array:
        """The sum of the penalties."""
        return jnp.sum(
            jnp.stack([self.penalty(x) for x in selected_parameters(parameters, self.filters)])
        )

    def penalty(self, parameter: jax.Array) -> jax.Array:
        """What one array costs, as a number."""
        raise NotImplementedError(
            f"{type(self).__name__} has no method `penalty`. Write `def penalty(self, parameter)`, "
            "which returns what one array costs."
        )
