"""Shapes of a stack from one of its layers are those of the whole stack."""

import jax
import jax.numpy as jnp

import jax_metrics as jm
from jax_metrics.nn.attention import only_shapes

X = jnp.ones((1, 3, 8))


def shapes(model, counted):
    before = len(counted)
    with only_shapes():
        short = jax.eval_shape(lambda: model.init(0, X))
    in_short = len(counted) - before
    whole = jax.eval_shape(lambda: model.init(0, X))
    assert jax.tree.structure(short) == jax.tree.structure(whole)
    assert jax.tree.leaves(short) == jax.tree.leaves(whole)
    return in_short, len(counted) - before - in_short


def counting(counted):
    def activation(x):
        counted.append(None)
        return jax.nn.relu(x)

    return jm.nn.TransformerEncoderLayer(2, mlp_features=4, activation=activation)


def test_equal_layers_are_traced_once():
    counted = []
    once, each = shapes(jm.nn.TransformerEncoder(counting(counted), 4), counted)
    assert once > 0 and each == 4 * once


def test_layers_that_differ_are_all_traced():
    counted = []
    model = jm.nn.TransformerEncoder(counting(counted), 3)
    model.layers[1] = jm.nn.TransformerEncoderLayer(2, mlp_features=6)
    once, each = shapes(model, counted)
    assert once == each > 0
