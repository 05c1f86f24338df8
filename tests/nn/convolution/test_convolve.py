"""The forms that convolutions have on CPUs compute what `conv_general_dilated` does."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn.convolution._convolve import convolve

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 7, 6, 16)).astype(np.float32)
NUMBERS = ("NABC", "ABIO", "NABC")


def kernel_of(height, width, inputs, outputs):
    return rng.normal(size=(height, width, inputs, outputs)).astype(np.float32)


def has_another_form(function, *args):
    return "platform_index" in str(jax.make_jaxpr(function)(*args))


@pytest.mark.parametrize(
    ("groups", "outputs", "size", "strides", "padding", "dilation"),
    [
        (16, 16, (3, 3), (1, 1), "SAME", (1, 1)),
        (16, 32, (3, 2), (2, 1), [(0, 1), (2, 0)], (1, 1)),
        (16, 16, (2, 3), (3, 2), "VALID", (2, 1)),
        (1, 5, (1, 1), (1, 1), "SAME", (1, 1)),
        (1, 5, (1, 1), (2, 3), [(1, 0), (0, 2)], (1, 1)),
    ],
)
def test_values_and_gradients(groups, outputs, size, strides, padding, dilation):
    kernel = kernel_of(*size, 16 // groups, outputs)
    options = {
        "window_strides": strides,
        "padding": padding,
        "rhs_dilation": dilation,
        "dimension_numbers": NUMBERS,
        "feature_group_count": groups,
    }
    assert has_another_form(partial(convolve, **options), X, kernel)

    def outputs_and_gradients(function):
        def loss(x, kernel):
            y = function(x, kernel, **options)
            return (y**2).sum(), y

        return jax.jit(jax.grad(loss, (0, 1), has_aux=True))(X, kernel)

    found = outputs_and_gradients(convolve)
    expected = outputs_and_gradients(jax.lax.conv_general_dilated)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_added_up_in_float32(dtype):
    x, kernel = jnp.asarray(X, dtype), jnp.asarray(kernel_of(5, 5, 1, 16), dtype)
    options = {"dimension_numbers": NUMBERS, "feature_group_count": 16}
    y = convolve(x, kernel, (1, 1), "SAME", **options)
    wide = convolve(x.astype(jnp.float32), kernel.astype(jnp.float32), (1, 1), "SAME", **options)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, wide.astype(dtype))


@pytest.mark.parametrize(
    ("channels", "size", "groups", "padding"),
    [
        (15, (3, 3), 15, "SAME"),  # few channels
        (16, (9, 9), 16, "SAME"),  # many products
        (16, (8, 3), 16, "VALID"),  # a kernel that does not fit in
        (16, (3, 3), 4, "SAME"),  # several channels in a group
        (16, (3, 3), 1, "SAME"),
    ],
)
def test_what_stays_a_convolution(channels, size, groups, padding):
    x, kernel = X[..., :channels], kernel_of(*size, channels // groups, channels)
    options = {"dimension_numbers": NUMBERS, "feature_group_count": groups}
    function = partial(convolve, window_strides=(1, 1), padding=padding, **options)
    assert not has_another_form(function, x, kernel)
    expected = jax.lax.conv_general_dilated(x, kernel, (1, 1), padding, **options)
    np.testing.assert_array_equal(function(x, kernel), expected)


def test_other_layouts_stay_a_convolution():
    x, kernel = X.transpose(0, 3, 1, 2), kernel_of(1, 1, 16, 4).transpose(3, 2, 0, 1)
    function = partial(convolve, window_strides=(1, 1), padding="SAME")
    function = partial(function, dimension_numbers=("NCHW", "OIHW", "NCHW"))
    assert not has_another_form(function, x, kernel)
    assert function(x, kernel).shape == (2, 4, 7, 6)


@pytest.mark.parametrize(("channels", "groups"), [(16, 16), (3, 3), (4, 2), (4, 1)])
def test_negative_padding_crops(channels, groups):
    x, kernel = X[..., :channels], kernel_of(3, 3, channels // groups, channels)
    options = {"dimension_numbers": NUMBERS, "feature_group_count": groups}
    y = convolve(x, kernel, (1, 1), [(-1, 1), (0, -2)], **options)
    pads = [(0, 1), (0, 0)]
    expected = jax.lax.conv_general_dilated(x[:, 1:, :4], kernel, (1, 1), pads, **options)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "layer",
    [
        jm.nn.DepthwiseConv((3, 3)),
        jm.Conv(16, (3, 3), feature_group_count=16),
        jm.Conv(4, (1, 1)),
        jm.nn.SeparableConv(4, (3, 3)),
    ],
    ids=["depthwise", "grouped", "pointwise", "separable"],
)
def test_layers_have_it(layer):
    layer = layer.init(0, X)
    assert has_another_form(lambda layer, x: layer(x), layer, X)
    assert layer(X[:0]).shape[0] == 0


def test_a_convolution_of_ones_own_is_used():
    calls = []

    def own(*args, **options):
        calls.append(args)
        return jax.lax.conv_general_dilated(*args, **options)

    jm.Conv(4, (1, 1), conv_general_dilated=own).init(0, X)
    assert calls
