"""Metrics of the relevant documents among the first `top_k`."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.retrieval._function import QueryFunction, function_of_queries
from jax_metrics.metrics.retrieval._ranked import Ranked
from jax_metrics.metrics.retrieval._retrieval_metric import (
    QueryOptions,
    RetrievalMetric,
    RetrievalOptions,
)


class TopKOptions(RetrievalOptions, total=False):
    """The options of `TopKMetric`."""

    top_k: int | None


class TopKMetric(RetrievalMetric):
    """The base of metrics of the first documents of each query.

    Args:
        top_k: Only the first `top_k` documents are retrieved; None for all.
        **options: See `RetrievalMetric`.
    """

    def __init__(self, *, top_k: int | None = None, **options: Unpack[RetrievalOptions]):
        super().__init__(**options)
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k must be at least 1, or None for all documents; got {top_k}.")
        self.top_k = top_k

    def retrieved(self, ranked: Ranked) -> jax.Array:
        """The number of relevant documents among the first `top_k`, as a float."""
        hits = ranked.sum(ranked.relevant & ranked.within(self.top_k))
        return hits.astype(ranked.relevance.dtype)

    def cutoff(self, ranked: Ranked, adaptive_k: bool) -> jax.Array:
        """The number of documents that are retrieved for each query."""
        documents = jnp.maximum(ranked.documents, 1)
        if self.top_k is None:
            return documents
        return jnp.minimum(documents, self.top_k) if adaptive_k else 0 * documents + self.top_k


class RetrievalPrecision(TopKMetric):
    """The mean over queries of the fraction of relevant documents among the first `top_k`.

    Args:
        adaptive_k: Whether to divide by the number of documents of a query if it is smaller than
            `top_k`.
        top_k: Only the first `top_k` documents are retrieved; None for all.
        **options: See `RetrievalMetric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalPrecision(top_k=2)(target=target, preds=preds))
        0.5
        >>> indexes = jnp.array([[0, 0, 0], [1, 1, 1]])
        >>> float(jm.metrics.retrieval_precision(target, preds, indexes=indexes, top_k=1))
        0.5
    """

    def __init__(self, *, adaptive_k: bool = False, **options: Unpack[TopKOptions]):
        super().__init__(**options)
        self.adaptive_k = adaptive_k

    def score(self, ranked: Ranked) -> jax.Array:
        """The precision of each query."""
        return self.retrieved(ranked) / self.cutoff(ranked, self.adaptive_k)


class RetrievalRecall(TopKMetric):
    """The fraction of the relevant documents that are among the first `top_k`.

    See `TopKMetric` and `RetrievalMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalRecall(top_k=2)(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.retrieval_recall(target, preds))
        1.0
    """

    def score(self, ranked: Ranked) -> jax.Array:
        """The recall of each query."""
        return divide(self.retrieved(ranked), ranked.sum(ranked.relevant), 0.0)


class RetrievalF1Score(RetrievalPrecision):
    """The mean over queries of the harmonic mean of precision and recall.

    `2 * retrieved / (top_k + relevant)`. See `RetrievalPrecision` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 0]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalF1Score(top_k=3)(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.retrieval_f1_score(target, preds, top_k=1))
        0.5
    """

    def score(self, ranked: Ranked) -> jax.Array:
        """The score of each query."""
        size = self.cutoff(ranked, self.adaptive_k) + ranked.sum(ranked.relevant)
        return 2 * self.retrieved(ranked) / size


class RetrievalHitRate(TopKMetric):
    """The fraction of queries with a relevant document among the first `top_k`.

    See `TopKMetric` and `RetrievalMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalHitRate(top_k=1)(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.retrieval_hit_rate(target, preds, top_k=2))
        1.0
    """

    def score(self, ranked: Ranked) -> jax.Array:
        """1 for each query with such a document, else 0."""
        return jnp.minimum(self.retrieved(ranked), 1)


class RetrievalFallOut(TopKMetric):
    """The fraction of the irrelevant documents that are among the first `top_k`.

    Here `empty_target_action` applies to queries without irrelevant documents, by default `"pos"`.
    See `TopKMetric` and `RetrievalMetric` for the other options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalFallOut(top_k=2)(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.retrieval_fall_out(target, preds, top_k=1))
        0.5
    """

    higher_is_better = False

    def __init__(
        self,
        *,
        empty_target_action: str = "pos",
        top_k: int | None = None,
        **options: Unpack[QueryOptions],
    ):
        super().__init__(empty_target_action=empty_target_action, top_k=top_k, **options)

    def is_empty(self, ranked: Ranked) -> jax.Array:
        """Which queries have no irrelevant document."""
        return ranked.sum(ranked.relevant) == ranked.documents

    def score(self, ranked: Ranked) -> jax.Array:
        """The fall-out of each query."""
        irrelevant = ranked.included & ~ranked.relevant
        retrieved = ranked.sum(irrelevant & ranked.within(self.top_k))
        return divide(retrieved.astype(ranked.relevance.dtype), ranked.sum(irrelevant), 0.0)


class RetrievalRPrecision(RetrievalMetric):
    """The precision among the first R documents, where R is the number of relevant documents.

    See `RetrievalMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalRPrecision()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.retrieval_r_precision(target, preds))
        0.75
    """

    def score(self, ranked: Ranked) -> jax.Array:
        """The precision of each query."""
        number = ranked.sum(ranked.relevant)
        retrieved = ranked.sum(ranked.relevant & (ranked.rank <= ranked.of_query(number)))
        return divide(retrieved.astype(ranked.relevance.dtype), number, 0.0)


retrieval_precision: QueryFunction[jax.Array] = function_of_queries(
    RetrievalPrecision, "retrieval_precision"
)
retrieval_recall: QueryFunction[jax.Array] = function_of_queries(
    RetrievalRecall, "retrieval_recall"
)
retrieval_f1_score: QueryFunction[jax.Array] = function_of_queries(
    RetrievalF1Score, "retrieval_f1_score"
)
retrieval_hit_rate: QueryFunction[jax.Array] = function_of_queries(
    RetrievalHitRate, "retrieval_hit_rate"
)
retrieval_fall_out: QueryFunction[jax.Array] = function_of_queries(
    RetrievalFallOut, "retrieval_fall_out"
)
retrieval_r_precision: QueryFunction[jax.Array] = function_of_queries(
    RetrievalRPrecision, "retrieval_r_precision"
)
