"""Intersection over union of regions."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification import Outcomes
from jax_metrics.metrics.segmentation._region_score import RegionOptions, RegionScore


class MeanIoU(RegionScore):
    """The mean intersection over union of the regions of classes, `tp / (tp + fp + fn)`.

    Classes in neither target nor predictions are left out. See `RegionScore` for the options.

    Source: Jaccard: The Distribution of the Flora in the Alpine Zone (1912).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 1], [1, 1]]), jnp.array([[0, 0], [1, 1]])
        >>> round(float(jm.metrics.MeanIoU(num_classes=2)(target=target, preds=preds)), 4)
        0.5833
        >>> jm.metrics.mean_iou(target, preds, num_classes=2, average=None)
        Array([0.5      , 0.6666667], dtype=float32)
    """

    def score(self, counts: Outcomes) -> jax.Array:
        """The IoU, for each class or for all together."""
        return self.ratio(counts.tp, counts.support + counts.fp)


class IoU(MeanIoU):
    """The mean intersection over union of some classes.

    Args:
        target_class_ids: The classes that count. Without `num_classes` labels are binary, 0 and 1.
        **options: See `RegionScore`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 1, 2, 2]]), jnp.array([[0, 0, 2, 2]])
        >>> metric = jm.metrics.IoU(num_classes=3, target_class_ids=[0, 2])
        >>> float(metric(target=target, preds=preds))
        0.75
    """

    def __init__(self, *, target_class_ids: Sequence[int], **options: Unpack[RegionOptions]):
        super().__init__(target_class_ids=target_class_ids, **options)


class BinaryIoU(IoU):
    """The mean intersection over union of the classes 0 and 1 of binary labels.

    Args:
        target_class_ids: The classes that count, by default both.
        **options: See `RegionScore`; `threshold` turns scores into labels.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[[0, 1], [1, 1]]]), jnp.array([[[0.1, 0.2], [0.9, 0.6]]])
        >>> round(float(jm.metrics.BinaryIoU()(target=target, preds=preds)), 4)
        0.5833
    """

    def __init__(
        self, *, target_class_ids: Sequence[int] = (0, 1), **options: Unpack[RegionOptions]
    ):
        super().__init__(target_class_ids=target_class_ids, **options)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets with scores or one-hot predictions, `[samples, ..., classes]`.

    The class of each pixel is the one with the largest value.

    Args:
        target_class_ids: The classes that count; by default all.
        **options: See `RegionScore`; `num_classes` is needed.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.eye(2)[jnp.array([[0, 1]])], jnp.eye(2)[jnp.array([[0, 0]])]
        >>> float(jm.metrics.OneHotMeanIoU(num_classes=2)(target=target, preds=preds))
        0.25
    """

    def __init__(
        self, *, target_class_ids: Sequence[int] | None = None, **options: Unpack[RegionOptions]
    ):
        super().__init__(target_class_ids=target_class_ids, **options)
        if self.labels.num_classes is None:
            raise ValueError(f"{type(self).__name__} needs the number of classes, `num_classes`.")

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch."""
        labels = [self._class_of(n, x) for n, x in (("target", target), ("preds", preds))]
        super().update(target=labels[0], preds=labels[1], sample_weight=sample_weight, mask=mask)

    def _class_of(self, name: str, values: Any) -> jax.Array:
        classes = self.labels.num_classes
        if jnp.shape(values)[-1:] != (classes,):
            raise ValueError(
                f"{name} must have num_classes={classes} values along the last axis, but the shape "
                f"is {list(jnp.shape(values))}."
            )
        return jnp.argmax(jnp.asarray(values), -1)


class OneHotIoU(OneHotMeanIoU):
    """`IoU` of one-hot targets with scores or one-hot predictions, `[samples, ..., classes]`.

    Args:
        target_class_ids: The classes that count.
        **options: See `RegionScore`; `num_classes` is needed.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.eye(2)[jnp.array([[0, 1]])], jnp.eye(2)[jnp.array([[0, 0]])]
        >>> metric = jm.metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
        >>> float(metric(target=target, preds=preds))
        0.5
    """

    def __init__(self, *, target_class_ids: Sequence[int], **options: Unpack[RegionOptions]):
        super().__init__(target_class_ids=target_class_ids, **options)


mean_iou = functional(MeanIoU)
