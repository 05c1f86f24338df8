"""Counting metrics against scikit-learn, over grids of options."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from jax_metrics import metrics as jm
from jax_metrics.metrics.classification._label_metric import LabelMetric

rng = np.random.default_rng(0)
N, C, L = 60, 6, 4
# Class 4 is never the target, class 5 neither target nor predicted, class 3 never predicted.
TARGET = rng.integers(0, 4, N)
PREDS = rng.choice([0, 1, 2, 4], N)
BITS = rng.integers(0, 2, (N, L)) * [1, 1, 1, 0]
PREDICTED = rng.integers(0, 2, (N, L)) * [1, 1, 0, 0]
WEIGHT = rng.uniform(0.5, 2, N)
AVERAGES = ["micro", "macro", "weighted", None]
SCORES = [
    (jm.precision, sk.precision_score, {}),
    (jm.recall, sk.recall_score, {}),
    (jm.f1_score, sk.f1_score, {}),
    (jm.jaccard_index, sk.jaccard_score, {}),
    (jm.fbeta_score, sk.fbeta_score, {"beta": 0.5}),
    (jm.fbeta_score, sk.fbeta_score, {"beta": 0.0}),
]
IDS = [f"{score.__name__}-{options.get('beta', '')}" for score, _, options in SCORES]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("zero_division", "weight"), [(0.0, None), (1.0, WEIGHT)], ids=[0, 1])
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("score", "reference", "options"), SCORES, ids=IDS)
def test_classes(score, reference, options, average, zero_division, weight):
    actual = score(
        TARGET, PREDS, num_classes=C, average=average, sample_weight=weight,
        zero_division=zero_division, **options,
    )  # fmt: skip
    listed = np.arange(C) if average is None else None
    expected = reference(
        TARGET, PREDS, average=average, labels=listed, sample_weight=weight,
        zero_division=zero_division, **options,
    )  # fmt: skip
    assert_close(actual, expected)


@pytest.mark.slow
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("score", "reference", "options"), SCORES, ids=IDS)
def test_labels(score, reference, options, average):
    options = {**options, "average": average, "zero_division": 1.0}
    actual = score(BITS, PREDICTED, num_labels=L, **options)
    assert_close(actual, reference(BITS, PREDICTED, **options))


BINARY = [([0, 1], [0, 1]), ([0, 1], [1, 0]), ([0, 0], [0, 0]), ([1, 1], [0, 0]), ([0, 0], [1, 1])]


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("zero_division", [0.0, np.nan])
@pytest.mark.parametrize(("score", "reference", "options"), SCORES, ids=IDS)
def test_binary(score, reference, options, zero_division):
    options = {**options, "zero_division": zero_division}
    for target, preds in BINARY:
        actual = score(np.array(target), np.array(preds), **options)
        if reference is sk.jaccard_score and not (any(target) or any(preds)):
            assert_close(actual, zero_division)  # scikit-learn's takes no NaN
            continue
        expected_options = options if reference is not sk.jaccard_score else {}
        assert_close(actual, reference(target, preds, **expected_options))


def test_zero_division_of_nan_leaves_classes_out():
    for average in ("macro", "weighted"):
        options = {"average": average, "zero_division": np.nan}
        assert_close(
            jm.precision(TARGET, PREDS, num_classes=C, **options),
            sk.precision_score(TARGET, PREDS, **options),
        )


@pytest.mark.slow
@pytest.mark.parametrize("score", [jm.precision, jm.recall, jm.accuracy, jm.f1_score])
def test_ignored_examples_are_excluded(score):
    target = np.where(np.arange(N) % 5 == 0, -100, TARGET)
    keep = target != -100
    expected = score(TARGET[keep], PREDS[keep], num_classes=C)
    assert_close(score(target, PREDS, num_classes=C, ignore_index=-100), expected)
    assert_close(score(TARGET, PREDS, num_classes=C, mask=keep), expected)
    inside = score(TARGET[TARGET != 0], PREDS[TARGET != 0], num_classes=C)
    assert_close(score(TARGET, PREDS, num_classes=C, ignore_index=0), inside)


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("average", ["micro", "macro", None])
@pytest.mark.parametrize(
    ("score", "cells"),
    [(jm.specificity, (0, 1)), (jm.negative_predictive_value, (0, 2))],
    ids=["specificity", "npv"],
)
@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_specificity_and_negative_predictive_value(score, cells, average, weight, kind):
    if kind == "classes":
        target, preds, size = TARGET, PREDS, {"num_classes": C}
        matrices = sk.multilabel_confusion_matrix(
            target, preds, sample_weight=weight, labels=range(C)
        )
    else:
        target, preds, size = BITS, PREDICTED, {"num_labels": L}
        matrices = sk.multilabel_confusion_matrix(target, preds, sample_weight=weight)
    counts = matrices.reshape(-1, 4)
    if average == "micro":
        counts = counts.sum(0, keepdims=True)
    values = counts[:, cells[0]] / counts[:, cells].sum(-1)
    if average == "macro" and kind == "classes":
        values = values[counts[:, 1:].sum(-1) != 0]
    expected = values if average is None else values.mean()
    assert_close(score(target, preds, average=average, sample_weight=weight, **size), expected)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("average", ["macro", "weighted", None])
def test_likelihood_ratios_of_each_class_against_the_rest(average, weight):
    target, preds = rng.integers(0, 3, (2, N))
    each = [
        sk.class_likelihood_ratios(target == i, preds == i, sample_weight=weight) for i in range(3)
    ]
    scores = jm.positive_likelihood_ratio, jm.negative_likelihood_ratio
    for score, values in zip(scores, np.transpose(each), strict=True):
        actual = score(target, preds, num_classes=3, average=average, sample_weight=weight)
        support = np.bincount(target, weight) if average == "weighted" else None
        expected = values if average is None else np.average(values, weights=support)
        assert_close(actual, expected)


@pytest.mark.slow
def test_likelihood_ratios_with_a_zero_denominator():
    target, preds = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    assert np.isnan(jm.positive_likelihood_ratio(target, preds))
    assert jm.positive_likelihood_ratio(target, preds, zero_division=np.inf) == np.inf
    assert jm.negative_likelihood_ratio(target, preds) == 0.5
    assert np.isnan(jm.negative_likelihood_ratio(target, preds | 1))
    # The mean excludes the class without a ratio.
    target, preds = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    each = jm.positive_likelihood_ratio(target, preds, num_classes=3, average=None)
    assert_close(each, [np.nan, np.nan, 3])
    assert_close(jm.positive_likelihood_ratio(target, preds, num_classes=3), 3)


def test_a_single_class_has_no_negatives():
    weight = np.float32(rng.uniform(0.1, 1, 2000))
    ones = np.ones(2000, int)
    actual = jm.specificity(ones, ones, num_classes=3, average=None, sample_weight=weight)
    assert_close(actual, [1, 0, 1])


@pytest.mark.parametrize("average", ["micro", None])
def test_stat_scores(average):
    actual = jm.stat_scores(TARGET, PREDS, num_classes=C, average=average)
    tn, fp, fn, tp = sk.multilabel_confusion_matrix(TARGET, PREDS, labels=range(C)).reshape(-1, 4).T
    expected = np.stack([tp, fp, tn, fn, tp + fn], -1)
    assert_close(actual, expected.sum(0) if average == "micro" else expected)


def test_counts_of_all_classes_do_not_wrap():
    target = jnp.zeros(100_000, jnp.int32)
    value = jm.stat_scores(target, target, num_classes=50_000, average="micro")
    assert_close(value, [1e5, 0, 1e5 * 49_999, 0, 1e5])
    assert_close(jm.specificity(target, target, num_classes=50_000, average="micro"), 1)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("adjusted", [False, True])
def test_balanced_accuracy(adjusted, weight):
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        expected = sk.balanced_accuracy_score(
            TARGET, PREDS, adjusted=adjusted, sample_weight=weight
        )
    actual = jm.balanced_accuracy(
        TARGET, PREDS, num_classes=C, adjusted=adjusted, sample_weight=weight
    )
    assert_close(actual, expected)


@pytest.mark.slow
def test_balanced_accuracy_of_one_class():
    ones = np.ones(4, int)
    assert_close(jm.balanced_accuracy(ones, ones), 1)
    assert_close(jm.balanced_accuracy(ones, ones, adjusted=True), 0)
    for adjusted in (False, True):
        assert_close(jm.BalancedAccuracy(adjusted=adjusted).compute(), 0)
    assert_close(jm.BalancedAccuracy(zero_division=np.nan).compute(), np.nan)


def test_balanced_accuracy_has_no_labels():
    with pytest.raises(ValueError, match="BalancedAccuracy needs a binary target or classes"):
        jm.BalancedAccuracy(num_labels=3)


@pytest.mark.parametrize("start", [2**24, 2**31, 2**32])
def test_counts_stay_exact(start):
    target, preds = jnp.array([0, 1, 1, 0, 0]), jnp.array([0, 1, 0, 1, 0])
    for metric in (jm.Recall(), jm.Recall(num_classes=2), jm.Recall(num_labels=1)):
        metric.outcomes += jnp.full(metric.outcomes.high.shape, start, jnp.float32)
        for _ in range(3):
            if metric.labels.num_labels:
                metric.update(target=target[:, None], preds=preds[:, None])
            else:
                metric.update(target=target, preds=preds)
        of_one = [(i, -1) if metric.labels.shape else i for i in range(4)]
        actual = [int(metric.outcomes[i]) for i in of_one]
        assert actual == [start + 3, start + 3, start + 3, start + 6]


@pytest.mark.slow
@pytest.mark.parametrize(
    "metric",
    [
        jm.Accuracy(),
        jm.Recall(num_classes=3),
        jm.ExactMatch(num_classes=3),
        jm.StatScores(num_classes=3),
        jm.BalancedAccuracy(num_classes=3),
        jm.MatthewsCorrCoef(num_classes=3),
        jm.ConfusionMatrix(num_classes=3),
        jm.CohenKappa(num_classes=3),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_masked_rows_are_harmless_and_wrong_labels_are_not(metric):
    target, scores = jnp.array([0, 1, 2, 1]), jnp.array(rng.normal(size=(4, 3)), jnp.float32)
    mask = jnp.array([True, True, True, False])
    expected = metric.batch_updates(target=target[:3], preds=scores[:3]).compute()
    spoilt = {"target": target.at[3].set(-9), "preds": scores.at[3].set(jnp.nan)}
    assert_close(metric.batch_updates(**spoilt, mask=mask).compute(), expected)
    weight = mask.astype(jnp.float32)
    assert_close(metric.batch_updates(**spoilt, sample_weight=weight).compute(), expected)
    with pytest.raises(ValueError, match="target has labels outside of 0 to 2"):
        metric.batch_updates(**spoilt)
    traced = jax.jit(lambda m: m.batch_updates(**spoilt).compute())(metric)
    assert np.isnan(traced).all()


@pytest.mark.slow
def test_before_the_first_update():
    for zero_division in (1.0, np.nan):
        for options in ({}, {"num_classes": 3}, {"num_labels": 3}):
            for average in ("micro", "macro", None):
                metric = jm.F1Score(average=average, zero_division=zero_division, **options)
                assert np.unique(metric.compute()).tolist() == pytest.approx(
                    [zero_division], nan_ok=True
                )


def test_options_are_checked():
    with pytest.raises(ValueError, match="average must be one of 'micro', 'macro', 'weighted'"):
        jm.Recall(average="mean")
    with pytest.raises(ValueError, match="average must be one of 'micro', None, not 'macro'"):
        jm.StatScores(average="macro")
    with pytest.raises(ValueError, match="beta must lie between 0 and inf, but is -1"):
        jm.FBetaScore(beta=-1)


def test_an_infinite_beta_gives_recall():
    options = {"num_classes": C, "average": None}
    actual = jm.fbeta_score(TARGET, PREDS, beta=np.inf, **options)
    assert_close(actual, jm.recall(TARGET, PREDS, **options))


class Informedness(jm.Counting):
    def score(self, counts):
        return self.ratio(counts.tp, counts.support) + self.ratio(counts.tn, counts.all) - 1


def test_a_custom_metric():
    assert_close(Informedness()(target=np.array([1, 1, 0, 0]), preds=np.array([1, 0, 0, 0])), 0)
    with pytest.raises(TypeError, match="Counting must define `score`"):
        jm.Counting().compute()
    with pytest.raises(TypeError, match="LabelMetric must define `count`"):
        LabelMetric().update(target=np.array([1]), preds=np.array([1]))


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, np.zeros(0)], ids=["", "weighted"])
def test_an_empty_batch_changes_nothing(weight):
    nothing = {"target": np.zeros(0, int), "preds": np.zeros((0, C)), "sample_weight": weight}
    for metric in (jm.Accuracy(), jm.F1Score(num_classes=C), jm.ExactMatch(num_classes=C)):
        metric.update(target=np.array([0, 1]), preds=np.eye(C)[:2])
        assert metric.update(**nothing).compute() == 1
    matrix = jm.confusion_matrix(**nothing, num_classes=C)
    assert not matrix.any()


def test_one_count_of_the_stat_scores_is_a_metric():
    metric = jm.StatScores(num_classes=C)[..., 0]
    assert_close(
        metric(target=TARGET, preds=PREDS), jm.stat_scores(TARGET, PREDS, num_classes=C)[:, 0]
    )


def test_half_precision_scores_and_many_axes():
    target = rng.integers(0, 3, (2, 3, 4))
    scores = rng.normal(size=(2, 3, 4, 3))
    rounded = jnp.asarray(scores, jnp.bfloat16)
    expected = (np.asarray(rounded, np.float32).argmax(-1) == target).mean()
    assert_close(jm.accuracy(target, rounded), expected)
    assert_close(jm.recall(target, rounded, num_classes=3, average="micro"), expected)
