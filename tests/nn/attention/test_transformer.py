import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = np.random.default_rng(0).normal(size=(2, 5, 8)).astype(np.float32)
MEMORY = np.random.default_rng(1).normal(size=(2, 7, 8)).astype(np.float32)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def encoder_layer(**options):
    return jm.nn.TransformerEncoderLayer(4, mlp_features=16, **{"dropout_rate": 0.0, **options})


def decoder_layer(**options):
    return jm.nn.TransformerDecoderLayer(4, mlp_features=16, **{"dropout_rate": 0.0, **options})


@pytest.mark.slow
def test_feed_forward():
    layer = jm.nn.FeedForward(16, activation=jnp.sin).init(0, X)
    hidden = np.sin(X.astype(np.float64) @ np.asarray(layer.linear1.kernel, np.float64))
    np.testing.assert_allclose(layer(X), hidden @ np.asarray(layer.linear2.kernel), **CLOSE)
    assert jm.nn.FeedForward(use_bias=False).init(0, X).linear1.kernel.shape == (8, 32)


@pytest.mark.slow
def test_gated_feed_forward():
    layer = jm.nn.FeedForward(16, gated=True, activation=jnp.sin, use_bias=False).init(0, X)
    layers = (layer.linear1, layer.gate, layer.linear2)
    up, gate, down = (np.asarray(part.kernel, np.float64) for part in layers)
    expected = (np.sin(X @ gate) * (X @ up)) @ down
    np.testing.assert_allclose(layer(X), expected, **CLOSE)
    plain = jm.nn.FeedForward(16).init(0, X)
    assert plain.gate is None
    block = encoder_layer(gated=True, kernel_init=jm.initializers.ones).init(0, X)
    kernels = [block.feed_forward.gate.kernel, block.self_attention.out.kernel]
    assert all((kernel == 1).all() for kernel in kernels)


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder_layer_is_made_of_its_parts(norm_first):
    layer = encoder_layer(norm_first=norm_first, num_kv_heads=2).init(0, X)
    if norm_first:
        middle = X + layer.self_attention(layer.norm1(X))
        expected = middle + layer.feed_forward(layer.norm2(middle))
    else:
        middle = layer.norm1(X + layer.self_attention(X))
        expected = layer.norm2(middle + layer.feed_forward(middle))
    np.testing.assert_allclose(layer(X), expected, **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("norm_first", [False, True])
def test_decoder_layer_is_made_of_its_parts(norm_first):
    layer = decoder_layer(norm_first=norm_first).init(0, (X, MEMORY))
    x = jnp.asarray(X)
    branches = [
        layer.self_attention,
        lambda h: layer.cross_attention(h, MEMORY),
        layer.feed_forward,
    ]
    for branch, norm in zip(branches, [layer.norm1, layer.norm2, layer.norm3], strict=True):
        x = x + branch(norm(x)) if norm_first else norm(x + branch(x))
    np.testing.assert_allclose(layer(X, MEMORY), x, **CLOSE)


@pytest.mark.slow
def test_causal_layers_do_not_see_what_comes():
    changed = X.copy()
    changed[:, 3:] += 1
    encoder = jm.nn.TransformerEncoder(encoder_layer(causal=True), 2).init(0, X)
    np.testing.assert_allclose(encoder(changed)[:, :3], encoder(X)[:, :3], **CLOSE)
    decoder = jm.nn.TransformerDecoder(decoder_layer(), 2).init(0, (X, MEMORY))
    np.testing.assert_allclose(decoder(changed, MEMORY)[:, :3], decoder(X, MEMORY)[:, :3], **CLOSE)
    open_ = encoder_layer().init(0, X)
    assert not np.allclose(open_(changed)[:, :3], open_(X)[:, :3], atol=1e-3)


@pytest.mark.slow
def test_padding_masks():
    model = jm.nn.TransformerEncoder(encoder_layer(), 2).init(0, X)
    padded = np.pad(X, [(0, 0), (0, 2), (0, 0)], constant_values=9)
    keep = np.arange(7) < np.full((2, 1), 5)
    np.testing.assert_allclose(model(padded, padding_mask=keep)[:, :5], model(X), **CLOSE)

    model = jm.nn.TransformerDecoder(decoder_layer(causal=False), 2).init(0, (X, MEMORY))
    wider = np.pad(MEMORY, [(0, 0), (0, 1), (0, 0)], constant_values=9)
    there = np.arange(8) < np.full((2, 1), 7)
    output = model(padded, wider, padding_mask=keep, memory_padding_mask=there)
    np.testing.assert_allclose(output[:, :5], model(X, MEMORY), **CLOSE)
    masks = {"mask": np.ones((7, 7), bool), "memory_mask": np.ones((7, 8), bool)}
    both = model(padded, wider, padding_mask=keep, memory_padding_mask=there, **masks)
    np.testing.assert_array_equal(both, output)


@pytest.mark.slow
def test_cached_decoding_of_a_stack():
    layer = encoder_layer(
        causal=True, norm_first=True, rope=jm.nn.RotaryEmbedding(), num_kv_heads=2
    )
    model = jm.nn.TransformerEncoder(layer, 3, norm=jm.LayerNorm()).init(0, X)
    decoding = jm.nn.init_cache(model, 2, 5)
    assert jm.nn.cached_length(model) == 0 == jm.nn.cached_length(decoding)
    parts = [decoding(X[:, :3]), decoding(X[:, 3:4]), decoding(X[:, 4:])]
    assert jm.nn.cached_length(decoding) == 5
    np.testing.assert_allclose(jnp.concatenate(parts, 1), model(X), **CLOSE)

    model = jm.nn.TransformerDecoder(decoder_layer(), 2).init(0, (X, MEMORY))
    decoding = jm.nn.init_cache(model, 2, 5)
    assert decoding.layers[0].cross_attention.cached_key is None
    parts = [decoding(X[:, i : i + 1], MEMORY) for i in range(5)]
    np.testing.assert_allclose(jnp.concatenate(parts, 1), model(X, MEMORY), **CLOSE)


def test_layers_of_a_stack_differ_and_norm_comes_last():
    model = jm.nn.TransformerEncoder(encoder_layer(), 2, norm=jm.LayerNorm()).init(0, X)
    first, second = (layer.feed_forward.linear1.kernel for layer in model.layers)
    assert not jnp.allclose(first, second)
    expected = model.norm(model.layers[1](model.layers[0](X)))
    np.testing.assert_allclose(model(X), expected, **CLOSE)


@pytest.mark.slow
def test_scanned_layers_equal_separate_ones():
    layer = encoder_layer(causal=True, norm_first=True)
    model = jm.nn.TransformerEncoder(layer, 2, norm=jm.LayerNorm(), scan=True).init(0, X)
    assert isinstance(model.layers, jm.nn.Stack) and len(model.layers) == 2
    expected = model.norm(model.layers[1](model.layers[0](X)))
    np.testing.assert_allclose(model(X), expected, **CLOSE)
    keep = np.arange(5) < np.array([[3], [5]])
    masked = model.layers[1](model.layers[0](X, padding_mask=keep), padding_mask=keep)
    np.testing.assert_allclose(model(X, padding_mask=keep), model.norm(masked), **CLOSE)

    decoding = jm.nn.init_cache(model, 2, 5)
    parts = [decoding(X[:, :3]), decoding(X[:, 3:4]), decoding(X[:, 4:])]
    assert jm.nn.cached_length(decoding) == 5
    np.testing.assert_allclose(jnp.concatenate(parts, 1), model(X), **CLOSE)


@pytest.mark.slow
def test_dropout_obeys_the_mode():
    layer = encoder_layer(dropout_rate=0.5).init(0, X)
    np.testing.assert_array_equal(layer.eval()(X), layer.freeze()(X))
    assert not jnp.allclose(layer(X), layer(X))
    plain = encoder_layer().init(0, X)  # the same parameters
    np.testing.assert_allclose(layer.eval()(X), plain(X), **CLOSE)


@pytest.mark.slow
def test_training_step_in_bfloat16_is_traced_once():
    model = jm.nn.TransformerDecoder(decoder_layer(dropout_rate=0.1, dtype=jnp.bfloat16), 2).init(
        0, (X, MEMORY)
    )
    assert {x.dtype for x in jax.tree.leaves(model.parameters())} == {jnp.dtype(jnp.float32)}
    traces = 0

    @jax.jit
    def step(model):
        nonlocal traces
        traces += 1

        def loss(params):
            changed = model.merge(params)
            return (changed(X, MEMORY) * X).mean(), changed

        (value, changed), grads = jax.value_and_grad(loss, has_aux=True)(model.parameters())
        return value, changed, grads

    first, model, grads = step(model)
    second, _, _ = step(model)
    assert traces == 1 and first != second
    assert all(jnp.isfinite(g).all() for g in jax.tree.leaves(grads))


def test_works_in_compact_methods():
    @jm.compact_module
    def Model(x):  # noqa: N802
        return jm.nn.TransformerEncoderLayer(4, dropout_rate=0.5)(x)

    model = Model().init(0, X)
    assert model(X).shape == X.shape


@pytest.mark.slow
def test_other_norms():
    layer = encoder_layer(norm=jm.nn.RMSNorm, epsilon=1e-3).init(0, X)
    assert isinstance(layer.norm1, jm.nn.RMSNorm) and layer.norm1.epsilon == 1e-3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: jm.nn.TransformerEncoder(encoder_layer(), 0),
            "a positive integer for `num_layers`; got 0",
        ),
        (lambda: jm.nn.TransformerEncoder(encoder_layer().init(0, X), 2), "all start equal"),
        (lambda: encoder_layer().init(0, X)(X[0, 0]), r"expects `x` as \[batch..., length, feat"),
        (lambda: decoder_layer().init(0, (X, MEMORY))(X, X[0, 0]), "expects `memory` as"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("scan", [False, True])
def test_the_layers_are_read_like_a_list(scan):
    encoder = jm.nn.TransformerEncoder(jm.nn.TransformerEncoderLayer(2), 3, scan=scan)
    encoder = encoder.init(0, jnp.ones((1, 2, 4)))
    assert len(encoder) == 3 and len(list(encoder)) == 3
    assert jm.equal(encoder[-1], encoder.layers[2]) and type(encoder[0]) is type(encoder[1])
    assert type(encoder[1:]) is jm.nn.TransformerEncoder and len(encoder[1:]) == 2
