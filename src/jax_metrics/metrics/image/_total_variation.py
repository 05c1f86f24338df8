"""The total variation of images, and their gradients."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import names_arguments
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._reduced_mean import (
    ReducedMean,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._images import as_images


class TotalVariation(ReducedMean):
    """The total variation of images: the sum of absolute differences of neighboring pixels.

    0 before the first update with `reduction="sum"`, else NaN.

    Args:
        reduction: `"sum"` over the images, `"mean"` or `"none"`, as in `ReducedMean`.
        capacity: The maximum number of images, only for `"none"`.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> images = jnp.array([[0.0, 1.0], [2.0, 4.0]]).reshape(1, 2, 2, 1)
        >>> float(jm.metrics.TotalVariation()(images))
        8.0
        >>> float(jm.metrics.total_variation(images, reduction="mean"))
        8.0
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(
        self, *, reduction: str = "sum", capacity: int | None = None, **options: Unpack[Common]
    ):
        super().__init__(reduction=reduction, capacity=capacity, **options)

    def update(self, values: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with images `[batch, height, width, channels]`."""
        images = as_images("values", values)
        steps = sum(abs(jnp.diff(images, axis=axis)).sum((1, 2, 3)) for axis in (1, 2))
        self.add(steps, sample_weight, mask)


@names_arguments
def image_gradients(images: Any) -> tuple[jax.Array, jax.Array]:
    """The differences from each pixel to the next one along the height and along the width.

    Args:
        images: Shape `[batch, height, width, channels]`.

    Returns:
        Two arrays of the shape of the images, with zeros at the end of the axis.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> dy, dx = jm.metrics.image_gradients(jnp.arange(25.0).reshape(1, 5, 5, 1))
        >>> dy[0, :, 0, 0], dx[0, 0, :, 0]
        (Array([5., 5., 5., 5., 0.], dtype=float32), Array([1., 1., 1., 1., 0.], dtype=float32))
    """
    images = as_images("images", images)
    last_row, last_column = images[:, -1:], images[:, :, -1:]
    return (
        jnp.diff(images, axis=1, append=last_row),
        jnp.diff(images, axis=2, append=last_column),
    )


total_variation = function_of_values(TotalVariation, number_of_examples)
