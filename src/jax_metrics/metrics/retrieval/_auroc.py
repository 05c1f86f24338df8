"""Area under the receiver operating characteristic of each query."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.retrieval._function import QueryFunction, function_of_queries
from jax_metrics.metrics.retrieval._ranked import Ranked
from jax_metrics.metrics.retrieval._top_k import TopKMetric, TopKOptions


class RetrievalAUROC(TopKMetric):
    """The mean over queries of the area under the receiver operating characteristic.

    The fraction of pairs of a relevant and an irrelevant document in which the relevant document
    has the higher score; equal scores count half. With `top_k`, only the first documents are
    compared. 0 for a query without such pairs.

    Args:
        max_fpr: Restricts the area to false positive rates up to this one, standardized so that
            chance is 0.5.
        top_k: Only the first `top_k` documents are compared; None for all.
        **options: See `RetrievalMetric`.

    Source: for `max_fpr` McClish, Analyzing a Portion of the ROC Curve, 1989.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.9, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalAUROC()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.retrieval_auroc(target, preds, top_k=2))
        1.0
    """

    def __init__(self, *, max_fpr: float | None = None, **options: Unpack[TopKOptions]):
        super().__init__(**options)
        if max_fpr is not None and not 0 < max_fpr <= 1:
            raise ValueError(f"max_fpr must be greater than 0 and at most 1, but is {max_fpr}.")
        self.max_fpr = max_fpr

    def score(self, ranked: Ranked) -> jax.Array:
        """The area of each query."""
        dtype, max_fpr = ranked.relevance.dtype, self.max_fpr or 1.0
        relevant = ranked.relevant & ranked.within(self.top_k)
        irrelevant = ~ranked.relevant & ranked.within(self.top_k)
        positive, negative = (ranked.sum(x).astype(dtype) for x in (relevant, irrelevant))
        tp_before, tp = self._counts(ranked, relevant)
        fp_before, fp = self._counts(ranked, irrelevant)
        # The trapezoid of each group of equal scores, up to the highest false positive rate.
        width = jnp.minimum(fp, ranked.of_query(max_fpr * negative)) - fp_before
        fraction = divide(width, fp - fp_before, 0.0)
        area = width * (tp_before + fraction * (tp - tp_before) / 2)
        is_last = ranked.ties()[1] == ranked.position
        area = ranked.sum(jnp.where(is_last & (width > 0), area, 0))
        pairs = positive * negative
        value = divide(area, pairs, 0.0)
        if max_fpr != 1:
            chance = max_fpr**2 / 2
            value = (1 + (value - chance) / (max_fpr - chance)) / 2
        return jnp.where(pairs == 0, 0, value)

    def _counts(self, ranked: Ranked, selected: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The number selected in a query before equal scores, and up to the last of them."""
        first, last = ranked.ties()
        counts = jnp.cumsum(selected, -1, dtype=jnp.int32)
        axis = counts.ndim - 1
        at = [jnp.take_along_axis(counts - selected, x, axis) for x in (ranked.start, first)]
        end = jnp.take_along_axis(counts, last, axis)
        dtype = ranked.relevance.dtype
        return (at[1] - at[0]).astype(dtype), (end - at[0]).astype(dtype)


retrieval_auroc: QueryFunction[jax.Array] = function_of_queries(RetrievalAUROC, "retrieval_auroc")
