"""Areas and points of curves over options, edge cases and sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from curve_arguments import CURVES, N, arguments, options_of, rest, scores
from sklearn.metrics import (
    average_precision_score,
    roc_auc_score,
)

import jax_metrics as jm
from jax_metrics.metrics import AUROC, AveragePrecision, Curve, CurveScore

rng = np.random.default_rng(0)
AVERAGES = ["macro", "weighted", "micro", None]
WEIGHT = rng.uniform(0.1, 3, N)
AREAS = [(AUROC, roc_auc_score), (AveragePrecision, average_precision_score)]


@pytest.mark.slow
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "average"),
    [("binary", "macro"), *((k, a) for k in ("classes", "labels") for a in AVERAGES)],
)
@pytest.mark.parametrize(("metric", "score"), AREAS)
def test_areas(metric, score, kind, average, weighted, curve):
    target, preds = arguments(rng, kind)
    weight = WEIGHT if weighted else None
    instance = metric(average=average, **options_of(kind), **CURVES[curve])
    actual = instance.update(target=target, preds=preds, sample_weight=weight).compute()
    expected = score(rest(target, preds), preds, average=average, sample_weight=weight)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("max_fpr", [0.01, 0.5])
def test_partial_area(max_fpr, curve):
    target, preds = arguments(rng, "binary")
    expected = roc_auc_score(target, preds, max_fpr=max_fpr)
    actual = jm.metrics.auroc(target, preds, max_fpr=max_fpr, **CURVES[curve])
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def direct(target, preds, thresholds):
    """True and false positives by comparing each score with each threshold."""
    above = preds[:, None] >= np.asarray(thresholds, np.float32)
    return (above & (target == 1)[:, None]).sum(0), (above & (target == 0)[:, None]).sum(0)


@pytest.mark.slow
@pytest.mark.parametrize("thresholds", [2, 50, 200, 1001, (0.1, 0.25, 0.7)])
def test_bins_equal_comparisons_with_the_thresholds(thresholds):
    curve = Curve(thresholds=thresholds)
    table = np.linspace(0, 1, thresholds) if isinstance(thresholds, int) else thresholds
    table = np.float32(table)
    near = [table, np.nextafter(table, np.float32(2)), np.nextafter(table, np.float32(-1))]
    preds = np.concatenate([*near, rng.uniform(size=1000).astype(np.float32)])
    preds = preds[(preds >= 0) & (preds <= 1)]
    target = rng.integers(0, 2, preds.size)
    points = curve.update(target=target, preds=preds).points()
    tp, fp = direct(target, preds, table)
    np.testing.assert_array_equal(points.thresholds, table[::-1])
    np.testing.assert_array_equal(points.tp, tp[::-1])
    np.testing.assert_array_equal(points.fp, fp[::-1])
    assert (points.positive, points.negative) == (target.sum(), (1 - target).sum())


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True])
def test_exact_points_equal_comparisons_with_the_scores(weighted):
    target, preds = rng.integers(0, 2, 50), np.float32(scores(rng, 50) * 0.7)
    weight = np.ones(50) * 2 if weighted else None
    curve = Curve(capacity=60).update(target=target, preds=preds, sample_weight=weight)
    points = curve.points()
    tp, fp = direct(target, preds, np.asarray(points.thresholds))
    np.testing.assert_array_equal(points.tp, tp * (1 + weighted))
    np.testing.assert_array_equal(points.fp, fp * (1 + weighted))
    np.testing.assert_array_equal(points.thresholds[:50], np.sort(preds)[::-1])
    assert not points.thresholds[50:].any()


@pytest.mark.slow
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(("metric", "score"), AREAS)
def test_without_both_classes_the_value_is_nan(metric, score, curve):
    instance = metric(**CURVES[curve])
    assert np.isnan(instance.compute())
    assert np.isnan(instance(target=np.zeros(8, int), preds=np.linspace(0, 1, 8)))
    instance = metric(num_labels=2, **CURVES[curve])
    target, preds = np.stack([np.arange(8) % 2, np.zeros(8, int)], -1), scores(rng, 8, 2)
    expected = score(target[:, 0], preds[:, 0])
    np.testing.assert_allclose(instance(target=target, preds=preds), expected, rtol=1e-6)


@pytest.mark.slow
def test_scores_of_zero_and_one():
    target, preds = np.array([1, 0, 1, 0]), np.array([1.0, 0.0, 1.0, -0.0])
    for options in CURVES.values():
        assert jm.metrics.auroc(target, preds, **options) == 1
        assert jm.metrics.auroc(1 - target, preds, **options) == 0
    assert jm.metrics.auroc(target, preds, thresholds=(0.5,)) == 1


@pytest.mark.slow
def test_logits_that_round_to_one_keep_their_order():
    target, preds = np.array([0, 1, 0, 1]), np.array([20.0, 30.0, -120.0, -110.0])
    exact = jm.metrics.auroc(target, preds, from_logits=True, capacity=4)
    np.testing.assert_allclose(exact, roc_auc_score(target, preds))
    probabilities = 1 / (1 + np.exp(-preds / 10))
    binned = jm.metrics.auroc(target, preds / 10, from_logits=True)
    np.testing.assert_allclose(binned, jm.metrics.auroc(target, probabilities))
    logits = rng.normal(size=(N, 4))
    target = rng.integers(0, 4, N)
    for options in CURVES.values():
        actual = jm.metrics.auroc(target, logits, num_classes=4, from_logits=True, **options)
        probabilities = np.float32(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
        expected = jm.metrics.auroc(target, probabilities, num_classes=4, **options)
        np.testing.assert_allclose(actual, expected, rtol=1e-3)


@pytest.mark.parametrize("capacity", [None, 4])
@pytest.mark.parametrize(
    ("target", "preds", "sample_weight", "text"),
    [
        ([0, 2], [0.1, 0.2], None, "target has labels outside of 0 to 1"),
        ([0, 1], [0.1, 1.2], None, "preds must be probabilities from 0 to 1"),
        ([0, 1], [0.1, np.nan], None, "preds must be probabilities from 0 to 1"),
        ([0, 1], [0.1, 0.2], [1.0, -1.0], "sample_weight must not be negative"),
        ([3, 3], [0.1, 0.2], [1.0, -1.0], "sample_weight must not be negative|target has labels"),
    ],
)
def test_invalid_values_raise_and_are_nan_when_traced(target, preds, sample_weight, text, capacity):
    given = {"target": np.array(target), "preds": np.array(preds)}
    if sample_weight is not None:
        given["sample_weight"] = np.array(sample_weight)
    metric = AUROC(capacity=capacity)
    with pytest.raises(ValueError, match=text):
        metric.update(**given)
    assert np.isnan(
        jax.jit(lambda given: AUROC(capacity=capacity).update(**given).compute())(given)
    )
    empty_mask = np.zeros(2, bool)
    assert np.isnan(metric.update(**given, mask=empty_mask).compute())  # for want of examples


@pytest.mark.slow
def test_overflow_is_reported():
    target, preds = np.arange(6) % 2, scores(rng, 6)
    metric = AUROC(capacity=5)
    assert not metric.overflowed
    metric.update(target=target, preds=preds, mask=np.arange(6) < 5)
    assert not metric.overflowed and np.isfinite(metric.compute())
    metric.update(target=target[:1], preds=preds[:1])
    assert metric.overflowed and np.isnan(metric.compute())
    assert not AUROC().update(target=target, preds=preds).overflowed
    assert np.isnan(metric.points().tp).any()


@pytest.mark.slow
@pytest.mark.parametrize("curve", CURVES)
def test_ignored_and_masked_examples_are_excluded(curve):
    target, preds = arguments(rng, "labels")
    target[rng.random(target.shape) < 0.2] = -1
    expected = np.mean(
        [roc_auc_score(t[t >= 0], p[t >= 0]) for t, p in zip(target.T, preds.T, strict=True)]
    )
    preds = np.where(target < 0, np.nan, preds)
    actual = AUROC(num_labels=4, ignore_index=-1, **CURVES[curve])(target=target, preds=preds)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    actual = AUROC(num_labels=4, **CURVES[curve])(target=target, preds=preds, mask=target >= 0)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize("curve", CURVES)
def test_further_axes_are_examples(curve):
    target, preds = arguments(rng, "classes")
    options = {"num_classes": 4, **CURVES[curve]}
    folded = jm.metrics.auroc(target.reshape(4, 50), preds.reshape(4, 50, 4), **options)
    assert folded == jm.metrics.auroc(target, preds, **options)


def test_counts_beyond_float32_are_exact():
    metric = Curve(thresholds=2)
    metric.state.counts = metric.state.counts + jnp.full((3, 2), 2.0**24, jnp.float32)
    metric.update(target=np.array([1]), preds=np.array([0.5]))
    assert int(metric.state.counts.high[1, 1]) + int(metric.state.counts.low[1, 1]) == 2**24 + 1


def test_an_empty_batch():
    metric = AUROC(num_labels=2)
    metric.update(target=np.zeros((0, 2), int), preds=np.zeros((0, 2)))
    assert np.isnan(metric.compute())


def test_float64():
    with jax.enable_x64(True):
        target = np.array([0, 1, 0, 1])
        preds = 0.5 + np.array([0, 1, 3, 2]) * 1e-12
        metric = AUROC(capacity=4, dtype=jnp.float64)
        value = metric(target=target, preds=preds)
        assert value == 0.5 and value.dtype == jnp.float64
        assert jm.metrics.auroc(target, preds, capacity=4) == 0.5


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: AUROC(max_fpr=0.0), "max_fpr must be greater than 0 and at most 1, but is 0.0"),
        (lambda: AUROC(average="mean"), "average must be one of"),
        (lambda: AUROC(thresholds=1), "The number of thresholds must be at least 2; got 1"),
        (lambda: AUROC(thresholds=(0.5, 0.2)), "increasing numbers from 0 to 1; got"),
        (lambda: AUROC(thresholds=[0.5, 1.2]), "numbers from 0 to 1"),
        (lambda: AUROC(capacity=0), "capacity of at least 1"),
        (lambda: AUROC(num_classes=2, num_labels=2), "Give either `num_classes`"),
    ],
)
def test_invalid_options(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_bases_name_the_method_to_define():
    with pytest.raises(TypeError, match="CurveScore must define `score`"):
        CurveScore().compute()
    with pytest.raises(TypeError, match="must define `compute`"):
        Curve().compute()
    with pytest.raises(ValueError, match="preds must be numbers, but some are NaN"):
        AUROC(from_logits=True).update(target=np.zeros(1, int), preds=np.full(1, np.nan))


@pytest.mark.slow
def test_areas_under_precision_and_recall():
    """The integral of the precision, where both counts grow evenly between two thresholds."""
    target, preds = rng.integers(0, 2, 12), rng.permutation(12) / 12
    order = np.argsort(-preds)
    tp, fp = (np.cumsum(np.append(0, target[order] == one)) for one in (1, 0))
    share = np.linspace(0, 1, 20_001)[:, None]
    true, false = (x[:-1] + share * np.diff(x) for x in (tp, fp))
    with np.errstate(invalid="ignore"):
        precision = np.where(true + false == 0, target[order[0]], true / (true + false))
    expected = np.trapezoid(precision, true, axis=0).sum() / target.sum()
    given = {"target": target, "preds": np.float32(preds)}
    found = jm.metrics.average_precision(**given, summation_method="interpolation")
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    edges = np.nan_to_num(tp / np.maximum(tp + fp, 1))
    for method, choose in (("minoring", np.minimum), ("majoring", np.maximum)):
        expected = (np.diff(tp) * choose(edges[1:], edges[:-1])).sum() / target.sum()
        found = jm.metrics.average_precision(**given, summation_method=method)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(ValueError, match="summation_method must be one of 'step', 'interpolation'"):
        AveragePrecision(summation_method="trapezoid")
