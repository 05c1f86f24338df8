"""Normalization of a layer's weights."""

from collections.abc import Collection, Sequence
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp

from jax_metrics.module import BatchStats, Parameter
from jax_metrics.nn import initializers
from jax_metrics.nn.flax import FlaxLayer
from jax_metrics.tree import node


class SpectralNorm(FlaxLayer, flax_class=linen.SpectralNorm, rest="stats"):
    """Calls a layer with kernels divided by their largest singular value (Miyato et al., 2018).

    The singular value is estimated by power iteration, which continues from one call in training to
    the next. Equivalent to `flax.linen.SpectralNorm`; its `stats` are a dict by Flax's names, and
    `layer_instance` holds the parameters as they are before the division. A call takes the
    arguments of the layer, and `update_stats=` to override the module's mode.

    Args:
        layer_instance: The layer.
        n_steps: Steps of power iteration in each call.
        epsilon: Added to norms.
        dtype: Dtype of the divided parameters; None: promoted from the original parameters.
        param_dtype: Dtype of `stats`.
        error_on_non_matrix: Whether to reject kernels with more than two axes; otherwise all axes
            but the last are joined.
        collection_name: Accepted for compatibility with Flax; the field `stats` is used instead.

    Raises:
        ValueError: In a call, if a kernel is rejected.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.SpectralNorm(jm.Linear(4), n_steps=50).init(0, jnp.ones((1, 3)))
        >>> _ = layer(jnp.eye(3))
        >>> sigma = jnp.linalg.norm(layer.layer_instance.kernel, ord=2)
        >>> bool(jnp.allclose(layer.stats["layer_instance/kernel/sigma"], sigma, rtol=1e-3))
        True
    """

    stats: dict[str, jax.Array] = BatchStats.node(init=False)
    layer_instance: FlaxLayer = node()
    n_steps: int = 1
    epsilon: float = 1e-12
    dtype: Any = None
    param_dtype: Any = jnp.float32
    error_on_non_matrix: bool = False
    collection_name: str = "batch_stats"

    def __call__(self, *args: Any, update_stats: bool | None = None, **kwargs: Any) -> Any:
        """Calls the layer with its normalized kernels.

        Args:
            *args: The arguments of the layer.
            update_stats: Overrides the mode for this call.
            **kwargs: Keyword arguments of the layer.
        """
        return self._run("__call__", args, {**kwargs, "update_stats": update_stats})


class WeightNorm(FlaxLayer, flax_class=linen.WeightNorm, rest="scale"):
    """Calls a layer with kernels normalized to length one and scaled (Salimans and Kingma, 2016).

    Equivalent to `flax.linen.WeightNorm`; its `scale` is a dict by Flax's names, and
    `layer_instance` holds the original parameters. A call takes the arguments of the layer.

    Args:
        layer_instance: The layer.
        epsilon: Added to squared lengths.
        dtype: Dtype of the normalized parameters; None: promoted from the original parameters.
        param_dtype: Dtype of `scale`.
        use_scale: Whether to multiply by `scale`.
        scale_init: Initializer of each `scale`, `[features]`.
        feature_axes: The axes with a separate length for each index; None: one length for all.
        variable_filter: Substrings of the names of the normalized parameters; None: all.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.WeightNorm(jm.Linear(2)).init(0, jnp.ones((1, 3)))
        >>> layer.scale["layer_instance/kernel/scale"]
        Array([1., 1.], dtype=float32)
        >>> jnp.linalg.norm(layer(jnp.eye(3)), axis=0).round(3)
        Array([1., 1.], dtype=float32)
    """

    scale: dict[str, jax.Array] | None = Parameter.node(init=False)
    layer_instance: FlaxLayer = node()
    epsilon: float = 1e-12
    dtype: Any = None
    param_dtype: Any = jnp.float32
    use_scale: bool = True
    scale_init: initializers.InitializerLike = initializers.ones
    feature_axes: int | Sequence[int] | None = -1
    variable_filter: Collection[str] | None = frozenset({"kernel"})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the layer with its normalized kernels.

        Args:
            *args: The arguments of the layer.
            **kwargs: Keyword arguments of the layer.
        """
        return self._run("__call__", args, kwargs)
