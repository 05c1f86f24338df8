"""`MeanOverImages`: the base of metrics with one value for each image."""

from typing import Any, ClassVar

import jax

from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._reduced_mean import ReducedMean
from jax_metrics.metrics.image._images import image_pair
from jax_metrics.metrics.inputs import weights, where_weighted


class MeanOverImages(ReducedMean, MeanOf):
    """The base of metrics that compare two batches of images, `[batch, height, width, channels]`.

    A subclass defines `values`, the value of each image. Images may be integers. A weight or a mask
    has one entry for each image.

    Args:
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Attributes:
        spatial: How many spatial axes images may have.
    """

    spatial: ClassVar[tuple[int, ...]] = (2,)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The value of each image, `[batch]`."""
        raise TypeError(f"{type(self).__name__} must define `values`.")

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch of images."""
        target, preds = image_pair(target, preds, self.spatial)
        if sample_weight is not None or mask is not None:
            weight = weights(target.shape[:1], sample_weight, mask)
            target, preds = (where_weighted(one, weight) for one in (target, preds))
        self.add(self.values(target, preds), sample_weight, mask)
