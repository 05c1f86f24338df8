import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


def add(x, y, *, scale=1):
    return scale * (x + y)


@pytest.mark.parametrize("make", [jm.sequence, jm.Sequential], ids=["sequence", "Sequential"])
def test_one_after_the_other(make):
    chain = make(add, jnp.sqrt, lambda x: -x)
    assert chain(7.0, 2.0) == -3
    assert chain(7.0, 2.0, scale=4) == -6


def test_sequential_holds_its_layers_and_their_parameters():
    model = jm.Sequential(jm.Linear(4), jax.nn.relu, jm.Linear(1)).init(0, X)
    assert [type(layer) for layer in model.layers] == [jm.Linear, jm.Lambda, jm.Linear]
    expected = jax.nn.relu(X @ model.layers[0].kernel) @ model.layers[2].kernel
    assert jnp.allclose(model(X), expected, atol=1e-6)
    assert model.layers[0].kernel.shape == (3, 4) and model.layers[2].kernel.shape == (4, 1)


def test_layers_can_be_appended():
    model = jm.Sequential(jm.Linear(4))
    model.layers.append(jm.Linear(1))
    assert model.init(0, X)(X).shape == (2, 1)


def test_an_empty_sequential_has_nothing_to_call():
    with pytest.raises(ValueError, match="A Sequential without layers has nothing to call"):
        jm.Sequential()(1)


def test_layers_of_one_sequential_start_differently():
    model = jm.Sequential(jm.Linear(3), jm.Linear(3)).init(0, X)
    assert not jnp.allclose(model.layers[0].kernel, model.layers[1].kernel)


def test_lambda():
    layer = jm.Lambda(add, name="adder")
    assert layer(1, y=2) == 3
    assert layer.name == "adder" and jm.Sequential(name="s").name == "s"
    assert jax.tree.leaves(layer) == []


def test_a_sequential_of_functions_needs_no_init():
    assert jm.Sequential(jnp.cos, jnp.sin)(0.0) == jnp.sin(1.0)


@pytest.mark.parametrize("kind", [list, tuple, iter], ids=["list", "tuple", "iterator"])
def test_a_sequential_of_a_list(kind):
    layers = [jm.Linear(4), jax.nn.relu]
    model = jm.Sequential(kind(layers))
    assert model.layers[0] is layers[0] and model.layers[1].f is jax.nn.relu
    assert jm.Sequential([]).layers == [] and len(jm.Sequential(model)) == 1


class Encoder(jm.Sequential):
    """A Sequential with another constructor."""

    def __init__(self, width):
        super().__init__([jm.Linear(width), jm.BatchNorm(), jnp.sin])


CONTAINERS = {
    "Sequential": lambda: jm.Sequential(jm.Linear(3), jm.BatchNorm(), jnp.sin),
    "subclass": lambda: Encoder(3),
    "Concatenate": lambda: jm.nn.Concatenate(jm.Linear(3), jm.BatchNorm(), jnp.sin),
}


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
def test_containers_are_read_like_lists(make):
    model = make().init(0, X)
    assert len(model) == 3 and list(model) == model.layers
    assert model[0] is model.layers[0] and model[-1] is model.layers[2]
    part = model[1:]
    assert type(part) is type(model) and list(part) == model.layers[1:]
    assert part.initialized and len(model) == 3 and len(model[:0]) == 0
    assert jm.equal(jax.jit(lambda model: model[:2])(model), model[:2])
    before = model[1].mean
    part(X)  # the layers are those of the model
    assert (model[1].mean != before).any()


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range(index):
    message = f"The Sequential has 3 layers; there is no number {index}."
    with pytest.raises(IndexError, match=message):
        CONTAINERS["Sequential"]()[index]


@pytest.mark.parametrize("make", [jm.Sequential, jm.nn.Concatenate, jm.nn.Residual])
@pytest.mark.parametrize(
    "layer, text",
    [(jm.Linear, r"the class Linear.* Create an object, as in `jm.Linear\("), (3, "got 3")],
)
def test_what_is_no_layer(make, layer, text):
    with pytest.raises(
        TypeError, match=f"{make.__name__} needs modules and functions, but.*{text}"
    ):
        make(layer, jnp.sin)
