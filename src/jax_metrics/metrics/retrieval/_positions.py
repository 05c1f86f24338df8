"""Metrics of the ranks of relevant documents: mean average precision, mean reciprocal rank."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.retrieval._function import QueryFunction, function_of_queries
from jax_metrics.metrics.retrieval._ranked import Ranked
from jax_metrics.metrics.retrieval._top_k import TopKMetric


class RetrievalMAP(TopKMetric):
    """Mean average precision: the mean over queries of the mean precision at relevant documents.

    The precision at a document is the fraction of relevant documents up to it. With `top_k`, the
    mean is over the relevant documents among the first `top_k`, and 0 if there are none.

    See `TopKMetric` and `RetrievalMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.9, 0.8, 0.1]])
        >>> round(float(jm.metrics.RetrievalMAP()(target=target, preds=preds)), 4)
        0.9167
        >>> float(jm.metrics.retrieval_average_precision(target, preds, top_k=1))
        1.0
    """

    def score(self, ranked: Ranked) -> jax.Array:
        """The average precision of each query."""
        precision = ranked.hits.astype(ranked.relevance.dtype) / ranked.rank
        found = ranked.relevant & ranked.within(self.top_k)
        return divide(ranked.sum(jnp.where(found, precision, 0)), ranked.sum(found), 0.0)


class RetrievalMRR(TopKMetric):
    """Mean reciprocal rank: one over the rank of the first relevant document.

    0 for a query without a relevant document among the first `top_k`. See `TopKMetric` and
    `RetrievalMetric` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[0, 1, 0], [1, 0, 1]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(jm.metrics.RetrievalMRR()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.retrieval_reciprocal_rank(target, preds, top_k=1))
        0.5
    """

    def score(self, ranked: Ranked) -> jax.Array:
        """The reciprocal rank of each query."""
        first = ranked.relevant & (ranked.hits == 1) & ranked.within(self.top_k)
        reciprocal = 1 / ranked.rank.astype(ranked.relevance.dtype)
        return ranked.sum(jnp.where(first, reciprocal, 0))


retrieval_average_precision: QueryFunction[jax.Array] = function_of_queries(
    RetrievalMAP, "retrieval_average_precision"
)
retrieval_reciprocal_rank: QueryFunction[jax.Array] = function_of_queries(
    RetrievalMRR, "retrieval_reciprocal_rank"
)
