"""Curves, operating points, and areas other than AUROC."""

import jax
import numpy as np
import pytest
from curve_arguments import CURVES, N, arguments, options_of, rest, scores
from sklearn.metrics import det_curve, precision_recall_curve, roc_auc_score, roc_curve

import jax_metrics as jm
from jax_metrics.metrics import WindowedAUROC

rng = np.random.default_rng(0)


def test_exact_curves_have_the_points_of_scikit_learn():
    target, preds = rng.integers(0, 2, 50), np.float32(scores(rng, 50) * 0.7)
    fpr, tpr, thresholds = jm.metrics.roc(target, preds, capacity=60)
    expected = roc_curve(target, preds, drop_intermediate=False)
    _, first = np.unique(-np.asarray(thresholds), return_index=True)
    first = first[: len(expected[2])]  # beyond are the empty rows
    for actual, rates in zip((fpr, tpr, thresholds), expected, strict=True):
        np.testing.assert_allclose(actual[first], rates, rtol=1e-6)
    precision, recall, thresholds = jm.metrics.precision_recall_curve(target, preds, capacity=50)
    expected = precision_recall_curve(target, preds)
    _, first = np.unique(thresholds, return_index=True)
    np.testing.assert_allclose(thresholds[first], expected[2])
    for actual, rates in zip((precision, recall), expected[:2], strict=True):
        np.testing.assert_allclose(actual[np.append(first, 50)], rates, rtol=1e-6)


def test_the_error_tradeoff_has_the_points_of_scikit_learn():
    target, preds = rng.integers(0, 2, 50), np.float32(scores(rng, 50) * 0.7)
    fpr, fnr, thresholds = jm.metrics.det(target, preds, capacity=60)
    expected = det_curve(target, preds)  # without the points before the first miss, and others
    indices = np.searchsorted(thresholds, np.float32(expected[2]))
    assert indices.size > 10
    for actual, rates in zip((fpr, fnr, thresholds), expected, strict=True):
        np.testing.assert_allclose(actual[indices], rates, rtol=1e-6)
    assert (fpr[0], fnr[0]) == (1, 0)
    assert (fpr[-1], fnr[-1], thresholds[-1]) == (0, 1, np.inf)


@pytest.mark.slow
@pytest.mark.parametrize("curve", [{"thresholds": [0.5]}, {"capacity": 6}])
def test_small_weights_below_the_threshold_beside_large_ones_above(curve):
    target = np.array([1, 1, 1, 0, 0, 0])
    preds = np.float32([0.75, 0.25, 0.25, 0.75, 0.25, 0.25])
    options = {"sample_weight": np.float32([1e8, 1, 2, 1e8, 0.5, 0.25]), **curve}
    counts = jm.metrics.confusion_matrix_at_thresholds(target, preds, **options)
    last = [np.asarray(x)[..., -1] for x in counts[:4]]  # at the highest threshold
    np.testing.assert_array_equal(last, np.float32([0.75, 1e8, 3, 1e8]))
    rates = jm.metrics.det(target, preds, **options)
    np.testing.assert_allclose(rates.fnr[-2], 3e-8, rtol=1e-6)
    point = jm.metrics.specificity_at_sensitivity(target, preds, min_sensitivity=0.5, **options)
    np.testing.assert_allclose(point.value, 0.75e-8, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_counts_below_thresholds_are_the_rest(weighted):
    target, preds = arguments(rng, "labels")
    weight = rng.uniform(0.1, 3, target.shape) if weighted else None
    for curve in CURVES.values():
        options = {"num_labels": 4, "sample_weight": weight, **curve}
        counts = jm.metrics.confusion_matrix_at_thresholds(target, preds, **options)
        size = np.ones(target.shape) if weight is None else weight
        positive, negative = (size * target).sum(0), (size * (1 - target)).sum(0)
        thresholds = np.broadcast_to(counts.thresholds, counts.fn.shape)
        below = preds.T[:, None] < thresholds[..., None]
        fn, tn = ((below * (size * x).T[:, None]).sum(-1) for x in (target, 1 - target))
        np.testing.assert_allclose(counts.fn, fn, rtol=1e-5)
        np.testing.assert_allclose(counts.tn, tn, rtol=1e-5)
        np.testing.assert_allclose((counts.tp + counts.fn) / positive[:, None], 1, rtol=1e-5)
        np.testing.assert_allclose((counts.fp + counts.tn) / negative[:, None], 1, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_each_class_has_a_curve(kind):
    target, preds = arguments(rng, kind)
    options = options_of(kind)
    for curve in CURVES.values():
        together = jm.metrics.roc(target, preds, **options, **curve)
        for i in range(4):
            one = jm.metrics.roc(np.int32(rest(target, preds)[:, i]), preds[:, i], **curve)
            np.testing.assert_allclose(together.fpr[i], one.fpr, rtol=1e-6)
            np.testing.assert_allclose(together.tpr[i], one.tpr, rtol=1e-6)


RATES = ["recall", "precision", "specificity"]
FIXED = [
    (jm.metrics.recall_at_fixed_precision, "min_precision", "recall", "precision"),
    (jm.metrics.precision_at_fixed_recall, "min_recall", "precision", "recall"),
    (jm.metrics.sensitivity_at_specificity, "min_specificity", "recall", "specificity"),
    (jm.metrics.specificity_at_sensitivity, "min_sensitivity", "specificity", "recall"),
]


@pytest.mark.slow
@pytest.mark.parametrize("minimum", [0.0, 0.4, 0.9, 1.0])
@pytest.mark.parametrize(("metric", "option", "rate", "bounded"), FIXED)
def test_the_best_rate_at_a_minimum_of_another(metric, option, rate, bounded, minimum):
    target, preds = arguments(rng, "binary")
    thresholds = np.append(np.unique(preds), np.inf)
    above = preds[:, None] >= thresholds
    tp, fp = target @ above, (1 - target) @ above
    positive, negative = target.sum(), (1 - target).sum()
    precision = np.where(tp + fp == 0, 1, tp / np.maximum(tp + fp, 1))
    rates = dict(zip(RATES, (tp / positive, precision, 1 - fp / negative), strict=True))
    rows = zip(rates[rate], rates[bounded], thresholds, strict=True)
    value, _, threshold = max(row for row in rows if row[1] >= minimum)
    for curve in CURVES.values():
        actual = metric(target, preds, **{option: minimum}, **curve)
        np.testing.assert_allclose(actual.value, value, rtol=1e-6)
        np.testing.assert_allclose(actual.threshold, threshold, rtol=1e-6)


@pytest.mark.slow
def test_no_threshold_reaches_the_minimum():
    target, preds = np.array([1, 0]), np.array([0.2, 0.6])
    for curve in CURVES.values():
        point = jm.metrics.recall_at_fixed_precision(target, preds, min_precision=0.9, **curve)
        assert (point.value, point.threshold) == (0, np.inf)
        point = jm.metrics.specificity_at_sensitivity(target, preds, min_sensitivity=1.0, **curve)
        assert point.value == 0
        point = jm.metrics.recall_at_fixed_precision(target * 0, preds, min_precision=0.9, **curve)
        assert np.isnan(point.value) and np.isnan(point.threshold)
    beyond = jm.metrics.precision_at_fixed_recall(target, preds, min_recall=1.0, thresholds=(0.5,))
    assert (beyond.value, beyond.threshold) == (0.5, 0)


@pytest.mark.slow
def test_equal_errors():
    assert jm.metrics.eer(np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.7, 0.8])) == 0
    assert jm.metrics.eer(np.array([1, 1, 0, 0]), np.array([0.1, 0.2, 0.7, 0.8])) == 1
    assert jm.metrics.eer(np.array([1, 0, 0]), np.array([0.5, 0.5, 0.5])) == 0.5
    target, preds = arguments(rng, "labels")
    each = [jm.metrics.eer(t, p, capacity=N) for t, p in zip(target.T, preds.T, strict=True)]
    actual = jm.metrics.eer(target, preds, num_labels=4, capacity=N)
    np.testing.assert_allclose(actual, np.mean(each), rtol=1e-6)


@pytest.mark.slow
def test_area_over_the_logarithm():
    # A curve along the diagonal: the area is the integral of fpr over its logarithm.
    target = np.tile([0, 1], 2000)
    preds = np.repeat(np.arange(2000) / 2000, 2)
    actual = jm.metrics.log_auc(target, preds, capacity=4000, fpr_range=(0.01, 1.0))
    np.testing.assert_allclose(actual, 0.99 / np.log(100), rtol=1e-4)
    assert np.isnan(jm.metrics.log_auc(target * 0, preds))


@pytest.mark.slow
def test_area_of_points():
    x, y = np.array([2.0, 0.0, 1.0, 1.0]), np.array([5.0, 1.0, 3.0, 2.0])
    assert jm.metrics.auc(x, y, capacity=9) == 1.5 + 4
    assert jm.metrics.auc(x, y, mask=np.array([False, True, True, True]), capacity=3) == 1.5
    assert jm.metrics.AUC(capacity=2).compute() == 0
    assert np.isnan(jm.metrics.auc(x, y, capacity=3))
    assert jm.metrics.AUC(capacity=3).update(x, y).overflowed


@pytest.mark.slow
@pytest.mark.parametrize(
    "metric", [jm.metrics.ROC, jm.metrics.EER, jm.metrics.PrecisionRecallCurve]
)
def test_overflowed_curves_are_nan(metric):
    value = metric(capacity=3)(target=np.arange(4) % 2, preds=scores(rng, 4))
    assert np.isnan(jax.tree.leaves(value)[0]).any()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: jm.metrics.LogAUC(fpr_range=(0.1, 0.01)),
            "fpr_range must be two increasing numbers",
        ),
        (lambda: jm.metrics.LogAUC(fpr_range=(0.0, 0.1)), "above 0 and up to 1"),
        (lambda: jm.metrics.RecallAtFixedPrecision(min_precision=1.5), "min_precision must lie"),
        (lambda: jm.metrics.PrecisionAtFixedRecall(min_recall=1.5), "min_recall must lie"),
        (lambda: jm.metrics.SensitivityAtSpecificity(min_specificity=2), "min_specificity must"),
        (lambda: jm.metrics.SpecificityAtSensitivity(min_sensitivity=2), "min_sensitivity must"),
        (lambda: jm.metrics.AUC(capacity=0), "capacity of at least 1"),
    ],
)
def test_invalid_options_of_curves(make, text):
    with pytest.raises(ValueError, match=text):
        make()


# -- the last examples -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 7, 50, 64])
def test_the_last_examples_count(size):
    target, preds = rng.integers(0, 2, 300), scores(rng, 300)
    mask = rng.random(300) < 0.6
    metric = WindowedAUROC(window=40)
    for start in range(0, 300, size):
        part = slice(start, start + size)
        metric.update(target=target[part], preds=preds[part], mask=mask[part])
    expected = roc_auc_score(target[mask][-40:], preds[mask][-40:])
    np.testing.assert_allclose(metric.compute(), expected, rtol=1e-6)
    assert not metric.overflowed
    first, second = (
        WindowedAUROC(window=40).update(target=target[part], preds=preds[part], mask=mask[part])
        for part in (slice(250), slice(250, 300))
    )
    np.testing.assert_allclose(first.merge_state(second).compute(), expected, rtol=1e-6)


def test_invalid_windows():
    with pytest.raises(ValueError, match="A window needs a size of at least 1; got 0"):
        WindowedAUROC(window=0)
    with pytest.raises(TypeError, match="WindowedAUROC has no argument 'capacity'"):
        WindowedAUROC(window=3, capacity=3)
