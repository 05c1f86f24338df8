import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.models.generation import (
    keep_min_p,
    keep_top_k,
    keep_top_p,
    penalize_repetition,
)

LOGITS = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32) * 3


def kept(found):
    found = np.asarray(found)
    assert np.array_equal(found[np.isfinite(found)], LOGITS[np.isfinite(found)])
    return np.isfinite(found)


@pytest.mark.parametrize("k", [1, 7, 40, 100])
def test_top_k(k):
    expected = LOGITS >= -np.sort(-LOGITS)[:, [min(k, 40) - 1]]
    assert np.array_equal(kept(keep_top_k(LOGITS, k)), expected)


@jax.jit
def nucleus(p):
    return keep_top_p(jnp.asarray(LOGITS), p)


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 0.999, 1.0])
def test_top_p_by_sorting(p):
    probabilities = np.asarray(jax.nn.softmax(LOGITS), np.float64)
    order = np.argsort(-probabilities)
    ordered = np.take_along_axis(probabilities, order, axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    expected = np.zeros(LOGITS.shape, bool)
    np.put_along_axis(expected, order, (before < p) | (np.arange(40) == 0), axis=1)
    assert np.array_equal(kept(nucleus(p)), expected)


def test_top_p_keeps_equals_together():
    logits = jnp.log(jnp.array([0.4, 0.25, 0.25, 0.1]))
    assert np.isfinite(keep_top_p(logits, 0.5)).tolist() == [True, True, True, False]


@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 1.0])
def test_min_p(p):
    probabilities = np.asarray(jax.nn.softmax(LOGITS))
    expected = probabilities >= p * probabilities.max(1, keepdims=True)
    assert np.array_equal(kept(keep_min_p(LOGITS, p)), expected)


def test_filters_of_filtered_logits():
    few = keep_top_k(LOGITS, 5)
    assert (kept(keep_top_p(few, 0.9)) <= kept(few)).all()
    assert (kept(keep_min_p(few, 0.0)) == kept(few)).all()


def test_repetition():
    seen = np.random.default_rng(1).random(LOGITS.shape) < 0.5
    found = penalize_repetition(LOGITS, seen, 2.0)
    assert np.array_equal(found[~seen], LOGITS[~seen])
    assert (np.asarray(found)[seen] < LOGITS[seen]).all()
    assert np.array_equal(penalize_repetition(LOGITS, seen, 1.0), LOGITS)
