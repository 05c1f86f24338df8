"""`Moments`: means and covariances that stay accurate under a large offset."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.metrics.state._total import Total
from jax_metrics.module import MetricState


class Moments(Accumulator):
    """Count, means and centred second moments of some variables, merged by Chan's formula.

    Raw sums of squares lose all precision under an offset: at `1e4 + N(0, 1)` they give an R2 of
    0.0 instead of 0.75. Here each batch is centred first, and the mean is kept as two floats.

    Args:
        variables: The number of variables.
        shape: Shape of the independent groups of variables, such as `(num_outputs,)`.
        dtype: Dtype of the state.

    Attributes:
        count: Sum of the weights, `[*shape]`.
        mean: Means, `[*shape, variables]`; `residual` holds their rounding errors.
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

    def __init__(self, variables: int, shape: tuple[int, ...] = (), dtype: Any = float):
        self.count = Total.zeros(shape, dtype)
        self.mean = jnp.zeros((*shape, variables), dtype)
        self.residual = jnp.zeros((*shape, variables), dtype)
        self.products = jnp.zeros((*shape, variables, variables), dtype)

    def updated(self, values: jax.Array, weight: jax.Array | None = None) -> "Moments":
        """The moments with a batch added.

        Args:
            values: Shape `[batch, *shape, variables]`.
            weight: Shape `[batch, *shape]`; all ones by default. Values of weight zero are ignored,
                even NaN.
        """
        values = jnp.asarray(values, self.mean.dtype)
        columns = [values[..., i] for i in range(self.mean.shape[-1])]
        total_weight = jnp.asarray(values.shape[0])
        if weight is not None:
            weight = jnp.broadcast_to(weight, values.shape[:-1]).astype(values.dtype)
            columns = [jnp.where(weight != 0, x, 0) for x in columns]
            total_weight = weight.sum(0)
        total = self.count.neutral() + total_weight
        count = _nonzero(total.value)
        means = [_sum(x, weight) / count for x in columns]
        deviations = [x - mean for x, mean in zip(columns, means, strict=True)]
        residual = jnp.stack([_sum(x, weight) / count for x in deviations], -1)
        batch = self._replace(
            count=total,
            mean=jnp.stack(means, -1),
            residual=residual,
            products=_centred_products(deviations, residual, weight, count),
        )
        return self.merged(batch)

    def neutral(self) -> "Moments":
        """The moments of no values, of the same shapes."""
        return self._replace(
            count=self.count.neutral(),
            mean=jnp.zeros_like(self.mean),
            residual=jnp.zeros_like(self.residual),
            products=jnp.zeros_like(self.products),
        )

    def merged(self, other: "Moments") -> "Moments":
        """The moments of the values of both."""
        own, others = self.count.value[..., None], other.count.value[..., None]
        fraction = others / _nonzero(own + others)
        gap, residual_gap = other.mean - self.mean, other.residual - self.residual
        mean = Total.zeros(self.mean.shape, self.mean.dtype) + self.mean + self.residual
        mean = mean + fraction * gap + fraction * residual_gap
        delta = gap + residual_gap
        between = (own * fraction)[..., None] * delta[..., :, None] * delta[..., None, :]
        return self._replace(
            count=self.count + other.count,
            mean=mean.high,
            residual=mean.low,
            products=self.products + other.products + between,
        )


def _sum(column: jax.Array, weight: jax.Array | None) -> jax.Array:
    return (column if weight is None else weight * column).sum(0)


def _products(columns: list[jax.Array], weight: jax.Array | None) -> jax.Array:
    # Separate sums: XLA fuses each of them into a single pass, but not an einsum.
    return jnp.stack([jnp.stack([_sum(x * y, weight) for y in columns], -1) for x in columns], -2)


def _centred_products(
    columns: list[jax.Array], means: jax.Array, weight: jax.Array | None, count: jax.Array
) -> jax.Array:
    """The sums of products of deviations from the means.

    Means that are small compared with the deviations are subtracted from the products, which saves
    passes over the columns. Larger ones would cancel digits there, so they are subtracted from the
    columns.
    """
    products = _products(columns, weight)
    mean_products = count[..., None, None] * means[..., :, None] * means[..., None, :]
    small = jnp.diagonal(mean_products <= products / 16, axis1=-2, axis2=-1).all()
    return jax.lax.cond(
        small,
        lambda: products - mean_products,
        lambda: _products([x - means[..., i] for i, x in enumerate(columns)], weight),
    )


def _nonzero(count: jax.Array) -> jax.Array:
    return jnp.where(count == 0, 1, count)
