"""Discounted cumulative gain, plain and normalized."""

import math
from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.retrieval._function import QueryFunction, function_of_queries
from jax_metrics.metrics.retrieval._ranked import Ranked
from jax_metrics.metrics.retrieval._top_k import TopKMetric, TopKOptions

GAINS = ("linear", "exponential")


class DCGOptions(TopKOptions, total=False):
    """The options of `RetrievalDCG`."""

    gain: str
    log_base: float
    ignore_ties: bool


class RetrievalDCG(TopKMetric):
    """Discounted cumulative gain, `sum(gain / log(rank + 1))` over the first `top_k` documents.

    The target is the relevance of each document, at least 0. Documents with equal scores share the
    mean of their discounts, which averages over all their orders.

    Args:
        gain: `"linear"` is the relevance, `"exponential"` is `2**relevance - 1`.
        log_base: Base of the logarithm.
        ignore_ties: Whether to rank documents with equal scores in the given order instead.
        top_k: Later documents do not count; None for no limit.
        **options: See `RetrievalMetric`.

    Source: Järvelin, Kekäläinen, Cumulated Gain-based Evaluation of IR Techniques, 2002; for ties
    McSherry, Najork, Computing Information Retrieval Performance Measures Efficiently in the
    Presence of Tied Scores, 2008.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[3, 0, 2]]), jnp.array([[0.9, 0.5, 0.1]])
        >>> float(jm.metrics.RetrievalDCG()(target=target, preds=preds))
        4.0
        >>> float(jm.metrics.retrieval_dcg(target, preds, gain="exponential"))
        8.5
    """

    bounds = (0, None)
    graded = True

    def __init__(
        self,
        *,
        gain: str = "linear",
        log_base: float = 2,
        ignore_ties: bool = False,
        **options: Unpack[TopKOptions],
    ):
        super().__init__(**options)
        one_of("gain", gain, GAINS)
        if not log_base > 1:
            raise ValueError(f"log_base must be greater than 1, but is {log_base}.")
        self.gain = gain
        self.log_base = log_base
        self.ignore_ties = ignore_ties

    def gained(self, ranked: Ranked, ignore_ties: bool) -> jax.Array:
        """The discounted cumulative gain of each query."""
        relevance = ranked.relevance
        gain = relevance if self.gain == "linear" else jnp.exp2(relevance) - 1
        logarithm = jnp.log1p(ranked.rank.astype(gain.dtype)) / math.log(self.log_base)
        discount = jnp.where(ranked.within(self.top_k), 1 / logarithm, 0)
        if not ignore_ties:
            discount = _mean_of_ties(ranked, discount)
        return ranked.sum(gain * discount)

    def score(self, ranked: Ranked) -> jax.Array:
        """The gain of each query."""
        return self.gained(ranked, self.ignore_ties)


class RetrievalNormalizedDCG(RetrievalDCG):
    """Discounted cumulative gain divided by that of the ideal order of documents, from 0 to 1.

    See `RetrievalDCG` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[3, 0, 2], [0, 0, 1]])
        >>> preds = jnp.array([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9]])
        >>> ndcg = jm.metrics.RetrievalNormalizedDCG()
        >>> print(f"{ndcg(target=target, preds=preds):.4f}")
        0.9693
        >>> print(f"{jm.metrics.retrieval_normalized_dcg(target, preds, top_k=1):.4f}")
        1.0000
    """

    bounds = (0, 1)

    def __init__(self, **options: Unpack[DCGOptions]):
        super().__init__(**options)

    def score(self, ranked: Ranked) -> jax.Array:
        """The normalized gain of each query."""
        ideal = self.gained(ranked.by_relevance(), ignore_ties=True)
        return divide(self.gained(ranked, self.ignore_ties), ideal, 0.0)


def _mean_of_ties(ranked: Ranked, values: jax.Array) -> jax.Array:
    """For each document, the mean of the values of all documents with the same score."""
    first, last = ranked.ties()
    flat = values.reshape(-1)
    rows = jnp.arange(flat.size // max(values.shape[-1], 1)) * values.shape[-1]
    group = (first + rows.reshape(*values.shape[:-1], 1)).reshape(-1)
    total = jax.ops.segment_sum(flat, group, flat.size, indices_are_sorted=True)
    return total[group].reshape(values.shape) / (last - first + 1)


retrieval_dcg: QueryFunction[jax.Array] = function_of_queries(RetrievalDCG, "retrieval_dcg")
retrieval_normalized_dcg: QueryFunction[jax.Array] = function_of_queries(
    RetrievalNormalizedDCG, "retrieval_normalized_dcg"
)
