import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.mark.parametrize(
    ("shape", "preserve_dims", "expected"),
    [
        ((4, 6), 1, (5, 4, 6)),
        (24, 1, (5, 24)),
        ((-1, 4), 1, (5, 6, 4)),
        ((-1,), 2, (5, 8, 3)),
        ((60, 2), 0, (60, 2)),
    ],
)
def test_reshape(shape, preserve_dims, expected):
    x = jnp.arange(120).reshape(5, 8, 3)
    y = jm.nn.Reshape(shape, preserve_dims=preserve_dims)(x)
    assert y.shape == expected and (y.ravel() == x.ravel()).all()


def test_no_examples():
    assert jm.nn.Reshape((2, -1))(jnp.ones((0, 6))).shape == (0, 2, 3)


@pytest.mark.parametrize("shape", [(5,), (5, -1), (4, 7)])
def test_sizes_that_do_not_fit(shape):
    with pytest.raises(ValueError, match="cannot bring .* it holds 24 values"):
        jm.nn.Reshape(shape)(jnp.ones((5, 8, 3)))


def test_at_most_one_is_left_open():
    with pytest.raises(ValueError, match="at most one is -1"):
        jm.nn.Reshape((-1, -1))
