import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = np.random.default_rng(0).normal(size=(2, 4, 6, 3)).astype(np.float32)


def test_nearest_repeats():
    expected = X.repeat(2, axis=1).repeat(3, axis=2)
    np.testing.assert_array_equal(jm.nn.Upsample((2, 3))(X), expected)
    np.testing.assert_array_equal(jm.nn.Upsample(size=[8, 18])(X), expected)


@pytest.mark.parametrize(
    ("method", "same"),
    [("bilinear", "linear"), ("trilinear", "linear"), ("bicubic", "cubic"), ("lanczos3", None)],
)
def test_methods_are_those_of_jax(method, same):
    y = jm.nn.Upsample(1.5, method=method)(X)
    np.testing.assert_array_equal(y, jax.image.resize(X, (2, 6, 9, 3), same or method))


def test_any_number_of_axes():
    assert jm.nn.Upsample(2)(jnp.ones((1, 3, 2))).shape == (1, 6, 2)
    assert jm.nn.Upsample(2)(jnp.ones((1, 3, 4, 5, 2), jnp.bfloat16)).shape == (1, 6, 8, 10, 2)
    assert jm.nn.Upsample((2,))(jnp.ones((1, 3, 4, 2))).shape == (1, 3, 8, 2)


@pytest.mark.parametrize("r", [1, 2, 3])
def test_pixel_shuffle(r):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5 * r * r)).astype(np.float32)
    y = jm.nn.PixelShuffle(r)(x)
    assert y.shape == (2, 3 * r, 4 * r, 5)
    for i, j, c in [(0, 0, 0), (r - 1, 0, 2), (0, r - 1, 4)]:
        np.testing.assert_array_equal(y[:, i::r, j::r, c], x[..., c * r * r + i * r + j])
    np.testing.assert_array_equal(jm.nn.PixelUnshuffle(r)(y), x)
    np.testing.assert_array_equal(jm.nn.PixelUnshuffle(r)(y[0]), x[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.nn.Upsample(), "either `scale_factor` or `size`; got neither"),
        (lambda: jm.nn.Upsample(2, size=3), "got both"),
        (lambda: jm.nn.Upsample(2, method="area"), "`method` may be one of nearest"),
        (lambda: jm.nn.Upsample(0), "above 0; got 0"),
        (lambda: jm.nn.Upsample(size=0)(X), "`size` needs one positive integer"),
        (lambda: jm.nn.Upsample(2)(X[0, 0]), "a spatial axis for each number in 2"),
        (lambda: jm.nn.PixelShuffle(2)(X), r"multiples of 2\*\*2 = 4; got 3"),
        (lambda: jm.nn.PixelUnshuffle(4)(X), "height and width in multiples of 4"),
        (lambda: jm.nn.PixelShuffle(0), "a positive integer for `upscale_factor`; got 0"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
