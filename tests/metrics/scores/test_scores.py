"""Metrics of scores over options and edge cases."""

from functools import partial

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.calibration import calibration_curve

import jax_metrics as jm
from jax_metrics.metrics import (
    BrierScore,
    CalibrationError,
    CoverageError,
    HingeLoss,
    LabelRankingAveragePrecision,
    LogLoss,
    NormalizedEntropy,
)
from jax_metrics.metrics.scores._mean_cost import MeanCost
from jax_metrics.metrics.scores._ranking import Ranking
from jax_metrics.metrics.scores._relative_to_prior import RelativeToPrior

rng = np.random.default_rng(0)
N, C = 60, 4


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


LOGITS = rng.normal(size=(N, C))
LABELS = rng.integers(0, C, N)
BITS = rng.integers(0, 2, (N, C))
WEIGHT = rng.uniform(0.1, 3, N)


def assert_close(actual, expected, rtol=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=rtol)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("logits", [False, True])
def test_log_loss_and_brier_score(logits, weight):
    options = {"from_logits": logits, "sample_weight": weight}
    binary = LOGITS[:, 0] if logits else sigmoid(LOGITS[:, 0])
    actual = jm.metrics.log_loss(BITS[:, 0], binary, **options)
    assert_close(actual, sk.log_loss(BITS[:, 0], sigmoid(LOGITS[:, 0]), sample_weight=weight))
    actual = jm.metrics.brier_score(BITS[:, 0], binary, **options)
    assert_close(
        actual, sk.brier_score_loss(BITS[:, 0], sigmoid(LOGITS[:, 0]), sample_weight=weight)
    )
    classes, options["num_classes"] = LOGITS if logits else softmax(LOGITS), C
    actual = jm.metrics.log_loss(LABELS, classes, **options)
    assert_close(actual, sk.log_loss(LABELS, softmax(LOGITS), sample_weight=weight))
    errors = ((softmax(LOGITS) - np.eye(C)[LABELS]) ** 2).sum(-1)
    actual = jm.metrics.brier_score(LABELS, classes, **options)
    assert_close(actual, np.average(errors, weights=weight))
    labels, options = LOGITS if logits else sigmoid(LOGITS), options | {"num_classes": None}
    columns = [
        sk.log_loss(t, p, sample_weight=weight)
        for t, p in zip(BITS.T, sigmoid(LOGITS).T, strict=True)
    ]
    assert_close(jm.metrics.log_loss(BITS, labels, num_labels=C, **options), np.mean(columns))


def test_scores_without_examples():
    target, preds = np.array([0, 1]), np.array([1.0, 1.0])
    assert_close(jm.metrics.log_loss(target, preds), -np.log(1e-7) / 2)
    assert jm.metrics.log_loss(target, preds, epsilon=0.0) == np.inf
    assert jm.metrics.log_loss(1 - target, preds * 0, epsilon=0.0) == np.inf
    assert jm.metrics.log_loss(target * 0 + 1, preds, epsilon=0.0) == 0
    logits = np.array([200.0, 200.0])
    assert jm.metrics.log_loss(target, logits, from_logits=True) == 100


@pytest.mark.slow
@pytest.mark.parametrize("metric", [LogLoss, BrierScore, CalibrationError])
def test_ignored_and_masked_examples_are_excluded(metric):
    target, keep = np.where(rng.random(N) < 0.3, -1, LABELS), None
    keep = target >= 0
    preds = np.where(keep[:, None], softmax(LOGITS), np.nan)
    expected = metric(num_classes=C)(target=target[keep], preds=preds[keep])
    actual = metric(num_classes=C, ignore_index=-1)(target=target, preds=preds)
    assert_close(actual, expected)
    assert_close(metric(num_classes=C)(target=target, preds=preds, mask=keep), expected)
    assert np.isnan(metric(num_classes=C).compute())


@pytest.mark.slow
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("strategy", ["crammer-singer", "one-vs-all"])
def test_hinge_loss(strategy, squared):
    options = {"strategy": strategy, "squared": squared}
    power = 1 + squared
    binary = np.maximum(0, 1 - (2 * BITS - 1) * LOGITS) ** power
    assert_close(jm.metrics.hinge_loss(BITS[:, 0], LOGITS[:, 0], **options), binary[:, 0].mean())
    assert_close(jm.metrics.hinge_loss(BITS, LOGITS, num_labels=C, **options), binary.mean())
    right = np.eye(C)[LABELS] == 1
    if strategy == "one-vs-all":
        losses = (np.maximum(0, 1 - np.where(right, LOGITS, -LOGITS)) ** power).sum(-1)
    else:
        others = np.where(right, -np.inf, LOGITS).max(-1)
        losses = np.maximum(0, 1 - LOGITS[right] + others) ** power
    assert_close(jm.metrics.hinge_loss(LABELS, LOGITS, num_classes=C, **options), losses.mean())


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("bins", [1, 7, 15])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_calibration_error(norm, bins):
    preds = np.float32(np.append(sigmoid(LOGITS[:, 0]), [0.0, 1.0, 0.2, 0.4, 0.6]))
    target = np.append(BITS[:, 0], [0, 1, 0, 1, 1])
    edges = np.float32(np.linspace(0, 1, bins + 1))
    counts, difference = [], []
    for i in range(bins):
        inside = (preds >= edges[i]) & ((preds < edges[i + 1]) | (i == bins - 1))
        counts.append(inside.sum())
        difference.append(abs(target[inside].mean() - preds[inside].mean()) if inside.any() else 0)
    difference = np.array(difference)
    expected = {
        "l1": np.average(difference, weights=counts),
        "l2": np.average(difference**2, weights=counts) ** 0.5,
        "max": difference.max(),
    }[norm]
    actual = jm.metrics.calibration_error(target, preds, norm=norm, num_bins=bins)
    assert_close(actual, expected, rtol=1e-4)
    logits = np.log(preds[:-5]) - np.log1p(-preds[:-5])
    from_logits = jm.metrics.calibration_error(target[:-5], logits, num_bins=1, from_logits=True)
    assert_close(from_logits, abs(target[:-5].mean() - preds[:-5].mean()), rtol=1e-3)


@pytest.mark.slow
def test_normalized_entropy_of_classes_and_labels():
    frequency = np.bincount(LABELS) / N
    entropy = -(frequency * np.log(frequency)).sum()
    expected = sk.log_loss(LABELS, softmax(LOGITS)) / entropy
    actual = jm.metrics.normalized_entropy(LABELS, LOGITS, num_classes=C, from_logits=True)
    assert_close(actual, expected)
    frequency = BITS.mean(0)
    entropy = -(frequency * np.log(frequency) + (1 - frequency) * np.log(1 - frequency)).mean()
    loss = jm.metrics.log_loss(BITS, sigmoid(LOGITS), num_labels=C)
    assert_close(jm.metrics.normalized_entropy(BITS, sigmoid(LOGITS), num_labels=C), loss / entropy)
    assert np.isnan(jm.metrics.normalized_entropy(np.ones(3, int), np.full(3, 0.5)))
    assert np.isnan(NormalizedEntropy().compute())


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_explained_fractions_of_costs(weight):
    def brier_of(right, preds):
        return np.average(((right - preds) ** 2).sum(-1), weights=weight)

    options = {"num_classes": C, "from_logits": True, "sample_weight": weight}
    right, preds = np.eye(C)[LABELS], softmax(LOGITS)
    expected = sk.d2_log_loss_score(LABELS, preds, sample_weight=weight)
    assert_close(jm.metrics.d2_log_loss_score(LABELS, LOGITS, **options), expected)
    frequency = np.average(right, axis=0, weights=weight)
    expected = 1 - brier_of(right, preds) / brier_of(right, frequency)
    assert_close(jm.metrics.d2_brier_score(LABELS, LOGITS, **options), expected)
    frequency = np.average(BITS, axis=0, weights=weight)
    expected = 1 - brier_of(BITS, sigmoid(LOGITS)) / brier_of(BITS, frequency)
    options = options | {"num_classes": None, "num_labels": C}
    assert_close(jm.metrics.d2_brier_score(BITS, LOGITS, **options), expected)


@pytest.mark.parametrize("scale_by_half", ["auto", True, False])
def test_scale_of_brier_score(scale_by_half):
    options = {"scale_by_half": scale_by_half}
    binary, classes = sigmoid(LOGITS[:, 0]), softmax(LOGITS)
    actual = jm.metrics.brier_score(BITS[:, 0], binary, **options)
    assert_close(actual, sk.brier_score_loss(BITS[:, 0], binary, **options))
    actual = jm.metrics.brier_score(LABELS, classes, num_classes=classes.shape[1], **options)
    assert_close(actual, sk.brier_score_loss(LABELS, classes, **options))


def test_unknown_scale_of_brier_score():
    with pytest.raises(ValueError, match="scale_by_half must be one of 'auto', True, False"):
        jm.metrics.BrierScore(scale_by_half="no")


def gaps_of_quantile_bins(target, preds, bins):
    """The gap and the number of examples of each bin, as scikit-learn forms bins."""
    bounds = np.percentile(preds, np.linspace(0, 100, bins + 1))[1:-1]
    bin_of = np.searchsorted(bounds, preds)
    members = [bin_of == i for i in np.unique(bin_of)]
    gaps = [abs(target[m].mean() - preds[m].mean()) for m in members]
    return np.array(gaps), np.array([m.sum() for m in members])


@pytest.mark.slow
@pytest.mark.parametrize("bins", [1, 4, 7])
def test_calibration_over_quantiles(bins):
    for preds in (sigmoid(LOGITS[:, 0]), np.round(sigmoid(LOGITS[:, 0]), 1)):
        target, preds = BITS[:, 0], np.float64(np.float32(preds))
        options = {"strategy": "quantile", "num_bins": bins}
        gaps, counts = gaps_of_quantile_bins(target, preds, bins)
        actual = jm.metrics.calibration_error(target, preds, **options)
        assert_close(actual, np.average(gaps, weights=counts))
        observed, predicted = calibration_curve(target, preds, n_bins=bins, strategy="quantile")
        actual = jm.metrics.calibration_error(target, preds, norm="max", **options)
        assert_close(actual, abs(observed - predicted).max())


@pytest.mark.parametrize("unit", [0.1, 1 / N, 0.7, 1e20])
def test_calibration_over_quantiles_does_not_depend_on_the_unit_of_weights(unit):
    target, preds = BITS[:, 0], sigmoid(LOGITS[:, 0])
    error = partial(jm.metrics.calibration_error, target, preds, strategy="quantile", num_bins=4)
    fractions = rng.uniform(0.1, 3, N)
    for weight in (np.ones(N), rng.integers(0, 3, N), fractions):
        assert_close(error(sample_weight=np.float32(weight * unit)), error(sample_weight=weight))


@pytest.mark.slow
def test_calibration_over_quantiles_in_batches():
    target, preds, weight = BITS[:, 0], sigmoid(LOGITS[:, 0]), rng.integers(0, 3, N)
    metric = CalibrationError(strategy="quantile", num_bins=4, norm="l2", capacity=N)
    for part in (slice(0, 20), slice(20, N)):
        arguments = {"target": target[part], "preds": preds[part]}
        metric.update(**arguments, sample_weight=np.float32(weight[part]))
    gaps, counts = gaps_of_quantile_bins(*(np.repeat(x, weight) for x in (target, preds)), 4)
    assert_close(metric.compute(), np.sqrt(np.average(gaps**2, weights=counts)))
    assert not metric.overflowed
    metric.update(target=target, preds=preds)
    assert metric.overflowed
    assert np.isnan(metric.compute())
    assert not CalibrationError().overflowed


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_calibration_by_class(strategy):
    options = {"strategy": strategy, "num_bins": 5}
    probabilities = softmax(LOGITS)
    for target, kind in ((LABELS, "num_classes"), (BITS, "num_labels")):
        bits = np.eye(C, dtype=int)[LABELS] if target is LABELS else BITS
        each = [
            jm.metrics.calibration_error(bits[:, i], probabilities[:, i], **options)
            for i in range(C)
        ]
        actual = jm.metrics.calibration_error(
            target, probabilities, by_class=True, **{kind: C}, **options
        )
        assert_close(actual, each)


@pytest.mark.parametrize("score", [jm.metrics.d2_log_loss_score, jm.metrics.d2_brier_score])
def test_class_frequencies_explain_nothing(score):
    target = np.array([0, 0, 0, 1])
    np.testing.assert_allclose(score(target, np.full(4, 0.25)), 0, atol=1e-6)
    assert np.isnan(score(target * 0, np.full(4, 0.25)))


def test_calibration_without_examples():
    assert np.isnan(jm.metrics.weighted_calibration(np.zeros(3), np.ones(3)))
    assert np.isnan(jm.metrics.WeightedCalibration().compute())
    assert np.isnan(jm.metrics.ClickThroughRate().compute())


RANKING = [
    (jm.metrics.coverage_error, sk.coverage_error),
    (jm.metrics.label_ranking_average_precision, sk.label_ranking_average_precision_score),
    (jm.metrics.label_ranking_loss, sk.label_ranking_loss),
]


@pytest.mark.parametrize("levels", [2, 5, 1000])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize(("ours", "theirs"), RANKING)
def test_ranking(ours, theirs, weight, levels):
    scores = rng.integers(-levels, levels, (N, C)) * 0.5
    target = BITS.copy()
    target[0], target[1] = 0, 1  # nothing is true, or all is
    assert_close(
        ours(target, scores, sample_weight=weight), theirs(target, scores, sample_weight=weight)
    )


@pytest.mark.parametrize(("ours", "theirs"), RANKING)
def test_ranking_without_some_labels(ours, theirs):
    mask = np.ones((N, C), bool)
    mask[:, 2] = False
    scores = np.where(mask, LOGITS, np.nan)
    expected = theirs(np.delete(BITS, 2, 1), np.delete(LOGITS, 2, 1))
    assert_close(ours(BITS, scores, mask=mask), expected)
    folded = ours(BITS.reshape(6, 10, C), LOGITS.reshape(6, 10, C))
    assert_close(folded, theirs(BITS, LOGITS))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: HingeLoss(strategy="all"), "strategy must be one of"),
        (lambda: CalibrationError(norm="l3"), "norm must be one of"),
        (lambda: CalibrationError(strategy="equal"), "strategy must be one of 'uniform'"),
        (lambda: CalibrationError(strategy="quantile"), "got capacity=None: .*needs a capacity"),
        (lambda: CalibrationError(capacity=4), "evenly spaced bins have none"),
        (lambda: CalibrationError(by_class=True), "needs `num_classes` or `num_labels`"),
        (lambda: CalibrationError(num_bins=0), "num_bins must be at least 1, but is 0"),
        (lambda: LogLoss(epsilon=-1.0), "epsilon must lie between 0 and 1"),
        (lambda: LogLoss(num_classes=1), "num_classes must be at least 2"),
        (lambda: CoverageError()(target=1, preds=1.0), "preds must be .*, but has no axes"),
        (
            lambda: LabelRankingAveragePrecision()(
                target=BITS, preds=LOGITS, sample_weight=np.ones((N, C))
            ),
            r"one number for each example, \(60,\), and not for each label",
        ),
    ],
)
def test_invalid_calls(make, text):
    with pytest.raises(ValueError, match=text):
        make()


class OfNothing(RelativeToPrior, BrierScore):
    def compute(self):
        return self.relative_cost


def test_bases_name_the_method_to_define():
    arguments = {"target": BITS, "preds": LOGITS}
    with pytest.raises(TypeError, match="Ranking must define `score`"):
        Ranking().update(**arguments)
    with pytest.raises(TypeError, match="OfNothing must define `prior_costs`"):
        OfNothing(num_labels=C, from_logits=True).compute()
    with pytest.raises(TypeError, match="MeanCost must define `costs`"):
        MeanCost(num_labels=C, from_logits=True).update(**arguments)


@pytest.mark.parametrize("logit", [2.0, 16.0, 20.0, -20.0])
def test_brier_score_of_confident_logits(logit):
    expected = sigmoid(-logit) ** 2
    binary = jm.metrics.brier_score([1, 0], np.array([logit, -logit]), from_logits=True)
    assert_close(binary, expected)
    classes = np.array([[logit, 0.0], [0.0, logit]])
    options = {"num_classes": 2, "from_logits": True}
    assert_close(jm.metrics.brier_score([0, 1], classes, **options), 2 * expected)
