"""Normalization layers."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import BatchStats, Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn.flax import FlaxLayer
from jax_metrics.nn.normalization._linen_norm import (
    LinenBatchNorm,
    LinenGroupNorm,
    LinenInstanceNorm,
    LinenLayerNorm,
    LinenRMSNorm,
)


class BatchNorm(FlaxLayer, flax_class=LinenBatchNorm):
    """Normalizes each feature over the batch (Ioffe and Szegedy, 2015).

    In training it uses the statistics of the batch and moves its running statistics towards them;
    in evaluation mode, or frozen, it uses the running statistics, unchanged. An empty or fully
    masked batch leaves them unchanged. A call also takes `mask=`, true at valid values, in a shape
    that broadcasts to the input. Equivalent to `flax.linen.BatchNorm` with
    `use_fast_variance=False`.

    Args:
        use_running_average: Overrides the module's mode; None: follows the mode.
        axis: The feature axis, or axes.
        momentum: Fraction of the running statistics kept in each step.
        epsilon: Added to the variance.
        dtype: Output dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        use_bias: Whether to add `bias`.
        use_scale: Whether to multiply by `scale`.
        bias_init: Initializer of `bias`, `[features]`.
        scale_init: Initializer of `scale`, `[features]`.
        axis_name: Share the statistics along this mapped axis, of `vmap` or `shard_map`.
        axis_index_groups: Groups of indices along that axis to share within.
        use_fast_variance: Compute the variance as `E[x^2] - E[x]^2`, in one pass: wrong where the
            mean is large relative to the deviation. Flax's default is True.
        force_float32_reductions: Compute statistics in float32 at least.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.BatchNorm().init(0, jnp.ones((4, 3)))
        >>> _ = layer(jnp.full((4, 3), 10.0))
        >>> layer.mean.round(3)
        Array([0.1, 0.1, 0.1], dtype=float32)
    """

    scale: jax.Array | None = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    mean: jax.Array = BatchStats.node(init=False)
    var: jax.Array = BatchStats.node(init=False)
    use_running_average: bool | None = None
    axis: int | Sequence[int] = -1
    momentum: float = 0.99
    epsilon: float = 1e-5
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: initializers.InitializerLike = initializers.zeros
    scale_init: initializers.InitializerLike = initializers.ones
    axis_name: Any = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    def __call__(
        self,
        x: jax.Array,
        use_running_average: bool | None = None,
        *,
        mask: jax.Array | None = None,
    ) -> jax.Array:
        """Normalizes.

        Args:
            x: Shape `[batch, ..., features]`, or with the features at `axis`.
            use_running_average: Overrides the mode for this call.
            mask: True at valid values, in a shape that broadcasts to `x`.
        """
        options = {"use_running_average": use_running_average, "mask": mask}
        return self._run("__call__", (x,), options)


class LayerNorm(FlaxLayer, flax_class=LinenLayerNorm):
    """Normalizes each example over its features (Ba et al., 2016).

    A call also takes `mask=`, true at valid values. Equivalent to `flax.linen.LayerNorm` with
    `use_fast_variance=False`.

    Args:
        epsilon: Added to the variance.
        dtype: Output dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        use_bias: Whether to add `bias`.
        use_scale: Whether to multiply by `scale`.
        bias_init: Initializer of `bias`, `[features]`.
        scale_init: Initializer of `scale`, `[features]`.
        reduction_axes: The axes to normalize over.
        feature_axes: The axes of `scale` and `bias`.
        axis_name: Share the statistics along this mapped axis, of `vmap` or `shard_map`.
        axis_index_groups: Groups of indices along that axis to share within.
        use_fast_variance: Compute the variance as `E[x^2] - E[x]^2`, in one pass: wrong where the
            mean is large relative to the deviation. Flax's default is True.
        force_float32_reductions: Compute statistics in float32 at least.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.LayerNorm().init(0, jnp.ones((1, 2)))
        >>> layer(jnp.array([[1.0, 3.0]])).round(3)
        Array([[-1.,  1.]], dtype=float32)
    """

    scale: jax.Array | None = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: initializers.InitializerLike = initializers.zeros
    scale_init: initializers.InitializerLike = initializers.ones
    reduction_axes: int | Sequence[int] = -1
    feature_axes: int | Sequence[int] = -1
    axis_name: Any = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes.

        Args:
            x: Shape `[..., features]`.
            mask: True at valid values, in a shape that broadcasts to `x`.
        """
        return self._run("__call__", (x,), {"mask": mask})


class RMSNorm(FlaxLayer, flax_class=LinenRMSNorm):
    """Divides each example by its root mean square (Zhang and Sennrich, 2019).

    A call also takes `mask=`, true at valid values. Equivalent to `flax.linen.RMSNorm`.

    Args:
        epsilon: Added to the mean square.
        dtype: Output dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        use_scale: Whether to multiply by `scale`.
        scale_init: Initializer of `scale`, `[features]`.
        reduction_axes: The axes to normalize over.
        feature_axes: The axes of `scale`.
        axis_name: Share the statistics along this mapped axis, of `vmap` or `shard_map`.
        axis_index_groups: Groups of indices along that axis to share within.
        use_fast_variance: Accepted for compatibility with Flax; no mean is subtracted, so it has no
            effect.
        force_float32_reductions: Compute statistics in float32 at least.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.RMSNorm().init(0, jnp.ones((1, 2)))
        >>> layer(jnp.array([[3.0, 3.0]])).round(3)
        Array([[1., 1.]], dtype=float32)
    """

    scale: jax.Array | None = Parameter.node(init=False)
    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_scale: bool = True
    scale_init: initializers.InitializerLike = initializers.ones
    reduction_axes: int | Sequence[int] = -1
    feature_axes: int | Sequence[int] = -1
    axis_name: Any = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes.

        Args:
            x: Shape `[..., features]`.
            mask: True at valid values, in a shape that broadcasts to `x`.
        """
        return self._run("__call__", (x,), {"mask": mask})


class GroupNorm(FlaxLayer, flax_class=LinenGroupNorm, positional=1):
    """Normalizes each example over groups of its features (Wu and He, 2018).

    Takes an array of shape `[batch, ..., features]`, and by keyword `mask`, true at valid values.
    Equivalent to `flax.linen.GroupNorm` with `use_fast_variance=False`.

    Args:
        num_groups: Number of groups; None: derived from `group_size`.
        group_size: Number of features per group; None: derived from `num_groups`.
        epsilon: Added to the variance.
        dtype: Output dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        use_bias: Whether to add `bias`.
        use_scale: Whether to multiply by `scale`.
        bias_init: Initializer of `bias`, `[features]`.
        scale_init: Initializer of `scale`, `[features]`.
        reduction_axes: The axes to normalize over, with the feature axis; None: all but the first.
        axis_name: Share the statistics along this mapped axis, of `vmap` or `shard_map`.
        axis_index_groups: Groups of indices along that axis to share within.
        use_fast_variance: Compute the variance as `E[x^2] - E[x]^2`, in one pass: wrong where the
            mean is large relative to the deviation. Flax's default is True.
        force_float32_reductions: Compute statistics in float32 at least.

    Raises:
        ValueError: In a call, if the features cannot be divided like this, or both or neither of
            `num_groups` and `group_size` are given.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.GroupNorm(num_groups=2).init(0, jnp.ones((1, 4)))
        >>> layer(jnp.array([[1.0, 3.0, 10.0, 30.0]])).round(3)
        Array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    scale: jax.Array | None = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    num_groups: int | None = 32
    group_size: int | None = None
    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: initializers.InitializerLike = initializers.zeros
    scale_init: initializers.InitializerLike = initializers.ones
    reduction_axes: Sequence[int] | None = None
    axis_name: Any = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes.

        Args:
            x: Shape `[batch, ..., features]`.
            mask: True at valid values, in a shape that broadcasts to `x`.
        """
        return self._run("__call__", (x,), {"mask": mask})


class InstanceNorm(FlaxLayer, flax_class=LinenInstanceNorm):
    """Normalizes each feature of each example over its positions (Ulyanov et al., 2016).

    Takes an array of shape `[batch, spatial..., features]`, and by keyword `mask`, true at valid
    values. Equivalent to `flax.linen.InstanceNorm` with `use_fast_variance=False`.

    Args:
        epsilon: Added to the variance.
        dtype: Output dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        use_bias: Whether to add `bias`.
        use_scale: Whether to multiply by `scale`.
        bias_init: Initializer of `bias`, `[features]`.
        scale_init: Initializer of `scale`, `[features]`.
        feature_axes: The axes of `scale` and `bias`, which are not normalized over.
        axis_name: Share the statistics along this mapped axis, of `vmap` or `shard_map`.
        axis_index_groups: Groups of indices along that axis to share within.
        use_fast_variance: Compute the variance as `E[x^2] - E[x]^2`, in one pass: wrong where the
            mean is large relative to the deviation. Flax's default is True.
        force_float32_reductions: Compute statistics in float32 at least.

    Raises:
        ValueError: In a call, if the feature axes include the first axis, the batch.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.InstanceNorm().init(0, jnp.ones((1, 2, 1)))
        >>> layer(jnp.array([[[1.0], [3.0]]])).round(3)
        Array([[[-1.],
                [ 1.]]], dtype=float32)
    """

    scale: jax.Array | None = Parameter.node(init=False)
    bias: jax.Array | None = Parameter.node(init=False)
    epsilon: float = 1e-6
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_bias: bool = True
    use_scale: bool = True
    bias_init: initializers.InitializerLike = initializers.zeros
    scale_init: initializers.InitializerLike = initializers.ones
    feature_axes: int | Sequence[int] = -1
    axis_name: Any = None
    axis_index_groups: Any = None
    use_fast_variance: bool = False
    force_float32_reductions: bool = True

    def __call__(self, x: jax.Array, *, mask: jax.Array | None = None) -> jax.Array:
        """Normalizes.

        Args:
            x: Shape `[batch, ..., features]`.
            mask: True at valid values, in a shape that broadcasts to `x`.
        """
        return self._run("__call__", (x,), {"mask": mask})
