"""A confusion matrix for each class or label."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._confusion_matrix import ConfusionMatrix
from jax_metrics.metrics.classification._outcomes import count_outcomes
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total


class MultilabelConfusionMatrix(ConfusionMatrix):
    """The binary confusion matrix of each class against the rest, or of each label.

    `[num_classes, 2, 2]` or `[num_labels, 2, 2]`, with the target along the first axis of each:
    `[[tn, fp], [fn, tp]]`. For one matrix per example, scikit-learn's `samplewise`, pass
    `target[i]` and `preds[i]` of each example to `confusion_matrix`, in `jax.vmap`.

    Args:
        normalize: As in `ConfusionMatrix`.
        **options: See `Labels`; one of `num_classes` and `num_labels` is needed.

    Raises:
        ValueError: If there are neither classes nor labels.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 2, 2]), jnp.array([0, 1, 1, 2])
        >>> metric = jm.metrics.MultilabelConfusionMatrix(num_classes=3)
        >>> metric(target=target, preds=preds)[1]
        Array([[2., 1.],
               [0., 1.]], dtype=float32)
        >>> jm.metrics.multilabel_confusion_matrix(target, preds, num_classes=3).shape
        (3, 2, 2)
    """

    def __init__(self, *, normalize: str | None = None, **options: Unpack[LabelOptions]):
        super().__init__(normalize=normalize, **options)
        if not self.labels.shape:
            raise ValueError(
                "MultilabelConfusionMatrix needs `num_classes` or `num_labels`. For a binary "
                "target there is a single matrix, `ConfusionMatrix`."
            )
        self.matrix = Total.zeros((*self.labels.shape, 2, 2), self.dtype)

    def count(self, batch: LabelBatch) -> None:
        """Adds a batch to the matrices."""
        if self.labels.num_labels is not None:
            super().count(batch)
            return
        (tp, fp, fn, tn), fault = count_outcomes(batch, self.labels)
        dtypes = {one.dtype for one in (tp, fp, fn, tn)}
        dtype: jnp.dtype = jnp.result_type(*dtypes)
        rows = [[tn, fp], [fn, tp]]
        counts = jnp.stack([jnp.stack([x.astype(dtype) for x in row], -1) for row in rows], -2)
        self.matrix = self.matrix.plus_counts(counts, batch.weight.size).marked(fault)

    def compute(self) -> jax.Array:
        """The matrices."""
        return super().compute()


multilabel_confusion_matrix = functional(MultilabelConfusionMatrix)
