"""Margins are not absorbed by large scores, and infinite ones cost what the formula says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import losses, metrics

LARGE = np.array([[3e30, 3e30, -3e30], [1e9, 0.0, 1e9]], np.float32)
LABELS, MANY = np.array([0, 2]), np.array([[1, 0, 0], [0, 0, 1]])
INF = np.inf


@pytest.mark.parametrize(
    ("loss", "target", "expected"),
    [
        (losses.multiclass_hinge, LABELS, [1, 1]),
        (losses.multi_margin, LABELS, [1 / 3, 1 / 3]),
        (losses.multilabel_margin, MANY, [1 / 3, 1 / 3]),
        (losses.multiclass_perceptron, LABELS, [0, 0]),
    ],
)
def test_the_margin_of_equal_scores(loss, target, expected):
    np.testing.assert_allclose(loss(target, LARGE), expected, rtol=1e-6)


def test_the_margin_of_equal_distances():
    anchor, far = np.zeros((1, 2), np.float32), np.full((1, 2), 1e9, np.float32)
    assert losses.triplet_margin(anchor, far, negative=-far, margin=0.5) == 0.5


def test_the_metric_of_equal_scores():
    hinge = metrics.HingeLoss(num_classes=3, squared=True)
    assert hinge(target=LABELS, preds=LARGE) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loss", "scores", "expected"),
    [
        (losses.multiclass_hinge, [INF, 0.0], 0),
        (losses.multiclass_hinge, [INF, INF], 1),
        (losses.multiclass_hinge, [0.0, INF], INF),
        (losses.multiclass_perceptron, [INF, 0.0], 0),
        (losses.multiclass_perceptron, [INF, INF], 0),
        (losses.multiclass_perceptron, [0.0, INF], INF),
        (losses.multi_margin, [INF, INF], 0.5),
        (losses.multi_margin, [-INF, -INF], 0.5),
        (losses.multiclass_sparsemax, [INF, 0.0], 0),
        (losses.multiclass_sparsemax, [0.0, -INF], 0),
        (losses.multiclass_sparsemax, [INF, INF], 0.25),
        (losses.multiclass_sparsemax, [0.0, INF], INF),
        (losses.multiclass_sparsemax, [-INF, 0.0], INF),
    ],
)
def test_infinite_scores(loss, scores, expected):
    target, preds = np.array([0]), jnp.array([scores])
    assert loss(target, preds) == expected
    gradient = jax.grad(lambda preds: loss(target, preds).sum())(preds)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("scores", [[INF, INF], [-INF, -INF]])
def test_equal_infinities_of_labels_have_no_lead(scores):
    target, preds = np.array([[1, 0]]), jnp.array([scores])
    assert losses.multilabel_margin(target, preds) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "expected", "slope"),
    [(INF, 0, 0), (-INF, INF, -1), (-1e9, 1e9, -1), (0.5, 0.0625, -0.25)],
)
def test_binary_sparsemax(score, expected, slope):
    def loss(score):
        return losses.sparsemax(jnp.array(1), score)

    assert loss(jnp.float32(score)) == expected
    assert jax.grad(loss)(jnp.float32(score)) == slope
