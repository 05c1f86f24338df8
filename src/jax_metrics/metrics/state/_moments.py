"""`Moments`: means and covariances that stay accurate under a large offset."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import split
from jax_metrics.metrics.state._accumulator import Accumulator
from jax_metrics.metrics.state._scaled import (
    Scaled,
    least_exponent,
    ordinary_squares,
    power_of_two,
    scale,
)
from jax_metrics.metrics.state._total import Total
from jax_metrics.metrics.state._uncontracted import without_last_bits
from jax_metrics.module import MetricState


class Moments(Accumulator):
    """Count, means and centred second moments of several variables, merged by Chan's formula.

    Raw sums of squares lose all precision under an offset: at `1e4 + N(0, 1)` they give an R2 of
    0.0 instead of 0.75. Here each batch is centred first, and the mean is kept as two floats.
    Deviations of less than 1e-9 or more than 1e12 are scaled by a power of two before they are
    multiplied, so that products neither vanish nor overflow.

    Args:
        variables: The number of variables.
        shape: Shape of the independent groups of variables, such as `(num_outputs,)`.
        dtype: Dtype of the state.

    Attributes:
        count: Sum of the weights, `[*shape]`.
        mean: Means, `[*shape, variables]`; `residual` holds their rounding errors.
        fractions: Sums of products of scaled deviations from the means,
            `[*shape, variables, variables]`; `products` has the sums for the deviations themselves.
        exponent: The power of two by which the deviations of each variable are scaled, an int32,
            `[*shape, variables]`.

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
    fractions: jax.Array = MetricState.node()
    exponent: jax.Array = MetricState.node()

    def __init__(self, variables: int, shape: tuple[int, ...] = (), dtype: Any = float):
        self.count = Total.zeros(shape, dtype)
        self.mean = jnp.zeros((*shape, variables), dtype)
        self.residual = jnp.zeros((*shape, variables), dtype)
        self.fractions = jnp.zeros((*shape, variables, variables), dtype)
        self.exponent = jnp.full((*shape, variables), least_exponent(dtype), jnp.int32)

    @property
    def products(self) -> jax.Array:
        """Sums of products of deviations from the means, `[*shape, variables, variables]`."""
        exponents = self.exponent[..., :, None] + self.exponent[..., None, :]
        return jnp.ldexp(self.fractions, exponents)

    @property
    def squares(self) -> list[Scaled]:
        """For each variable the sum of squared deviations, `[*shape]`; exactly 0 for constants.

        The mean of equal numbers has a rounding error, which must not count as a deviation. So a
        standard deviation of less than about 4e-11 of the mean in float32 counts as none: that of
        integers such as 199 times 2,000,000,000 and once 2,000,000,001, or of millions of equal
        floats and one beside them.
        """
        fractions = jnp.diagonal(self.fractions, axis1=-2, axis2=-1)
        rounding = jnp.finfo(self.mean.dtype).eps ** 1.5 * jnp.ldexp(self.mean, -self.exponent)
        is_rounding = fractions <= self.count.value[..., None] * rounding**2
        fractions = jnp.where(is_rounding, 0, fractions)
        variables = range(self.mean.shape[-1])
        return [Scaled(fractions[..., i], 2 * self.exponent[..., i]) for i in variables]

    def updated(self, values: jax.Array, weight: jax.Array | None = None) -> "Moments":
        """The moments with a batch added.

        Args:
            values: Numbers, `[batch, *shape, variables]`.
            weight: Shape `[batch, *shape]`; all ones by default. Values of weight zero are ignored,
                even NaN.
        """
        values = jnp.asarray(values)
        return self.updated_by_columns([values[..., i] for i in range(values.shape[-1])], weight)

    def updated_by_columns(
        self, columns: list[jax.Array], weight: jax.Array | None = None
    ) -> "Moments":
        """The moments with a batch added, whose variables may have different dtypes.

        Args:
            columns: The numbers of each variable, `[batch, *shape]`.
            weight: See `updated`.
        """
        shape, dtype = columns[0].shape, self.mean.dtype
        total_weight = jnp.asarray(shape[0])
        if weight is not None:
            weight = jnp.broadcast_to(weight, shape).astype(dtype)
            columns = [jnp.where(weight != 0, x, 0) for x in columns]
            total_weight = weight.sum(0)
        total = self.count.neutral() + total_weight
        count = _nonzero(total.value)
        # Without the last bit, so that the mean is the same number wherever it is used: a compiler
        # would contract the division with the subtraction, but not with the merging.
        means = [without_last_bits(_sum(x.astype(dtype), weight) / count, 1) for x in columns]
        deviations = [_minus(x, mean) for x, mean in zip(columns, means, strict=True)]
        residual = jnp.stack([_sum(x, weight) / count for x in deviations], -1)
        fractions, exponent = _centred_products(deviations, residual, weight, count)
        batch = self._replace(
            count=total,
            mean=jnp.stack(means, -1),
            residual=residual,
            fractions=fractions,
            exponent=exponent,
        )
        return self.merged(batch)

    def neutral(self) -> "Moments":
        """The moments of no values, of the same shapes."""
        return self._replace(
            count=self.count.neutral(),
            mean=jnp.zeros_like(self.mean),
            residual=jnp.zeros_like(self.residual),
            fractions=jnp.zeros_like(self.fractions),
            exponent=jnp.full_like(self.exponent, least_exponent(self.mean.dtype)),
        )

    def merged(self, other: "Moments") -> "Moments":
        """The moments of the values of both."""
        own, others = self.count.value[..., None], other.count.value[..., None]
        gap, residual_gap = other.mean - self.mean, other.residual - self.residual
        # Start from the mean of the larger weight: a fraction near 1 of a large gap would be
        # rounded.
        is_first = own >= others
        fraction = jnp.where(is_first, others, own) / _nonzero(own + others)
        step = jnp.where(is_first, fraction, -fraction)
        mean = Total.zeros(self.mean.shape, self.mean.dtype)
        for start in ((self.mean, other.mean), (self.residual, other.residual)):
            mean = mean + jnp.where(is_first, *start)
        mean = mean + step * gap + step * residual_gap
        weight = jnp.maximum(own, others) * fraction
        delta = jnp.where(weight == 0, 0, gap + residual_gap)
        exponent = jnp.maximum(jnp.maximum(self.exponent, other.exponent), scale(abs(delta)))
        delta = jnp.ldexp(delta, -exponent)
        between = weight[..., None] * delta[..., :, None] * delta[..., None, :]
        return self._replace(
            count=self.count + other.count,
            mean=mean.high,
            residual=mean.low,
            fractions=self._fractions(exponent) + other._fractions(exponent) + between,
            exponent=exponent,
        )

    def _fractions(self, exponent: jax.Array) -> jax.Array:
        """The sums of products of deviations scaled by other powers of two."""
        change = self.exponent - exponent
        return jnp.ldexp(self.fractions, change[..., :, None] + change[..., None, :])


def _minus(column: jax.Array, mean: jax.Array) -> jax.Array:
    """The deviations from a mean."""
    rounded, rest = split(column, mean.dtype)  # one float might round an integer
    return (rounded - mean) + rest


def _sum(column: jax.Array, weight: jax.Array | None) -> jax.Array:
    return (column if weight is None else weight * column).sum(0)


def _products(columns: list[jax.Array], weight: jax.Array | None) -> jax.Array:
    # Separate sums: XLA fuses each of them into a single pass, but not an einsum.
    return jnp.stack([jnp.stack([_sum(x * y, weight) for y in columns], -1) for x in columns], -2)


def _centred_products(
    columns: list[jax.Array], means: jax.Array, weight: jax.Array | None, count: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The sums of products of scaled deviations from the means, and the exponents of the scales.

    Means that are small compared with the deviations are subtracted from the products, which saves
    passes over the columns. Larger means would cancel digits there, so they are subtracted from the
    columns, as are the means of deviations that need a scale.
    """

    def subtracted_before() -> tuple[jax.Array, jax.Array]:
        deviations = [x - means[..., i] for i, x in enumerate(columns)]
        if weight is not None:  # values of weight 0 may be larger than the scale
            deviations = [jnp.where(weight != 0, x, 0) for x in deviations]
        exponent = scale(jnp.stack([abs(x).max(0, initial=0) for x in deviations], -1))
        factors = power_of_two(-exponent, means.dtype)
        scaled = [x * factors[..., i] for i, x in enumerate(deviations)]
        return _products(scaled, weight), exponent

    products = _products(columns, weight)
    mean_products = count[..., None, None] * means[..., :, None] * means[..., None, :]
    squares = jnp.diagonal(products, axis1=-2, axis2=-1)
    small = jnp.diagonal(mean_products, axis1=-2, axis2=-1) <= squares / 16
    return jax.lax.cond(
        (small & ordinary_squares(squares)).all(),
        lambda: (products - mean_products, (0 * means).astype(jnp.int32)),
        subtracted_before,
    )


def _nonzero(count: jax.Array) -> jax.Array:
    return jnp.where(count == 0, 1, count)
