import jax
import jax.numpy as jnp

import jax_metrics as jm


def net():
    return jm.Sequential(jm.Linear(4), jm.Sequential(jm.Linear(2), jax.nn.relu), jm.Dropout(0.5))


def test_modules_of_a_class_are_replaced_in_a_copy():
    model = net()
    wide = model.map_modules(jm.Linear, lambda layer: jm.Linear(10 * layer.features))
    assert [wide.layers[0].features, wide.layers[1].layers[0].features] == [40, 20]
    assert [model.layers[0].features, model.layers[1].layers[0].features] == [4, 2]


def test_modules_that_pass_a_predicate_are_replaced():
    model = net().map_modules(
        lambda module: getattr(module, "features", None) == 4, lambda layer: jm.Flatten()
    )
    assert [type(layer) for layer in model.layers] == [jm.Flatten, jm.Sequential, jm.Dropout]


def test_modules_inside_of_a_match_are_not_asked():
    seen = []
    net().map_modules(jm.Sequential, lambda module: seen.append(module) or module)
    assert len(seen) == 1 and len(seen[0].layers) == 3


def test_the_root_can_match():
    assert jm.Linear(4).map_modules(jm.Linear, lambda layer: layer.features) == 4


def test_parameters_go_with_their_modules():
    model = net().init(0, jnp.ones((1, 3)))
    frozen = model.map_modules(jm.Linear, lambda layer: layer.freeze())
    assert frozen.layers[0].frozen and not frozen.frozen
    assert frozen.layers[0].kernel is model.layers[0].kernel
    assert jax.tree.leaves(frozen.trainable_parameters()) == []
