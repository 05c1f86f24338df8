import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = np.random.default_rng(0).normal(size=(2, 6, 7, 3)).astype(np.float32)


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID", 1, [(2, 0), (1, 1)]])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, (1, 2))])
def test_depthwise_is_a_grouped_convolution(multiplier, padding, strides, dilation):
    layer = jm.nn.DepthwiseConv(
        (3, 2),
        strides=strides,
        padding=padding,
        depth_multiplier=multiplier,
        kernel_dilation=dilation,
    ).init(0, X)
    assert layer.kernel.shape == (3, 2, 1, 3 * multiplier)
    grouped = jm.Conv(
        3 * multiplier,
        (3, 2),
        strides=strides,
        padding=padding,
        kernel_dilation=dilation,
        feature_group_count=3,
    ).init(1, X)
    layer = layer.at[".bias"].set(jnp.arange(3.0 * multiplier))
    grouped = grouped.at[".kernel"].set(layer.kernel).at[".bias"].set(layer.bias)
    np.testing.assert_allclose(layer(X), grouped(X), rtol=1e-5, atol=1e-6)


def test_causal():
    x = X[:, 0]
    layer = jm.nn.DepthwiseConv(3, padding="CAUSAL", kernel_dilation=2).init(0, x)
    y = layer(x)
    assert y.shape == x.shape
    np.testing.assert_allclose(layer(x[:, :4]), y[:, :4], rtol=1e-5)
    kernel = np.asarray(layer.kernel, np.float64)[:, 0]
    at_5 = kernel[0] * x[:, 1] + kernel[1] * x[:, 3] + kernel[2] * x[:, 5]
    np.testing.assert_allclose(y[:, 5], at_5, rtol=1e-4)


def test_separable_is_depthwise_and_pointwise():
    layer = jm.nn.SeparableConv(5, (3, 3), strides=2, depth_multiplier=2).init(0, X)
    assert layer.depthwise.bias is None
    middle = np.asarray(layer.depthwise(X), np.float64)
    expected = middle @ np.asarray(layer.pointwise.kernel, np.float64)[0, 0]
    np.testing.assert_allclose(layer(X), expected, rtol=1e-4, atol=1e-5)
    assert layer(X).shape == (2, 3, 4, 5)


@pytest.mark.slow
def test_dtypes_and_initializers():
    options = {"dtype": jnp.bfloat16, "param_dtype": jnp.float16}
    layer = jm.nn.DepthwiseConv((3, 3), **options).init(0, X)
    assert layer.kernel.dtype == layer.bias.dtype == jnp.float16
    assert layer(X).dtype == jnp.bfloat16
    layer = jm.nn.SeparableConv(2, (3, 3), **options).init(0, X)
    assert layer.pointwise.kernel.dtype == jnp.float16 and layer(X).dtype == jnp.bfloat16
    wide = jm.nn.DepthwiseConv((3, 3)).init(0, jnp.ones((1, 8, 8, 4096)))
    assert abs(float(wide.kernel.std()) - 1 / 3) < 0.01  # fan in 9


@pytest.mark.slow
def test_batch_axes():
    layer = jm.nn.DepthwiseConv((3, 3), padding_mode="reflect").init(0, X)
    np.testing.assert_allclose(jax.vmap(layer)(X), layer(X), rtol=1e-5)
    np.testing.assert_allclose(layer(X[0]), layer(X)[0], rtol=1e-5)
    np.testing.assert_allclose(layer(X[:, None])[:, 0], layer(X), rtol=1e-5)
    assert layer(X[:0]).shape == (0, *layer(X).shape[1:])


def test_padding_mode():
    layer = jm.nn.DepthwiseConv((3, 3), padding_mode="circular").init(0, X)
    moved = layer(np.roll(X, 2, axis=1))
    np.testing.assert_allclose(moved, np.roll(layer(X), 2, axis=1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.nn.DepthwiseConv((3, 3), padding="CAUSAL"), "with one spatial axis, 'CAUSAL'"),
        (
            lambda: jm.nn.DepthwiseConv(3, depth_multiplier=0),
            "a positive integer for `depth_multiplier`; got 0",
        ),
        (lambda: jm.nn.DepthwiseConv(3, padding_mode="x"), "padding mode may be one of"),
        (lambda: jm.nn.DepthwiseConv((3, 3)).init(0, X[0, 0]), "expects 2 spatial axes"),
        (lambda: jm.nn.DepthwiseConv((3,)).init(0, X)(X[..., :2]), "initialized for 3 channels"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
