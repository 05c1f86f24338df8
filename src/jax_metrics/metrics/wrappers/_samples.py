"""`Samples`: states of random samples of the examples, and the key that draws them."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state import Accumulator
from jax_metrics.module import Key, MetricState, Rng

_NOTHING, _EXAMPLES, _QUERIES = range(3)  # what was drawn


class Samples(Accumulator):
    """States of random samples of the examples, with one index for each sample.

    Two parts of the data that began with the same key have drawn alike: added up index by index,
    their samples would vary together, and differences between them would cancel. So merging pairs
    each sample with a random one of the other part. Only samples of whole queries are merged index
    by index, and keep their key: documents of a query may be in both parts, and are drawn together.

    Args:
        key: A random key or a seed.
        blocks: The number of samples of each kind, which are paired among themselves; the leading
            axis of the states has their sum.
        **parts: The states.

    Attributes:
        parts: The states by name.
        key: The key of the next samples.
        drawn: A number that says whether nothing, examples or whole queries were drawn.
    """

    parts: dict[str, Any]  # of accumulators
    key: jax.Array = Rng.node()
    drawn: jax.Array = MetricState.node()

    def __init__(self, key: Any, blocks: tuple[int, ...], **parts: Accumulator):
        self.parts, self.blocks, self.key = parts, blocks, Key(key)
        self.drawn = jnp.array(_NOTHING, jnp.int32)

    def keys(self, number: int, by_query: bool) -> tuple[jax.Array, ...]:
        """Keys for the samples of a batch, and that of the next batch as the last one.

        For queries it stays: their documents in other batches are drawn alike.
        """
        following, *keys = jax.random.split(self.key, number + 1)
        return *keys, self.key if by_query else following

    def updated(self, key: jax.Array, by_query: bool, **parts: Accumulator) -> "Samples":
        """The samples with other states and the next key."""
        drawn = jnp.maximum(self.drawn, _QUERIES if by_query else _EXAMPLES)
        return self._replace(parts=parts, key=key, drawn=drawn)

    def neutral(self) -> "Samples":
        """Samples of no examples, with the same key."""
        parts = {name: part.neutral() for name, part in self.parts.items()}
        return self._replace(parts=parts, drawn=jnp.full_like(self.drawn, _NOTHING))

    def merged(self, other: "Samples") -> "Samples":
        """Each sample merged with one of the other samples; the key becomes a third."""
        both = jax.random.fold_in(self.key, jax.random.bits(other.key))
        key, *pairing = jax.random.split(both, 1 + len(self.blocks))
        of_examples = (self.drawn == _EXAMPLES) & (other.drawn == _EXAMPLES)
        shuffled, ordered = _shuffled(pairing, self.blocks), jnp.arange(sum(self.blocks))
        order = jnp.where(of_examples, shuffled, ordered)
        parts = {
            name: part.merged(jax.tree.map(lambda x: x[order], other.parts[name]))
            for name, part in self.parts.items()
        }
        drawn = jnp.maximum(self.drawn, other.drawn)
        return self._replace(
            parts=parts, key=jnp.where(drawn == _QUERIES, self.key, key), drawn=drawn
        )


def _shuffled(keys: list[jax.Array], blocks: tuple[int, ...]) -> jax.Array:
    """The indexes of all samples, those of each block in random order."""
    starts = [sum(blocks[:i]) for i in range(len(blocks))]
    orders = zip(keys, starts, blocks, strict=True)
    return jnp.concatenate([start + jax.random.permutation(k, size) for k, start, size in orders])
