"""How `Labels` reads arguments, and which it rejects."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Accuracy, Labels
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics.inputs import as_labels, largest

MIN, MAX = -(2**31), 2**31 - 1
BINARY = np.array([0, 1, 1])


def fault(labels, *args, **kwargs):
    return check_rules(labels.compare(*args, **kwargs).rules)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_classes": 3, "num_labels": 3}, "Give either `num_classes`, if exactly one class"),
        ({"num_classes": 1}, "num_classes must be at least 2, but is 1. For a binary target"),
        ({"num_labels": 0}, "num_labels must be at least 1, but is 0"),
        ({"num_classes": 3, "top_k": 4}, "top_k must lie between 1 and num_classes"),
        ({"top_k": 2}, "top_k must lie between 1 and num_classes"),
        ({"num_classes": 3, "top_k": 0}, "top_k must lie between 1 and num_classes"),
        ({"threshold": 1.5}, "threshold must lie between 0 and 1, but is 1.5"),
    ],
)
def test_invalid_options(options, text):
    with pytest.raises(ValueError, match=text):
        Labels(**options).checked()


@pytest.mark.parametrize(
    ("options", "target", "preds", "error", "text"),
    [
        ({}, BINARY, np.zeros((3, 2)), ValueError, r"preds of shape \(3, 2\) and dtype float32"),
        ({"num_classes": 3}, BINARY, np.zeros((3, 4)), ValueError, "with scores of 3 classes"),
        ({"num_classes": 3}, BINARY, np.zeros((3, 3), int), ValueError, r"expected \(3,\)\."),
        ({"num_labels": 2}, BINARY, np.zeros((3, 2)), ValueError, "with 2 labels along the last"),
        ({"num_labels": 2}, BINARY, BINARY, ValueError, "has no last axis of num_labels=2"),
        ({"num_classes": 3, "top_k": 2}, BINARY, BINARY, TypeError, "top_k=2 needs scores, floats"),
        ({}, BINARY * 1.0, BINARY, TypeError, "target must hold labels, integers or booleans"),
        ({}, BINARY, BINARY * 1j, TypeError, "preds must hold labels, integers or booleans"),
    ],
)
def test_invalid_arguments(options, target, preds, error, text):
    with pytest.raises(error, match=text):
        Labels(**options).checked().compare(target, preds)


def test_an_unknown_label_is_a_fault_unless_its_weight_is_zero():
    labels = Labels(num_classes=2)
    assert np.isnan(fault(labels, BINARY + 1, BINARY))
    assert fault(labels, BINARY, BINARY) == 0
    outside = np.array([0, 1, 2])
    assert fault(labels, outside, BINARY, mask=outside < 2) == 0
    assert fault(labels, outside, BINARY, sample_weight=outside < 2) == 0
    assert fault(labels._replace(ignore_index=2), outside, BINARY) == 0
    assert np.isnan(fault(labels, BINARY, outside))


def test_labels_beyond_int32_are_unknown():
    with jax.enable_x64(True):
        assert as_labels("target", np.array([1, 2**32 + 1, -(2**32)])).tolist() == [1, MAX, MIN]
    assert as_labels("target", np.array([1, 2**32 - 1], np.uint32)).tolist() == [1, MAX]
    assert as_labels("target", np.array([True, False])).tolist() == [1, 0]


@pytest.mark.parametrize("ignored", [MAX, 2**31, 2**32 - 1])
@pytest.mark.parametrize(
    "metric",
    [
        jm.metrics.Accuracy,
        jm.metrics.AUROC,
        jm.metrics.Perplexity,
        functools.partial(jm.metrics.RetrievalPrecision, top_k=1),
    ],
)
def test_of_labels_beyond_int32_only_one_is_ignored(metric, ignored):
    is_class = metric in (jm.metrics.Accuracy, jm.metrics.AUROC)
    metric = metric(ignore_index=ignored, **({"num_classes": 3} if is_class else {}))
    shape = (4,) if isinstance(metric, jm.metrics.RetrievalMetric) else (4, 3)
    preds = np.full(shape, 1 / 3, np.float32)
    target = np.array([0, 1, 1, ignored], np.uint32)
    assert np.isfinite(metric(target=target, preds=preds)).all()
    target[2] = ignored - 1 if ignored > MAX else ignored + 1
    with pytest.raises(ValueError, match="ignore_index"):
        metric.update(target=target, preds=preds)


def test_a_nan_score_is_a_fault_unless_its_weight_is_zero():
    scores = jnp.array([[0.1, 0.9], [0.8, jnp.nan], [jnp.nan, 0.7]])
    assert np.isnan(fault(Labels(2), BINARY, scores))
    assert fault(Labels(2), BINARY, scores, mask=np.array([True, False, False])) == 0
    assert fault(Labels(2), BINARY, scores.at[1:].set(-jnp.inf)) == 0
    with pytest.raises(ValueError, match="preds must be numbers, but some are NaN"):
        Accuracy().update(target=BINARY, preds=scores)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_largest_equals_argmax_and_max(dtype):
    scores = jnp.asarray(np.random.default_rng(0).integers(-2, 3, (4, 50, 7)), dtype)
    scores = scores.at[0, :9, 3].set(jnp.nan).at[1, 0].set(-jnp.inf).at[1, 1, 2].set(jnp.inf)
    index, score = largest(scores)
    np.testing.assert_array_equal(index, scores.argmax(-1))
    np.testing.assert_array_equal(*(x.astype(jnp.float32) for x in (score, scores.max(-1))))


def test_labels_of_scores_have_no_gradient():
    def right(scores):
        return scores.sum(), Accuracy().update(target=BINARY, preds=scores).compute()

    gradient, accuracy = jax.grad(right, has_aux=True)(jnp.eye(3, 2))
    assert (gradient == 1).all()
    assert accuracy == pytest.approx(2 / 3)


def test_ties_go_to_the_first_class():
    scores = jnp.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    target = jnp.array([1, 2, 2])
    assert Labels(3).compare(target, scores).preds.tolist() == [0, 1, 0]
    assert Labels(3, top_k=2).compare(target, scores).preds.tolist() == [1, 2, 0]
