"""AUROC of the latest examples."""

from typing import Any, Unpack

from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.curves._auroc import AUROC
from jax_metrics.metrics.curves._latest_rows import LatestRows
from jax_metrics.metrics.curves._score_state import ExactScores


class WindowOptions(Common, total=False):
    """The options of `WindowedAUROC`: those of `AUROC` except `thresholds` and `capacity`."""

    average: str | None
    max_fpr: float | None
    summation_method: str
    multi_class: str
    num_classes: int | None
    num_labels: int | None
    from_logits: bool
    ignore_index: int | None


class WindowedAUROC(AUROC):
    """The exact `AUROC` of the latest examples.

    When another metric is merged into this one, its examples count as the later ones.

    Args:
        window: The number of examples.
        **options: Those of `AUROC`, without `thresholds` and `capacity`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> metric = jm.metrics.WindowedAUROC(window=2)
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0.9, 0.4, 0.5, 0.8])
        >>> float(metric.update(target=target, preds=preds).compute())
        1.0
    """

    def __init__(self, *, window: int, **options: Unpack[WindowOptions]):
        super().__init__(capacity=1, **options)
        state: Any = self.state
        buffer = state.rows.values
        rows = LatestRows(window, buffer.shape[1:], buffer.dtype)
        self.state = ExactScores(rows, state.keeps_logits)
