"""Padding of spatial axes: as a layer, and inside of a convolution."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn.convolution._convolve import convolve
from jax_metrics.nn.convolution._spatial import padding_pairs

# PyTorch's names are "replicate" and "circular", NumPy's "edge" and "wrap".
_MODES = {
    "constant": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "edge": "edge",
    "circular": "wrap",
    "wrap": "wrap",
}


def check_padding_mode(mode: str) -> None:
    """Raises unless the mode is known.

    Raises:
        ValueError: With the known ones.
    """
    if mode not in _MODES:
        raise ValueError(f"The padding mode may be one of {', '.join(_MODES)}; got {mode!r}.")


def pad_axes(x: jax.Array, widths: Sequence[tuple[int, int]], mode: str, value: Any) -> jax.Array:
    """Pads each axis; a negative width crops.

    Args:
        x: Any array.
        widths: `(before, after)` for each axis.
        mode: See `Pad`.
        value: The value of constant padding.
    """
    crop = tuple(
        slice(max(-low, 0), size + min(high, 0))
        for size, (low, high) in zip(x.shape, widths, strict=True)
    )
    added = [(max(low, 0), max(high, 0)) for low, high in widths]
    options = {"constant_values": value} if mode == "constant" else {}
    return jnp.pad(x[crop], added, mode=_MODES[mode], **options)


class Pad(CheckedLayer):
    """Adds values around the spatial axes.

    Takes an array of shape `[batch, spatial..., channels]` and returns an array with longer spatial
    axes. For a convolution with such padding, see `PaddingMode`.

    Args:
        padding: A number for all sides of all axes between the first and the last; or for each of
            the spatial axes a number or a pair `(before, after)`. A negative number crops.
        mode: `"constant"`; `"reflect"` (the edge is not repeated); `"symmetric"` (it is);
            `"replicate"` or `"edge"`; `"circular"` or `"wrap"`.
        constant_value: The value of `"constant"` padding.
        name: A name for the module.

    Raises:
        ValueError: If the mode is unknown, the padding does not fit the axes, or an axis is too
            short to be cropped or reflected.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([1, 2, 3]).reshape(1, 3, 1)
        >>> jm.nn.Pad(2, mode="reflect")(x).ravel().tolist()
        [3, 2, 1, 2, 3, 2, 1]
        >>> jm.nn.Pad([(1, 0)])(x).ravel().tolist()
        [0, 1, 2, 3]
    """

    def __init__(
        self,
        padding: int | Sequence[int | tuple[int, int]],
        mode: str = "constant",
        *,
        constant_value: float = 0,
        name: str | None = None,
    ):
        super().__init__(name)
        check_padding_mode(mode)
        self.padding = padding if isinstance(padding, int) else tuple(padding)
        self.mode = mode
        self.constant_value = constant_value

    def __call__(self, x: jax.Array) -> jax.Array:
        """Pads.

        Args:
            x: Shape `[batch, spatial..., channels]`.
        """
        x = jnp.asarray(x)
        axes = x.ndim - 2 if isinstance(self.padding, int) else len(self.padding)
        if axes < 1 or x.ndim < axes + 1:
            raise ValueError(
                f"{describe_place(self)} has the padding {self.padding!r} for spatial axes, in "
                f"`[batch, spatial..., channels]`; got shape {x.shape}."
            )
        pairs = padding_pairs(self.padding, axes)
        for size, (low, high) in zip(x.shape[-axes - 1 : -1], pairs, strict=True):
            if size + min(low, 0) + min(high, 0) < 0:
                raise ValueError(
                    f"{describe_place(self)} cannot take {(-low, -high)} values from an axis of "
                    f"{size}: shape {x.shape}, padding {self.padding!r}."
                )
            if max(low, high) > 0 and size < (2 if self.mode == "reflect" else 1):
                if self.mode != "constant":
                    raise ValueError(
                        f"{describe_place(self)} with the mode {self.mode!r} has nothing to repeat "
                        f"on an axis of {size}: shape {x.shape}."
                    )
        widths = [(0, 0)] * (x.ndim - axes - 1) + [*pairs, (0, 0)]
        return pad_axes(x, widths, self.mode, self.constant_value)


@dataclasses.dataclass(frozen=True)
class PaddingMode:
    """Makes a convolution pad with values other than zeros.

    It replaces `jax.lax.conv_general_dilated`: the `padding` of the convolution sets the widths,
    the mode the values.

    Attributes:
        mode: A mode of `Pad`.

    Raises:
        ValueError: If the mode is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.Conv(1, 3, conv_general_dilated=jm.nn.PaddingMode("replicate"))
        >>> layer = layer.init(0, jnp.ones((1, 4, 1))).at[".kernel"].set(jnp.ones((3, 1, 1)))
        >>> layer(jnp.ones((1, 4, 1))).ravel().tolist()
        [3.0, 3.0, 3.0, 3.0]
    """

    mode: str = "constant"

    def __post_init__(self) -> None:
        check_padding_mode(self.mode)

    def __call__(
        self,
        lhs: jax.Array,
        rhs: jax.Array,
        window_strides: Sequence[int],
        padding: str | Sequence[tuple[int, int]],
        *,
        dimension_numbers: Any,
        rhs_dilation: Sequence[int] | None = None,
        **options: Any,
    ) -> jax.Array:
        """Pads, and convolves; see `jax.lax.conv_general_dilated` for the arguments."""
        if self.mode != "constant":
            spec = jax.lax.conv_dimension_numbers(lhs.shape, rhs.shape, dimension_numbers)
            axes = spec.lhs_spec[2:]
            dilation = rhs_dilation or (1,) * len(axes)
            extent = [
                (rhs.shape[axis] - 1) * d + 1
                for axis, d in zip(spec.rhs_spec[2:], dilation, strict=True)
            ]
            if isinstance(padding, str):
                sizes = [lhs.shape[axis] for axis in axes]
                padding = jax.lax.padtype_to_pads(sizes, extent, window_strides, padding)
            widths = [(0, 0)] * lhs.ndim
            for axis, (low, high) in zip(axes, padding, strict=True):
                widths[axis] = (int(low), int(high))
            lhs = pad_axes(lhs, widths, self.mode, 0)
            padding = "VALID"
        return convolve(
            lhs,
            rhs,
            window_strides,
            padding,
            dimension_numbers=dimension_numbers,
            rhs_dilation=rhs_dilation,
            **options,
        )
