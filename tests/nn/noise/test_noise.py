import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = jnp.asarray(np.random.default_rng(0).normal(size=(200, 5, 40)), jnp.float32)
LAYERS = {
    "depth": jm.nn.StochasticDepth(0.25),
    "spatial": jm.nn.SpatialDropout(0.25),
    "alpha": jm.nn.AlphaDropout(0.25),
    "gaussian": jm.nn.GaussianDropout(0.25),
    "noise": jm.nn.GaussianNoise(0.25),
}


@pytest.fixture(params=LAYERS)
def layer(request):
    return LAYERS[request.param].init(0)


def test_each_call_has_a_key_of_its_own(layer):
    again = jm.copy(layer)
    first, second = layer(X), layer(X)
    assert not (first == second).all()
    assert (again(X) == first).all()


@pytest.mark.parametrize("mode", ["eval", "freeze"])
def test_passive(layer, mode):
    quiet = getattr(layer, mode)()
    assert quiet(X) is X
    assert (jax.random.key_data(quiet.rng) == jax.random.key_data(layer.rng)).all()


def test_a_key_may_be_given(layer):
    before = layer.rng
    given = layer(X, rng=7)
    assert (layer(X, rng=jax.random.key(7)) == given).all()
    assert layer.rng is before


@pytest.mark.slow
def test_under_transformations(layer):
    once = jm.copy(layer)(X)

    @jax.jit
    def step(layer, x):
        y = layer(x)
        return layer, y

    returned, compiled = step(layer, X)
    np.testing.assert_allclose(compiled, once, rtol=1e-5, atol=1e-6)
    _, outputs = jax.lax.scan(lambda c, _: step(c, X), layer, None, length=3)
    np.testing.assert_allclose(outputs[0], once, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs[1], step(returned, X)[1], rtol=1e-5, atol=1e-6)
    assert jnp.isfinite(jax.grad(lambda x: jm.copy(layer)(x, rng=0).sum())(X)).all()
    assert layer(X.astype(jnp.bfloat16)).dtype == jnp.bfloat16


def test_without_a_key(layer):
    fresh = type(layer)(0.25)
    with pytest.raises(RuntimeError, match=f"{type(layer).__name__} needs a random key"):
        fresh(X)
    assert fresh.eval()(X) is X


def test_a_rate_of_zero_needs_no_key(layer):
    quiet = type(layer)(0.0)
    assert quiet(X) is X and jax.tree.leaves(quiet) == []


def test_a_rate_that_is_raised_later_asks_for_a_key():
    layer = jm.nn.SpatialDropout(0.0).init(0)
    layer.rate = 0.5
    with pytest.raises(RuntimeError, match="needs a random key"):
        layer(X)


def test_only_floats(layer):
    with pytest.raises(TypeError, match="expects a floating-point array; got int32"):
        layer(jnp.arange(8).reshape(2, 2, 2))


def fates(y):
    """What became of each value, as the factor that it was multiplied with."""
    return np.asarray(y / X)


def test_stochastic_depth_drops_examples():
    factors = fates(jm.nn.StochasticDepth(0.25).init(0)(X)).reshape(len(X), -1)
    assert np.ptp(factors, axis=1).max() < 1e-5
    np.testing.assert_allclose(np.unique(factors.round(3)), [0, 1.333])
    assert abs((factors[:, 0] == 0).mean() - 0.25) < 0.08
    layer = jm.nn.StochasticDepth(0.5, "batch").init(0)
    assert {len(np.unique(fates(layer(X)).round(3))) for _ in range(5)} == {1}


def test_spatial_dropout_drops_channels():
    factors = fates(jm.nn.SpatialDropout(0.25).init(0)(X))
    assert np.ptp(factors, axis=1).max() < 1e-5
    assert abs((factors[:, 0] == 0).mean() - 0.25) < 0.02


@pytest.mark.slow
def test_alpha_dropout_keeps_mean_and_variance():
    y = jm.nn.AlphaDropout(0.4).init(0)(X)
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
    # `a` and `b` of the paper's section on alpha dropout.
    alpha = float(jax.nn.selu(jnp.float32(-1e4)))
    a = (0.6 + alpha**2 * 0.6 * 0.4) ** -0.5
    b = -a * 0.4 * alpha
    dropped = jnp.isclose(y, a * alpha + b, rtol=1e-5)
    assert abs(dropped.mean() - 0.4) < 0.01
    np.testing.assert_allclose(y[~dropped], (a * X + b)[~dropped], rtol=1e-4, atol=1e-5)


def test_gaussian_noises():
    ratio = fates(jm.nn.GaussianDropout(0.2).init(0)(X))
    assert abs(np.median(ratio) - 1) < 0.02 and abs(ratio.std() - 0.5) < 0.02
    noise = jm.nn.GaussianNoise(0.3).init(0)(X) - X
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 0.3) < 0.01


@pytest.mark.parametrize("cls", [jm.nn.StochasticDepth, jm.nn.SpatialDropout])
def test_everything_may_be_dropped(cls):
    assert (cls(1.0).init(0)(X) == 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.nn.StochasticDepth(1.5), "from 0 to 1; got 1.5"),
        (lambda: jm.nn.SpatialDropout(-0.1), "from 0 to 1; got -0.1"),
        (lambda: jm.nn.StochasticDepth(0.5, "column"), "'row' or 'batch'; got 'column'"),
        (lambda: jm.nn.AlphaDropout(1.0), "`rate` must be below 1"),
        (lambda: jm.nn.GaussianDropout(1.0), "infinite variance"),
        (lambda: jm.nn.GaussianNoise(-1.0), "at least 0; got -1.0"),
        (lambda: jm.nn.SpatialDropout(0.5).init(0)(X[0]), "at least one spatial axis"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
