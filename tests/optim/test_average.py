"""An average of the parameters beside the optimizer: `jm.nn.ExponentialMovingAverage`."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding
from optimizer_cases import X, Y

import jax_metrics as jm


def loss_fn(model):
    return ((model(X.astype(model.kernel.dtype)) - Y) ** 2).mean()


def step(model, optimizer, average):
    (_, model), grads = jm.value_and_grad(loss_fn)(model)
    model = optimizer.update(grads, model)
    return model, optimizer, average.update(model)


def start(dtype=jnp.float32):
    model = jm.Linear(2).init(0, X)
    return jax.tree.map(lambda p: p.astype(dtype), model)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_it_is_the_formula(dtype):
    model = start(dtype)
    adam = optax.adam(0.05)
    optimizer = jm.Optimizer(jm.optim.master_weights(adam)).init(model)
    average = jm.nn.ExponentialMovingAverage(model, 0.8)
    compiled = jax.jit(lambda *args: step(*args), donate_argnums=(0, 1, 2))
    expected, weights = 0.0, 0.0
    for _ in range(6):
        model, optimizer, average = compiled(model, optimizer, average)
        expected = 0.8 * expected + 0.2 * np.asarray(model.kernel, np.float32)
        weights = 0.8 * weights + 0.2
    assert average.averages[".kernel"].dtype == jnp.float32
    np.testing.assert_allclose(average.averages[".kernel"], expected / weights, rtol=1e-5)
    assert average.model.kernel.dtype == dtype
    assert compiled._cache_size() == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
def test_on_a_mesh_it_lies_where_the_parameters_do(kind):
    mesh = jax.make_mesh((2,), ("model",), axis_types=(kind,), devices=jax.devices()[:2])
    with jax.set_mesh(mesh):
        where = {".kernel": jax.P(None, "model"), ".bias": jax.P("model")}
        model = jax.tree_util.tree_map_with_path(
            lambda path, leaf: jax.device_put(
                leaf, NamedSharding(mesh, where.get(jax.tree_util.keystr(path), jax.P()))
            ),
            start(),
        )
        optimizer = jm.Optimizer(optax.adam(0.05)).init(model)
        average = jm.nn.ExponentialMovingAverage(model, 0.8)

        @jax.jit
        def update(model, optimizer, average):
            model = optimizer.update(model.parameters(), model)
            return model, optimizer, average.update(model)

        model, optimizer, average = update(model, optimizer, average)
        for path, spec in where.items():
            placed = NamedSharding(mesh, spec)
            assert average.averages[path].sharding.is_equivalent_to(placed, len(spec))
