"""How accuracy reads its arguments, and which examples exact match counts."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    hamming_loss,
    recall_score,
    top_k_accuracy_score,
    zero_one_loss,
)

from jax_metrics import metrics as jm

rng = np.random.default_rng(0)
N, C, L = 40, 5, 3
TARGET = rng.integers(0, C, N)
SCORES = rng.normal(size=(N, C)).round(1)  # with ties
PREDICTED = SCORES.argmax(-1)
BITS, PROBABILITIES = rng.integers(0, 2, (N, L)), rng.uniform(size=(N, L))
WEIGHT = rng.uniform(0.5, 2, N)


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_shapes_tell_what_predictions_are(weight):
    options = {"sample_weight": weight}
    expected = accuracy_score(TARGET, PREDICTED, **options)
    assert_close(jm.accuracy(TARGET, SCORES, **options), expected)
    assert_close(jm.accuracy(TARGET, PREDICTED, **options), expected)
    assert_close(jm.accuracy(TARGET, SCORES, num_classes=C, **options), expected)
    bits, probabilities = BITS[:, 0], PROBABILITIES[:, 0]
    expected = accuracy_score(bits, probabilities > 0.5, **options)
    assert_close(jm.accuracy(bits, probabilities, **options), expected)
    assert_close(jm.accuracy(bits.astype(bool), probabilities > 0.5, **options), expected)
    logits = np.log(probabilities / (1 - probabilities))
    assert_close(jm.accuracy(bits, logits, from_logits=True, **options), expected)
    expected = accuracy_score(bits, probabilities > 0.8, **options)
    assert_close(jm.accuracy(bits, probabilities, threshold=0.8, **options), expected)


def test_one_metric_reads_each_batch_by_its_shape():
    metric = jm.Accuracy().update(target=TARGET, preds=SCORES).update(target=TARGET, preds=TARGET)
    assert_close(metric.compute(), (accuracy_score(TARGET, PREDICTED) + 1) / 2)


def test_large_class_indices_need_no_num_classes():
    labels = np.array([0, 2**31 - 2, 70_000])
    assert_close(jm.accuracy(labels, labels), 1)


def test_axes_before_that_of_the_classes():
    target, scores = TARGET.reshape(4, 5, 2), SCORES.reshape(4, 5, 2, C)
    assert_close(jm.accuracy(target, scores), accuracy_score(TARGET, PREDICTED))


@pytest.mark.parametrize(("average", "score"), [("macro", "macro"), (None, None)])
def test_classes(average, score):
    expected = recall_score(TARGET, PREDICTED, average=score)
    assert_close(jm.accuracy(TARGET, SCORES, num_classes=C, average=average), expected)
    actual = jm.hamming_distance(TARGET, SCORES, num_classes=C, average=average)
    assert_close(actual, 1 - expected)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted", None])
def test_labels(average):
    right = (BITS == (PROBABILITIES > 0.5)).mean(0)
    weights = BITS.sum(0) if average == "weighted" else None
    expected = right if average is None else np.average(right, weights=weights)
    assert_close(jm.accuracy(BITS, PROBABILITIES, num_labels=L, average=average), expected)
    assert_close(
        jm.hamming_distance(BITS, PROBABILITIES, num_labels=L, average=average), 1 - expected
    )


@pytest.mark.parametrize("k", [1, 2, 4])
def test_top_k(k):
    scores = rng.normal(size=(N, C))
    expected = top_k_accuracy_score(TARGET, scores, k=k, labels=range(C))
    assert_close(jm.accuracy(TARGET, scores, num_classes=C, top_k=k), expected)


def test_subset():
    predicted = PROBABILITIES > 0.5
    actual = jm.accuracy(BITS, PROBABILITIES, num_labels=L, subset=True, sample_weight=WEIGHT)
    assert_close(actual, accuracy_score(BITS, predicted, sample_weight=WEIGHT))
    assert_close(jm.exact_match(BITS, PROBABILITIES, num_labels=L), accuracy_score(BITS, predicted))
    assert_close(
        jm.hamming_distance(BITS, PROBABILITIES, num_labels=L), hamming_loss(BITS, predicted)
    )
    actual = jm.hamming_distance(BITS, PROBABILITIES, num_labels=L, subset=True)
    assert_close(actual, zero_one_loss(BITS, predicted))


@pytest.mark.parametrize("weight", [None, WEIGHT[:8]], ids=["", "weighted"])
def test_exact_match(weight):
    target, preds = TARGET.reshape(8, 5) % 2, PREDICTED.reshape(8, 5) % 2
    right = (target == preds).all(-1)
    actual = jm.exact_match(target, preds, num_classes=2, sample_weight=weight)
    assert_close(actual, np.average(right, weights=weight))
    assert_close(
        jm.exact_match(target, preds, sample_weight=weight), np.average(right, weights=weight)
    )


def test_exact_match_excludes_positions():
    target = jnp.array([[1, 2, 0], [1, 1, 1], [0, 0, 0]])
    preds = jnp.array([[1, 2, 2], [2, 1, 1], [2, 2, 2]])
    assert_close(jm.exact_match(target, preds, num_classes=3), 0)
    assert_close(jm.exact_match(target, preds, num_classes=3, ignore_index=0), 0.5)
    mask = jnp.array([[True, True, False], [False, True, True], [False, False, True]])
    assert_close(jm.exact_match(target, preds, num_classes=3, mask=mask), 2 / 3)
    assert np.isnan(jm.ExactMatch().compute())


def test_exact_match_of_words_and_of_rows_of_labels():
    target = rng.integers(0, 2, (6, 4, 2))
    preds = np.where(rng.uniform(size=(6, 4, 2)) < 0.9, target, 1 - target)
    right = target == preds
    assert_close(jm.exact_match(target, preds, num_classes=2), right.all((1, 2)).mean())
    assert_close(jm.exact_match(target, preds, num_labels=2), right.all(-1).mean())


@pytest.mark.parametrize("start", [2**24, 2**32])
def test_counts_stay_exact(start):
    metric = jm.Accuracy()
    metric.outcomes += jnp.array([start, 0, start, 0], jnp.float32)
    for _ in range(3):
        metric.update(target=TARGET[:3], preds=TARGET[:3])
    assert [int(metric.outcomes[i]) for i in range(4)] == [start + 9, 0, start, 0]
    assert_close(metric.compute(), 0.5)


def test_invalid_arguments_are_rejected():
    with pytest.raises(ValueError, match="give `num_classes` or `num_labels` if it is not"):
        jm.Accuracy(average="macro").update(target=TARGET, preds=SCORES)
    with pytest.raises(ValueError, match=r"since the metric is binary; give `num_classes`"):
        jm.Recall().update(target=TARGET, preds=SCORES)
    with pytest.raises(ValueError, match="subset=True asks whether all labels"):
        jm.Accuracy(subset=True)
    with pytest.raises(ValueError, match="subset=True asks whether all labels"):
        jm.Accuracy(num_labels=2, subset=True, average="macro")
    with pytest.raises(ValueError, match="preds must be probabilities from 0 to 1"):
        jm.accuracy(BITS[:, 0], 3 * PROBABILITIES[:, 0])
    with pytest.raises(TypeError, match="One-hot rows become labels by `target.argmax"):
        jm.accuracy(np.eye(C)[TARGET], SCORES)
    with pytest.raises(ValueError, match="preds has labels outside of 0"):
        jm.accuracy(TARGET, PREDICTED - 1)
