"""How retrieval metrics read documents, and the state that keeps them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_array, as_float, equals
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics.inputs import (
    as_labels,
    exact_scores,
    refuse_swapped,
    weights,
    where_weighted,
)
from jax_metrics.metrics.retrieval._ranked import Ranked, ranked_groups
from jax_metrics.metrics.state import Accumulator, Buffer
from jax_metrics.module import MetricState

_LAST = 2**31 - 1


class DocumentBatch(NamedTuple):
    """Documents of a batch.

    Attributes:
        relevance: Floats, `[..., documents]`; 0 where the weight is 0.
        scores: Floats of the same shape; 0 where the weight is 0.
        weight: The weight of each document; integers without sample weights.
        rules: Conditions on all documents whose weight is not zero, yet to be checked.
    """

    relevance: jax.Array
    scores: jax.Array
    weight: jax.Array
    rules: tuple[Rule, ...]


def read_documents(
    target: Any,
    preds: Any,
    sample_weight: Any,
    mask: Any,
    *,
    graded: bool,
    ignore_index: int | None,
) -> DocumentBatch:
    """Relevance and scores of documents; conditions on their values are returned as rules.

    Args:
        target: 0 or 1; with `graded`, numbers of at least 0.
        preds: Scores of the same shape.
        sample_weight: Weights, whose shape is a prefix of that of the target.
        mask: Booleans, likewise.
        graded: Whether relevance is graded.
        ignore_index: Documents with this target are left out.

    Raises:
        ValueError: If shapes do not match.
        TypeError: If a dtype is not allowed.
    """
    refuse_swapped(target, preds)
    given = as_float("target", target) if graded else jnp.asarray(target)
    target = given if graded else as_labels("target", given)
    scores = as_float("preds", preds)
    if target.shape != scores.shape or not target.ndim:
        raise ValueError(
            f"target {list(target.shape)} and preds {list(scores.shape)} must have the same shape, "
            "with the documents of a query along the last axis."
        )
    weight = weights(target.shape, sample_weight, mask)
    if ignore_index is not None:
        weight = jnp.where(equals(given, ignore_index), 0, weight)
    scores = exact_scores(as_array("preds", preds), scores.dtype, weight)
    if graded:
        allowed = (target >= 0) & (target < jnp.inf)
        message = "target must hold the relevance of documents, finite and not negative."
    else:
        allowed = (target == 0) | (target == 1)
        message = (
            "target must be 1 for relevant documents and 0 for others. Mask the others, or name "
            "one value with `ignore_index`."
        )
    numbers = "preds must be numbers, but some are NaN."
    rules = (
        Rule(allowed | (weight == 0), message),
        Rule(~jnp.isnan(scores) | (weight == 0), numbers),
    )
    relevance = jnp.where(allowed, target, 0).astype(scores.dtype)
    relevance, scores = (where_weighted(x, weight) for x in (relevance, scores))
    return DocumentBatch(relevance, scores, weight, rules)


class Documents(Accumulator):
    """Documents of many queries, up to a capacity.

    Args:
        capacity: The maximum number of documents.
        dtype: Dtype of relevance, scores and weights.

    Attributes:
        index: The query of each document.
        rows: Relevance, score and weight of each document, `[capacity, 3]`.
    """

    index: Buffer = MetricState.node()
    rows: Buffer = MetricState.node()

    def __init__(self, capacity: int, dtype: Any):
        self.index = Buffer(capacity, dtype=jnp.int32)
        self.rows = Buffer(capacity, (3,), dtype)

    def added(self, indexes: Any, batch: DocumentBatch) -> "Documents":
        """The documents with those of a batch added; NaN if a rule is broken.

        Raises:
            ValueError: If the shape of the indexes is not that of the target.
            TypeError: If they are not integers.
        """
        indexes = as_labels("indexes", as_array("indexes", indexes))
        if indexes.shape != batch.weight.shape:
            raise ValueError(
                f"indexes {list(indexes.shape)} must have the shape of target, "
                f"{list(batch.weight.shape)}: the query of each document."
            )
        rule = Rule(
            (indexes < _LAST) | (batch.weight == 0), "indexes must be smaller than 2**31 - 1."
        )
        columns = (batch.relevance, batch.scores, batch.weight)
        rows = jnp.stack([x.astype(self.rows.values.dtype).reshape(-1) for x in columns], -1)
        rows += check_rules((*batch.rules, rule)).astype(rows.dtype)
        included = batch.weight.reshape(-1) != 0
        return self._replace(
            index=self.index.extended(indexes.reshape(-1), included),
            rows=self.rows.extended(rows, included),
        )

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more documents than the capacity."""
        return self.rows.overflowed

    @property
    def invalid(self) -> jax.Array:
        """Whether documents were dropped, or a rule was broken."""
        return self.overflowed | jnp.isnan(self.rows.values).any()

    def ranked(self) -> tuple[Ranked, jax.Array]:
        """The documents ranked in their queries, and the weight of each query."""
        relevance, scores, weight = jnp.moveaxis(self.rows.values, -1, 0)
        return ranked_groups(self.index.values, relevance, scores, weight, self.rows.filled)

    def neutral(self) -> "Documents":
        """No documents."""
        return self._replace(index=self.index.neutral(), rows=self.rows.neutral())

    def merged(self, other: "Documents") -> "Documents":
        """The documents of both."""
        return self._replace(
            index=self.index.merged(other.index), rows=self.rows.merged(other.rows)
        )
