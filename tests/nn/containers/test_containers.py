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
