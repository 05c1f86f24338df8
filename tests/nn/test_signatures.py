"""Layers show their arguments, those of the class and those of a call."""

import inspect
from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm
from jax_metrics import nn

LAYERS = {n: v for n, v in vars(nn).items() if isinstance(v, type) and issubclass(v, jm.Module)}
# They pass all arguments of a call on to other layers, or to a function of the user.
PASS_ON = {"Concatenate", "FlaxLayer", "FlaxModule", "HaikuModule", "Identity", "Lambda", "LoRA"}
PASS_ON |= {"NNXModule", "Remat", "Residual", "Sequential", "SpectralNorm", "Stack", "WeightNorm"}
PASS_ON |= {"TransformerDecoder", "TransformerEncoder"}
# Their constructors pass arguments on.
ANY_ARGUMENTS = {"FlaxLayer", "HaikuModule", "RecurrentLayer"}
ANY = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


def parameters(function):
    return [p for p in inspect.signature(function).parameters.values() if p.name != "self"]


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - PASS_ON))
def test_calls_have_typed_arguments(name):
    found = parameters(LAYERS[name].__call__)
    assert found and not any(p.kind in ANY for p in found)
    assert all(p.annotation is not p.empty for p in found)
    assert inspect.signature(LAYERS[name].__call__).return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("name", sorted(LAYERS.keys() - ANY_ARGUMENTS))
def test_classes_have_typed_arguments(name):
    found = parameters(LAYERS[name])
    assert not any(p.kind is p.VAR_KEYWORD for p in found)
    assert all(p.annotation is not p.empty for p in found)


OTHER_NAMES = {"Linear": "Dense", "LinearGeneral": "DenseGeneral"}
FROM_FLAX = {
    name: layer
    for name, layer in LAYERS.items()
    if hasattr(layer, "_flax_class") and name not in PASS_ON
}


@pytest.mark.parametrize("name", sorted(FROM_FLAX))
def test_calls_have_the_arguments_of_flax(name):
    layer = FROM_FLAX[name]
    twin = getattr(linen, OTHER_NAMES.get(name, name))
    theirs = {p.name: p.default for p in parameters(twin.__call__)}
    ours = {p.name: p.default for p in parameters(layer.__call__)}
    assert all(name in ours and ours[name] == default for name, default in theirs.items())
    assert ours.keys() - theirs.keys() <= {"lengths", "seq_lengths"}


@pytest.mark.parametrize("name", ["Linear", "BatchNorm", "SelfAttention"])
def test_an_object_shows_the_arguments_of_its_call(name):
    layer = LAYERS[name](*([4] if name != "BatchNorm" else []))
    assert parameters(layer) == parameters(layer.__call__) == parameters(LAYERS[name].__call__)


class Gated(linen.Module):
    width: int

    @linen.compact
    def __call__(self, x: jax.Array, gate: Any, train: bool):
        return linen.Dense(self.width)(x) * gate


class Gate(nn.FlaxLayer, flax_class=Gated):
    Dense_0: dict = jm.Parameter.node(init=False)
    width: int


class Halved(Gate):
    pass


class Own(Gate, flax_class=Gated):
    def __call__(self, x: jax.Array) -> jax.Array:
        return super().__call__(x, gate=2)


class Plain(linen.Module):
    @linen.compact
    def __call__(self, x: jax.Array):
        return linen.Dense(2)(x)


class Other(Gate, flax_class=Plain):
    pass


@pytest.mark.parametrize("cls", [Gate, Halved])
def test_a_layer_of_ones_own_shows_the_arguments_of_its_flax_module(cls):
    assert str(inspect.signature(cls)) == "(width: int, *, name: str | None = None)"
    found = parameters(cls.__call__)
    assert [p.name for p in found] == ["x", "gate", "train"]
    assert found[0].annotation is jax.Array and found[2].default is None
    layer = cls(3).init(0, (jnp.ones((1, 2)), 1.0))
    assert jm.equal(layer(jnp.ones((1, 2)), gate=2.0), 2 * layer(jnp.ones((1, 2)), 1.0))


def test_a_subclass_with_another_flax_module_shows_the_arguments_of_that():
    assert [p.name for p in parameters(Other.__call__)] == ["x"]


def test_its_own_call_comes_first():
    assert [p.name for p in parameters(Own.__call__)] == ["x"]
    assert Own(3).init(0, jnp.ones((1, 2)))(jnp.ones((1, 2))).shape == (1, 3)


X = jnp.ones((2, 3))


@pytest.mark.parametrize(
    "layer, text",
    [
        (
            jm.BatchNorm(),
            "BatchNorm has no argument `maks` in a call. Did you mean `mask`\\? It takes x",
        ),
        (jm.Linear(3), "Linear has no argument `maks` in a call. It takes inputs."),
        (jm.Sequential(jnp.sin, jm.MLP([3])), r"Lambda.*maks"),
        (jm.MLP([3]), "MLP has no argument `maks` in a call. It takes x."),
    ],
    ids=["BatchNorm", "Linear", "Sequential", "MLP"],
)
def test_unknown_arguments_of_a_call(layer, text):
    with pytest.raises(TypeError, match=text):
        layer.init(0, jm.Inputs(X, maks=None))


@pytest.mark.parametrize(
    "make, text",
    [
        (lambda: jm.Linear(4, use_biass=False), "Linear has no argument `use_biass`. Did you mean"),
        (lambda: jm.BatchNorm(momentun=0.9), "Did you mean `momentum`?"),
        (lambda: jm.MLP([4], activaton=jnp.sin), "Did you mean `activation`?"),
        (
            lambda: jm.nn.GRU(4, kernel_initt=None),
            "GRUCell has no argument `kernel_initt`. Did you",
        ),
        (lambda: jm.nn.MaxPool(2, stride=1), "Did you mean `strides`?"),
        (lambda: jm.Module(nam="a"), "Module has no argument `nam`. Did you mean `name`?"),
        (lambda: jm.Sequential(names="a"), "Did you mean `name`? It takes layers, name."),
        (lambda: jm.Optimizer(optimiser=None), "Did you mean `optimizer`?"),
    ],
)
def test_unknown_arguments_of_a_class(make, text):
    with pytest.raises(TypeError) as caught:
        make()
    assert text in str(caught.value)
