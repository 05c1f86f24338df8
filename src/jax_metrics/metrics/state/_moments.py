"""`Moments`: means and covariances that survive a large offset."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.metrics.state._total import Total
from jax_metrics.module import MetricState


class Moments(Accumulator):
    """Count, means and centred second moments of some variables, merged by Chan's formula.

    Sums of squares lose everything under an offset: at `1e4 + N(0, 1)` an R2 made from them is 0.0
    instead of 0.75. Here each batch is centred first, and the mean is kept in two floats.

    Args:
        variables: How many variables are measured together.
        shape: Shape of what is measured, as the number of outputs.
        dtype: Of the state.

    Attributes:
        count: Sum of the weights, `[*shape]`.
        mean: Means, `[*shape, variables]`; `residual` is what rounding takes from them.
        products: Sums of products of deviations from the means, `[*shape, variables, variables]`.

    Source: Chan, Golub, LeVeque: Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances (1979).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> moments = jm.metrics.Moments(1).updated(1e4 + jnp.array([[1.0], [2.0], [3.0]]))
        >>> float(moments.products[0, 0] / moments.count.value)
        0.6666666865348816
    """

    count: Total = MetricState.node()
    mean: jax.Array = MetricState.node()
    residual: jax.Array = MetricState.node()
    products: jax.Array = MetricState.node()

    def __init__(self, variables: int, shape: tuple[int, ...] = (), dtype: Any = jnp.float32):
        self.count = Total.zeros(shape, dtype)
        self.mean = jnp.zeros((*shape, variables), dtype)
        self.residual = jnp.zeros((*shape, variables), dtype)
        self.products = jnp.zeros((*shape, variables, variables), dtype)

    def updated(self, values: jax.Array, weight: jax.Array | None = None) -> "Moments":
        """The moments with a batch added.

        Args:
            values: Shape `[batch, *shape, variables]`.
            weight: Shape `[batch, *shape]`; one for each where it is None. Where it is zero, the
                value does not matter, even if it is NaN.
        """
        values = jnp.asarray(values, self.mean.dtype)
        columns = [values[..., i] for i in range(self.mean.shape[-1])]
        number = jnp.asarray(values.shape[0])
        if weight is not None:
            weight = jnp.broadcast_to(weight, values.shape[:-1]).astype(values.dtype)
            columns = [jnp.where(weight != 0, x, 0) for x in columns]
            number = weight.sum(0)
        batch = self.neutral()
        batch.count = batch.count + number
        count = _nonzero(batch.count.value)
        means = [_sum(x, weight) / count for x in columns]
        apart = [x - mean for x, mean in zip(columns, means, strict=True)]
        rests = [_sum(x, weight) / count for x in apart]
        batch.mean, batch.residual = jnp.stack(means, -1), jnp.stack(rests, -1)
        batch.products = _centred_products(apart, batch.residual, weight, count)
        return self.merged(batch)

    def neutral(self) -> "Moments":
        """No values, of the same shapes."""
        made = object.__new__(Moments)
        made.__setstate__(
            {
                "count": self.count.neutral(),
                "mean": jnp.zeros_like(self.mean),
                "residual": jnp.zeros_like(self.residual),
                "products": jnp.zeros_like(self.products),
            }
        )
        return made

    def merged(self, other: "Moments") -> "Moments":
        """The moments of both together."""
        made = self.neutral()
        made.count = self.count + other.count
        own, others = self.count.value[..., None], other.count.value[..., None]
        share = others / _nonzero(own + others)
        apart, more = other.mean - self.mean, other.residual - self.residual
        mean = Total.zeros(self.mean.shape, self.mean.dtype) + self.mean + self.residual
        mean = mean + share * apart + share * more
        delta = apart + more
        made.mean, made.residual = mean.high, mean.low
        between = (own * share)[..., None] * delta[..., :, None] * delta[..., None, :]
        made.products = self.products + other.products + between
        return made


def _sum(column: jax.Array, weight: jax.Array | None) -> jax.Array:
    return (column if weight is None else weight * column).sum(0)


def _products(columns: list[jax.Array], weight: jax.Array | None) -> jax.Array:
    # One sum after the other: XLA makes a single pass of a sum, but not of an einsum.
    return jnp.stack([jnp.stack([_sum(x * y, weight) for y in columns], -1) for x in columns], -2)


def _centred_products(
    columns: list[jax.Array], means: jax.Array, weight: jax.Array | None, count: jax.Array
) -> jax.Array:
    """The sums of products of deviations from the means.

    Means that are small beside the deviations are taken off the products, which saves passes over
    the columns. Others would cancel digits, and are taken off the columns.
    """
    products = _products(columns, weight)
    of_means = count[..., None, None] * means[..., :, None] * means[..., None, :]
    small = jnp.diagonal(of_means <= products / 16, axis1=-2, axis2=-1).all()
    return jax.lax.cond(
        small,
        lambda: products - of_means,
        lambda: _products([x - means[..., i] for i, x in enumerate(columns)], weight),
    )


def _nonzero(count: jax.Array) -> jax.Array:
    return jnp.where(count == 0, 1, count)
