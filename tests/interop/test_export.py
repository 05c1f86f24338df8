"""jax.export: the program of a module as bytes."""

import pickle

import jax
import jax.numpy as jnp
import pytest
from jax import export

import jax_metrics as jm


def through_bytes(exported: export.Exported, vjp_order: int = 0) -> export.Exported:
    pytest.importorskip("flatbuffers", reason="flatbuffers, which serializes, is not installed")
    return export.deserialize(bytearray(exported.serialize(vjp_order)))


def test_parameters_closed_over_become_constants(model, x):
    model = model.eval()
    loaded = through_bytes(export.export(jax.jit(lambda x: model(x)))(x))
    assert jnp.allclose(loaded.call(x), model(x), atol=1e-6)


@pytest.mark.slow
def test_batch_size_may_be_symbolic(model, x):
    model = model.eval()
    (batch,) = export.symbolic_shape("batch")
    shape = jax.ShapeDtypeStruct((batch, 3), x.dtype)
    loaded = through_bytes(export.export(jax.jit(lambda x: model(x)))(shape))
    assert jnp.allclose(loaded.call(x[:5]), model(x[:5]), atol=1e-6)


@pytest.mark.slow
def test_a_module_is_an_argument_within_one_process(model, x, assert_close):
    def step(model, x):
        y = model(x)
        return y, model

    exported = export.export(jax.jit(step))(model, x)
    assert_close(exported.call(model, x), jax.jit(step)(model, x))


def test_leaves_as_arguments_go_through_bytes(mlp, x):
    """Leaves are plain lists, so the parameters can be exchanged without any registration."""
    leaves, structure = jax.tree.flatten(mlp)
    loaded = through_bytes(
        export.export(jax.jit(lambda ls, x: structure.unflatten(ls)(x)))(leaves, x)
    )
    doubled = jax.tree.map(lambda leaf: 2 * leaf, mlp)
    assert jnp.allclose(loaded.call(jax.tree.leaves(doubled), x), doubled(x), atol=1e-5)


def test_gradients_are_exported_too(mlp, x, assert_close):
    leaves, structure = jax.tree.flatten(mlp)
    loss = lambda leaves, x: (structure.unflatten(leaves)(x) ** 2).mean()  # noqa: E731
    loaded = through_bytes(export.export(jax.jit(loss))(leaves, x), vjp_order=1)
    assert_close(jax.grad(loaded.call)(leaves, x), jax.grad(loss)(leaves, x))


class Scale(jm.Module):
    factor: jax.Array = jm.Parameter.node()
    power: int

    def __init__(self, factor, power):
        self.factor = factor
        self.power = power

    def __call__(self, x):
        return self.factor * x**self.power


def test_a_class_is_registered_by_its_static_fields(x):
    """What JAX asks for: the layout of a Scale as bytes, and back."""
    scale = Scale(jnp.array(3.0), 2)
    exported = export.export(jax.jit(lambda scale, x: scale(x)))(scale, x)
    pytest.importorskip("flatbuffers", reason="flatbuffers, which serializes, is not installed")
    with pytest.raises(ValueError, match="unregistered type `<class '.*Scale'>`"):
        exported.serialize()
    export.register_pytree_node_serialization(
        Scale,
        serialized_name="tests.interop.Scale",
        serialize_auxdata=lambda layout: pickle.dumps(dict(layout.statics())["power"]),
        deserialize_auxdata=lambda data: jm.tree.layout_of(Scale(0.0, pickle.loads(data))),
    )
    loaded = through_bytes(exported)
    assert jnp.allclose(loaded.call(scale, x), 3 * x**2)
    with pytest.raises(ValueError, match="pytree"):
        loaded.call(Scale(jnp.array(3.0), 3), x)
