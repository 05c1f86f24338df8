"""Penalties of the magnitude of parameters."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments
from jax_metrics.regularizers._regularizer import Filter, Regularizer, total_penalty
from jax_metrics.tree import static


@explains_arguments
def l1(parameters: Any, *, filters: Filter | Sequence[Filter] = ()) -> jax.Array:
    """The sum of the absolute values.

    Args:
        parameters: See `selected_parameters`.
        filters: See `selected_parameters`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.regularizers.l1({"w": jnp.array([1.0, -2.0])})
        Array(3., dtype=float32)
    """
    return total_penalty(_absolute_values, parameters, filters)


@explains_arguments
def l2(parameters: Any, *, filters: Filter | Sequence[Filter] = ()) -> jax.Array:
    """The sum of the squares.

    Args:
        parameters: See `selected_parameters`.
        filters: See `selected_parameters`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.regularizers.l2({"w": jnp.array([1.0, -2.0])})
        Array(5., dtype=float32)
    """
    return total_penalty(_squares, parameters, filters)


def _absolute_values(x: jax.Array) -> jax.Array:
    return jnp.sum(jnp.abs(x))


def _squares(x: jax.Array) -> jax.Array:
    return jnp.sum((x * jnp.conj(x)).real)


class L1(Regularizer):
    """`l1` times the sum of the absolute values of the parameters.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2, use_bias=False).init(0, jnp.ones((1, 3)))
        >>> bool(jm.regularizers.L1(0.5)(parameters=model) == 0.5 * abs(model.kernel).sum())
        True
    """

    l1: float = static(default=0.01, kw_only=False)

    def penalty(self, parameter: jax.Array) -> jax.Array:
        """See `l1`."""
        return self.l1 * _absolute_values(parameter)


class L2(Regularizer):
    """`l2` times the sum of the squares of the parameters.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> def is_kernel(field):
        ...     return field.name == "kernel"
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> loss = jm.regularizers.L2(0.5, filters=is_kernel)
        >>> bool(loss(parameters=model) == 0.5 * (model.kernel**2).sum())
        True
    """

    l2: float = static(default=0.01, kw_only=False)

    def penalty(self, parameter: jax.Array) -> jax.Array:
        """See `l2`."""
        return self.l2 * _squares(parameter)


class L1L2(Regularizer):
    """The sum of `L1` and `L2`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.regularizers.L1L2(l1=1, l2=0.5)(parameters=jnp.array([1.0, -2.0]))
        Array(5.5, dtype=float32)
    """

    l1: float = static(default=0.0, kw_only=False)
    l2: float = static(default=0.0, kw_only=False)

    def penalty(self, parameter: jax.Array) -> jax.Array:
        """See `l1` and `l2`."""
        return self.l1 * _absolute_values(parameter) + self.l2 * _squares(parameter)
