"""Layers that change the resolution of images."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn.convolution._spatial import check_rank, per_axis

_METHODS = {
    "nearest": "nearest",
    "linear": "linear",
    "bilinear": "linear",
    "trilinear": "linear",
    "cubic": "cubic",
    "bicubic": "cubic",
    "lanczos3": "lanczos3",
    "lanczos5": "lanczos5",
}


class Upsample(CheckedLayer):
    """Resizes the spatial axes by interpolation, as `jax.image.resize` does.

    Takes an array of shape `[batch, spatial..., channels]`. Give `scale_factor` or `size`.

    Args:
        scale_factor: How many times larger the axes get: one number for all axes between the first
            and the last, or one for each; the new size is rounded down.
        size: The new size: one number for all of these axes, or one for each.
        method: `"nearest"`, `"linear"` (also `"bilinear"`, `"trilinear"`), `"cubic"` (also
            `"bicubic"`), `"lanczos3"` or `"lanczos5"`.
        antialias: Whether to smooth before making an axis smaller.
        name: A name for the module.

    Raises:
        ValueError: If both or neither of these are given, the method is unknown, or the input has
            another number of axes.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.Upsample(2)(jnp.ones((5, 8, 8, 3))).shape
        (5, 16, 16, 3)
    """

    def __init__(
        self,
        scale_factor: float | Sequence[float] | None = None,
        *,
        size: int | Sequence[int] | None = None,
        method: str = "nearest",
        antialias: bool = True,
        name: str | None = None,
    ):
        super().__init__(name)
        if (scale_factor is None) == (size is None):
            raise ValueError(
                "Upsample needs either `scale_factor` or `size`; got "
                f"{'neither' if size is None else 'both'} of them."
            )
        if method not in _METHODS:
            raise ValueError(f"`method` may be one of {', '.join(_METHODS)}; got {method!r}.")
        factors = scale_factor if isinstance(scale_factor, Sequence) else (scale_factor,)
        if any(factor is not None and not factor > 0 for factor in factors):
            raise ValueError(f"`scale_factor` must be above 0; got {scale_factor!r}.")
        self.scale_factor = tuple(scale_factor) if isinstance(scale_factor, list) else scale_factor
        self.size = tuple(size) if isinstance(size, list) else size
        self.method = method
        self.antialias = antialias

    def __call__(self, x: jax.Array) -> jax.Array:
        """Resizes.

        Args:
            x: Shape `[batch, spatial..., channels]`.
        """
        given = self.size if self.scale_factor is None else self.scale_factor
        axes = len(given) if isinstance(given, Sequence) else jnp.ndim(x) - 2
        if axes < 1 or jnp.ndim(x) < axes + 1:
            raise ValueError(
                f"{describe_place(self)} expects `[batch, spatial..., channels]`, with a spatial "
                f"axis for each number in {given!r}; got shape {jnp.shape(x)}."
            )
        start = jnp.ndim(x) - axes - 1
        spatial = x.shape[start:-1]
        if self.size is not None:
            sizes = per_axis(self.size, axes, "size")
        else:
            factors = given if isinstance(given, Sequence) else (given,) * axes
            sizes = tuple(int(n * f) for n, f in zip(spatial, factors, strict=True))  # type: ignore[operator]
        shape = (*x.shape[:start], *sizes, x.shape[-1])
        return jax.image.resize(x, shape, _METHODS[self.method], antialias=self.antialias)


class PixelShuffle(CheckedLayer):
    """Makes images larger by spreading channels over pixels (Shi et al., 2016).

    Takes an array of shape `[batch..., height, width, channels * r**2]`, where `r` is the factor,
    and returns `[batch..., height * r, width * r, channels]`. The channels are in PyTorch's order.

    Args:
        upscale_factor: The factor `r`.
        name: A name for the module.

    Raises:
        ValueError: If `r**2` does not divide the channels, or axes are missing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.PixelShuffle(2)(jnp.arange(4).reshape(1, 1, 4))[..., 0]
        Array([[0, 1],
               [2, 3]], dtype=int32)
    """

    def __init__(self, upscale_factor: int, *, name: str | None = None):
        super().__init__(name)
        (self.upscale_factor,) = per_axis(upscale_factor, 1, "upscale_factor")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Moves channels to pixels.

        Args:
            x: Shape `[batch..., height, width, channels * r**2]`.
        """
        check_rank(self, x, 2)
        *batch, height, width, channels = x.shape
        r = self.upscale_factor
        if channels % r**2:
            raise ValueError(
                f"{describe_place(self)} needs channels in multiples of {r}**2 = {r**2}; got "
                f"{channels}: shape {x.shape}."
            )
        n = len(batch)

        def shuffle(x: jax.Array) -> jax.Array:
            x = x.reshape(*batch, height, width, channels // r**2, r, r)
            x = x.transpose(*range(n), n, n + 3, n + 1, n + 4, n + 2)
            return x.reshape(*batch, height * r, width * r, channels // r**2)

        return run_sharded(shuffle, x, like=x)


class PixelUnshuffle(CheckedLayer):
    """Makes images smaller by moving pixels into channels: the inverse of `PixelShuffle`.

    Takes an array of shape `[batch..., height * r, width * r, channels]`, where `r` is the factor,
    and returns `[batch..., height, width, channels * r**2]`.

    Args:
        downscale_factor: The factor `r`.
        name: A name for the module.

    Raises:
        ValueError: If the factor does not divide height and width, or axes are missing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.PixelUnshuffle(2)(jnp.ones((5, 8, 8, 3))).shape
        (5, 4, 4, 12)
    """

    def __init__(self, downscale_factor: int, *, name: str | None = None):
        super().__init__(name)
        (self.downscale_factor,) = per_axis(downscale_factor, 1, "downscale_factor")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Moves pixels to channels.

        Args:
            x: Shape `[batch..., height * r, width * r, channels]`.
        """
        check_rank(self, x, 2)
        *batch, height, width, channels = x.shape
        r = self.downscale_factor
        if height % r or width % r:
            raise ValueError(
                f"{describe_place(self)} needs height and width in multiples of {r}; got shape "
                f"{x.shape}."
            )
        n = len(batch)

        def unshuffle(x: jax.Array) -> jax.Array:
            x = x.reshape(*batch, height // r, r, width // r, r, channels)
            x = x.transpose(*range(n), n, n + 2, n + 4, n + 1, n + 3)
            return x.reshape(*batch, height // r, width // r, channels * r**2)

        return run_sharded(unshuffle, x, like=x)
