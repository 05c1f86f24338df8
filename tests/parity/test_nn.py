"""Layers against those of PyTorch and Keras, over grids of arguments."""

import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

torch = pytest.importorskip("torch")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def to_torch(x):
    """From channels last to channels first."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.asarray(x), -1, 1)))


def from_torch(x):
    return np.moveaxis(x.detach().numpy(), 1, -1)


def torch_class(name, axes):
    return getattr(torch.nn, f"{name}{axes}d")


def image(axes, channels=3):
    return random(2, *(9, 8, 7)[:axes], channels)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


# -- pooling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("window", "stride"), [(2, None), (3, 2), (3, 1)])
@pytest.mark.parametrize("padding", [0, 1])
def test_pooling_of_torch(axes, window, stride, padding):
    x, shape = image(axes), (window,) * axes
    for count in (True, False):
        ours = jm.nn.AvgPool(shape, stride, padding=padding, count_include_pad=count)(x)
        theirs = torch_class("AvgPool", axes)(window, stride, padding, count_include_pad=count)(
            to_torch(x)
        )
        np.testing.assert_allclose(ours, from_torch(theirs), **CLOSE)
    for dilation in (1, 2):
        ours = jm.nn.MaxPool(shape, stride, padding=padding, window_dilation=dilation)(x)
        theirs = torch_class("MaxPool", axes)(window, stride, padding, dilation)(to_torch(x))
        np.testing.assert_array_equal(ours, from_torch(theirs))
    ours = jm.nn.LPPool(2, shape, strides=stride)(x)
    theirs = torch_class("LPPool", axes)(2, window, stride)(to_torch(x))
    np.testing.assert_allclose(ours, from_torch(theirs), **CLOSE)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_adaptive_pooling_of_torch(axes, size):
    x = image(axes)
    for name in ("AdaptiveAvgPool", "AdaptiveMaxPool"):
        ours = getattr(jm.nn, name)((size,) * axes)(x)
        theirs = torch_class(name, axes)(size)(to_torch(x))
        np.testing.assert_allclose(ours, from_torch(theirs), **CLOSE)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(("window", "stride"), [(2, None), (3, 2)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_pooling_of_keras(keras, axes, window, stride, padding):
    x, shape = image(axes), (window,) * axes
    theirs = getattr(keras.layers, f"AveragePooling{axes}D")(window, stride, padding)(x)
    ours = jm.nn.AvgPool(shape, stride, padding=padding, count_include_pad=False)(x)
    np.testing.assert_allclose(ours, theirs, **CLOSE)
    theirs = getattr(keras.layers, f"MaxPooling{axes}D")(window, stride, padding)(x)
    np.testing.assert_array_equal(jm.nn.MaxPool(shape, stride, padding=padding)(x), theirs)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling_of_keras(keras, axes, keepdims):
    x = image(axes)
    for ours, theirs in (("GlobalAvgPool", "Average"), ("GlobalMaxPool", "Max")):
        cls = getattr(keras.layers, f"Global{theirs}Pooling{axes}D")
        expected = cls(keepdims=keepdims)(x)
        np.testing.assert_allclose(getattr(jm.nn, ours)(keepdims=keepdims)(x), expected, **CLOSE)


# -- convolution, padding, resampling ------------------------------------------------------------


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_padding_of_torch(axes, mode):
    x = image(axes)
    expected = torch.nn.functional.pad(to_torch(x), (2, 1) * axes, mode=mode)
    ours = jm.nn.Pad([(2, 1)] * axes, mode)(x)
    np.testing.assert_array_equal(ours, from_torch(expected))


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolution_of_torch(mode, stride, dilation):
    x = image(2)
    layer = jm.Conv(
        4,
        (3, 3),
        strides=stride,
        padding=2,
        kernel_dilation=dilation,
        conv_general_dilated=jm.nn.PaddingMode("constant" if mode == "zeros" else mode),
    ).init(0, x)
    theirs = torch.nn.Conv2d(3, 4, 3, stride, 2, dilation, padding_mode=mode)
    theirs.weight.data = torch.from_numpy(np.array(layer.kernel).transpose(3, 2, 0, 1).copy())
    theirs.bias.data.zero_()
    np.testing.assert_allclose(layer(x), from_torch(theirs(to_torch(x))), **CLOSE)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("options", [{}, {"strides": 2}, {"padding": "valid"}])
def test_depthwise_and_separable_convolution_of_keras(keras, axes, multiplier, options):
    x, size = image(axes), (3,) * axes
    ours = {**options, "padding": options.get("padding", "same").upper()}
    theirs = {"padding": "same", **options}
    layer = jm.nn.DepthwiseConv(size, depth_multiplier=multiplier, **ours).init(0, x)
    other = getattr(keras.layers, f"DepthwiseConv{axes}D")(
        size, depth_multiplier=multiplier, **theirs
    )
    other.build(x.shape)
    kernel = np.asarray(layer.kernel).reshape(*size, 3, multiplier)
    other.set_weights([kernel, np.asarray(layer.bias)])
    np.testing.assert_allclose(layer(x), other(x), **CLOSE)

    layer = jm.nn.SeparableConv(5, size, depth_multiplier=multiplier, **ours).init(0, x)
    other = getattr(keras.layers, f"SeparableConv{axes}D")(
        5, size, depth_multiplier=multiplier, **theirs
    )
    other.build(x.shape)
    kernel = np.asarray(layer.depthwise.kernel).reshape(*size, 3, multiplier)
    other.set_weights(
        [kernel, *(np.asarray(p) for p in (layer.pointwise.kernel, layer.pointwise.bias))]
    )
    np.testing.assert_allclose(layer(x), other(x), **CLOSE)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("method", ["nearest", "linear"])
def test_upsample_of_torch(axes, factor, method):
    x = image(axes)
    mode = {"nearest": "nearest"}.get(method, ["linear", "bilinear", "trilinear"][axes - 1])
    theirs = torch.nn.Upsample(scale_factor=factor, mode=mode)(to_torch(x))
    np.testing.assert_allclose(
        jm.nn.Upsample(factor, method=method)(x), from_torch(theirs), **CLOSE
    )


@pytest.mark.parametrize("r", [2, 3])
def test_pixel_shuffle_of_torch(r):
    x = random(2, 6, 6, 2 * r * r)
    theirs = torch.nn.PixelShuffle(r)(to_torch(x))
    np.testing.assert_array_equal(jm.nn.PixelShuffle(r)(x), from_torch(theirs))
    theirs = torch.nn.PixelUnshuffle(r)(to_torch(x))
    np.testing.assert_array_equal(jm.nn.PixelUnshuffle(r)(x), from_torch(theirs))


def test_bilinear_of_torch():
    left, right = random(4, 3), random(4, 5, seed=1)
    layer = jm.nn.Bilinear(6).init(0, (left, right)).at[".bias"].set(jnp.arange(6.0))
    theirs = torch.nn.Bilinear(3, 5, 6)
    theirs.weight.data = torch.from_numpy(np.array(layer.kernel).transpose(2, 0, 1).copy())
    theirs.bias.data = torch.from_numpy(np.array(layer.bias))
    expected = theirs(torch.from_numpy(left), torch.from_numpy(right)).detach()
    np.testing.assert_allclose(layer(left, right), expected, **CLOSE)


# -- attention and transformers --------------------------------------------------------------------


@pytest.mark.parametrize("kv_heads", [1, 2, 4])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
def test_grouped_query_attention_of_keras(keras, kv_heads, causal, use_bias):
    x = random(2, 5, 8)
    layer = jm.nn.GroupedQueryAttention(
        4,
        kv_heads,
        head_dim=6,
        causal=causal,
        use_bias=use_bias,
        bias_init=jm.initializers.normal(1.0),
    ).init(0, x)
    theirs = keras.layers.GroupQueryAttention(6, 4, kv_heads, use_bias=use_bias)
    theirs.build(x.shape, x.shape, x.shape)
    weights = []
    for linear, heads in ((layer.query, 4), (layer.key, kv_heads), (layer.value, kv_heads)):
        weights.append(np.asarray(linear.kernel).reshape(8, heads, 6))
        if use_bias:
            weights.append(np.asarray(linear.bias).reshape(heads, 6))
    weights.append(np.asarray(layer.out.kernel).reshape(4, 6, 8))
    if use_bias:
        weights.append(np.asarray(layer.out.bias))
    theirs.set_weights(weights)
    np.testing.assert_allclose(layer(x), theirs(x, x, use_causal_mask=causal), **CLOSE)


def fill(parameter, value):
    parameter.data = torch.from_numpy(np.array(value, np.float32).copy())


def fill_attention(theirs, ours):
    parts = (ours.query, ours.key, ours.value)
    fill(theirs.in_proj_weight, np.concatenate([np.asarray(p.kernel).T for p in parts]))
    fill(theirs.in_proj_bias, np.concatenate([np.asarray(p.bias) for p in parts]))
    fill(theirs.out_proj.weight, np.asarray(ours.out.kernel).T)
    fill(theirs.out_proj.bias, ours.out.bias)


def fill_block(theirs, ours):
    fill_attention(theirs.self_attn, ours.self_attention)
    if hasattr(theirs, "multihead_attn"):
        fill_attention(theirs.multihead_attn, ours.cross_attention)
    for name in ("linear1", "linear2"):
        linear = getattr(ours.feed_forward, name)
        fill(getattr(theirs, name).weight, np.asarray(linear.kernel).T)
        fill(getattr(theirs, name).bias, linear.bias)
    for name in ("norm1", "norm2", "norm3"):
        if hasattr(theirs, name):
            fill(getattr(theirs, name).weight, getattr(ours, name).scale)
            fill(getattr(theirs, name).bias, getattr(ours, name).bias)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("masks", ["none", "causal", "padding", "both"])
def test_transformer_encoder_of_torch(norm_first, activation, masks):
    x = random(3, 5, 8)
    padding = np.arange(5) < np.array([[5], [3], [4]])
    ours = {"relu": jm.nn.relu, "gelu": lambda x: jm.nn.gelu(x, approximate=False)}[activation]
    layer = jm.nn.TransformerEncoderLayer(
        4, mlp_features=16, dropout_rate=0.0, activation=ours, norm_first=norm_first
    )
    model = jm.nn.TransformerEncoder(layer, 2, norm=jm.LayerNorm(epsilon=1e-5)).init(0, x)
    theirs = torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(
            8, 4, 16, 0.0, activation, batch_first=True, norm_first=norm_first
        ),
        2,
        torch.nn.LayerNorm(8),
        enable_nested_tensor=False,
    )
    for other, own in zip(theirs.layers, model.layers, strict=True):
        fill_block(other, own)
    options, asked = {}, {}
    if masks in ("causal", "both"):
        options["mask"] = np.tri(5, dtype=bool)
        asked["mask"] = torch.from_numpy(~np.tri(5, dtype=bool))
    if masks in ("padding", "both"):
        options["padding_mask"] = padding
        asked["src_key_padding_mask"] = torch.from_numpy(~padding)
    expected = theirs(torch.from_numpy(x), **asked).detach().numpy()
    seen = padding if "padding_mask" in options else np.ones_like(padding)
    np.testing.assert_allclose(np.asarray(model(x, **options))[seen], expected[seen], **CLOSE)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_transformer_decoder_of_torch(norm_first, padded):
    x, memory = random(3, 5, 8), random(3, 7, 8, seed=1)
    there = np.arange(7) < np.array([[7], [3], [4]])
    layer = jm.nn.TransformerDecoderLayer(
        4, mlp_features=16, dropout_rate=0.0, norm_first=norm_first
    )
    model = jm.nn.TransformerDecoder(layer, 2).init(0, (x, memory))
    theirs = torch.nn.TransformerDecoder(
        torch.nn.TransformerDecoderLayer(8, 4, 16, 0.0, batch_first=True, norm_first=norm_first), 2
    )
    for other, own in zip(theirs.layers, model.layers, strict=True):
        fill_block(other, own)
    expected = theirs(
        torch.from_numpy(x),
        torch.from_numpy(memory),
        tgt_mask=torch.from_numpy(~np.tri(5, dtype=bool)),
        memory_key_padding_mask=torch.from_numpy(~there) if padded else None,
    ).detach()
    output = model(x, memory, memory_padding_mask=there if padded else None)
    np.testing.assert_allclose(output, expected, **CLOSE)


# -- noise ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("SpatialDropout", 0.3),
        ("AlphaDropout", 0.3),
        ("GaussianDropout", 0.3),
        ("GaussianNoise", 0.5),
    ],
)
def test_noise_has_the_moments_of_keras(keras, name, argument):
    x = np.full((500, 4, 50), 2.0, np.float32)
    theirs = getattr(keras.layers, "SpatialDropout1D" if name == "SpatialDropout" else name)
    expected = np.asarray(theirs(argument, seed=0)(x, training=True))
    output = np.asarray(getattr(jm.nn, name)(argument).init(0)(x))
    for moment in (np.mean, np.std, np.min):
        if moment is not np.min or not name.startswith("Gaussian"):
            np.testing.assert_allclose(moment(output), moment(expected), rtol=0.03, atol=0.03)


def test_adaptive_log_softmax_of_torch():
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 12], div_value=2.0, head_bias=True)
    x, target = random(6, 8), np.arange(6) * 3
    layer = jm.nn.AdaptiveLogSoftmax(20, cutoffs=[5, 12], div_value=2.0, head_bias=True).init(0, x)
    as_kernel = lambda weight: jnp.asarray(weight.detach().numpy().T)  # noqa: E731
    layer.head.kernel = as_kernel(theirs.head.weight)
    layer.head.bias = jnp.asarray(theirs.head.bias.detach().numpy())
    for project, output, tail in zip(layer.projections, layer.outputs, theirs.tail, strict=True):
        project.kernel, output.kernel = as_kernel(tail[0].weight), as_kernel(tail[1].weight)
    with torch.no_grad():
        expected = theirs.log_prob(torch.from_numpy(x)).numpy()
        likelihood = theirs(torch.from_numpy(x), torch.from_numpy(target)).output.numpy()
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer.log_likelihood(x, target), likelihood, rtol=1e-5, atol=1e-5)
