import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = jnp.linspace(-1, 1, 6).reshape(2, 3)


def by_hand(model, x, activation):
    layers = [getattr(model, name) for name in model._subtrees]
    for layer in layers[:-1]:
        x = activation(layer(x))
    return layers[-1](x)


@pytest.mark.parametrize("features", [[1], [4, 2], (5, 4, 3)])
@pytest.mark.parametrize("activation", [jax.nn.relu, jnp.tanh])
def test_it_is_layers_with_activations_between(features, activation):
    model = jm.MLP(features, activation).init(0, X)
    assert [getattr(model, name).features for name in model._subtrees] == list(features)
    np.testing.assert_array_equal(model(X), by_hand(model, X, activation))


def test_the_first_layer_starts_like_the_flax_twin():
    model = jm.MLP([4, 2]).init(0, X)
    theirs = linen.Dense(4).init(jax.random.key(0), X)["params"]
    assert (model.linear.kernel != theirs["kernel"]).any()
    again = jm.MLP([4, 2]).init(0, X)
    assert (model.linear.kernel == again.linear.kernel).all()


def test_options_reach_the_layers():
    model = jm.MLP(
        [4, 2],
        use_bias=False,
        dtype=jnp.bfloat16,
        param_dtype=jnp.float16,
        precision="highest",
        kernel_init=jm.initializers.ones,
    ).init(0, X)
    assert model.linear.bias is None
    assert model.linear2.kernel.dtype == jnp.float16 and (model.linear2.kernel == 1).all()
    assert model(X).dtype == jnp.bfloat16
    assert model.linear.precision == "highest"
    assert (jm.MLP([2], bias_init=jm.initializers.ones).init(0, X).linear.bias == 1).all()


def test_the_features_are_those_that_it_was_made_with():
    features = [4, 2]
    model = jm.MLP(features)
    features.append(1)
    assert model.features == (4, 2)
    assert model.init(0, X)(X).shape == (2, 2)


def test_without_layers():
    with pytest.raises(ValueError, match=r"MLP needs at least one layer, as in `MLP\(\[64, 1\]\)`"):
        jm.MLP([])


def test_a_name():
    assert jm.MLP([1], name="head").name == "head"
