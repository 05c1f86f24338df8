"""Precision and recall at each number of retrieved documents."""

from typing import NamedTuple, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import between
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.retrieval._function import QueryFunction, function_of_queries
from jax_metrics.metrics.retrieval._ranked import Ranked
from jax_metrics.metrics.retrieval._retrieval_metric import RetrievalMetric, RetrievalOptions


class PrecisionRecallByK(NamedTuple):
    """Precision and recall of the first k documents.

    The value of `RetrievalPrecisionRecallCurve`.

    Attributes:
        precision: `[max_k]`.
        recall: `[max_k]`, not decreasing.
        top_k: The numbers from 1 to `max_k`.
    """

    precision: jax.Array
    recall: jax.Array
    top_k: jax.Array


class BestRecall(NamedTuple):
    """The best recall, and the number of documents that gives it.

    The value of `RetrievalRecallAtFixedPrecision`.

    Attributes:
        recall: The recall.
        top_k: The number of documents.
    """

    recall: jax.Array
    top_k: jax.Array


class CurveOptions(RetrievalOptions, total=False):
    """The options of `CurveByK`."""

    max_k: int
    adaptive_k: bool


class CurveByK(RetrievalMetric):
    """The base of metrics of precision and recall of the first k documents.

    Both are aggregated over queries for each k. With a capacity, `compute` needs memory for
    `capacity * max_k` numbers.

    Args:
        max_k: The largest number of documents.
        adaptive_k: Whether precision beyond the number of documents of a query is divided by that
            number instead of k.
        **options: See `RetrievalMetric`.
    """

    def __init__(
        self, *, max_k: int, adaptive_k: bool = False, **options: Unpack[RetrievalOptions]
    ):
        if max_k < 1:
            raise ValueError(f"max_k must be at least 1, but is {max_k}.")
        self.max_k = max_k
        self.adaptive_k = adaptive_k
        super().__init__(**options)

    def _value_shape(self) -> tuple[int, ...]:
        return (2, self.max_k)

    def score(self, ranked: Ranked) -> jax.Array:
        """Precision and recall of each query, `[..., 2, max_k]`."""
        hits = self._hits(ranked).astype(ranked.relevance.dtype)
        cutoff = jnp.arange(1, self.max_k + 1)
        if self.adaptive_k:
            cutoff = jnp.minimum(cutoff, jnp.maximum(ranked.documents, 1)[..., None])
        recall = divide(hits, ranked.sum(ranked.relevant)[..., None], 0.0)
        return jnp.stack([hits / cutoff, recall], -2)

    def _hits(self, ranked: Ranked) -> jax.Array:
        """The number of relevant documents among the first k of each query, `[..., max_k]`."""
        if ranked.query is None:
            relevant = ranked.relevant[..., : self.max_k]
            missing = self.max_k - relevant.shape[-1]
            padding = [(0, 0)] * (relevant.ndim - 1) + [(0, missing)]
            return jnp.cumsum(jnp.pad(relevant, padding), -1, dtype=jnp.int32)
        found = jnp.zeros((ranked.query.size, self.max_k), jnp.int32)
        found = found.at[ranked.query, ranked.rank - 1].add(ranked.relevant, mode="drop")
        return jnp.cumsum(found, -1)

    def curve(self) -> PrecisionRecallByK:
        """Precision and recall for each k."""
        precision, recall = self.aggregate()
        return PrecisionRecallByK(precision, recall, jnp.arange(1, self.max_k + 1))


class RetrievalPrecisionRecallCurve(CurveByK):
    """Precision and recall of the first k documents, for each k up to `max_k`.

    Both are aggregated over queries for each k. With a capacity, `compute` needs memory for
    `capacity * max_k` numbers.

    Args:
        max_k: The largest number of documents. The function defaults to the size of the last axis
            of the target.
        adaptive_k: Whether precision beyond the number of documents of a query is divided by that
            number instead of k.
        **options: See `RetrievalMetric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> curve = jm.metrics.RetrievalPrecisionRecallCurve(max_k=2)(target=target, preds=preds)
        >>> curve.precision, curve.recall
        (Array([0.5, 0.5], dtype=float32), Array([0.5 , 0.75], dtype=float32))
        >>> jm.metrics.retrieval_precision_recall_curve(target, preds).top_k
        Array([1, 2, 3], dtype=int32)
    """

    higher_is_better = None
    plot_form = ("recall", "precision")

    def __init__(self, **options: Unpack[CurveOptions]):
        super().__init__(**options)

    def compute(self) -> PrecisionRecallByK:
        """Precision and recall for each k."""
        return self.curve()


class RetrievalRecallAtFixedPrecision(CurveByK):
    """The highest recall of the first k documents at a minimum precision.

    `compute` returns the recall and its k, the largest k of several with this recall. Where the
    recall is 0, k is `max_k`.

    Args:
        min_precision: The minimum precision.
        max_k: See `RetrievalPrecisionRecallCurve`.
        adaptive_k: See `RetrievalPrecisionRecallCurve`.
        **options: See `RetrievalMetric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> metric = jm.metrics.RetrievalRecallAtFixedPrecision(min_precision=0.5, max_k=3)
        >>> value = metric(target=target, preds=preds)
        >>> float(value.recall), int(value.top_k)
        (1.0, 3)
    """

    higher_is_better = True

    def __init__(self, *, min_precision: float = 0.0, **options: Unpack[CurveOptions]):
        super().__init__(**options)
        between(0, 1, min_precision=min_precision)
        self.min_precision = min_precision

    def compute(self) -> BestRecall:
        """The recall, and its k."""
        precision, recall, top_k = self.curve()
        rounding = 4 * jnp.finfo(precision.dtype).eps
        allowed = precision >= self.min_precision * (1 - rounding)
        best = jnp.where(allowed, recall, 0).max()
        last = jnp.where(allowed & (recall == best) & (best > 0), top_k, 0).max()
        best = jnp.where(jnp.isnan(recall).any(), jnp.nan, best)
        return BestRecall(best, jnp.where(last == 0, self.max_k, last))


retrieval_precision_recall_curve: QueryFunction[PrecisionRecallByK] = function_of_queries(
    RetrievalPrecisionRecallCurve, "retrieval_precision_recall_curve"
)
retrieval_recall_at_fixed_precision: QueryFunction[BestRecall] = function_of_queries(
    RetrievalRecallAtFixedPrecision, "retrieval_recall_at_fixed_precision"
)
