"""Exact curves rank scores as numbers: both zeros are equal, and sure logits stay apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn import metrics as sk

from jax_metrics import metrics as jm
from jax_metrics.metrics.inputs import Labels, as_log_odds

rng = np.random.default_rng(0)
ZEROS = jnp.array([0.0, -0.0, 0.0, -0.0])
TARGET = jnp.array([0, 1, 1, 0])


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("curve", "value"),
    [(jm.auroc, 0.5), (jm.average_precision, 0.5), (jm.eer, 0.5)],
)
def test_zeros_are_ties(curve, value, order, weighted):
    target, preds = jnp.array([0, 1])[jnp.array(order)], jnp.array([0.0, -0.0])
    weight = jnp.full(2, 0.5) if weighted else None
    for from_logits in (True, False):
        options = {"from_logits": from_logits, "capacity": 2, "sample_weight": weight}
        assert float(curve(target, preds, **options)) == value


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (jm.label_ranking_average_precision, sk.label_ranking_average_precision_score),
        (jm.label_ranking_loss, sk.label_ranking_loss),
        (jm.coverage_error, sk.coverage_error),
    ],
)
def test_zeros_are_ties_of_labels(metric, reference):
    target, preds = TARGET.reshape(2, 2), ZEROS.reshape(2, 2)
    np.testing.assert_allclose(metric(target, preds), reference(target, preds), rtol=1e-6)


def test_curves_have_one_point_for_both_zeros():
    fpr, tpr, _ = jax.jit(lambda t, p: jm.roc(t, p, from_logits=True, capacity=4))(TARGET, ZEROS)
    assert fpr.tolist() == [0, 1, 1, 1, 1]
    assert tpr.tolist() == [0, 1, 1, 1, 1]


def logits_of_classes(classes, scale):
    return np.float32(scale * rng.normal(size=(60, classes)))


@pytest.mark.parametrize("classes", [2, 3, 20])
@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_log_odds_of_classes(classes, scale):
    logits = logits_of_classes(classes, scale)
    rest = [logsumexp(np.delete(np.float64(logits), k, 1), axis=1) for k in range(classes)]
    expected = logits - np.stack(rest, -1)
    odds = as_log_odds(Labels(num_classes=classes), jnp.asarray(logits))
    np.testing.assert_allclose(odds, expected, rtol=1e-5, atol=1e-6)


def test_log_odds_of_infinite_logits():
    logits = jnp.array([[jnp.inf, 0.0, 1.0], [0.0, -jnp.inf, 0.0], [0.0, -jnp.inf, -jnp.inf]])
    odds = as_log_odds(Labels(num_classes=3), logits)
    inf = np.inf
    np.testing.assert_array_equal(odds, [[inf, -inf, -inf], [0, -inf, 0], [inf, -inf, -inf]])


@pytest.mark.parametrize("offset", [30.0, 80.0, 1e4])
@pytest.mark.parametrize("average", [None, "macro", "weighted"])
@pytest.mark.parametrize("curve", [jm.auroc, jm.average_precision])
def test_sure_logits_of_two_classes_are_ranked_like_binary_ones(curve, average, offset):
    target, scores = np.array([0, 1, 0, 1, 1]), offset + np.arange(5.0)[[0, 2, 1, 4, 3]]
    logits = np.stack([0 * scores, scores], -1)
    options = {"num_classes": 2, "from_logits": True, "capacity": 5, "average": average}
    assert np.allclose(curve(target, logits, **options), 1)
    binary = curve(target, scores, from_logits=True, capacity=5)
    assert float(binary) == 1


@pytest.mark.parametrize("offset", [0.0, 40.0])
def test_logits_of_classes_against_scikit_learn(offset):
    logits = logits_of_classes(4, 3.0)
    logits[:, 2] += offset
    target = rng.integers(0, 4, 60)
    exact = np.float64(logits)
    odds = np.stack([exact[:, k] - logsumexp(np.delete(exact, k, 1), axis=1) for k in range(4)], -1)
    expected = [sk.roc_auc_score(target == k, odds[:, k]) for k in range(4)]
    options = {"num_classes": 4, "from_logits": True, "capacity": 60, "average": None}
    np.testing.assert_allclose(jm.auroc(target, logits, **options), expected, rtol=1e-5)
