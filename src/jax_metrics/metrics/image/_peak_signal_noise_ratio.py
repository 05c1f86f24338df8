"""Peak signal-to-noise ratio, also with the effect of blocks."""

import math
from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import pair, positive, subtract
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._reduced_mean import ReducedMean, function_of_values
from jax_metrics.metrics.image._images import (
    DataRange,
    check_range,
    clipped,
    image_pair,
    range_size,
)
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.state import SquareSum, state


class PeakSignalNoiseRatio(ReducedMean):
    """The peak signal-to-noise ratio (PSNR) in decibels, `10 * log10(data_range**2 / mse)`.

    Target and predictions may have any shape. The error is the mean over all values of all batches;
    with `axis`, each image has its own ratio, and the value is the mean of the ratios. Infinite
    where both are equal, NaN before the first update.

    Args:
        data_range: The difference between the highest and the lowest value that images can have,
            such as 1.0 or 255; or both values, to which images are clipped. None for the difference
            between the highest and the lowest target so far.
        base: The base of the logarithm.
        axis: The axes of the values with a common ratio, such as `(1, 2, 3)` for images, but not
            the first axis. None for one ratio of all values.
        reduction: With `axis`, `"mean"` over the ratios, `"sum"`, or `"none"`, as in `ReducedMean`.
        capacity: The maximum number of ratios, only for `"none"`.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[3.0, 2.0], [1.0, 0.0]]), jnp.array([[0.0, 1.0], [2.0, 3.0]])
        >>> psnr = jm.metrics.PeakSignalNoiseRatio(data_range=3.0)
        >>> round(float(psnr(target=target, preds=preds)), 4)
        2.5527
        >>> round(float(jm.metrics.peak_signal_noise_ratio(target, preds, data_range=3.0)), 4)
        2.5527
    """

    higher_is_better = True
    squares: SquareSum
    lowest: jax.Array = state("min")
    highest: jax.Array = state("max")

    def __init__(
        self,
        *,
        data_range: DataRange | None,
        base: float = 10.0,
        axis: int | Sequence[int] | None = None,
        reduction: str = "mean",
        capacity: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(reduction=reduction, capacity=capacity, **options)
        self.data_range = None if data_range is None else check_range(data_range)
        if base <= 0 or base == 1:
            raise ValueError(f"base must be positive and not 1, but is {base}.")
        self.axis = None if axis is None else _axes(axis)
        if self.axis is not None and data_range is None:
            raise ValueError(
                "With `axis` each ratio is computed at once, so it needs a data_range, which may "
                "not depend on later batches."
            )
        if axis is None and reduction != "mean":
            raise ValueError(
                f"reduction={reduction!r} is of several ratios, but without `axis` there is one of "
                "all values. Give the axes of one ratio, as `axis=(1, 2, 3)` for images."
            )
        self.base = base
        self.squares = SquareSum((), self.dtype)
        self.lowest = jnp.full((), jnp.inf, self.dtype)
        self.highest = jnp.full((), -jnp.inf, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        if isinstance(self.data_range, tuple):
            target, preds = (clipped(one, self.data_range) for one in pair(target, preds))
        errors = subtract(target, preds).astype(self.dtype)
        if self.axis is not None:
            self.add(self._ratios(errors), sample_weight, mask)
            return
        weight = weights(errors.shape, sample_weight, mask, self.dtype)
        self.squares = self.squares.updated(where_weighted(errors, weight), weight)
        self.weight += weight.sum()
        if self.data_range is None:
            target = jnp.asarray(target).astype(self.dtype)
            low = where_weighted(target, weight, jnp.inf).min(initial=jnp.inf)
            high = where_weighted(target, weight, -jnp.inf).max(initial=-jnp.inf)
            self.lowest = jnp.minimum(self.lowest, low)
            self.highest = jnp.maximum(self.highest, high)

    def _ratios(self, errors: jax.Array) -> jax.Array:
        """The ratio of each group of values."""
        axes = {axis % errors.ndim for axis in self.axis or ()}
        if 0 in axes:
            raise ValueError(
                f"axis={self.axis} contains the first axis of {list(errors.shape)}, that of the "
                "examples: then the value would depend on the batches. Leave it out."
            )
        order = (*sorted(axes), *(i for i in range(errors.ndim) if i not in axes))
        errors = errors.transpose(order)
        count = math.prod(errors.shape[: len(axes)])
        squares = SquareSum(errors.shape[len(axes) :], self.dtype)
        squares = squares.updated(errors, jnp.ones_like(errors))
        return self._ratio(squares, jnp.asarray(count, self.dtype), self._size())

    def _size(self) -> Any:
        return (
            self.highest - self.lowest if self.data_range is None else range_size(self.data_range)
        )

    def _ratio(self, squares: SquareSum, count: jax.Array, size: Any) -> jax.Array:
        root = squares.scaled.times(1 / count).root().value
        return 20 / math.log(self.base) * (jnp.log(size) - jnp.log(root))

    def compute(self) -> jax.Array:
        """The ratio."""
        if self.axis is None:
            return self._ratio(self.squares, self.weight.value, self._size())
        return super().compute()


class PeakSignalNoiseRatioWithBlockedEffect(WeightedMean):
    """The peak signal-to-noise ratio of gray images that are compressed in blocks (PSNR-B).

    `10 * log10(data_range**2 / (mse + effect))`, where the effect of blocks is how much larger the
    squared steps between pixels of neighboring blocks of the prediction are than its other squared
    steps. Error and effect are means over the images. NaN before the first update.

    Args:
        data_range: As in `PeakSignalNoiseRatio`, but not None.
        block_size: The height and width of blocks in pixels.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range.

    Source: Yim, Bovik: Quality Assessment of Deblocked Images (2011).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.linspace(0, 1, 256).reshape(1, 16, 16, 1)
        >>> psnrb = jm.metrics.PeakSignalNoiseRatioWithBlockedEffect(data_range=1.0)
        >>> round(float(psnrb(target=target, preds=target + 0.1)), 4)
        20.0
    """

    higher_is_better = True

    def __init__(self, *, data_range: DataRange, block_size: int = 8, **options: Unpack[Common]):
        super().__init__(**options)
        positive(block_size=block_size)
        self.data_range, self.block_size = check_range(data_range), block_size

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch of images `[batch, height, width, 1]`."""
        target, preds = (clipped(one, self.data_range) for one in image_pair(target, preds))
        if preds.shape[-1] != 1:
            raise ValueError(
                f"PSNR-B is a measure of gray images, [batch, height, width, 1]; got the shape "
                f"{list(preds.shape)}. Convert colors to gray first."
            )
        # In units of the range no square overflows or vanishes.
        target, preds = (one[..., 0] / range_size(self.data_range) for one in (target, preds))
        error = ((target - preds) ** 2).mean((1, 2))
        self.add(error + self._effect(preds), sample_weight, mask)

    def _effect(self, images: jax.Array) -> jax.Array:
        """How much larger the squared steps at the edges of blocks are, `[batch]`."""
        height, width = images.shape[1:]
        block, at_edges, elsewhere = self.block_size, 0, 0
        for axis, size in ((2, width), (1, height)):
            steps = (jnp.diff(images, axis=axis) ** 2).sum(3 - axis)
            is_edge = jnp.arange(1, size) % block == 0
            at_edges += jnp.where(is_edge, steps, 0).sum(1)
            elsewhere += jnp.where(is_edge, 0, steps).sum(1)
        edges = 2 * height * width / block - 2
        others = height * (width - 1) + width * (height - 1) - edges
        difference = at_edges / edges - elsewhere / others
        factor = math.log(block) / math.log(max(min(height, width), 2))
        return jnp.where(difference > 0, factor * difference, 0)

    def compute(self) -> jax.Array:
        """The ratio."""
        return -10 * jnp.log10(super().compute())


def _axes(axis: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(axis) if isinstance(axis, Sequence) else (axis,)


def _number_of_ratios(given: dict[str, Any]) -> int:
    shape = np.shape(given["target"])
    common = {one % max(len(shape), 1) for one in _axes(given.get("axis") or 0)}
    return math.prod(size for i, size in enumerate(shape) if i not in common)


peak_signal_noise_ratio = function_of_values(PeakSignalNoiseRatio, _number_of_ratios)
peak_signal_noise_ratio_with_blocked_effect = functional(PeakSignalNoiseRatioWithBlockedEffect)
