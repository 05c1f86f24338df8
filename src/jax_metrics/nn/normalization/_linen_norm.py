"""The normalization layers of Flax, correct for masked and empty inputs.

Flax divides by the number of valid values, even by 0, and averages the means of devices
regardless of how many values each has. Here sums and counts are reduced, and statistics of no
values are 0.
"""

from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
from flax.linen import dtypes

from jax_metrics.nn._padding import without_padding

Axes = tuple[int, ...]


def _moments(
    layer: Any, x: jax.Array, axes: Axes, mask: jax.Array | None, *, center: bool = True
) -> tuple[Any, jax.Array, Any]:
    """Mean and variance with reduced axes of size one, and the number of valid values.

    The number is None if it is known to be positive.
    """
    dtype = jnp.result_type(x) if layer.dtype is None else layer.dtype
    if layer.force_float32_reductions:
        dtype = jnp.promote_types(dtype, jnp.float32)
    x = jnp.asarray(x, dtype)
    axis_name = None if layer.is_initializing() else layer.axis_name

    def over_devices(values: Any, reduce: Any) -> Any:
        if axis_name is None:
            return values
        return reduce(values, axis_name, axis_index_groups=layer.axis_index_groups)

    count = None
    if mask is not None:
        count = jnp.sum(mask, axes, dtype, keepdims=True)
        count = over_devices(count, jax.lax.psum)
    elif 0 in (x.shape[axis] for axis in axes):
        count = jnp.zeros((), dtype)

    def mean_of(*values: jax.Array) -> tuple[jax.Array, ...]:
        if count is None:
            means = tuple(value.mean(axes, keepdims=True) for value in values)
            return over_devices(means, jax.lax.pmean)
        sums = tuple(value.sum(axes, keepdims=True, where=mask) for value in values)
        sums = over_devices(sums, jax.lax.psum)
        return tuple(total / jnp.maximum(count, 1) for total in sums)

    if not center:
        return 0, mean_of(_square(x))[0], count
    if layer.use_fast_variance:
        mean, square = mean_of(x, _square(x))
        # Rounding can make the difference negative.
        return mean, jnp.maximum(0.0, square - _square(mean)), count
    (mean,) = mean_of(x)
    return mean, mean_of(_square(x - mean))[0], count


def _scaled(
    layer: Any,
    x: jax.Array,
    mean: Any,
    variance: jax.Array,
    feature_axes: Axes,
    *,
    use_bias: bool | None = None,
) -> jax.Array:
    """The normalized input, times `scale` and plus `bias`."""
    sizes = [x.shape[axis] for axis in feature_axes]
    shape = [size if axis in feature_axes else 1 for axis, size in enumerate(x.shape)]

    def parameter(name: str, init: Any) -> jax.Array:
        value = layer.param(name, init, sizes, layer.param_dtype).reshape(shape)
        return value if layer.force_float32_reductions else value.astype(layer.param_dtype)

    factor, operands = jax.lax.rsqrt(variance + layer.epsilon), [x]
    y = x - mean
    if layer.use_scale:
        operands.append(parameter("scale", layer.scale_init))
        factor *= operands[-1]
    y *= factor
    if layer.use_bias if use_bias is None else use_bias:
        operands.append(parameter("bias", layer.bias_init))
        y += operands[-1]
    return jnp.asarray(y, dtypes.canonicalize_dtype(*operands, dtype=layer.dtype))


class LinenBatchNorm(linen.BatchNorm):
    """See `flax.linen.BatchNorm`."""

    @linen.compact
    def __call__(
        self,
        x: jax.Array,
        use_running_average: bool | None = None,
        *,
        mask: jax.Array | None = None,
    ) -> jax.Array:
        """Normalizes; see `flax.linen.BatchNorm`."""
        running = linen.merge_param(
            "use_running_average", self.use_running_average, use_running_average
        )
        x, mask = _masked(x, mask)
        feature_axes = _positive(self.axis, x.ndim)
        axes = tuple(axis for axis in range(x.ndim) if axis not in feature_axes)
        sizes = [x.shape[axis] for axis in feature_axes]
        shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        stored = jnp.float32 if self.force_float32_reductions else self.param_dtype
        means = self.variable("batch_stats", "mean", jnp.zeros, sizes, stored)
        variances = self.variable("batch_stats", "var", jnp.ones, sizes, stored)
        if running:
            mean, variance = (
                jnp.asarray(old.value, old.value.dtype if stored == jnp.float32 else stored)
                for old in (means, variances)
            )
            return _scaled(self, x, mean.reshape(shape), variance.reshape(shape), feature_axes)
        x = _kept(x)
        mean, variance, count = _moments(self, x, axes, mask)
        if not self.is_initializing():
            for old, new in ((means, mean), (variances, variance)):
                moved = self.momentum * old.value + (1 - self.momentum) * new.reshape(sizes)
                if count is not None:  # no values: the statistics stay
                    seen = jnp.broadcast_to(count > 0, shape).reshape(sizes)
                    moved = jnp.where(seen, moved, old.value)
                old.value = moved
        return _scaled(self, x, mean, variance, feature_axes)


class LinenLayerNorm(linen.LayerNorm):
    """See `flax.linen.LayerNorm`."""

    @linen.compact
    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes; see `flax.linen.LayerNorm`."""
        x, mask = _masked(x, mask)
        x = _kept(x)
        mean, variance, _ = _moments(self, x, _positive(self.reduction_axes, x.ndim), mask)
        return _scaled(self, x, mean, variance, _positive(self.feature_axes, x.ndim))


class LinenRMSNorm(linen.RMSNorm):
    """See `flax.linen.RMSNorm`."""

    @linen.compact
    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes; see `flax.linen.RMSNorm`."""
        x, mask = _masked(x, mask)
        axes = _positive(self.reduction_axes, x.ndim)
        _, square, _ = _moments(self, x, axes, mask, center=False)
        return _scaled(self, x, 0, square, _positive(self.feature_axes, x.ndim), use_bias=False)


class LinenGroupNorm(linen.GroupNorm):
    """See `flax.linen.GroupNorm`."""

    @linen.compact
    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes; see `flax.linen.GroupNorm`."""
        features = x.shape[-1]
        groups = self._groups(features)
        axes = range(1, x.ndim) if self.reduction_axes is None else self.reduction_axes
        *axes, last = _positive(axes, x.ndim)
        if last != x.ndim - 1:
            raise ValueError(
                "The `reduction_axes` of GroupNorm must include the last axis, the features; got "
                f"{self.reduction_axes} for shape {x.shape}."
            )
        x, mask = _masked(x, mask)
        grouped = (*x.shape[:-1], groups, features // groups)
        mask = None if mask is None else mask.reshape(grouped)
        x = _kept(x)
        mean, variance, _ = _moments(self, x.reshape(grouped), (*axes, x.ndim), mask)

        def per_feature(value: jax.Array) -> jax.Array:
            return jnp.repeat(value[..., 0], features // groups, axis=-1)

        return _scaled(self, x, per_feature(mean), per_feature(variance), (x.ndim - 1,))

    @linen.nowrap
    def _groups(self, features: int) -> int:
        if (self.num_groups is None) == (self.group_size is None):
            raise ValueError(
                "GroupNorm needs either `num_groups` or `group_size`; for the latter pass "
                "`num_groups=None` too."
            )
        size = self.group_size
        groups = self.num_groups if size is None else features // size if size > 0 else 0
        if (
            groups is None
            or groups <= 0
            or features % groups
            or size not in (None, features // groups)
        ):
            raise ValueError(
                f"GroupNorm cannot divide {features} features into "
                + (f"{groups} groups." if size is None else f"groups of {size}.")
            )
        return groups


class LinenInstanceNorm(linen.InstanceNorm):
    """See `flax.linen.InstanceNorm`."""

    @linen.compact
    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes; see `flax.linen.InstanceNorm`."""
        feature_axes = _positive(self.feature_axes, x.ndim)
        if 0 in feature_axes:
            raise ValueError(
                "The `feature_axes` of InstanceNorm cannot include the first axis, the batch; got "
                f"{self.feature_axes}."
            )
        x, mask = _masked(x, mask)
        axes = tuple(axis for axis in range(1, x.ndim) if axis not in feature_axes)
        x = _kept(x)
        mean, variance, _ = _moments(self, x, axes, mask)
        return _scaled(self, x, mean, variance, feature_axes)


def _positive(axes: Any, rank: int) -> Axes:
    axes = (axes,) if isinstance(axes, int) else axes
    return tuple(sorted({axis % rank for axis in axes}))


def _masked(x: jax.Array, mask: Any) -> tuple[jax.Array, jax.Array | None]:
    """The input without NaN in the padding, and the mask in the same shape."""
    x = jnp.asarray(x)
    if mask is None:
        return x, None
    mask = jnp.broadcast_to(jnp.asarray(mask, bool), x.shape)
    return without_padding(x, mask), mask


def _kept(x: jax.Array) -> jax.Array:
    """The input, computed once.

    The mean, the variance and their gradients each read it. XLA for CPUs would fuse what computes
    it into each of them: a transformer's step would take 1.5 times as long.
    """
    return jax.lax.optimization_barrier(x)


def _square(x: jax.Array) -> jax.Array:
    return jnp.real(x) ** 2 + jnp.imag(x) ** 2 if jnp.iscomplexobj(x) else x * x
