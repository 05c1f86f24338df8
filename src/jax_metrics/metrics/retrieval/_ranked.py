"""`Ranked`: the documents of queries in the order of their scores."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import descending_key


class Ranked(NamedTuple):
    """The documents of queries, the highest score first; equal scores in the given order.

    `RetrievalMetric` passes them to its method `score`.

    Documents lie along the last axis: the documents of one query in each row or, with `query`, of
    all queries one after the other. Metrics are written once for both, with `sum` and `of_query`.

    Attributes:
        relevance: The relevance of each document; 0 if it is excluded.
        key: An integer for its score, the same for equal scores.
        included: Whether it counts; excluded documents come last.
        start: The position of the first document of its query.
        query: The number of its query, `[documents]`; None if each row is a query.
    """

    relevance: jax.Array
    key: jax.Array
    included: jax.Array
    start: jax.Array
    query: jax.Array | None = None

    @property
    def position(self) -> jax.Array:
        """The position of each document along the last axis."""
        return jax.lax.broadcasted_iota(jnp.int32, self.key.shape, self.key.ndim - 1)

    @property
    def rank(self) -> jax.Array:
        """The rank of each document in its query, from 1 on."""
        return self.position - self.start + 1

    @property
    def relevant(self) -> jax.Array:
        """Whether each document is relevant."""
        return self.included & (self.relevance > 0)

    @property
    def hits(self) -> jax.Array:
        """The number of relevant documents of the query up to each document."""
        relevant = self.relevant
        hits = jnp.cumsum(relevant, -1, dtype=jnp.int32)
        if self.query is None:
            return hits
        return hits - (hits - relevant)[self.start]

    @property
    def documents(self) -> jax.Array:
        """The number of documents of each query."""
        return self.sum(self.included)

    def within(self, top_k: int | None) -> jax.Array:
        """Whether each document is among the first `top_k` of its query; None for all."""
        return self.included if top_k is None else self.included & (self.rank <= top_k)

    def sum(self, values: jax.Array) -> jax.Array:
        """The sum over the documents of each query: `[...]`, or `[documents]` with `query`.

        Booleans are counted.
        """
        values = values.astype(jnp.int32) if values.dtype == bool else values
        if self.query is None:
            return values.sum(-1)
        size = self.query.shape[0]
        return jax.ops.segment_sum(values, self.query, size, indices_are_sorted=True)

    def of_query(self, values: jax.Array) -> jax.Array:
        """For each document, the value of its query."""
        return values[..., None] if self.query is None else values[self.query]

    def ties(self) -> tuple[jax.Array, jax.Array]:
        """The positions of the first and of the last document with the same score in the query."""
        position, axis = self.position, self.key.ndim - 1
        same = (self.key[..., 1:] == self.key[..., :-1]) & (
            position[..., 1:] != self.start[..., 1:]
        )
        same &= self.included[..., 1:] == self.included[..., :-1]
        edge = jnp.ones_like(self.key[..., :1], bool)
        is_first = jnp.concatenate([edge, ~same], -1)
        is_last = jnp.concatenate([~same, edge], -1)
        first = jax.lax.cummax(jnp.where(is_first, position, 0), axis=axis)
        end = position.shape[-1]
        last = jax.lax.cummin(jnp.where(is_last, position, end), axis=axis, reverse=True)
        return first, last

    def by_relevance(self) -> "Ranked":
        """The documents in the ideal order, the most relevant first."""
        key = jnp.where(self.included, descending_key(self.relevance), _last(self.key.dtype))
        if self.query is None:
            key, relevance = jax.lax.sort((key, self.relevance), dimension=-1, num_keys=1)
        else:
            # Queries stay where they are, and so do the documents that are excluded.
            operands = (self.query, key, self.relevance)
            _, key, relevance = jax.lax.sort(operands, num_keys=2)
        return self._replace(relevance=relevance, key=key)


def _last(dtype: jnp.dtype) -> int:
    return int(jnp.iinfo(dtype).max)


def ranked_rows(relevance: jax.Array, scores: jax.Array, included: jax.Array) -> Ranked:
    """The documents of one query in each row, ranked.

    Args:
        relevance: Floats, `[..., documents]`.
        scores: Floats of the same shape.
        included: Which of them count.
    """
    key = descending_key(scores)
    key = jnp.where(included, key, _last(key.dtype))
    operands = (key, jnp.where(included, relevance, 0))
    key, relevance = jax.lax.sort(operands, dimension=-1, num_keys=1, is_stable=True)
    position = jax.lax.broadcasted_iota(jnp.int32, key.shape, key.ndim - 1)
    count = included.sum(-1, keepdims=True, dtype=jnp.int32)
    return Ranked(relevance, key, position < count, 0 * position)


def ranked_groups(
    index: jax.Array,
    relevance: jax.Array,
    scores: jax.Array,
    weight: jax.Array,
    included: jax.Array,
) -> tuple[Ranked, jax.Array]:
    """The documents of many queries, ranked within each; and the largest weight in each query.

    Args:
        index: The query of each document, integers below the largest one, `[documents]`.
        relevance: Floats, `[documents]`.
        scores: Floats, `[documents]`.
        weight: Floats, `[documents]`.
        included: Which of them count.
    """
    key = descending_key(scores)
    key = jnp.where(included, key, _last(key.dtype))
    index = jnp.where(included, index, _last(index.dtype))
    operands = (index, key, jnp.where(included, relevance, 0), jnp.where(included, weight, 0))
    index, key, relevance, weight = jax.lax.sort(operands, num_keys=2, is_stable=True)
    position = jnp.arange(index.size, dtype=jnp.int32)
    new = jnp.concatenate([jnp.zeros(1, bool), index[1:] != index[:-1]])
    query = jnp.cumsum(new, dtype=jnp.int32)
    start = jax.lax.cummax(jnp.where(new, position, 0))
    ranked = Ranked(relevance, key, index != _last(index.dtype), start, query)
    return ranked, jax.ops.segment_max(weight, query, index.size, indices_are_sorted=True)
