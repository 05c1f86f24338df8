"""On a mesh, the state of a parameter is where the parameter is."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding

import jax_metrics as jm

SPECS = {"w": jax.P("data", "model"), "b": jax.P("model"), "scale": jax.P()}
HISTORY = ("diff_params_memory", "diff_updates_memory")


def value_fn(params):
    wide = jax.tree.map(lambda p: p.astype(jnp.float32), params)
    return sum((leaf**2).sum() for leaf in jax.tree.leaves(wide))


TRANSFORMATIONS = {
    "adam": lambda: optax.adam(0.1),
    "schedule": lambda: optax.sgd(optax.linear_schedule(0.1, 0.0, 5), momentum=0.9),
    "hyperparams": lambda: jm.optim.with_hyperparams(optax.adam, learning_rate=0.1),
    "groups": lambda: jm.optim.groups({"['w']": optax.adam(0.1), ...: optax.sgd(0.1)}),
    "wrapped": lambda: jm.optim.with_norms(
        jm.optim.master_weights(jm.optim.loss_scaling(optax.adamw(0.1)))
    ),
    "multi_steps": lambda: optax.MultiSteps(optax.adam(0.1), 2),
    "noise": lambda: optax.chain(optax.add_noise(0.0, 0.5, jax.random.key(0)), optax.sgd(0.1)),
    "schedule_free": lambda: optax.contrib.schedule_free_adamw(0.1),
    "prodigy": lambda: optax.contrib.prodigy(0.5),
    "muon": lambda: optax.contrib.muon(0.1),
    "clip": lambda: optax.chain(optax.clip_by_global_norm(0.1), optax.adam(0.1)),
    "lbfgs": lambda: optax.scale_by_lbfgs(),
}


def start(dtype=jnp.float32):
    return {
        "w": jnp.linspace(-1, 1, 32).reshape(8, 4).astype(dtype),
        "b": jnp.linspace(0, 1, 4).astype(dtype),
        "scale": jnp.ones((), dtype),
    }


def run(transformation, params, steps=3):
    optimizer = jm.Optimizer(transformation).init(params)

    @jax.jit
    def step(params, optimizer):
        grads = jax.grad(value_fn)(params)
        return optimizer.update(grads, params), optimizer

    first = optimizer
    for _ in range(steps):
        params, optimizer = step(params, optimizer)
    return params, first, optimizer, step


def check_places(optimizer, params):
    for keys, leaf in jax.tree_util.tree_leaves_with_path(optimizer.opt_state):
        names = [getattr(key, "key", getattr(key, "name", None)) for key in keys]
        param = next((params[name] for name in SPECS if f"['{name}']" == names[-1]), None)
        spec = jax.P() if param is None else param.sharding.spec
        spec = jax.P(None, *spec) if set(names) & {*HISTORY} else spec
        expected = NamedSharding(params["w"].sharding.mesh, spec)
        assert leaf.committed or jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        assert leaf.sharding.is_equivalent_to(expected, leaf.ndim), (keys, leaf.sharding)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_state_follows_its_parameter(name, kind):
    dtype = jnp.bfloat16 if name == "wrapped" else jnp.float32
    expected, _, _, _ = run(TRANSFORMATIONS[name](), start(dtype))
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind, kind))
    with jax.set_mesh(mesh):
        where = {key: NamedSharding(mesh, spec) for key, spec in SPECS.items()}
        params = jax.device_put(start(dtype), where)
        new, first, optimizer, step = run(TRANSFORMATIONS[name](), params)
        check_places(first, params)
        check_places(optimizer, params)
        assert step._cache_size() == 1 or name == "noise"  # JAX counts typed keys twice
        for key, value in new.items():
            assert value.sharding.is_equivalent_to(where[key], value.ndim)
            exact = 1e-3 if name == "muon" else 1e-5  # its iteration amplifies rounding
            np.testing.assert_allclose(
                jax.device_get(value).astype(float),
                expected[key].astype(float),
                rtol=exact,
                atol=exact / 10,
            )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
def test_settings_and_changes_on_a_mesh(kind):
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind, kind))
    with jax.set_mesh(mesh):
        where = {key: NamedSharding(mesh, spec) for key, spec in SPECS.items()}
        params = jax.device_put(start(), where)
        hyper = jm.optim.with_hyperparams(optax.adam, learning_rate=0.1)
        _, _, optimizer, step = run(hyper, params)
        optimizer.learning_rate = 0.01
        check_places(optimizer, params)
        _, optimizer = step(params, optimizer)
        assert step._cache_size() == 1
        moved = jax.device_put(params, NamedSharding(mesh, jax.P()))
        check_places(optimizer.adapt(moved), moved)
        back = optimizer.adapt(moved).adapt(params)
        check_places(back, params)
        assert jm.equal(jax.device_get(back.opt_state), jax.device_get(optimizer.opt_state))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
def test_extra_arguments_on_a_mesh(kind):
    mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind, kind))
    with jax.set_mesh(mesh):
        where = {key: NamedSharding(mesh, spec) for key, spec in SPECS.items()}
        params = jax.device_put(start(), where)
        plateau = optax.contrib.reduce_on_plateau(0.5, patience=1)
        optimizer = jm.Optimizer(optax.chain(optax.sgd(0.1), plateau)).init(params)
        for value in (1.0, value_fn(params), 1000.0, 1000.0):
            params = optimizer.update(params, params, value=value)
        assert params["w"].sharding.is_equivalent_to(where["w"], 2)
        assert optimizer.opt_state[1].scale == 0.125


def test_one_device_stays_as_it_was():
    optimizer = jm.Optimizer(optax.adam(0.1)).init(start())
    assert not any(leaf.committed for leaf in jax.tree.leaves(optimizer))
