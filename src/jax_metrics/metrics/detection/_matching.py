"""Matching of predicted to true objects, as COCO does it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Matches(NamedTuple):
    """Which predictions found an object.

    Attributes:
        matched: Whether each prediction was matched with an object, `[images, preds, areas,
            thresholds]`.
        ignored: Whether it does not count, as it was matched with an object that is ignored.
    """

    matched: jax.Array
    ignored: jax.Array


def match(
    overlap: jax.Array, ignored: jax.Array, crowd: jax.Array, thresholds: jax.Array
) -> Matches:
    """Matches each prediction, in order, with the object that it overlaps most.

    Objects that are not ignored take precedence; of equal overlaps, the last object. Each object is
    matched at most once, a crowd any number of times. What is ignored depends on the range of
    areas.

    Args:
        overlap: `[images, preds, target]`, from 0 to 1; -1 for pairs that must not be matched.
        ignored: Which objects are ignored, `[images, target, areas]`.
        crowd: Which objects are crowds, `[images, target]`.
        thresholds: The minimum overlaps of a match, `[thresholds]`.
    """
    # Floats from 0 to 1 have the order of their bits, so that one maximum over integers finds the
    # best object: a higher bit marks objects that are not ignored.
    keys = _as_key(overlap)
    bounds = _as_key(thresholds)
    preferred = jnp.where(ignored, 0, 1 << 30)[..., None]
    crowd = crowd[..., None, None]
    number = jnp.arange(overlap.shape[-1])[:, None, None]

    def step(free: jax.Array, key: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        key = key[..., None, None]
        allowed = (key >= bounds) & (free | crowd)
        score = jnp.where(allowed, key + preferred, -1)
        best = score.max(1, initial=-1)
        chosen = jnp.where((score == best[:, None]) & allowed, number, -1)
        free &= number != chosen.max(1, initial=-1)[:, None]
        return free, (best >= 0, (best >= 0) & (best < 1 << 30))

    # Derived from the inputs, so that it varies over devices as they do.
    free = jnp.repeat((ignored | ~ignored)[..., None], len(thresholds), -1)
    _, found = jax.lax.scan(step, free, jnp.moveaxis(keys, 1, 0))
    return Matches(*(jnp.moveaxis(x, 0, 1) for x in found))


def _as_key(values: jax.Array) -> jax.Array:
    """Integers in the order of floats from 0 to 1; -1 for lower ones and NaN."""
    bits = jax.lax.bitcast_convert_type(jnp.clip(values, 0, 1).astype(jnp.float32), jnp.int32)
    return jnp.where(values >= 0, bits, -1)


def rank_in_class(labels: jax.Array) -> jax.Array:
    """How many objects of the same label precede each one in its image, `[images, objects]`."""
    same = labels[:, :, None] == labels[:, None]
    return jnp.tril(same, -1).sum(-1, dtype=jnp.int32)
