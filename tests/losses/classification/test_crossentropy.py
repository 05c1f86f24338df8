"""The options of crossentropy, against formulas in float64 and scikit-learn."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special as special
from sklearn.metrics import log_loss

from jax_metrics.losses import Crossentropy, crossentropy, smooth_labels
from jax_metrics.testing import check_loss

rng = np.random.default_rng(0)
PREDS = rng.normal(size=(6, 4))
LABELS = rng.integers(0, 4, 6).astype(np.int32)
ONE_HOT = np.eye(4)[LABELS]
SOFT = special.softmax(rng.normal(size=(6, 4)), -1)
YES = rng.integers(0, 2, (6, 4)).astype(np.int32)


@pytest.mark.parametrize("target", [LABELS, ONE_HOT, SOFT], ids=["labels", "one_hot", "soft"])
@pytest.mark.parametrize("logits", [True, False])
@pytest.mark.parametrize(("smoothing", "weights"), [(0, None), (0.2, None), (0.2, (1, 2, 0, 3))])
def test_categorical(target, logits, smoothing, weights):
    log = special.log_softmax(PREDS, -1)
    smoothed = np.eye(4)[target] if target.ndim == 1 else target
    smoothed = (1 - smoothing) * smoothed + smoothing / 4
    expected = -(smoothed * (1 if weights is None else np.array(weights)) * log).sum(-1)
    options = {"from_logits": logits, "label_smoothing": smoothing, "class_weights": weights}
    preds = PREDS if logits else np.exp(log)
    np.testing.assert_allclose(crossentropy(target, preds, **options), expected, rtol=1e-5)
    found = Crossentropy(reduction="none", **options)(target=target, preds=preds)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("logits", "smoothing", "weights"),
    list(itertools.product([True, False], [0, 0.2], [None, (2, 3)])),
)
def test_binary(logits, smoothing, weights):
    p = special.expit(PREDS)
    yes = (1 - smoothing) * YES + smoothing / 2
    w = (1, 1) if weights is None else weights
    expected = -(w[1] * yes * np.log(p) + w[0] * (1 - yes) * np.log(1 - p))
    options = {"from_logits": logits, "label_smoothing": smoothing, "class_weights": weights}
    found = crossentropy(YES, PREDS if logits else p, binary=True, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_scikit_learn():
    p = special.softmax(PREDS, -1)
    weight = np.linspace(1, 2, 6)
    expected = log_loss(LABELS, p, labels=range(4), sample_weight=weight)
    loss = Crossentropy(reduction="mean_over_weights")
    found = loss(target=LABELS, preds=PREDS, sample_weight=weight)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


# -- limits, masks and gradients of each branch of the implementation -----------------------

INF = np.inf


def rows(target, preds):
    return {"target": np.array(target), "preds": np.array(preds)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "arguments", "limits"),
    [
        (
            Crossentropy(),
            {"target": SOFT, "preds": PREDS},
            [
                (rows([[1.0, 0.0]] * 2, [[0.0, -INF], [-INF, 0.0]]), [0, INF]),
                (rows([[0.5, 0.5]], [[1e4, -1e4]]), [1e4]),
            ],
        ),
        (
            Crossentropy(binary=True),
            {"target": YES, "preds": PREDS},
            [(rows([1, 1, 0, 0], [INF, -1e4, -INF, INF]), [0, 1e4, 0, INF])],
        ),
        (
            Crossentropy(binary=True, from_logits=False, epsilon=0.0),
            {"target": YES, "preds": special.expit(PREDS)},
            [(rows([1, 1, 0, 0], [1.0, 0.0, 0.0, 1.0]), [0, INF, 0, INF])],
        ),
        (
            Crossentropy(from_logits=False),
            {"target": LABELS, "preds": special.softmax(PREDS, -1)},
            [(rows([0, 1], [[1.0, 0.0], [1.0, 0.0]]), [0, -np.log(1e-7)])],
        ),
        (
            Crossentropy(from_logits=False, epsilon=0.0),
            {"target": SOFT, "preds": special.softmax(PREDS, -1)},
            [(rows([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]), [0, INF])],
        ),
        (Crossentropy(ignore_index=2, class_weights=(1, 2, 3, 4)), rows(LABELS, PREDS), []),
    ],
    ids=["soft", "binary", "binary_probabilities", "probabilities", "exact", "ignored"],
)
def test_limits(loss, arguments, limits):
    check_loss(loss, arguments, limits=limits)


@pytest.mark.slow
def test_ignored_labels():
    target = np.array([0, -100, 3, -100], np.int32)
    preds = PREDS[:4]
    expected = crossentropy(target[::2], preds[::2])
    found = crossentropy(target, preds, ignore_index=-100)
    np.testing.assert_allclose(found, [expected[0], 0, expected[1], 0])
    loss = Crossentropy(ignore_index=-100)
    np.testing.assert_allclose(loss(target=target, preds=preds), expected.mean(), rtol=1e-6)
    assert float(loss(target=np.full(4, -100), preds=preds)) == 0
    binary = Crossentropy(ignore_index=-1, binary=True)
    found = binary(target=np.array([1, -1]), preds=np.array([0.0, 9.0]))
    np.testing.assert_allclose(found, np.log(2), rtol=1e-6)


def test_weighted_mean_counts_the_weights_of_classes():
    weights = (1.0, 2.0, 0.5, 3.0)
    values = crossentropy(LABELS, PREDS, class_weights=weights)
    found = Crossentropy(class_weights=weights, reduction="mean_over_weights")(
        target=LABELS, preds=PREDS, sample_weight=np.arange(6)
    )
    class_weight = np.array(weights)[LABELS]
    expected = (np.arange(6) * values).sum() / (np.arange(6) * class_weight).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.slow
def test_labels_out_of_range():
    target = np.array([0, 4, 1], np.int32)
    with pytest.raises(
        ValueError, match="the label 4, but preds has 4 classes, 0 to 3.*ignore_index"
    ):
        crossentropy(target, PREDS[:3])
    compiled = jax.jit(crossentropy)(target, PREDS[:3])
    np.testing.assert_array_equal(np.isnan(compiled), [False, True, False])
    unchecked = crossentropy(target, PREDS[:3], check_bounds=False)
    assert np.isfinite(unchecked).all()
    masked = Crossentropy()(target=target, preds=PREDS[:3], mask=np.array([True, False, True]))
    assert np.isfinite(masked)


def test_targets_that_are_not_probabilities():
    with pytest.raises(ValueError, match="target holds -1, which is neither a label 0 or 1 nor"):
        crossentropy(np.array([1, -1]), np.zeros(2), binary=True)
    compiled = jax.jit(lambda t: crossentropy(t, jnp.zeros(2), binary=True))(jnp.array([1, -1]))
    np.testing.assert_array_equal(np.isnan(compiled), [False, True])
    with pytest.raises(ValueError, match="target holds 2"):
        crossentropy(np.array([[2.0, 0.0]]), np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("target", "preds", "options", "error", "message"),
    [
        (LABELS, PREDS[:5], {}, ValueError, r"integer labels \[5\] or probabilities \[5, 4\]"),
        (LABELS[:, None], PREDS, {}, ValueError, r"Write `target\[..., 0\]` to drop the last axis"),
        (LABELS.astype(float), PREDS, {}, TypeError, "Labels must be integers.*`target.astype"),
        (LABELS[:4], PREDS[0], {}, ValueError, "For one score per label, .* `binary=True`"),
        (LABELS, PREDS[:, :1], {}, ValueError, "at least two classes.*`binary=True`"),
        (YES[:, 0], PREDS[:, :1], {"binary": True}, ValueError, r"Write `preds\[..., 0\]`"),
        (LABELS, PREDS, {"class_weights": (1, 2)}, ValueError, r"each of 4 classes, but .* \[2\]"),
        (LABELS, PREDS, {"label_smoothing": 1.5}, ValueError, "between 0 and 1, but is 1.5"),
        (SOFT, PREDS, {"ignore_index": 0}, ValueError, "ignore_index=0 needs integer labels"),
    ],
)
def test_errors(target, preds, options, error, message):
    with pytest.raises(error, match=message):
        crossentropy(target, preds, **options)


def test_smooth_labels():
    np.testing.assert_allclose(smooth_labels(jnp.eye(4)[0], 0.4), [0.7, 0.1, 0.1, 0.1], rtol=1e-6)
    np.testing.assert_allclose(smooth_labels(jnp.array([0, 1]), 0.4, binary=True), [0.2, 0.8])
    with pytest.raises(ValueError, match="smoothing must lie between 0 and 1"):
        smooth_labels(jnp.eye(4), -0.1)
