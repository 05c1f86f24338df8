"""The relative global error of fused images."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import positive
from jax_metrics.metrics._reduced_mean import (
    ReducedOptions,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.image._mean_over_images import MeanOverImages


class ErrorRelativeGlobalDimensionlessSynthesis(MeanOverImages):
    """The mean relative dimensionless global error of fused images (ERGAS), at least 0.

    For each image, it is `100 / ratio` times the root of the mean over the channels of
    `mse / mean(target)**2`. NaN before the first update.

    Args:
        ratio: The ratio of high to low resolution.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If the ratio is not positive.

    Source: Wald: Quality of high resolution synthesised images: Is there a simple criterion? (2000)

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.full((1, 2, 2, 3), 4.0)
        >>> ergas = jm.metrics.ErrorRelativeGlobalDimensionlessSynthesis()
        >>> float(ergas(target=target, preds=target + 1))
        6.25
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(self, *, ratio: float = 4, **options: Unpack[ReducedOptions]):
        super().__init__(**options)
        positive(ratio=ratio)
        self.ratio = ratio

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The error of each image, `[batch]`."""
        relative = (target - preds) / target.mean((1, 2), keepdims=True)
        return 100 / self.ratio * jnp.sqrt((relative**2).mean((1, 2, 3)))


error_relative_global_dimensionless_synthesis = function_of_values(
    ErrorRelativeGlobalDimensionlessSynthesis, number_of_examples
)
