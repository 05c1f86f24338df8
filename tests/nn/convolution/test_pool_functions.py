"""Pooling as functions."""

import flax.linen as linen
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype(np.float32))
PAIRS = [(nn.max_pool, nn.MaxPool, linen.max_pool), (nn.avg_pool, nn.AvgPool, linen.avg_pool)]
CASES = [
    ((2, 2), None, "VALID"),
    ((2, 3), None, "SAME"),
    ((3, 3), (1, 2), "VALID"),
    ((2, 2), 1, ((1, 1), (0, 1))),
]


@pytest.mark.parametrize("function, layer, twin", PAIRS)
@pytest.mark.parametrize("case", CASES)
def test_they_compute_what_the_layer_and_flax_do(function, layer, twin, case):
    window, strides, padding = case
    found = function(X, window, strides, padding)
    np.testing.assert_array_equal(found, layer(window, strides, padding=padding)(X))
    strides = window if strides is None else (strides,) * 2 if strides == 1 else strides
    np.testing.assert_allclose(found, twin(X, window, strides, padding), rtol=1e-6)


@pytest.mark.parametrize("function, layer, twin", PAIRS)
def test_one_spatial_axis(function, layer, twin):
    np.testing.assert_array_equal(function(X[0], 3), layer(3)(X[0]))


def test_the_padding_may_be_left_out_of_the_mean():
    expected = nn.AvgPool((2, 2), padding=1, count_include_pad=False)(X)
    mean = nn.avg_pool(X, (2, 2), padding=1, count_include_pad=False)
    np.testing.assert_array_equal(mean, expected)


def test_in_a_compact_method_they_make_no_module():
    class Model(jm.Module):
        @jm.compact
        def __call__(self, x):
            return jm.Linear(2)(nn.avg_pool(nn.max_pool(x, (2, 2)), (3,), padding="SAME"))

    model = Model().init(0, X)
    assert [path for path, _ in model.named_parameters()] == [".linear.kernel", ".linear.bias"]
    assert model(X).shape == (2, 3, 1, 2)
