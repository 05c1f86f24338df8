import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = np.arange(24.0, dtype=np.float32).reshape(1, 3, 4, 2)
NUMPY = {
    "constant": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "edge": "edge",
    "circular": "wrap",
    "wrap": "wrap",
}


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("padding", [2, (1, 2), [(0, 2), (3, 1)]])
def test_modes(mode, padding):
    pairs = [(2, 2), (2, 2)] if padding == 2 else [(p, p) if p in (1, 2) else p for p in padding]
    expected = np.pad(X, [(0, 0), *pairs, (0, 0)], mode=NUMPY[mode])
    np.testing.assert_array_equal(jm.nn.Pad(padding, mode)(X), expected)


def test_constant_value_and_cropping():
    x = jnp.array([1, 2, 3])[None, :, None]
    assert jm.nn.Pad([(-1, 2)], constant_value=9)(x).ravel().tolist() == [2, 3, 9, 9]
    assert jm.nn.Pad(-1)(x).ravel().tolist() == [2]


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("padding", ["SAME", "VALID", [(2, 0), (1, 1)]])
@pytest.mark.parametrize("strides", [1, 2])
def test_convolution_with_a_padding_mode(mode, padding, strides):
    x = np.random.default_rng(0).normal(size=(2, 6, 7, 2)).astype(np.float32)
    options = {"strides": strides, "kernel_dilation": (1, 2)}
    layer = jm.Conv(
        3, (3, 2), padding=padding, conv_general_dilated=jm.nn.PaddingMode(mode), **options
    ).init(0, x)
    if padding == "SAME":
        pads = [(1, 1), (1, 1)]
        if strides == 2:
            pads = [(0, 1), (1, 1)]
    else:
        pads = [(0, 0), (0, 0)] if padding == "VALID" else padding
    plain = jm.Conv(3, (3, 2), padding="VALID", **options).init(0, x)  # the same parameters
    padded = np.pad(x, [(0, 0), *pads, (0, 0)], mode=NUMPY[mode])
    np.testing.assert_allclose(layer(x), plain(padded), rtol=1e-5, atol=1e-6)


def test_padding_mode_compares_by_value():
    assert jm.nn.PaddingMode("reflect") == jm.nn.PaddingMode("reflect")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.nn.Pad(1, "mirror"), "padding mode may be one of constant, reflect"),
        (lambda: jm.nn.PaddingMode("mirror"), "padding mode may be one of"),
        (lambda: jm.nn.Pad(1)(jnp.ones((2, 3))), r"spatial axes, in `\[batch, spatial"),
        (lambda: jm.nn.Pad([(1,)])(X), "an integer or a pair"),
        (lambda: jm.nn.Pad(-2)(X), r"cannot take \(2, 2\) values from an axis of 3"),
        (lambda: jm.nn.Pad(1, "reflect")(jnp.ones((1, 1, 1))), "nothing to repeat on an axis of 1"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
