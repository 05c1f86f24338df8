import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

LEFT = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
RIGHT = np.random.default_rng(1).normal(size=(5, 2, 4)).astype(np.float32)


def test_against_the_formula():
    layer = jm.nn.Bilinear(6).init(0, (LEFT, RIGHT)).at[".bias"].set(jnp.arange(6.0))
    kernel = np.asarray(layer.kernel, np.float64)
    expected = np.einsum("abi,ijk,abj->abk", LEFT, kernel, RIGHT) + np.arange(6)
    np.testing.assert_allclose(layer(LEFT, RIGHT), expected, rtol=1e-4, atol=1e-5)


def test_outputs_keep_the_variance():
    wide = jm.nn.Bilinear(500).init(0, (jnp.ones((1, 30)), jnp.ones((1, 40))))
    assert abs(float(wide.kernel.var()) * 1200 - 1) < 0.02


def test_dtypes_and_no_bias():
    layer = jm.nn.Bilinear(6, use_bias=False, dtype=jnp.bfloat16).init(0, (LEFT, RIGHT))
    assert layer.bias is None and layer(LEFT, RIGHT).dtype == jnp.bfloat16


def test_other_sizes():
    layer = jm.nn.Bilinear(6).init(0, (LEFT, RIGHT))
    with pytest.raises(ValueError, match=r"initialized for inputs of size \(3, 4\); got"):
        layer(RIGHT, LEFT)
