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
        weight = jnp.ones(values.shape[:-1], values.dtype) if weight is None else weight
        weight = jnp.broadcast_to(weight, values.shape[:-1]).astype(values.dtype)
        # Sums along the last axis are several times as fast as along the first one.
        values, weight = jnp.moveaxis(values, 0, -1), jnp.moveaxis(weight, 0, -1)
        counts = weight[..., None, :] != 0
        values = jnp.where(counts, values, 0)
        count = Total.zeros(weight.shape[:-1], values.dtype) + weight.sum(-1)
        share = (weight / _nonzero(count.value)[..., None])[..., None, :]
        mean = (share * values).sum(-1)
        apart = values - mean[..., None]
        residual = (share * apart).sum(-1)
        centred = jnp.where(counts, apart - residual[..., None], 0)
        batch = self.neutral()
        batch.count, batch.mean, batch.residual = count, mean, residual
        # Not a matrix product: it adds five million numbers one by one on a CPU, which made a
        # correlation of 0.8946 into 0.8906, and takes fewer bits on a GPU.
        weighted = weight[..., None, :] * centred
        batch.products = (weighted[..., :, None, :] * centred[..., None, :, :]).sum(-1)
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


def _nonzero(count: jax.Array) -> jax.Array:
    return jnp.where(count == 0, 1, count)
