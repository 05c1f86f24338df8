"""Options that choose what is averaged, where the classes are, and which label is positive."""

import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

import jax_metrics as jm

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 2, (2, 24, 4))
CLASSES = rng.integers(0, 4, (2, 32))
WEIGHT = rng.uniform(0.5, 2, 24).astype(np.float32)
SCORES = rng.uniform(size=(32, 5)).astype(np.float32)
PAIRS = {
    "f1_score": "f1_score",
    "precision": "precision_score",
    "recall": "recall_score",
    "jaccard_index": "jaccard_score",
}


def ours(name, *args, **options):
    return getattr(jm.metrics, name)(*args, **options)


def theirs(name, *args, **options):
    return getattr(sklearn.metrics, PAIRS[name])(*args, **options, zero_division=0.0)


@pytest.mark.parametrize("name", PAIRS)
def test_the_mean_over_samples(name):
    target, preds = LABELS
    expected = theirs(name, target, preds, average="samples", sample_weight=WEIGHT)
    found = ours(name, target, preds, num_labels=4, average="samples", sample_weight=WEIGHT)
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_mean_over_samples_accumulates_and_masks():
    target, preds = LABELS
    metric = jm.metrics.F1Score(num_labels=4, average="samples")
    mask = np.arange(24) % 3 > 0
    for part in (slice(0, 12), slice(12, 24)):
        metric.update(target=target[part], preds=preds[part], mask=mask[part])
    expected = theirs("f1_score", target[mask], preds[mask], average="samples")
    assert metric.compute() == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="target has labels outside of 0 to 1"):
        metric.update(target=target + 5, preds=preds)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize(
    "chosen",
    [(2, 0), *(pytest.param(some, marks=pytest.mark.slow) for some in ((1, 4, 5), range(6)))],
)
@pytest.mark.parametrize("name", PAIRS)
def test_an_average_over_some_classes(name, chosen, average):
    target, preds = CLASSES[0], np.where(CLASSES[1] == 3, 4, CLASSES[1])
    expected = theirs(name, target, preds, labels=[*chosen], average=average)
    found = ours(name, target, preds, num_classes=6, labels=[*chosen], average=average)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", PAIRS)
def test_the_other_label_is_positive(name):
    target, preds = LABELS[0, :, 0], rng.uniform(size=24).astype(np.float32)
    expected = theirs(name, target, preds > 0.5, pos_label=0)
    assert ours(name, target, preds, pos_label=0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("axis", [0, 1, -2])
def test_the_classes_are_on_another_axis(axis):
    target = CLASSES[0].reshape(4, 8)
    scores = SCORES.reshape(4, 8, 5)
    moved = np.moveaxis(scores, -1, axis)
    for name in ("accuracy", "f1_score", "auroc"):
        expected = ours(name, target, scores, num_classes=5)
        assert ours(name, target, moved, num_classes=5, class_axis=axis) == expected
    moved = [np.moveaxis(x.reshape(4, 6, 4), -1, axis) for x in LABELS]
    expected = ours("f1_score", *LABELS, num_labels=4)
    assert ours("f1_score", *moved, num_labels=4, class_axis=axis) == expected


def test_classes_stay_where_they_are_when_predictions_are_classes():
    target, preds = CLASSES
    found = ours("accuracy", target, preds, num_classes=4, class_axis=1)
    assert found == pytest.approx(np.mean(target == preds))


def test_all_classes_may_be_among_the_best():
    accuracy = jm.metrics.Accuracy(num_classes=5, top_k=5)
    assert accuracy(target=CLASSES[0], preds=SCORES) == 1


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_classes": 3, "top_k": 4}, "top_k must lie between 1 and num_classes"),
        ({"num_classes": 3, "pos_label": 0}, "pos_label is 1 or 0, for a binary target"),
        ({"pos_label": 2}, "pos_label is 1 or 0"),
        ({"labels": [1]}, "but the metric is binary: choose `pos_label`"),
        ({"num_classes": 3, "labels": [0, 3]}, "different classes or labels from 0 to 2"),
        ({"num_classes": 3, "labels": [1, 1]}, "must be different classes"),
        ({"num_classes": 3, "labels": []}, "must be different classes"),
        ({"num_classes": 3, "average": "samples"}, "it needs `num_labels` and all labels"),
        ({"num_labels": 3, "average": "samples", "labels": [0]}, "and all labels"),
    ],
)
def test_mistakes(options, message):
    with pytest.raises(ValueError, match=message):
        jm.metrics.F1Score(**options)


def test_an_axis_that_is_not_there():
    with pytest.raises(ValueError, match=r"preds of shape \(3, 5\) has no axis 2"):
        jm.metrics.accuracy(jnp.zeros(3, int), jnp.zeros((3, 5)), num_classes=5, class_axis=2)
