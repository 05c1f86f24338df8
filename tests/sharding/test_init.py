"""`init` makes a model in parts: no device holds a whole array that is split."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

import jax_metrics as jm
from jax_metrics.sharding import ShardingError, init
from jax_metrics.sharding._init import init_program
from jax_metrics.testing import collectives

FEATURES = 64
RULES = {".*kernel": ("data", "model"), ".*bias": ("model",)}
inputs = jax.ShapeDtypeStruct((2, FEATURES), jnp.float32)


def mesh_of(kind=AxisType.Auto):
    return jax.make_mesh((4, 2), ("data", "model"), axis_types=(kind,) * 2)


def new_model():
    return jm.Sequential(jm.Linear(FEATURES), jm.Dropout(0.5), jm.Linear(FEATURES))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
def test_values(kind):
    model = init(new_model(), 3, inputs, mesh_of(kind), RULES)
    expected = new_model().init(3, jnp.zeros(inputs.shape))
    assert jax.tree.structure(model) == jax.tree.structure(expected)
    for (path, value), (_, other) in zip(
        model.named_parameters(), expected.named_parameters(), strict=True
    ):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-7, err_msg=path)
        assert value.sharding.spec == (P("data", "model") if "kernel" in path else P("model"))


def test_no_device_holds_the_whole():
    program, arguments = init_program(new_model(), 0, inputs, mesh_of(), RULES, "__call__")
    compiled = program.lower(*arguments).compile()
    assert not collectives(compiled)
    memory = compiled.memory_analysis()
    whole = 2 * 4 * FEATURES * FEATURES
    held = memory.output_size_in_bytes + memory.temp_size_in_bytes
    assert held + memory.argument_size_in_bytes < whole / 2


def test_inputs_of_all_forms():
    class Sum(jm.Module):
        @jm.compact
        def embed(self, a, *, b, double=False):
            assert double
            return jm.Linear(8)(a + b)

    arguments = jm.Inputs(inputs, b=np.ones((2, FEATURES), np.float32), double=True)
    model = init(Sum(), jax.random.key(0), arguments, mesh_of(), RULES, call_method="embed")
    assert model.linear.kernel.sharding.spec == P("data", "model")


def test_pretrained_parts_stay():
    trained = jm.Linear(FEATURES).init(1, jnp.ones((1, FEATURES)))
    model = jm.Sequential(trained, jm.Linear(8))
    made = init(model, 0, inputs, mesh_of(), RULES)
    np.testing.assert_array_equal(made.layers[0].kernel, trained.kernel)


def test_problems_come_first():
    with pytest.raises(ShardingError, match="'.*kernel' matches nothing"):
        init(jm.BatchNorm(), 0, inputs, mesh_of(), RULES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=["auto", "explicit"])
def test_the_second_step_is_not_compiled_again(kind):
    # Everything lies where the step leaves it: also the counter of the optimizer, and the kernel
    # that is split along its first axis.
    mesh = jax.make_mesh((8,), ("data",), axis_types=(kind,))
    inputs = jax.ShapeDtypeStruct((8, 4), "float32")
    rules = jm.sharding.fsdp(mesh, min_size=64)
    model = jm.sharding.init(jm.MLP([64, 4]), 0, inputs, mesh, rules)
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)
    x = jax.device_put(jnp.ones((8, 4)), jax.NamedSharding(mesh, jax.P("data")))

    @jax.jit
    def step(model, optimizer, x):
        grads = jax.grad(lambda model: jnp.mean(model(x) ** 2))(model)
        return optimizer.update(grads, model), optimizer

    for _ in range(2):
        model, optimizer = step(model, optimizer, x)
    assert step._cache_size() == 1


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_shapes_may_have_the_dtypes_of_numpy(dtype):
    """Without a warning that 64 bits become 32."""
    tokens = jax.ShapeDtypeStruct((4, 5), dtype)
    model = init(jm.Embed(8, 4), 0, tokens, mesh_of(), {".*embedding": ("data", None)})
    assert model.embedding.sharding.spec == P("data")
