"""Losses of sure predictions keep their digits, and infinite logits that are right cost nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from scipy.special import log_softmax, logsumexp

from jax_metrics import losses, metrics

INF = np.inf
ROWS = [[12.0, 0.0], [16.0, 0.0], [1e6 + 4, 1e6], [3.0, 3.0], [-30.0, 60.0], [5.0, 5.0, 5.0, -9.0]]


def label_loss(logits):
    """Minus the log probability of label 0, in float64."""
    logits = np.float64(logits)
    return np.logaddexp(0, logsumexp(logits[1:]) - logits[0])


def sparse(logits):
    return losses.crossentropy(jnp.array([0]), logits[None])[0]


def one_hot(logits):
    return losses.crossentropy(jnp.eye(len(logits))[:1], logits[None])[0]


def log_loss(logits):
    options = {"num_classes": len(logits), "from_logits": True}
    return metrics.log_loss(jnp.array([0]), logits[None], **options)


def poly(logits):
    return losses.poly_crossentropy(jnp.array([0]), logits[None], epsilon=0.0)[0]


def focal(logits):
    return losses.categorical_focal_crossentropy(jnp.array([0]), logits[None], gamma=0.0)[0]


def ranking(logits):
    return losses.ranking_softmax(jnp.eye(len(logits))[0], logits)


LOSSES = [sparse, one_hot, log_loss, poly, focal, ranking]


@pytest.mark.slow
@pytest.mark.parametrize("logits", ROWS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
def test_sure_labels_keep_their_digits(loss, logits, transform):
    value = transform(loss)(jnp.array(logits))
    np.testing.assert_allclose(value, label_loss(logits), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("logits", ROWS)
@pytest.mark.parametrize("loss", [sparse, one_hot, ranking])
def test_gradients_are_those_of_the_softmax(loss, logits):
    expected = np.exp(log_softmax(np.float64(logits))) - np.eye(len(logits))[0]
    np.testing.assert_allclose(jax.grad(loss)(jnp.array(logits)), expected, rtol=2e-6, atol=2e-7)


@pytest.mark.slow
@pytest.mark.parametrize("logits", [[INF, 0.0], [0.0, -INF], [INF, 3.0, -INF]])
@pytest.mark.parametrize("loss", LOSSES)
def test_infinite_logits_that_are_right_cost_nothing(loss, logits):
    assert loss(jnp.array(logits)) == 0
    assert (jax.grad(loss)(jnp.array(logits)) == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("logits", [[-INF, 0.0], [0.0, INF]])
@pytest.mark.parametrize("loss", LOSSES)
def test_infinite_logits_that_are_wrong_cost_infinity(loss, logits):
    assert loss(jnp.array(logits)) == INF
    if loss is not log_loss:
        gradient = jax.grad(loss)(jnp.array(logits))
        assert np.isfinite(gradient).all() and gradient[0] == -1


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"gamma": 0.5}, {"gamma": 0.0}])
def test_binary_focal_loss_of_infinitely_wrong_logits(options):
    def loss(logits):
        target = jnp.array([1, 0, 0.5])
        return losses.binary_focal_crossentropy(target, logits, **options).sum()

    logits = jnp.array([-INF, INF, -INF])
    assert loss(logits) == INF
    expected = [-1, 1, -(0.5 ** options.get("gamma", 2.0)) / 2]
    np.testing.assert_allclose(jax.grad(loss)(logits), expected, rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"gamma": 0.5}, {"gamma": 0.0}, {"alpha": 0.25}])
def test_binary_focal_loss_of_infinite_logits(options):
    def loss(logits):
        return losses.binary_focal_crossentropy(jnp.array([1, 0]), logits, **options)

    right, wrong = jnp.array([INF, -INF]), jnp.array([-INF, INF])
    assert loss(right).tolist() == [0, 0]
    assert loss(wrong).tolist() == [INF, INF]
    assert jax.grad(lambda x: loss(x).sum())(right).tolist() == [0, 0]
    sure = losses.binary_focal_crossentropy(jnp.array([1]), jnp.array([9.0]), gamma=2.0)
    p = 1 / (1 + np.exp(-9.0))
    np.testing.assert_allclose(sure, -((1 - p) ** 2) * np.log(p), rtol=1e-5)


@pytest.mark.parametrize(("log_rate", "rate"), [(True, -INF), (False, 0.0)])
def test_poisson_losses_of_no_events(log_rate, rate):
    def loss(rate):
        return losses.poisson(jnp.zeros(1), rate, log_rate=log_rate).sum()

    assert loss(jnp.array([rate])) == 0
    assert np.isfinite(jax.grad(loss)(jnp.array([rate]))).all()
    assert loss(jnp.array([INF])) == INF


@pytest.mark.slow
def test_ranking_leaves_out_infinite_scores_and_empty_lists():
    where = jnp.array([[True, True, False], [False, False, False]])
    target = jnp.array([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0]])

    def loss(preds):
        return losses.ranking_softmax(target, preds, where=where)

    preds = jnp.array([[2.0, -INF, INF], [1.0, 2.0, 3.0]])
    assert loss(preds).tolist() == [0, 0]
    assert (jax.grad(lambda x: loss(x).sum())(preds) == 0).all()


@pytest.mark.slow
def test_sure_alignments_have_no_negative_loss():
    for scale in (20.0, 40.0, 60.0, 300.0):
        preds = scale * jax.nn.one_hot(jnp.array([[1, 0, 2, 2], [1, 1, 0, 2]]), 3)
        loss = losses.ctc(jnp.array([[1, 2], [1, 2]]), preds)
        assert (loss >= 0).all()
    gradient = jax.grad(lambda x: losses.ctc(jnp.array([[1]]), x).sum())(jnp.zeros((1, 2, 2)))
    np.testing.assert_allclose(gradient[0], [[1 / 6, -1 / 6]] * 2, rtol=1e-5)


@pytest.mark.slow
def test_sure_pairs_of_embeddings_keep_their_digits():
    embeddings = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    value = losses.ntxent(jnp.array([0, 0, 1]), embeddings, temperature=0.05)
    np.testing.assert_allclose(value[:2], np.log1p(np.exp(-20.0)), rtol=1e-5)


@pytest.mark.parametrize("epsilon", [1e-7, 0.0])
def test_small_probabilities_keep_their_digits(epsilon):
    p = np.float32([1e-9, 1e-5, 0.1, 0.9])
    loss = losses.crossentropy(np.zeros(4, int), p, binary=True, from_logits=False, epsilon=epsilon)
    np.testing.assert_allclose(loss, -np.log1p(-np.float64(p)), rtol=1e-6)
    sure = losses.crossentropy(
        jnp.array([0, 1]), jnp.array([1.0, 1.0]), binary=True, from_logits=False, epsilon=epsilon
    )
    np.testing.assert_allclose(sure, [-np.log(epsilon) if epsilon else INF, 0], rtol=1e-6)


@pytest.mark.parametrize("log_rate", [True, False])
def test_whole_poisson_losses_of_sure_counts(log_rate):
    counts = jnp.array([0.0, 1.0, 2.0, 5.0])
    rates = jnp.array([0.0, 1.0, 2.0, 4.0])
    found = losses.poisson(
        counts, jnp.log(rates) if log_rate else rates, log_rate=log_rate, full=True
    )
    expected = -scipy.stats.poisson.logpmf(counts, rates)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert float(found[0]) == 0
