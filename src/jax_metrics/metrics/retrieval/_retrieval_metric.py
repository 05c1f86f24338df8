"""`RetrievalMetric`: the base of metrics of documents that are ranked for queries."""

from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.retrieval._documents import Documents, read_documents
from jax_metrics.metrics.retrieval._query_values import (
    AGGREGATIONS,
    Aggregation,
    ExtremeValue,
    KeptValues,
    MeanValue,
    QueryValues,
    aggregated,
)
from jax_metrics.metrics.retrieval._ranked import Ranked, ranked_rows

EMPTY_TARGET_ACTIONS = ("neg", "pos", "skip", "error")


class QueryOptions(Common, total=False):
    """The options of `RetrievalMetric` except `empty_target_action`."""

    ignore_index: int | None
    aggregation: Aggregation
    capacity: int | None
    max_queries: int | None


class RetrievalOptions(QueryOptions, total=False):
    """The options of `RetrievalMetric`."""

    empty_target_action: str


class RetrievalMetric(Metric):
    """The base of metrics of the documents of queries, ranked by their scores.

    A subclass defines `score`, which maps the `Ranked` documents to the value of each query.
    Without a capacity, each update takes whole queries: target and predictions `[..., documents]`,
    padded with a mask, `[..., documents]` or `[...]`, and a weight for each query, `[...]`. The
    state consists of two sums. With a capacity, documents may come in any order, with `indexes`,
    the query of each, and are kept until `compute`; the weight of a query is the largest weight of
    its documents.

    Documents with equal scores are ranked in the given order unless a metric says otherwise. The
    value is NaN before the first update, if all queries are left out, and with more documents or
    queries than there is room for.

    Args:
        empty_target_action: How queries without a relevant document are treated: `"neg"` counts
            them as 0, `"pos"` as 1; `"skip"` leaves them out; `"error"` treats them as invalid
            values. With a capacity, only `compute` finds them, and the value is then NaN.
        ignore_index: Documents with this target are left out.
        aggregation: `"mean"`, `"median"`, `"min"` or `"max"` of the queries; or a function such as
            `jnp.nanmedian`, called with their values, NaN for missing ones, and `axis=0`. Weights
            count in the mean and the median; for the others, only whether they are 0.
        capacity: The maximum number of documents that are kept, for `indexes`.
        max_queries: The maximum number of queries whose values are kept; only a median or a
            function needs it, and only without a capacity.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is unknown, or `max_queries` is missing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class FirstIsRelevant(jm.metrics.RetrievalMetric):
        ...     def score(self, ranked):
        ...         return ranked.sum(ranked.relevant & (ranked.rank == 1)).astype(float)
        >>> target = jnp.array([[0, 1, 0], [1, 0, 0]])
        >>> preds = jnp.array([[0.2, 0.9, 0.5], [0.3, 0.8, 0.1]])
        >>> float(FirstIsRelevant()(target=target, preds=preds))
        0.5
    """

    higher_is_better = True
    bounds = (0, 1)
    graded: ClassVar[bool] = False
    state: QueryValues | Documents

    def __init__(
        self,
        *,
        empty_target_action: str = "neg",
        ignore_index: int | None = None,
        aggregation: Aggregation = "mean",
        capacity: int | None = None,
        max_queries: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        one_of("empty_target_action", empty_target_action, EMPTY_TARGET_ACTIONS)
        if not callable(aggregation):
            one_of("aggregation", aggregation, AGGREGATIONS)
        self.empty_target_action = empty_target_action
        self.ignore_index = ignore_index
        self.aggregation = aggregation
        if callable(aggregation):
            self.weights_repeat = False
        self.state = self._initial_state(capacity, max_queries)

    def _initial_state(
        self, capacity: int | None, max_queries: int | None
    ) -> QueryValues | Documents:
        shape, aggregation = self._value_shape(), self.aggregation
        if capacity is not None:
            return Documents(capacity, jnp.promote_types(self.dtype, jnp.float32))
        if aggregation == "mean":
            return MeanValue(shape, self.dtype)
        if aggregation in ("min", "max"):
            return ExtremeValue(shape, self.dtype, largest=aggregation == "max")
        if max_queries is None:
            raise ValueError(
                f"aggregation={aggregation!r} needs the values of all queries. Give `max_queries`, "
                "the maximum number of queries, or for `indexes` a `capacity`."
            )
        return KeptValues(max_queries, shape, self.dtype, aggregation)

    def _value_shape(self) -> tuple[int, ...]:
        """The shape of the value of a query."""
        return ()

    def score(self, ranked: Ranked) -> jax.Array:
        """The value of each query, `[...]`; any number for queries without relevant documents."""
        raise TypeError(f"{type(self).__name__} must define `score`; see `RetrievalMetric`.")

    def is_empty(self, ranked: Ranked) -> jax.Array:
        """Which queries `empty_target_action` applies to: those without a relevant document."""
        return ranked.sum(ranked.relevant) == 0

    def update(
        self,
        *,
        target: Any,
        preds: Any,
        indexes: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
    ) -> Any:
        """Updates with a batch.

        Args:
            target: The relevance of each document, 0 or 1 unless the metric takes graded relevance.
            preds: The score of each document, of the same shape.
            indexes: With a capacity, the query of each document, integers of the same shape.
            sample_weight: The weight of each query; with a capacity, of each document.
            mask: Booleans: false excludes a query or a document.
        """
        keeps_documents = isinstance(self.state, Documents)
        if keeps_documents != (indexes is not None):
            raise ValueError(
                f"{type(self).__name__} with a capacity needs `indexes`, the query of each "
                "document. Leave out the capacity for whole queries, [..., documents]."
                if keeps_documents
                else f"{type(self).__name__} needs a `capacity` for `indexes`: the maximum number "
                "of documents to keep."
            )
        if sample_weight is not None and not keeps_documents:
            _check_weight_of_queries(jnp.shape(target), jnp.shape(sample_weight))
        batch = read_documents(
            target,
            preds,
            sample_weight,
            mask,
            graded=self.graded,
            ignore_index=self.ignore_index,
        )
        if isinstance(self.state, Documents):
            self.state = self.state.added(indexes, batch)
            return
        ranked = ranked_rows(batch.relevance, batch.scores, batch.weight != 0)
        weight = batch.weight.max(-1, initial=0)
        values, weight, empty = self._values(ranked, weight)
        rules = batch.rules
        if self.empty_target_action == "error":
            rules = (*rules, Rule(~empty | (weight == 0), _NO_RELEVANT))
        values = (values + check_rules(rules)).astype(self.dtype)
        weight = weight.astype(self.dtype).reshape(-1)
        self.state = self.state.added(values.reshape(-1, *self._value_shape()), weight)

    def _values(self, ranked: Ranked, weight: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The values of queries, their weights, and which of them are empty."""
        empty = self.is_empty(ranked)
        values = self.score(ranked)
        action = self.empty_target_action
        if action == "skip":
            weight = jnp.where(empty, 0, weight)
        shape = empty.shape + (1,) * len(self._value_shape())
        substitute = {"neg": 0.0, "pos": 1.0, "skip": 0.0, "error": jnp.nan}[action]
        return jnp.where(empty.reshape(shape), substitute, values), weight, empty

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more documents or queries than there is room for."""
        if isinstance(self.state, Documents):
            return self.state.overflowed
        if isinstance(self.state, KeptValues):
            return self.state.rows.overflowed
        return jnp.zeros((), bool)

    def aggregate(self) -> jax.Array:
        """The value of all queries so far."""
        if not isinstance(self.state, Documents):
            return self.state.value
        ranked, weight = self.state.ranked()
        weight = jnp.where(ranked.documents > 0, weight, 0)
        values, weight, _ = self._values(ranked, weight)
        value = aggregated(values, weight, self.aggregation)
        return jnp.where(self.state.invalid, jnp.nan, value).astype(self.dtype)

    def compute(self) -> Any:
        """The value of all queries so far."""
        return self.aggregate()


_NO_RELEVANT = (
    "target has queries without a relevant document, or for a metric of irrelevant ones without "
    'such a document. Mask them, or give another `empty_target_action` than "error".'
)


def _check_weight_of_queries(target: tuple[int, ...], given: tuple[int, ...]) -> None:
    if len(given) == len(target) and given:
        raise ValueError(
            f"sample_weight of shape {given} must have one number for each query, {target[:-1]}, "
            "and not for each document."
        )
