import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


def test_settings_and_nodes():
    layer = jm.Linear(4).init(0, X)
    changed = layer.replace(bias=jnp.ones(4), use_bias=True, name="head")
    assert (changed(X) == layer(X) + 1).all() and changed.name == "head"
    assert changed.kernel is layer.kernel
    assert (layer.bias == 0).all() and layer.name == "linear"
    assert jm.Linear(4).replace(features=5).init(0, X).bias.shape == (5,)
    assert jm.equal(layer.replace(), layer) and layer.replace() is not layer


def test_modules_inside():
    model = jm.Sequential(jm.Linear(4), jm.Linear(1)).init(0, X)
    longer = model.replace(layers=[*model.layers, jax.nn.relu])
    assert len(longer.layers) == 3 and len(model.layers) == 2


def test_under_jit():
    model = jm.Linear(4).init(0, X)
    zeroed = jax.jit(lambda model: model.replace(kernel=jnp.zeros_like(model.kernel)))(model)
    assert (zeroed.kernel == 0).all() and zeroed.initialized


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"use_biass": False}, r"Linear has no field 'use_biass'. Did you mean `use_bias`\? Its"),
        ({"weight": 1}, r"Linear has no field 'weight'. Its fields: .*kernel.*features"),
        ({"training": False}, "Linear.training is not a field, so `replace` cannot change it"),
    ],
)
def test_unknown_names(changes, text):
    with pytest.raises(TypeError, match=text):
        jm.Linear(4).replace(**changes)
