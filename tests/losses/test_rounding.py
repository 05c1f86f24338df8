"""Losses whose terms nearly cancel, against float64; and values at their bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import jax_metrics as jm
from jax_metrics import losses

rng = np.random.default_rng(0)
ROWS = rng.normal(size=(64, 7)).astype(np.float32)


def divergence_of_logits(p, q):
    """The Kullback-Leibler and the Jensen-Shannon divergence in float64."""
    p, q = (special.softmax(x.astype(float), -1) for x in (p, q))
    m = (p + q) / 2
    kl = (p * np.log(p / q)).sum(-1)
    return kl, ((p * np.log(p / m)).sum(-1) + (q * np.log(q / m)).sum(-1)) / 2


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e-4, 1e-2, 1.0, 20.0])
def test_divergences_of_close_distributions(size):
    other = ROWS + np.float32(size) * rng.normal(size=ROWS.shape).astype(np.float32)
    kl, js = divergence_of_logits(ROWS, other)
    p, q = jax.nn.softmax(ROWS), jax.nn.log_softmax(other)
    found = losses.jensen_shannon(p, q)
    np.testing.assert_allclose(found, js, rtol=1e-2 if size == 1e-4 else 1e-4)
    assert (found >= 0).all() and (found <= np.log(2)).all()
    found = losses.kl_divergence(p, q)
    np.testing.assert_allclose(found, kl, rtol=1e-4, atol=3e-7)
    assert (found >= 0).all()
    assert (losses.kl_divergence(p, q, generalized=True) >= 0).all()
    assert jm.metrics.kl_divergence(p, jnp.exp(q)) >= 0


@pytest.mark.slow
@pytest.mark.parametrize("loss", [losses.kl_divergence, losses.jensen_shannon])
def test_gradients_of_divergences(loss):
    other = jax.nn.softmax(ROWS[::-1])
    at_itself = jax.grad(lambda x: loss(other, jax.nn.log_softmax(x)).sum())(jnp.log(other))
    np.testing.assert_allclose(at_itself, 0, atol=1e-6)
    sure = jnp.eye(7)[:2]
    gradient = jax.grad(lambda x: loss(sure, jax.nn.log_softmax(x)).sum())(200 * sure[::-1])
    assert jnp.isfinite(gradient).all()


def test_measures_that_do_not_sum_to_1_may_diverge_below_0():
    half, full = np.float32([[0.25, 0.25]]), np.float32([[0.5, 0.5]])
    value = losses.kl_divergence(half, full, log_preds=False)
    np.testing.assert_allclose(value, -0.5 * np.log(2), rtol=1e-6)


@pytest.mark.slow
def test_cosines_are_at_most_1():
    assert (losses.cosine_embedding(np.ones(64, int), ROWS, other=3 * ROWS) >= 0).all()
    assert abs(losses.cosine_similarity(ROWS, -3 * ROWS)).max() <= 1
    assert jm.metrics.cosine_similarity(ROWS, 3 * ROWS) <= 1
    assert abs(jm.metrics.pairwise_cosine_similarity(ROWS, -3 * ROWS)).max() <= 1


@pytest.mark.parametrize("q", [1e-6, 1e-3, 0.5, 1.0])
def test_generalized_crossentropy_of_probabilities(q):
    p = np.float32([0.9, 0.3, 1.0, 0.0, 1e-30])
    target, preds = np.zeros(5, int), np.stack([p, 1 - p], -1)
    with np.errstate(divide="ignore"):
        expected = -np.expm1(q * np.log(p.astype(float))) / q

    def loss(preds):
        return losses.generalized_crossentropy(target, preds, q=q, from_logits=False)

    np.testing.assert_allclose(loss(preds), expected, rtol=1e-5)
    slope = jax.grad(lambda x: loss(x).sum())(jnp.asarray(preds))[:3, 0]
    np.testing.assert_allclose(slope, -(p[:3].astype(float) ** (q - 1)), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("log_rate", [False, True])
def test_poisson_with_large_counts(log_rate):
    count = np.float32([3, 11, 1e4, 1e4, 1e6, 1e6, 1e6, 50, 50])
    preds = np.float32([2, 9, 1e4, 1.1e4, 1e6, 1.001e6, 4e6, 1e-3, 0])
    preds = np.log(np.maximum(preds, 1e-30)) if log_rate else preds
    rate = np.exp(preds.astype(float)) if log_rate else preds.astype(float)
    expected = -stats.poisson.logpmf(count.astype(float), rate)

    def loss(preds):
        return losses.poisson(count, preds, log_rate=log_rate, full=True)

    np.testing.assert_allclose(loss(preds), expected, rtol=2e-3 if log_rate else 1e-5)
    slope = jax.grad(lambda x: loss(x)[:-1].sum())(jnp.asarray(preds))[:-1]
    expected = rate - count if log_rate else 1 - count / np.maximum(rate, 1e-30)
    np.testing.assert_allclose(slope, expected[:-1], rtol=1e-4, atol=1)


def test_gaussian_nll_of_large_errors():
    error, var = np.float32([1e20, -1e25, 1e-20]), np.float32([1e38, 1e38, 1e-6])
    with np.errstate(over="ignore"):
        expected = 0.5 * (np.log(var.astype(float)) + error.astype(float) ** 2 / var)
    found = losses.gaussian_nll(error, np.zeros(3), var=var)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    slope = jax.grad(lambda x: losses.gaussian_nll(error, jnp.zeros(3), var=x).sum())(var)
    assert jnp.isfinite(slope).all()
