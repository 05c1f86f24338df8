"""Losses with an implementation of their own agree with optax, where optax is correct."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jax_metrics import losses

rng = np.random.default_rng(0)
X = jnp.asarray(rng.normal(size=(6, 4)), jnp.float32)
Y = jnp.asarray(rng.integers(0, 4, 6))
ONE_HOT = jnp.eye(4)[Y]
SOFT = jnp.exp(X) / jnp.exp(X).sum(-1, keepdims=True)
BITS = (X > 0).astype(int)
GROUPS = jnp.array([0, 0, 1, 1, 2, 2])
WHERE = jnp.asarray(rng.random((6, 4)) > 0.3).at[:, 0].set(True)


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: losses.log_cosh(X, 2 * X), lambda: optax.losses.log_cosh(2 * X, X)),
        (
            lambda: losses.crossentropy(BITS, X, binary=True),
            lambda: optax.losses.sigmoid_binary_cross_entropy(X, BITS),
        ),
        (lambda: losses.crossentropy(SOFT, X), lambda: optax.losses.softmax_cross_entropy(X, SOFT)),
        (
            lambda: losses.crossentropy(ONE_HOT, X),
            lambda: optax.losses.safe_softmax_cross_entropy(X, ONE_HOT),
        ),
        (
            lambda: losses.poly_crossentropy(ONE_HOT, X),
            lambda: optax.losses.poly_loss_cross_entropy(X, ONE_HOT),
        ),
        (
            lambda: losses.kl_divergence(SOFT, jnp.log(SOFT[::-1])),
            lambda: optax.losses.kl_divergence(jnp.log(SOFT[::-1]), SOFT),
        ),
        (
            lambda: losses.kl_divergence(SOFT, X, generalized=True),
            lambda: optax.losses.generalized_kl_divergence(X, SOFT),
        ),
        (
            lambda: losses.kl_divergence(jnp.log(SOFT), jnp.log(SOFT[::-1]), log_target=True),
            lambda: optax.losses.kl_divergence_with_log_targets(jnp.log(SOFT[::-1]), jnp.log(SOFT)),
        ),
        (lambda: losses.multiclass_hinge(Y, X), lambda: optax.losses.multiclass_hinge_loss(X, Y)),
        (
            lambda: losses.multiclass_perceptron(Y, X),
            lambda: optax.losses.multiclass_perceptron_loss(X, Y),
        ),
        (
            lambda: losses.triplet_margin(X, X + 1, negative=-X),
            lambda: optax.losses.triplet_margin_loss(X, X + 1, -X, eps=0.0),
        ),
        (
            lambda: losses.NTXent()(target=GROUPS, preds=X),
            lambda: optax.losses.ntxent(X, GROUPS),
        ),
        (
            lambda: losses.ranking_softmax(SOFT, X, where=WHERE, item_weights=SOFT),
            lambda: optax.losses.ranking_softmax_loss(
                X, SOFT, where=WHERE, weights=SOFT, reduce_fn=None
            ),
        ),
        (
            lambda: losses.tversky(Y[None], X[None], alpha=0.3, beta=0.7),
            lambda: optax.losses.dice_loss(X[None], ONE_HOT[None], alpha=0.3, beta=0.7),
        ),
        (
            lambda: losses.dice(BITS, X, binary=True),
            lambda: optax.losses.binary_dice_loss(X, BITS),
        ),
    ],
)
def test_agrees_with_optax(found, expected):
    np.testing.assert_allclose(jax.jit(found)(), jax.jit(expected)(), rtol=2e-5, atol=1e-6)


def test_log_cosh_keeps_its_digits():
    """Why the function of optax is not used."""
    error = jnp.array([1e-3])
    exact = 1e-6 / 2
    ours, theirs = losses.log_cosh(0 * error, error), optax.losses.log_cosh(error, 0 * error)
    np.testing.assert_allclose(ours, exact, rtol=1e-6)
    assert abs(float(theirs[0]) - exact) > 0.02 * exact


def test_infinite_logits():
    """Why the function of optax is not used: it multiplies 0 by infinity."""
    assert float(losses.crossentropy(jnp.array([1]), jnp.array([jnp.inf]), binary=True)[0]) == 0
    theirs = optax.losses.sigmoid_binary_cross_entropy(jnp.array([jnp.inf]), jnp.array([1]))
    assert np.isnan(theirs[0])


@pytest.mark.slow
def test_where_optax_is_wrong():
    """The other differences in docs/guide/losses.md."""
    x, label = jnp.array([[1e6 + 0.5, 1e6, 1e6 - 0.25, 1e6 - 3]]), jnp.array([1])
    np.testing.assert_allclose(losses.multiclass_sparsemax(label, x), 0.5625, rtol=1e-6)
    assert abs(float(optax.losses.multiclass_sparsemax_loss(x, label)[0]) - 0.5625) > 0.01
    zero, one = jnp.zeros((1, 2)), jnp.ones((1, 2))
    assert float(losses.triplet_margin(zero, one, negative=-one, p=1)[0]) == 1
    assert float(optax.losses.triplet_margin_loss(zero, one, -one, norm_degree=1)[0]) == 0
    assert float(losses.NTXent()(target=jnp.arange(3), preds=jnp.eye(3))) == 0
    assert np.isnan(optax.losses.ntxent(jnp.eye(3), jnp.arange(3)))
    minus = jnp.array([[0.0, -jnp.inf]])
    first = jnp.array([[1.0, 0.0]])
    for theirs in (
        optax.losses.softmax_cross_entropy(minus, first),
        optax.losses.poly_loss_cross_entropy(minus, first),
        optax.losses.multiclass_hinge_loss(minus, jnp.array([0])),
        optax.losses.kl_divergence(minus, first),
    ):
        assert np.isnan(theirs[0])


def test_means_over_one_axis():
    for name in ("squared", "absolute", "squared_logarithmic", "absolute_percentage"):
        elements = getattr(losses, f"{name}_error")(X, 2 * X)
        found = getattr(losses, f"mean_{name}_error")(X, 2 * X, axis=0)
        np.testing.assert_allclose(found, elements.mean(0), rtol=1e-6)


@pytest.mark.parametrize("size", [0.0, 1.0, 1e3, 1e6, 1e30])
def test_squared_logarithmic_error_of_close_numbers_keeps_its_digits(size):
    target = np.float32(size) * np.ones(3, np.float32)
    preds = target + np.float32([0, 0.25, -0.25]) * np.float32(max(size, 1) / 64)
    wide = [np.maximum(x.astype(np.float64), 0) for x in (target, preds)]
    expected = (np.log1p(wide[0]) - np.log1p(wide[1])) ** 2
    np.testing.assert_allclose(losses.squared_logarithmic_error(target, preds), expected, rtol=1e-5)
    second = jax.hessian(lambda x: losses.squared_logarithmic_error(jnp.zeros(()), x))(0.0)
    assert float(second) == 2
