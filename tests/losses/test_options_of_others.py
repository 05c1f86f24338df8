"""Options that other libraries have: their values, by formulas of our own."""

import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import losses

rng = np.random.default_rng(0)


def test_mean_is_a_name_of_the_usual_reduction():
    assert losses.MeanSquaredError(reduction="mean") == losses.MeanSquaredError()
    with pytest.raises(ValueError, match="There is no reduction 'average'"):
        losses.MeanSquaredError(reduction="average")


@pytest.mark.parametrize("pos_weight", [3.0, (0.5, 2.0, 4.0)])
@pytest.mark.parametrize("from_logits", [True, False])
def test_pos_weight_multiplies_the_loss_of_positives(pos_weight, from_logits):
    target, logits = rng.integers(0, 2, (5, 3)), rng.normal(size=(5, 3))
    p = 1 / (1 + np.exp(-logits))
    expected = -(np.array(pos_weight) * target * np.log(p) + (1 - target) * np.log1p(-p))
    loss = losses.Crossentropy(
        binary=True, pos_weight=pos_weight, from_logits=from_logits, reduction="none"
    )
    preds = jnp.asarray(logits if from_logits else p, jnp.float32)
    np.testing.assert_allclose(loss(target=target, preds=preds), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"pos_weight": 2.0}, "pos_weight is for labels of their own, `binary=True`"),
        ({"pos_weight": (1.0, 2.0), "binary": True}, "a number, or 3 of them for preds of shape"),
    ],
)
def test_mistakes_of_pos_weight(options, message):
    with pytest.raises(ValueError, match=message):
        losses.crossentropy(np.zeros((2, 3)), np.zeros((2, 3)), **options)


@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (4,), ()])
def test_variances_broadcast(shape):
    target, preds = rng.normal(size=(2, 4, 3)).astype(np.float32)
    var = rng.uniform(0.5, 2, shape).astype(np.float32)
    full = np.broadcast_to(var[:, None] if shape == (4,) else var, (4, 3))
    expected = losses.gaussian_nll(target, preds, var=full)
    np.testing.assert_allclose(losses.gaussian_nll(target, preds, var=var), expected, rtol=1e-6)


def test_variances_that_do_not_fit():
    with pytest.raises(ValueError, match=r"or one value for each row, \[4, 1\], but has \[3\]"):
        losses.gaussian_nll(np.zeros((4, 3)), np.zeros((4, 3)), var=np.ones(3))


def test_eps_is_added_to_the_differences_of_triplets():
    a, b, c = rng.normal(size=(3, 4, 2))
    expected = np.maximum(
        0, 1 + np.linalg.norm(a - b + 0.1, axis=-1) - np.linalg.norm(a - c + 0.1, axis=-1)
    )
    found = losses.triplet_margin(a, b, negative=c, eps=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_ctc_by_the_lengths_of_targets():
    target, preds = np.array([[1, 2, 1], [2, 0, 0]]), rng.normal(size=(2, 6, 3))
    lengths = np.array([3, 1])
    whole = losses.ctc(target, preds, target_length=lengths)
    found = losses.ctc(target, preds, target_length=lengths, by_target_length=True)
    np.testing.assert_allclose(found, whole / lengths, rtol=1e-6)


def test_ntxent_as_a_mean_over_pairs():
    groups, x = np.array([0, 0, 0, 1, 1, 2]), rng.normal(size=(6, 4))
    unit = x / np.linalg.norm(x, axis=-1, keepdims=True)
    e = np.exp(unit @ unit.T / 0.5)
    pairs = [
        -np.log(e[i, j] / (e[i, j] + e[i, groups != groups[i]].sum()))
        for i in range(6)
        for j in range(6)
        if i != j and groups[i] == groups[j]
    ]
    loss = losses.NTXent(temperature=0.5, mean_over_pairs=True)
    assert loss(target=groups, preds=x) == pytest.approx(np.mean(pairs), rel=1e-5)
    assert jm.losses.NTXent(temperature=0.5)(target=groups, preds=x) != pytest.approx(
        np.mean(pairs), rel=1e-3
    )
