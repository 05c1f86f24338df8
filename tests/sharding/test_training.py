"""Sharded training gives the values of one device, with the communication that it needs."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jax_metrics as jm
from jax_metrics.testing import collectives

STEPS = 3
VOCABULARY, FEATURES, HIDDEN = 32, 16, 64
ids = jnp.asarray(np.random.default_rng(0).integers(0, VOCABULARY, (64, 6)))
HEAD = {r"\.layers\[2\]\.kernel": (None, "model"), r"\.layers\[2\]\.bias": ("model",)}


def new_model(scan=False):
    layer = jm.nn.TransformerEncoderLayer(
        2, mlp_features=HIDDEN, norm_first=True, causal=True, dropout_rate=0.0, use_bias=False
    )
    return jm.Sequential(
        jm.Embed(VOCABULARY, FEATURES),
        jm.nn.TransformerEncoder(layer, 2 if scan else 1, scan=scan),
        jm.Linear(VOCABULARY),
    )


@functools.cache
def initial(scan=False):
    return jax.jit(lambda: new_model(scan).init(0, ids))()


# Adam divides by the size of gradients; with the usual epsilon it would turn rounding errors of
# gradients near zero into steps.
optimizer = jm.Optimizer(optax.adam(1e-2, eps=1e-3))


def loss_of(model, ids):
    logits = model(ids[:, :-1])
    chosen = jax.nn.one_hot(ids[:, 1:], VOCABULARY) * jax.nn.log_softmax(logits)
    return -jnp.mean(jnp.sum(chosen, axis=-1))


def train(model, ids):
    """Three steps in one program."""

    def step(state, _):
        model, optimizer = state
        (loss, model), grads = jm.value_and_grad(loss_of)(model, ids)
        model = optimizer.update(grads, model)
        return (model, optimizer), loss

    (model, _), losses = jax.lax.scan(step, (model, optimizer.init(model)), None, STEPS)
    return losses, model


@functools.cache
def on_one_device(scan=False):
    losses, model = jax.jit(train)(initial(scan), ids)
    return np.asarray(losses), dict(model.named_parameters())


def mesh_of(kind=AxisType.Auto, shape=(4, 2)):
    return jax.make_mesh(shape, ("data", "model"), axis_types=(kind,) * 2)


def rules_for(name, mesh, model):
    parallel = functools.partial(jm.sharding.tensor_parallel, mesh, model, rules=HEAD)
    return {
        "data": lambda: {...: None},
        "fully": lambda: jm.sharding.fsdp(mesh, min_size=100),
        "tensor": parallel,
        "fully and tensor": lambda: jm.sharding.fsdp(mesh, rules=parallel(), min_size=100),
    }[name]()


def trained(name, mesh, scan=False):
    """What three steps give, and the compiled program."""
    model = initial(scan)
    model = jm.sharding.shard(model, mesh, rules_for(name, mesh, model))
    batch = jax.device_put(ids, NamedSharding(mesh, PartitionSpec("data")))
    where = jax.tree.map(lambda x: x.sharding, model)
    program = jax.jit(train, out_shardings=(None, where)).lower(model, batch).compile()
    return program(model, batch), program


def assert_as_on_one_device(result, scan=False):
    (losses, model), (expected, parameters) = result, on_one_device(scan)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for path, value in model.named_parameters():
        np.testing.assert_allclose(value, parameters[path], rtol=1e-5, atol=1e-6, err_msg=path)


def parameter_shapes():
    return [x.shape for x in jax.tree.leaves(initial().parameters())]


def test_data_parallel():
    result, program = trained("data", mesh_of(shape=(8, 1)))
    assert_as_on_one_device(result)
    found = collectives(program)
    assert found.counts == {"all-reduce": 1}  # all gradients at once
    assert found.bytes == 4 + sum(4 * math.prod(shape) for shape in parameter_shapes())


def test_fully_sharded():
    result, program = trained("fully", mesh_of(shape=(8, 1)))
    assert_as_on_one_device(result)
    found = collectives(program)
    split = [shape for shape in parameter_shapes() if math.prod(shape) >= 100]
    gathered = [shape for each in found.of("all-gather") for shape in each.shapes]
    # Each parameter is gathered where its layer needs it, forward and, if not kept, backward.
    assert len(split) <= len(gathered) <= 2 * len(split)
    assert {tuple(sorted(s)) for s in split} == {tuple(sorted(s)) for s in gathered}
    # A CPU has no reduce-scatter: XLA sums the gradients at once, and each device takes its part.
    assert found.counts.keys() == {"all-gather", "all-reduce"} and found.counts["all-reduce"] == 1


@pytest.mark.slow
def test_tensor_parallel():
    result, program = trained("tensor", mesh_of())
    assert_as_on_one_device(result)
    layer = result[1].layers[1].layers[0]
    assert layer.self_attention.query.kernel.sharding.shard_shape((16, 16)) == (16, 8)
    # Activations are summed, and gradients; no parameter is gathered.
    assert collectives(program).counts.keys() == {"all-reduce"}


@pytest.mark.slow
@pytest.mark.parametrize("scan", [False, True])
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
@pytest.mark.parametrize("name", ["data", "fully", "tensor", "fully and tensor"])
def test_combinations(name, kind, scan):
    mesh = mesh_of(kind)
    with jax.set_mesh(mesh):
        result, _ = trained(name, mesh, scan)
    assert_as_on_one_device(result, scan)
