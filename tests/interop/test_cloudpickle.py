"""cloudpickle: classes and functions that no import would find travel by value."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

cloudpickle = pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")


def local_model(x, activation=lambda h: jnp.maximum(h, 0)):
    class Residual(jm.Module):
        scale: jax.Array = jm.Parameter.node()

        def __init__(self, *layers):
            self.layers = list(layers)

        def __call__(self, x):
            if self.initializing():
                self.scale = jnp.ones(())
            for layer in self.layers:
                x = x + self.scale * activation(layer(x))
            return x

    return jm.Sequential(Residual(jm.Linear(3), jm.BatchNorm()), jm.Dropout(0.5)).init(0, x)


@pytest.mark.slow
def test_local_classes_round_trip(x, assert_same):
    model = local_model(x)
    loaded = cloudpickle.loads(cloudpickle.dumps(model))
    assert_same(loaded, model)
    assert type(loaded.layers[0]).scale is type(model.layers[0]).scale
    assert_same(loaded(x), model(x))


@pytest.mark.slow
def test_compact_modules_and_optimizers_round_trip(x, assert_same):
    optax = pytest.importorskip("optax", reason="optax is not installed")

    @jm.compact_module
    def net(x):
        return jm.Linear(2)(jm.Linear(8)(x) ** 2)

    model = net().init(0, x)
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)
    assert_same(cloudpickle.loads(cloudpickle.dumps((model, optimizer))), (model, optimizer))


@pytest.mark.parametrize("name", ["relu", "gelu", "tanh", "silu"])
def test_activations_of_jax_round_trip(x, name, assert_same):
    model = jm.MLP([4, 2], getattr(jax.nn, name)).init(0, x)
    assert_same(cloudpickle.loads(cloudpickle.dumps(model)), model)


@pytest.mark.slow
def test_another_process_computes_the_same(x, tmp_path, assert_close):
    model = local_model(x).eval()
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps((model, x)))
    program = (
        "import sys, pickle\n"
        "import jax, numpy as np\n"
        "model, x = pickle.load(open(sys.argv[1], 'rb'))\n"
        "again = jax.tree.unflatten(*jax.tree.flatten(model)[::-1])\n"
        "assert jax.tree.structure(again) == jax.tree.structure(model)\n"
        "np.save(sys.argv[2], jax.jit(lambda m, x: m(x))(model, x))\n"
    )
    output = tmp_path / "y.npy"
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model.pkl"), str(output)], check=True
    )
    assert_close(jnp.load(output), model(x))
