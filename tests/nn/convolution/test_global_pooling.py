import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype(np.float32)
MASK = np.random.default_rng(1).random((3, 4, 5)) < 0.5


@pytest.mark.parametrize("keepdims", [False, True])
def test_without_mask(keepdims):
    mean = X.astype(np.float64).mean((1, 2), keepdims=keepdims)
    np.testing.assert_allclose(jm.nn.GlobalAvgPool(keepdims=keepdims)(X), mean, rtol=1e-5)
    largest = X.max((1, 2), keepdims=keepdims)
    np.testing.assert_array_equal(jm.nn.GlobalMaxPool(keepdims=keepdims)(X), largest)


def test_with_mask():
    x = np.where(MASK[..., None], X, np.nan)  # what is masked has no influence
    means = np.stack([x[m].mean(0) for x, m in zip(X.astype(np.float64), MASK, strict=True)])
    np.testing.assert_allclose(jm.nn.GlobalAvgPool()(x, MASK), means, rtol=1e-5)
    largest = np.stack([x[m].max(0) for x, m in zip(X, MASK, strict=True)])
    np.testing.assert_array_equal(jm.nn.GlobalMaxPool()(x, mask=MASK), largest)


def test_nothing_unmasked():
    x = jnp.ones((1, 3, 1))
    mask = jnp.zeros((1, 3), bool)
    assert jm.nn.GlobalAvgPool()(x, mask).tolist() == [[0]]
    assert jm.nn.GlobalMaxPool()(x, mask).item() == jnp.finfo(jnp.float32).min


def test_dtypes():
    x = jnp.ones((1, 3, 1), jnp.bfloat16)
    mask = jnp.ones((1, 3), bool)
    for layer in (jm.nn.GlobalAvgPool(), jm.nn.GlobalMaxPool()):
        assert layer(x).dtype == layer(x, mask).dtype == jnp.bfloat16
    integers = jnp.array([[[1], [2]]])
    assert jm.nn.GlobalAvgPool()(integers, jnp.ones((1, 2), bool)).item() == 1.5
    assert jm.nn.GlobalMaxPool()(integers, jnp.ones((1, 2), bool)).tolist() == [[2]]


@pytest.mark.parametrize("cls", [jm.nn.GlobalAvgPool, jm.nn.GlobalMaxPool])
def test_errors(cls):
    with pytest.raises(ValueError, match="at least one spatial axis; got shape"):
        cls()(jnp.ones((3, 4)))
    with pytest.raises(ValueError, match=r"`mask` needs the shape \[batch, spatial...\]"):
        cls()(jnp.ones((3, 4, 2)), jnp.ones((3, 1), bool))
