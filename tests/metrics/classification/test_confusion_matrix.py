"""Metrics of a confusion matrix against scikit-learn, over grids of options."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix, multilabel_confusion_matrix

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
N, C = 50, 5
TARGET, PREDS = rng.integers(0, 4, N), rng.choice([0, 1, 4], N)
BITS, PREDICTED = rng.integers(0, 2, (N, 3)), rng.integers(0, 2, (N, 3))
WEIGHT = rng.uniform(0.5, 2, N)
NORMALIZE = [None, "true", "pred", "all"]


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("normalize", NORMALIZE)
def test_classes(normalize, weight):
    options = {"normalize": normalize, "sample_weight": weight}
    actual = jm.confusion_matrix(TARGET, PREDS, num_classes=C, **options)
    assert_close(actual, confusion_matrix(TARGET, PREDS, labels=range(C), **options))
    assert_close(
        jm.confusion_matrix(BITS[:, 0], PREDICTED[:, 0]),
        confusion_matrix(BITS[:, 0], PREDICTED[:, 0]),
    )


@pytest.mark.parametrize("normalize", NORMALIZE)
def test_labels(normalize):
    expected = multilabel_confusion_matrix(BITS, PREDICTED).astype(float)
    axes = {None: (), "true": (2,), "pred": (1,), "all": (1, 2)}[normalize]
    if axes:
        expected /= expected.sum(axes, keepdims=True)
    assert_close(jm.confusion_matrix(BITS, PREDICTED, num_labels=3, normalize=normalize), expected)
    deep = BITS.reshape(10, 5, 3), PREDICTED.reshape(10, 5, 3)
    assert_close(jm.confusion_matrix(*deep, num_labels=3, normalize=normalize), expected)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa(weights):
    for weight in (None, WEIGHT):
        options = {"weights": weights, "sample_weight": weight}
        actual = jm.cohen_kappa(TARGET, PREDS, num_classes=C, **options)
        assert_close(actual, cohen_kappa_score(TARGET, PREDS, **options))
    actual = jm.cohen_kappa(BITS[:, 0], PREDICTED[:, 0], weights=weights)
    assert_close(actual, cohen_kappa_score(BITS[:, 0], PREDICTED[:, 0], weights=weights))


def test_kappa_of_given_costs():
    distance = np.abs(np.subtract.outer(np.arange(C), np.arange(C)))
    for costs in (distance**2, (distance**2).tolist()):
        actual = jm.cohen_kappa(TARGET, PREDS, num_classes=C, weights=costs)
        assert_close(actual, cohen_kappa_score(TARGET, PREDS, weights="quadratic"))
    target, preds = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    # Expected are 3/8 of class 0 predicted as 1, and 1/8 of class 1 predicted as 0.
    assert_close(jm.cohen_kappa(target, preds, weights=[[0, 3], [2, 0]]), 1 - 0.75 / (11 / 8))


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ("cubic", "weights must be one of None, 'linear', 'quadratic'"),
        ([[0, 1], [1, 0]], r"a matrix of costs of shape \[3, 3\], but its shape is \[2, 2\]"),
        ([[0, 1, -1]] * 3, "costs in weights must be finite and not negative"),
    ],
)
def test_invalid_costs_of_kappa(weights, text):
    with pytest.raises(ValueError, match=text):
        jm.CohenKappa(num_classes=3, weights=weights)


def test_kappa_of_one_class_is_not_defined():
    ones = np.ones(4, int)
    assert np.isnan(jm.cohen_kappa(ones, ones))
    assert np.isnan(jm.CohenKappa(num_classes=3).compute())
    assert_close(jm.cohen_kappa(ones, 0 * ones), 0)


def test_kappa_of_rare_classes():
    metric = jm.CohenKappa()
    cells = np.array([[2_000_000_000, 23], [41, 61]])
    metric.matrix = metric.matrix + jnp.asarray(cells, jnp.int32)
    fraction = cells / cells.sum()
    chance = fraction.sum(1) @ fraction.sum(0)
    np.testing.assert_allclose(metric.compute(), (np.trace(fraction) - chance) / (1 - chance), 1e-6)


@pytest.mark.parametrize("start", [2**24, 2**32])
def test_counts_stay_exact(start):
    metric = jm.ConfusionMatrix(num_classes=2)
    metric.matrix = metric.matrix + float(start)
    for _ in range(3):
        metric.update(target=jnp.array([0, 1, 1]), preds=jnp.array([0, 0, 0]))
    actual = np.asarray(metric.matrix.high, int) + np.asarray(metric.matrix.low, int)
    assert (actual - start).tolist() == [[3, 0], [6, 0]]


def test_before_the_first_update():
    for normalize in NORMALIZE:
        assert_close(
            jm.ConfusionMatrix(num_classes=3, normalize=normalize).compute(), np.zeros((3, 3))
        )


def test_options_are_checked():
    with pytest.raises(ValueError, match="normalize must be one of None, 'true', 'pred', 'all'"):
        jm.ConfusionMatrix(normalize="rows")
    with pytest.raises(ValueError, match="weights must be one of None, 'linear', 'quadratic'"):
        jm.CohenKappa(weights="cubic")
    with pytest.raises(ValueError, match="CohenKappa needs a binary target or classes"):
        jm.CohenKappa(num_labels=3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "metric", [jm.ConfusionMatrix(num_classes=2), jm.CohenKappa(num_classes=2)]
)
def test_one_batch_may_hold_more_than_a_float_counts(metric):
    zeros = np.zeros(2**24 + 1, np.int8)
    metric = metric.batch_updates(target=zeros, preds=zeros)
    assert int(metric.matrix.high[0, 0]) + int(metric.matrix.low[0, 0]) == 2**24 + 1


@pytest.mark.slow
def test_one_batch_may_hold_more_correct_ones_than_a_float_counts():
    zeros = np.zeros(2**24 + 1, np.int8)
    metric = jm.BalancedAccuracy(num_classes=2).update(target=zeros, preds=zeros)
    assert int(metric.correct.high[0]) + int(metric.correct.low[0]) == 2**24 + 1


def test_a_matrix_for_each_class_or_label():
    target, preds = np.array([0, 1, 2, 2, 1]), np.array([0, 1, 1, 2, 1])
    weight = np.array([1.0, 0.5, 2.0, 1.0, 3.0])
    options = {"sample_weight": weight}
    actual = jm.multilabel_confusion_matrix(target, preds, num_classes=3, **options)
    expected = multilabel_confusion_matrix(target, preds, **options)
    np.testing.assert_allclose(actual, expected)
    labels = [(x[:, None] == np.arange(3)).astype(int) for x in (target, preds)]
    actual = jm.multilabel_confusion_matrix(*labels, num_labels=3, normalize="all")
    np.testing.assert_allclose(actual, multilabel_confusion_matrix(*labels) / 5)
    with pytest.raises(ValueError, match="needs `num_classes` or `num_labels`"):
        jm.MultilabelConfusionMatrix()
