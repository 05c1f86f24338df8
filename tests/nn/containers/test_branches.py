import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = jnp.arange(6.0).reshape(2, 3)


def test_identity():
    assert jm.nn.Identity()(X, 1, mask=2) is X


def test_residual():
    block = jm.nn.Residual(jm.Linear(3)).init(0, X)
    np.testing.assert_array_equal(block(X), X + block.layer(X))
    block = jm.nn.Residual(jm.Linear(5), projection=jm.Linear(5)).init(0, X)
    np.testing.assert_array_equal(block(X), block.projection(X) + block.layer(X))
    assert not jnp.allclose(block.projection.kernel, block.layer.kernel)


def test_residual_passes_arguments_on():
    assert jm.nn.Residual(lambda x, y, z: x + y + z)(1.0, 2.0, z=3.0) == 7


def test_residual_of_another_shape():
    block = jm.Sequential(jm.nn.Residual(jm.Linear(5)))
    message = r"layers\[0\] \(Residual\) adds arrays of one shape; .* \(2, 5\) .* \(2, 3\)"
    with pytest.raises(ValueError, match=message):
        block.init(0, X)


def test_concatenate():
    branches = jm.nn.Concatenate(jm.Linear(2), lambda x: 2 * x).init(0, X)
    assert branches(X).shape == (2, 5)
    np.testing.assert_array_equal(branches(X)[:, 2:], 2 * X)
    assert jm.nn.Concatenate(jnp.sin, jnp.cos, axis=0)(X).shape == (4, 3)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenate_of_other_shapes(axis):
    with pytest.raises(ValueError, match="whose other axes must be equal"):
        jm.nn.Concatenate(lambda x: x, lambda x: x[:1, :2], axis=axis)(X)
    with pytest.raises(ValueError, match=r"returned the shapes \[\(2, 3\), \(\)\]"):
        jm.nn.Concatenate(lambda x: x, jnp.sum, axis=axis)(X)
    with pytest.raises(ValueError, match="at least one layer"):
        jm.nn.Concatenate()
