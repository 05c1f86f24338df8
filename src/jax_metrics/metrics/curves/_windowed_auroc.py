"""AUROC of the latest examples."""

from typing import Any

from jax_metrics.metrics.curves._auroc import AUROC
from jax_metrics.metrics.curves._latest_rows import LatestRows
from jax_metrics.metrics.curves._score_state import ExactScores


class WindowedAUROC(AUROC):
    """The exact `AUROC` of the latest examples.

    When another metric is merged into this one, its examples count as later ones.

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

    def __init__(self, *, window: int, **options: Any):
        super().__init__(capacity=1, **options)
        state: Any = self.state
        buffer = state.rows.values
        rows = LatestRows(window, buffer.shape[1:], buffer.dtype)
        self.state = ExactScores(rows, state.keeps_logits)
