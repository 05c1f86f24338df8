"""Options of curves: pairs of classes, methods of summation, and points that are left out."""

import jax
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

import jax_metrics as jm

rng = np.random.default_rng(0)
N, C = 120, 4
TARGET = rng.choice(C, N, p=[0.1, 0.2, 0.3, 0.4])
PREDS = np.float32(rng.multinomial(32, np.ones(C) / C, N) / 32)  # with ties
BITS, SCORES = rng.integers(0, 2, N), rng.integers(0, 17, N) / 16


def pairs_of(average, **options):
    return jm.metrics.auroc(
        options.pop("target", TARGET),
        options.pop("preds", PREDS),
        num_classes=C,
        multi_class="ovo",
        average=average,
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_pairs_of_classes(average):
    expected = roc_auc_score(TARGET, PREDS, multi_class="ovo", average=average)
    np.testing.assert_allclose(pairs_of(average), expected, rtol=1e-6)
    logits = rng.normal(size=(N, C))
    softmax = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    expected = roc_auc_score(TARGET, softmax, multi_class="ovo", average=average)
    actual = pairs_of(average, preds=logits, from_logits=True)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


@pytest.mark.slow
def test_each_pair_of_classes():
    each, weight = pairs_of(None), rng.integers(0, 3, N)
    assert np.isnan(np.diag(each)).all()
    for a, b in [(0, 1), (2, 3)]:
        both = (TARGET == a) | (TARGET == b)
        areas = [roc_auc_score(TARGET[both] == c, PREDS[both, c]) for c in (a, b)]
        np.testing.assert_allclose([each[a, b], each[b, a]], np.mean(areas), rtol=1e-6)
    repeated = [np.repeat(x, weight, axis=0) for x in (TARGET, PREDS)]
    actual = pairs_of("weighted", sample_weight=np.float32(weight))
    expected = roc_auc_score(*repeated, multi_class="ovo", average="weighted")
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    # A class that does not occur has no pair, and too many examples have no value.
    few = TARGET > 0
    actual = pairs_of("macro", mask=few)
    np.testing.assert_allclose(actual, np.mean([each[1, 2], each[1, 3], each[2, 3]]), rtol=1e-6)
    assert np.isnan(pairs_of("macro", capacity=N - 1))
    assert np.isnan(pairs_of(None, capacity=N - 1)).all()


def area_by_keras(fpr, tpr, method):
    """The sum of Keras, from the highest rates to the lowest ones."""
    heights = {
        "interpolation": (tpr[:-1] + tpr[1:]) / 2,
        "minoring": np.minimum(tpr[:-1], tpr[1:]),
        "majoring": np.maximum(tpr[:-1], tpr[1:]),
    }
    return ((fpr[:-1] - fpr[1:]) * heights[method]).sum()


@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring"])
def test_methods_of_summation(method):
    thresholds = np.append(np.linspace(0, 1, 9), 2)[:, None]
    fpr, tpr = ((SCORES >= thresholds)[:, BITS == bit].mean(1) for bit in (0, 1))
    expected = area_by_keras(fpr, tpr, method)
    actual = jm.metrics.auroc(BITS, SCORES, thresholds=9, summation_method=method)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
    points = jm.metrics.auc(fpr, tpr, capacity=12, summation_method=method)
    np.testing.assert_allclose(points, expected, rtol=1e-6)


@pytest.mark.slow
def test_methods_of_summation_differ_where_scores_are_equal():
    target, preds = np.array([0, 1, 0, 1]), np.full(4, 0.5)
    options = {"max_fpr": 0.5, "capacity": 4}
    low = jm.metrics.auroc(target, preds, summation_method="minoring", **options)
    high = jm.metrics.auroc(target, preds, summation_method="majoring", **options)
    assert low < jm.metrics.auroc(target, preds, **options) == 0.5 < high


@pytest.mark.parametrize("scores", [SCORES, np.float32(rng.random(N)), np.zeros(N), BITS / 1.0])
def test_dropped_points_are_those_of_scikit_learn(scores):
    expected = roc_curve(BITS, scores)
    actual = jm.metrics.roc(BITS, scores, drop_intermediate=True)
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_dropped_points_of_a_masked_batch():
    mask = np.arange(N) % 3 > 0
    weight = np.where(rng.random(N) < 0.2, 2, 1)
    actual = jm.metrics.roc(BITS, SCORES, sample_weight=weight, mask=mask, drop_intermediate=True)
    expected = roc_curve(BITS[mask], SCORES[mask], sample_weight=weight[mask])
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    nothing = jm.metrics.roc(BITS[:1], SCORES[:1], mask=mask[:1], drop_intermediate=True)
    assert np.isnan(nothing.tpr).all()


def test_points_cannot_be_dropped_from_several_curves_or_in_traced_code():
    with pytest.raises(ValueError, match="drop_intermediate=True returns one curve"):
        jm.metrics.roc(TARGET, PREDS, num_classes=C, drop_intermediate=True)
    with pytest.raises(TypeError, match="unknown in traced code"):
        jax.jit(lambda x: jm.metrics.roc(BITS, x, drop_intermediate=True))(SCORES)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"summation_method": "sum"}, "summation_method must be one of 'interpolation'"),
        ({"multi_class": "all"}, "multi_class must be one of 'ovr', 'ovo'"),
        ({"multi_class": "ovo", "capacity": 4}, "compares pairs of classes: give `num_classes`"),
        ({"multi_class": "ovo", "num_classes": 3}, "give a `capacity`"),
        (
            {"multi_class": "ovo", "num_classes": 3, "capacity": 4, "average": "micro"},
            "without max_fpr, but got average='micro' and max_fpr=None",
        ),
        (
            {"multi_class": "ovo", "num_classes": 3, "capacity": 4, "max_fpr": 0.5},
            "without max_fpr, but got average='macro' and max_fpr=0.5",
        ),
    ],
)
def test_invalid_options(options, text):
    with pytest.raises(ValueError, match=text):
        jm.metrics.AUROC(**options)


def test_invalid_method_of_summation_of_points():
    with pytest.raises(ValueError, match="summation_method must be one of"):
        jm.metrics.AUC(capacity=4, summation_method="sum")
