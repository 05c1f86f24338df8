import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn import ExponentialMovingAverage

X = jnp.ones((4, 3))


def model_with(value, dtype=jnp.float32):
    model = jm.Sequential(jm.Linear(2, param_dtype=dtype), jm.BatchNorm()).init(0, X)
    return model.at[".layers[0].bias"].set(jnp.full(2, value, dtype))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.9999])
@pytest.mark.parametrize("debias", [True, False])
def test_against_the_sum_of_weights_in_float64(decay, debias):
    values = np.random.default_rng(0).normal(size=20).astype(np.float32).astype(np.float64)
    ema = ExponentialMovingAverage(model_with(7.0), decay, debias=debias)
    step = jax.jit(lambda ema, model: ema.update(model))
    for value in values:
        ema = step(ema, model_with(value))
    weights = (1 - decay) * decay ** np.arange(19, -1, -1)
    expected = (weights * values).sum()
    expected = expected / weights.sum() if debias else expected + decay**20 * 7.0
    np.testing.assert_allclose(ema.model.layers[0].bias, [expected] * 2, rtol=2e-5, atol=1e-6)
    assert ema.count == 20
    assert step._cache_size() == 1


def test_before_an_update_it_is_the_model_itself():
    model = model_with(3.0)
    same = ExponentialMovingAverage(model, 0.9).model
    assert jax.tree.structure(same) == jax.tree.structure(model)
    assert all(map(jnp.array_equal, jax.tree.leaves(same), jax.tree.leaves(model)))


def test_all_else_is_as_in_the_last_model():
    model = model_with(1.0)
    ema = ExponentialMovingAverage(model, 0.9)
    model(X * 5)
    ema.update(model)
    assert jnp.array_equal(ema.model.layers[1].mean, model.layers[1].mean)
    everything = ExponentialMovingAverage(model, 0.5, jm.BatchStats, debias=False)
    before = model.layers[1].mean
    model(X * 9)
    everything.update(model)
    np.testing.assert_allclose(
        everything.model.layers[1].mean, (before + model.layers[1].mean) / 2, rtol=1e-5
    )


def test_bfloat16_is_averaged_in_float32():
    ema = ExponentialMovingAverage(model_with(1.0, jnp.bfloat16), 0.999, debias=False)
    for _ in range(10):
        ema.update(model_with(2.0, jnp.bfloat16))
    np.testing.assert_allclose(ema.averages[".layers[0].bias"], 2 - 0.999**10, rtol=1e-5)
    assert ema.model.layers[0].bias.dtype == jnp.bfloat16


def test_the_count_stops_at_the_end_of_int32():
    ema = ExponentialMovingAverage(model_with(1.0), 0.9)
    ema.count = jnp.array(2**31 - 2, jnp.int32)
    assert ema.update(model_with(1.0)).count == 2**31 - 1
    assert ema.update(model_with(1.0)).count == 2**31 - 1
    np.testing.assert_allclose(ema.model.layers[0].bias, 1.0)


def test_it_can_be_donated_next_to_the_model_and_scanned():
    model = model_with(1.0)
    ema = ExponentialMovingAverage(jax.tree.map(jnp.copy, model), 0.9)

    def step(model, ema):
        model = jax.tree.map(lambda leaf: leaf + 1, model)
        return model, ema.update(model)

    donating = jax.jit(step, donate_argnums=(0, 1))
    model, ema = donating(*donating(model, ema))
    (model, ema), _ = jax.lax.scan(lambda c, _: (step(*c), None), (model, ema), length=3)
    assert ema.count == 5


def test_an_optimizer_sees_no_parameters_in_it():
    class Both(jm.Module):
        def __init__(self, model):
            self.model = model
            self.ema = ExponentialMovingAverage(model, 0.9)

    paths = [path for path, _ in Both(model_with(1.0)).named_parameters()]
    assert paths and all(path.startswith(".model") for path in paths)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ExponentialMovingAverage(model_with(1.0), 1.0), "at least 0 and below 1; got 1.0"),
        (lambda: ExponentialMovingAverage(jm.Linear(2), 0.9), "nothing to average. Initialize"),
        (
            lambda: ExponentialMovingAverage(jm.Linear(2).init(0, X), 0.9).update(
                jm.Linear(3).init(0, X)
            ),
            r"the shape \(2,\) at .bias, but the model has \(3,\)",
        ),
        (
            lambda: ExponentialMovingAverage(jm.Linear(2).init(0, X), 0.9).update(
                jm.Linear(2, use_bias=False).init(0, X)
            ),
            "at .bias, but the model has nothing there",
        ),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError, match=text):
        make()
