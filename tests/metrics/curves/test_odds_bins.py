"""Default bins follow the odds, and the functions of curves keep all scores."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

from jax_metrics import metrics as jm
from jax_metrics.metrics.counts import bin_indices, folded
from jax_metrics.metrics.counts._odds_bins import odds_thresholds
from jax_metrics.metrics.inputs import Labels, as_smaller_probabilities

rng = np.random.default_rng(0)
THRESHOLDS = odds_thresholds(jnp.dtype(jnp.float32))


def updated(metric, target, preds, batches=3):
    for rows in np.array_split(np.arange(len(target)), batches):
        metric.update(target=target[rows], preds=preds[rows])
    return metric.compute()


def test_bins_equal_comparisons_with_the_thresholds():
    near = [np.nextafter(THRESHOLDS, np.float32(bound)) for bound in (0, 2)]
    exponents = rng.uniform(-30, 0, (2, 5000))
    preds = np.concatenate(
        [THRESHOLDS, *near, 10 ** exponents[0], 1 - 10 ** exponents[1], rng.uniform(size=5000)]
    )
    preds = np.clip(np.float32(np.append(preds, [0, 0.5, 1])), 0, 1)

    @jax.jit
    def indices(preds):
        return bin_indices(folded(*as_smaller_probabilities(Labels(), preds)), None)

    assert (np.diff(THRESHOLDS) >= 0).all()
    np.testing.assert_array_equal(indices(preds), np.searchsorted(THRESHOLDS, preds, "right"))


@pytest.mark.parametrize("size", [1, 3])
def test_smaller_probabilities_of_logits(size):
    logits = np.float32(rng.normal(size=(100, size)) * 30)
    if size == 1:
        smaller, is_above = as_smaller_probabilities(Labels(from_logits=True), logits)
        p = 1 / (1 + np.exp(-np.float64(logits)))
        rest = 1 / (1 + np.exp(np.float64(logits)))
    else:
        labels = Labels(num_classes=size, from_logits=True)
        smaller, is_above = as_smaller_probabilities(labels, jnp.asarray(logits))
        powers = np.exp(np.float64(logits) - logits.max(-1, keepdims=True))
        p = powers / powers.sum(-1, keepdims=True)
        rest = np.stack([np.delete(powers, k, 1).sum(-1) for k in range(size)], -1)
        rest = rest / powers.sum(-1, keepdims=True)
    clear = abs(p - 0.5) > 1e-6
    np.testing.assert_array_equal(np.asarray(is_above)[clear], (p > 0.5)[clear])
    np.testing.assert_allclose(smaller, np.minimum(p, rest), rtol=2e-5, atol=1e-37)


@pytest.mark.slow
def test_rare_events():
    preds = np.float32(rng.beta(1, 800, 20_000))
    target = (rng.random(20_000) < 3 * preds).astype(int)
    for metric, score in (
        (jm.AUROC(), sk.roc_auc_score),
        (jm.AveragePrecision(), sk.average_precision_score),
    ):
        expected = score(target, preds)
        np.testing.assert_allclose(updated(metric, target, preds), expected, atol=1e-3)


@pytest.mark.parametrize("offset", [-60, -20, 0, 20, 60])
def test_sure_logits(offset):
    target = rng.integers(0, 2, 20_000)
    logits = np.float32(offset + target + rng.normal(size=20_000))
    expected = sk.roc_auc_score(target, logits)
    value = updated(jm.AUROC(from_logits=True), target, logits)
    np.testing.assert_allclose(value, expected, atol=1e-3)
    classes = jm.AUROC(from_logits=True, num_classes=2, average=None)
    both = np.stack([0 * logits, logits], -1)
    np.testing.assert_allclose(updated(classes, target, both), expected, atol=1e-3)
    labels = jm.AUROC(from_logits=True, num_labels=2, average=None)
    pairs = np.stack([target, target], -1), np.stack([logits, logits], -1)
    np.testing.assert_allclose(updated(labels, *pairs), expected, atol=1e-3)


def test_binned_states_merge_and_scan():
    target, preds = rng.integers(0, 2, (4, 50)), np.float32(rng.beta(1, 50, (4, 50)))
    whole = jm.AUROC().update(target=target.ravel(), preds=preds.ravel())

    def step(metric, batch):
        return metric.update(target=batch[0], preds=batch[1]), None

    scanned, _ = jax.lax.scan(step, jm.AUROC(), (target, preds))
    merged = jm.AUROC().update(target=target[0], preds=preds[0])
    merged.merge_state(jm.AUROC().update(target=target[1:].ravel(), preds=preds[1:].ravel()))
    for one in (scanned, merged):
        for actual, expected in zip(jax.tree.leaves(one), jax.tree.leaves(whole), strict=True):
            np.testing.assert_array_equal(actual, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "metric", "options"),
    [
        ("auroc", jm.AUROC, {}),
        ("average_precision", jm.AveragePrecision, {}),
        ("eer", jm.EER, {}),
        ("log_auc", jm.LogAUC, {}),
        ("roc", jm.ROC, {}),
        ("det", jm.DET, {}),
        ("precision_recall_curve", jm.PrecisionRecallCurve, {}),
        ("recall_at_fixed_precision", jm.RecallAtFixedPrecision, {"min_precision": 0.6}),
        ("precision_at_fixed_recall", jm.PrecisionAtFixedRecall, {"min_recall": 0.6}),
        ("sensitivity_at_specificity", jm.SensitivityAtSpecificity, {"min_specificity": 0.6}),
        ("specificity_at_sensitivity", jm.SpecificityAtSensitivity, {"min_sensitivity": 0.6}),
    ],
)
@pytest.mark.parametrize(
    "kind",
    [
        {},
        pytest.param({"num_classes": 3}, marks=pytest.mark.slow),
        pytest.param({"num_labels": 3}, marks=pytest.mark.slow),
    ],
)
def test_functions_are_exact_unless_thresholds_are_given(name, metric, options, kind):
    function, options = getattr(jm, name), options | kind
    shape = (24, 3) if kind else (24,)
    target = np.arange(24) % 3 if "num_classes" in kind else rng.integers(0, 2, shape)
    preds = np.float32(0.4999 + 1e-4 * rng.random(shape))  # all in one bin

    def leaves(value):
        return [np.asarray(leaf) for leaf in jax.tree.leaves(value)]

    exact = metric(capacity=24, **options)(target=target, preds=preds)
    for actual, expected in zip(
        leaves(function(target, preds, **options)), leaves(exact), strict=True
    ):
        np.testing.assert_array_equal(actual, expected)
    jitted = jax.jit(lambda t, p: function(t, p, **options))(target, preds)
    np.testing.assert_allclose(leaves(jitted)[0], leaves(exact)[0], rtol=1e-5)
    binned = metric(thresholds=5, **options)(target=target, preds=preds)
    thresholds = leaves(function(target, preds, thresholds=5, **options))
    for actual, expected in zip(thresholds, leaves(binned), strict=True):
        np.testing.assert_array_equal(actual, expected)
    assert {"thresholds", "capacity"} <= inspect.signature(function).parameters.keys()
