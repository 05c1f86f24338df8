"""`SquareSum`: a sum of squares that neither overflows nor vanishes."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.metrics.state._scaled import (
    Scaled,
    least_exponent,
    ordinary_squares,
    power_of_two,
    scale,
)
from jax_metrics.metrics.state._total import Total
from jax_metrics.module import MetricState


class SquareSum(Accumulator):
    """A weighted sum of squares of numbers, scaled by a power of two where needed.

    Args:
        shape: Shape of the independent sums.
        dtype: Dtype of the state.

    Attributes:
        total: The sum of squares of scaled numbers, `[*shape]`.
        exponent: The power of two by which the numbers are scaled, an int32, `[*shape]`.

    Example:
        >>> import jax.numpy as jnp
        >>> from jax_metrics.metrics.state import SquareSum
        >>> squares = SquareSum().updated(jnp.array([3e30, 4e30]), jnp.ones(2))
        >>> print(f"{squares.scaled.root().value:.2e}")
        5.00e+30
    """

    total: Total
    exponent: jax.Array = MetricState.node()

    def __init__(self, shape: tuple[int, ...] = (), dtype: Any = jnp.float32):
        self.total = Total.zeros(shape, dtype)
        self.exponent = jnp.full(shape, least_exponent(dtype), jnp.int32)

    @property
    def scaled(self) -> Scaled:
        """The sum."""
        return Scaled(self.total.value, 2 * self.exponent)

    def updated(self, numbers: jax.Array, weight: jax.Array) -> "SquareSum":
        """The sum with the squares of numbers added.

        Args:
            numbers: Floats, `[batch, ..., *shape]`; 0 where the weight is 0.
            weight: Their weights, of the same shape.
        """
        axes = tuple(range(numbers.ndim - self.exponent.ndim))
        plain = (numbers**2 * weight).sum(axes)

        def scaled() -> tuple[jax.Array, jax.Array]:
            exponent = scale(abs(numbers).max(axes, initial=0))
            factor = power_of_two(-exponent, plain.dtype)
            return ((numbers * factor) ** 2 * weight).sum(axes), exponent

        squares, exponent = jax.lax.cond(
            ordinary_squares(plain).all(),
            lambda: (plain, (0 * plain).astype(jnp.int32)),
            scaled,
        )
        return self.merged(self._replace(total=self.total.neutral() + squares, exponent=exponent))

    def neutral(self) -> "SquareSum":
        """The sum of no squares."""
        least = least_exponent(self.total.high.dtype)
        return self._replace(
            total=self.total.neutral(), exponent=jnp.full_like(self.exponent, least)
        )

    def merged(self, other: "SquareSum") -> "SquareSum":
        """The sum of the squares of both."""
        exponent = jnp.maximum(self.exponent, other.exponent)
        total = self.total.neutral()
        for term in (self, other):
            change = 2 * (term.exponent - exponent)
            total = total + jnp.ldexp(term.total.high, change)
            total = total + jnp.ldexp(term.total.low, change)
        return self._replace(total=total, exponent=exponent)
