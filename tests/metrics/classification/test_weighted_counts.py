"""Counts of weighted examples are not differences of rounded sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
SIZES = [3, 100, 700]  # counted in a confusion matrix, in blocks, and in blocks of blocks


def ones(classes):
    """Targets that are all class 1, with weights whose sums are rounded."""
    weight = np.float32(rng.uniform(0.1, 1, 500))
    preds = rng.integers(0, classes, 500)
    return np.ones(500, int), preds, weight


@pytest.mark.slow
@pytest.mark.parametrize("classes", SIZES)
def test_no_negatives_are_exactly_none(classes):
    target, preds, weight = ones(classes)
    options = {"num_classes": classes, "average": None, "sample_weight": weight}
    assert float(jm.specificity(target, preds, zero_division=0.25, **options)[1]) == 0.25
    scores = jm.stat_scores(target, preds, **options)
    assert float(scores[1, 2]) == 0
    assert np.isnan(jm.positive_likelihood_ratio(target, preds, **options)[1])


@pytest.mark.parametrize("classes", SIZES)
def test_no_true_negatives_are_exactly_none(classes):
    weight = np.float32(rng.uniform(0.1, 1, 500))
    target = rng.integers(0, classes, 500)
    options = {"num_classes": classes, "average": None, "sample_weight": weight}
    preds = np.ones(500, int)
    scores = jm.stat_scores(target, preds, **options)
    assert float(scores[1, 2]) == 0
    npv = jm.negative_predictive_value(target, preds, zero_division=0.25, **options)
    assert float(npv[1]) == 0.25


@pytest.mark.slow
@pytest.mark.parametrize("classes", SIZES)
def test_small_weights_beside_large_ones(classes):
    target = np.array([0] * 50 + [1, 0, 2] * 10)
    preds = np.array([0] * 50 + [0, 1, 1] * 10)
    weight = np.float32([1e6] * 50 + [0.01] * 30)
    scores = jm.stat_scores(target, preds, num_classes=classes, sample_weight=weight)
    exact = weight.astype(np.float64)
    for k in range(3):
        fp, fn = ((~np.equal(target, preds)) * exact * (x == k) for x in (preds, target))
        np.testing.assert_allclose(scores[k, [1, 3]], [fp.sum(), fn.sum()], rtol=1e-5)
        tn = exact[(target != k) & (preds != k)].sum()  # of class 0: 0.1, beside 5e7
        np.testing.assert_allclose(scores[k, 2], tn, rtol=1e-5)
    micro = jm.stat_scores(
        target, preds, num_classes=classes, average="micro", sample_weight=weight
    )
    np.testing.assert_allclose(micro[1], 0.3, rtol=1e-5)
    distance = jm.hamming_distance(target, preds, num_classes=classes, sample_weight=weight)
    np.testing.assert_allclose(distance, 0.3 / (5e7 + 0.3), rtol=1e-5)


@pytest.mark.parametrize("classes", SIZES)
@pytest.mark.parametrize("weighted", [False, True])
def test_counts_are_those_of_scikit_learn(classes, weighted):
    target, preds = rng.integers(0, classes, (2, 400))
    weight = np.float32(rng.uniform(0, 2, 400)) * rng.integers(0, 2, 400) if weighted else None
    matrices = sk.multilabel_confusion_matrix(
        target, preds, labels=range(classes), sample_weight=weight
    )
    (tn, fp), (fn, tp) = np.moveaxis(matrices, 0, -1)
    expected = np.stack([tp, fp, tn, fn, tp + fn], -1)
    scores = jm.stat_scores(target, preds, num_classes=classes, sample_weight=weight)
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("metric", [jm.normalized_entropy, jm.d2_log_loss_score, jm.d2_brier_score])
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
def test_targets_that_are_all_the_same_have_no_entropy(metric, label, transform):
    for seed in range(5):
        weight = np.float32(np.random.default_rng(seed).uniform(0.1, 1, 77))
        target, preds = np.full(77, label), np.full(77, 0.25, np.float32)
        assert np.isnan(transform(metric)(target, preds, sample_weight=weight))
        rows = np.full((77, 3), 1 / 3, np.float32)
        options = {"num_classes": 3, "sample_weight": weight}
        assert np.isnan(metric(target, rows, **options))
    nearly = np.where(np.arange(77) == 3, 1 - label, label)
    assert np.isfinite(metric(nearly, preds))


def test_entropy_of_rare_events_keeps_its_digits():
    target = np.zeros(100_000, int)
    target[7] = 1
    value = jm.normalized_entropy(target, np.full(100_000, 1e-5, np.float32))
    np.testing.assert_allclose(value, 1, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("kind", [{}, {"num_labels": 2}])
def test_thresholds_of_16_bits(dtype, kind):
    shape = (500, 2) if kind else (1000,)
    logits = jnp.asarray(rng.normal(size=shape) * 0.05, dtype)
    target = (np.asarray(logits, np.float64) > 0).astype(int)
    for from_logits in (True, False):
        preds = logits if from_logits else jax.nn.sigmoid(logits.astype(jnp.float32))
        options = {"from_logits": from_logits, **kind}
        assert float(jm.accuracy(target, preds, **options)) == 1
        assert float(jm.recall(target, preds, average="micro", **options)) == 1
    # 0.3 is 0.30078125 in bfloat16.
    close = jnp.asarray([0.3], dtype)
    accuracy = jm.accuracy(jnp.array([int(float(close[0]) > 0.3)]), close, threshold=0.3)
    assert float(accuracy) == 1


@pytest.mark.parametrize(
    "metric", [jm.Accuracy, jm.ConfusionMatrix, jm.Recall, jm.BalancedAccuracy]
)
def test_weights_of_64_bits_stay_so(metric):
    with jax.enable_x64(True):
        weight = np.array([1.0, 1e-9])
        target, preds = np.array([0, 1]), np.array([0, 0])
        counted = metric(num_classes=2, dtype=jnp.float64).update(
            target=target, preds=preds, sample_weight=1 + weight
        )
        totals = [x for x in jax.tree.leaves(counted) if x.dtype == jnp.float64]
        assert any((np.asarray(x) == 1 + 1e-9).any() for x in totals)


@pytest.mark.parametrize("average", ["macro", None])
def test_a_class_that_is_only_predicted_is_not_at_distance_0(average):
    target = np.array([0, 0, 1, 1])
    options = {"num_classes": 4, "average": average}
    good = jm.hamming_distance(target, np.array([0, 1, 1, 1]), **options)
    worse = jm.hamming_distance(target, np.array([0, 2, 1, 1]), **options)
    if average is None:
        assert good.tolist() == [0.5, 0, 0, 0]
        assert worse.tolist() == [0.5, 0, 1, 0]
    else:
        np.testing.assert_allclose([good, worse], [0.25, 0.5])
        accuracy = jm.accuracy(target, np.array([0, 2, 1, 1]), **options)
        np.testing.assert_allclose(worse, 1 - accuracy)
    left_out = jm.hamming_distance(target, np.array([0, 2, 1, 1]), zero_division=jnp.nan, **options)
    np.testing.assert_allclose(np.nanmean(left_out), 0.25)


ROWS = np.array([0, 0, 1, 1, 0, 1]), np.float32([0.1, 0.4, 0.35, 0.8, 0.5, 0.7])
ORDERED = jnp.array([1.0, 2, 3, 4, 5, 7]), jnp.array([1.1, 2.5, 2, 4, 6, 6.5])


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (jm.AUROC(capacity=6), ROWS),
        (jm.AUROC(thresholds=100), ROWS),
        (jm.AUROC(max_fpr=0.5, capacity=6), ROWS),
        (jm.PositiveLikelihoodRatio(), (ROWS[0], ROWS[1] > 0.45)),
        (jm.NegativeLikelihoodRatio(), (ROWS[0], ROWS[1] > 0.45)),
        (jm.KendallRankCorrCoef(capacity=6), ORDERED),
        (jm.KendallRankCorrCoef(variant="c", capacity=6), ORDERED),
    ],
    ids=lambda value: value.name if isinstance(value, jm.Metric) else "",
)
def test_values_do_not_depend_on_the_unit_of_weights(metric, arguments):
    target, preds = arguments
    weight = np.float32([1, 2, 1, 1, 1, 3])
    expected = metric.neutral()(target=target, preds=preds, sample_weight=weight)
    assert np.isfinite(expected)
    for unit in (1e-30, 1e-20, 1e20, 1e30):
        value = metric.neutral()(
            target=target, preds=preds, sample_weight=np.float32(weight * unit)
        )
        np.testing.assert_allclose(value, expected, rtol=1e-6)
