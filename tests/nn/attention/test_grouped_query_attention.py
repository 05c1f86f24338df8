import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import jax_metrics as jm


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


X = random(2, 6, 8)


def reference(layer, query, key, value, keep):
    """Head by head in float64; `keep` broadcasts to `[batch, heads, queries, keys]`."""

    def project(linear, x, heads):
        y = x.astype(np.float64) @ np.asarray(linear.kernel, np.float64)
        if linear.bias is not None:
            y = y + np.asarray(linear.bias, np.float64)
        return y.reshape(*y.shape[:-1], heads, -1)

    q = project(layer.query, query, layer.num_heads)
    k = project(layer.key, key, layer.num_kv_heads)
    v = project(layer.value, value, layer.num_kv_heads)
    keep = np.broadcast_to(keep, (len(q), layer.num_heads, q.shape[1], k.shape[1]))
    heads = []
    for h in range(layer.num_heads):
        g = h // (layer.num_heads // layer.num_kv_heads)
        logits = np.einsum("bqd,bkd->bqk", q[:, :, h], k[:, :, g]) / np.sqrt(q.shape[-1])
        logits = np.where(keep[:, h], logits, -np.inf)
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        heads.append(weights @ v[:, :, g])
    return project(layer.out, np.concatenate(heads, -1), 1)[..., 0, :]


@pytest.mark.slow
@settings(max_examples=8)
@given(
    st.sampled_from([(1, 1), (4, 4), (4, 2), (4, 1), (6, 3)]),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
)
def test_against_float64(heads, batch, length, keys, masked, use_bias):
    query, key, value = random(batch, length, 5), random(batch, keys, 3), random(batch, keys, 2)
    layer = jm.nn.GroupedQueryAttention(
        *heads, head_dim=4, out_features=7, use_bias=use_bias, bias_init=jm.initializers.normal(1.0)
    )
    layer = jax.jit(lambda *inputs: layer.init(0, inputs))(query, key, value)
    rng = np.random.default_rng(1)
    keep = rng.random((batch, heads[0], length, keys)) < 0.6 if masked else np.ones((1, 1, 1, 1))
    keep = keep.astype(bool) | (np.arange(keys) == 0)
    expected = reference(layer, query, key, value, keep)
    output, (same, weights) = jax.jit(
        lambda layer: (
            layer(query, key, value, mask=keep if masked else None),
            layer(query, key, value, mask=keep, return_weights=True),
        )
    )(layer)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(same, expected, rtol=1e-4, atol=1e-5)
    assert weights.shape == (batch, heads[0], length, keys)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)


@pytest.mark.slow
def test_masks_are_combined():
    layer = jm.nn.GroupedQueryAttention(4, 2, causal=True).init(0, X)
    padding = np.arange(6) < np.array([[6], [4]])
    mask = np.random.default_rng(0).random((4, 6, 6)) < 0.7
    mask |= np.eye(6, dtype=bool)
    keep = padding[:, None, None] & mask & np.tri(6, dtype=bool)
    rows = keep.any(-1).all(1)  # where something is left to see
    expected = reference(layer, X, X, X, keep | ~keep.any(-1, keepdims=True))
    output = layer(X, mask=mask, padding_mask=padding)
    np.testing.assert_allclose(output[rows], expected[rows], rtol=1e-4, atol=1e-5)
    assert jnp.isfinite(output).all()


def test_padding_has_no_influence():
    layer = jm.nn.GroupedQueryAttention(2).init(0, X)
    padded = np.concatenate([X, 100 + random(2, 3, 8)], axis=1)
    mask = np.arange(9) < np.array([[6], [6]])
    np.testing.assert_allclose(
        layer(padded, padding_mask=mask)[:, :6], layer(X), rtol=1e-4, atol=1e-5
    )


@pytest.mark.slow
def test_rope_gets_positions():
    layer = jm.nn.GroupedQueryAttention(2, rope=jm.nn.RotaryEmbedding(), causal=True).init(0, X)
    np.testing.assert_allclose(layer(X, positions=9), layer(X), rtol=1e-3, atol=1e-4)
    places = jnp.array([[0, 2, 4, 6, 8, 10], [0, 1, 2, 3, 4, 5]])
    output = layer(X, positions=places)
    assert not jnp.allclose(output[0], layer(X)[0], atol=1e-3)
    np.testing.assert_allclose(output[1], layer(X)[1], rtol=1e-4, atol=1e-5)


def test_normalized_queries_and_keys_ignore_the_scale():
    options = {"normalize_qk": True, "use_bias": False}
    layer = jm.nn.GroupedQueryAttention(2, **options).init(0, X)
    louder = layer.at[".query.kernel"].apply(lambda kernel: 10 * kernel)
    np.testing.assert_allclose(louder(X), layer(X), rtol=1e-3, atol=1e-4)
    assert layer.query_norm.scale.shape == (4,)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_batch_axes(batch):
    x = random(*batch, 5, 8)
    layer = jm.nn.GroupedQueryAttention(4, 2, causal=True).init(0, x)
    output = layer(x, padding_mask=np.ones((*batch, 5), bool), mask=np.ones((5, 5), bool))
    assert output.shape == x.shape
    flat, single = x.reshape(-1, 5, 8), jnp.asarray(layer(x)).reshape(-1, 5, 8)
    for i, part in enumerate(flat):
        np.testing.assert_allclose(layer(part), single[i], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(jax.vmap(layer)(flat), single, rtol=1e-4, atol=1e-5)


# -- dropout ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(0, 6, 8), (2, 0, 6, 8), (2, 0, 8)])
@pytest.mark.parametrize("options", [{}, {"return_weights": True}])
def test_no_examples_and_no_positions(shape, options):
    layer = cached()
    x, keep = jnp.zeros(shape), jnp.ones(shape[:-1], bool)
    shapes = jax.eval_shape(lambda layer: layer(x, padding_mask=keep, **options), layer)
    assert jax.tree.leaves(shapes)[0].shape == shape
    decoding = jm.nn.init_cache(layer, shape[:-2], 8)
    assert jax.eval_shape(lambda m: (m, m(x, padding_mask=keep)), decoding)[1].shape == shape


@pytest.mark.slow
def test_dropout_of_weights():
    layer = jm.nn.GroupedQueryAttention(4, 2, dropout_rate=0.5).init(0, X)
    _, whole = layer.eval()(X, return_weights=True)
    output, weights = jm.copy(layer)(X, return_weights=True)
    kept = np.asarray(weights != 0)
    assert 0.3 < kept.mean() < 0.7
    np.testing.assert_allclose(weights, np.where(kept, 2 * whole, 0), rtol=1e-5, atol=1e-6)
    first, second = layer(X), layer(X)
    np.testing.assert_allclose(first, output, rtol=1e-5, atol=1e-6)
    assert not jnp.allclose(first, second)
    np.testing.assert_array_equal(layer.eval()(X), layer.freeze()(X))
    assert (layer(X, rng=3) == layer(X, rng=3)).all()


def test_dropout_of_everything():
    layer = jm.nn.GroupedQueryAttention(4, dropout_rate=1.0).init(0, X)
    np.testing.assert_array_equal(layer(X), jnp.zeros_like(X) + layer.out.bias)


def test_dropout_needs_a_key():
    layer = jm.nn.GroupedQueryAttention(4, dropout_rate=0.5).init(0, X)
    layer.rng = None
    with pytest.raises(RuntimeError, match="GroupedQueryAttention needs a random key"):
        layer(X)


@pytest.mark.slow
def test_biases_of_some_layers():
    layer = jm.nn.GroupedQueryAttention(4, use_bias=["query", "out"]).init(0, X)
    layers = {"query": layer.query, "key": layer.key, "value": layer.value, "out": layer.out}
    assert [name for name, part in layers.items() if part.bias is not None] == ["query", "out"]
    block = jm.nn.TransformerEncoderLayer(4, attention_bias=("value",)).init(0, X)
    assert block.self_attention.key.bias is None and block.self_attention.value.bias is not None
    assert block.feed_forward.linear1.bias is not None


# -- cache ------------------------------------------------------------------------------------


def cached(**options):
    layer = jm.nn.GroupedQueryAttention(
        4, 2, causal=True, rope=jm.nn.RotaryEmbedding(), normalize_qk=True, **options
    )
    return layer.init(0, X)


@jax.jit
def called(layer, x):
    """The output, and the layer after the call; one program for all steps of a length."""
    return layer(x), layer


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("steps", [(6,), (4, 1, 1), (1,) * 6, (2, 3, 1)])
@pytest.mark.parametrize("room", [6, 10])
def test_cache_changes_nothing(steps, room):
    layer = cached()
    decoding, outputs, start = jm.nn.init_cache(layer, 2, room), [], 0
    for n in steps:
        output, decoding = called(decoding, X[:, start : start + n])
        outputs.append(output)
        start += n
    np.testing.assert_allclose(jnp.concatenate(outputs, 1), layer(X), rtol=1e-4, atol=1e-5)
    assert int(decoding.cache_index) == 6
    shapes = {x.shape for x in jax.tree.leaves(decoding.caches())}
    assert shapes == {(2, 2, room, 2), (2, room), ()}
    np.testing.assert_array_equal(jm.nn.remove_cache(decoding)(X), layer(X))


@pytest.mark.slow
def test_cache_under_scan_is_traced_once():
    layer = cached(dropout_rate=0.1).eval()
    traces = 0

    @jax.jit
    def step(layer, x):
        nonlocal traces
        traces += 1
        return layer, layer(x)

    layer = jm.nn.init_cache(layer, 2, 8)
    _, outputs = jax.lax.scan(step, layer, jnp.asarray(X)[:, :, None].swapaxes(0, 1))
    plain = jm.nn.remove_cache(layer)(X)
    np.testing.assert_allclose(outputs[:, :, 0].swapaxes(0, 1), plain, rtol=1e-4, atol=1e-5)
    assert traces == 1
    for i in range(3):
        layer, _ = step(layer, X[:, i : i + 1])
    assert traces <= 2


@pytest.mark.slow
def test_cache_of_prompts_with_padding():
    """The first has 4 tokens and the second 2, padded to 4; then both go on."""
    layer = cached()
    padding = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
    decoding = jm.nn.init_cache(layer, 2, 8)
    decoding(X[:, :4], padding_mask=padding)
    output = decoding(X[:, 4:5], positions=np.array([[4], [2]]))
    short = np.concatenate([X[1:, :2], X[1:, 4:5]], axis=1)
    np.testing.assert_allclose(output[0, 0], layer(X)[0, 4], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(output[1, 0], layer(short)[0, 2], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_mask_with_a_cache_has_the_length_of_the_cache():
    layer = cached()
    decoding = jm.nn.init_cache(layer, 2, 8)
    window = np.abs(np.arange(8)[:, None] - np.arange(8)) < 2
    decoding(X[:, :5], mask=window[:5])
    output = decoding(X[:, 5:], mask=window[5:6])
    np.testing.assert_allclose(output, layer(X, mask=window[:6, :6])[:, 5:], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_cache_dtype_and_batch_axes():
    layer = cached()
    half = jm.nn.init_cache(layer, 2, 6, dtype=jnp.bfloat16)
    assert half.cached_key.dtype == half.cached_value.dtype == jnp.bfloat16
    np.testing.assert_allclose(half(X), layer(X), atol=0.05)
    none = jm.nn.init_cache(layer, (), 6)
    np.testing.assert_allclose(none(X[0]), layer(X[0]), rtol=1e-4, atol=1e-5)
    two = jm.nn.init_cache(layer, (1, 2), 6)
    np.testing.assert_allclose(two(X[None])[0], layer(X), rtol=1e-4, atol=1e-5)
    assert jm.nn.init_cache(cached(dtype=jnp.bfloat16), 2, 6).cached_key.dtype == jnp.bfloat16


@pytest.mark.slow
def test_a_full_cache():
    decoding = jm.nn.init_cache(cached(), 2, 6)
    decoding(X[:, :5])
    with pytest.raises(ValueError, match="for 6 positions, of which 5 are taken; got 2 more"):
        decoding(X[:, :2])

    @jax.jit
    def step(layer, x):
        return layer, layer(x)

    assert jnp.isnan(step(decoding, X[:, :2])[1]).all()


def test_a_new_cache_starts_again():
    decoding = jm.nn.init_cache(cached(), 2, 6)
    first = decoding(X)
    decoding = jm.nn.init_cache(decoding, 2, 6)
    np.testing.assert_array_equal(decoding(X), first)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jm.nn.GroupedQueryAttention(4, 3), ValueError, "must divide `num_heads`; got 3"),
        (lambda: jm.nn.GroupedQueryAttention(4, dropout_rate=2), ValueError, "`dropout_rate` is a"),
        (lambda: jm.nn.GroupedQueryAttention(3).init(0, X), ValueError, "among 3 heads; got 8"),
        (
            lambda: jm.nn.GroupedQueryAttention(4, use_bias=["q"]),
            ValueError,
            "'out'; `use_bias` names 'q'",
        ),
        (lambda: jm.nn.GroupedQueryAttention(4)(X), RuntimeError, "before it was initialized"),
        (lambda: cached()(X[0, 0]), ValueError, r"queries `\[batch..., length, features\]`"),
        (lambda: cached()(X, X[:1]), ValueError, "got the shapes"),
        (lambda: cached()(X, X[:, :3]), ValueError, "is causal, so it needs as many"),
        (
            lambda: cached()(X, mask=np.ones((5, 6), bool)),
            ValueError,
            r"\(2, 4, 6, 6\); got shape \(5",
        ),
        (
            lambda: cached()(X, padding_mask=np.ones(6, bool)),
            ValueError,
            r"\(2, 6\); got shape \(6,\)",
        ),
        (lambda: jm.nn.init_cache(cached(), 2, 0), ValueError, "at least 1; got 0"),
        (lambda: jm.nn.init_cache(jm.Linear(2), 2, 3), ValueError, "No layer for a cache in this"),
        (
            lambda: jm.nn.init_cache(jm.nn.GroupedQueryAttention(4, causal=True), 2, 3),
            RuntimeError,
            "only after it was initialized",
        ),
        (
            lambda: jm.nn.GroupedQueryAttention(4).init(0, X).make_cache(2, 3),
            ValueError,
            "Make it with `causal=True`",
        ),
        (lambda: jm.nn.init_cache(cached(), 3, 6)(X), ValueError, r"of batch \(3,\).*Start anoth"),
        (lambda: jm.nn.init_cache(cached(), 2, 5)(X), ValueError, "has a cache for 5 positions"),
        (lambda: jm.nn.init_cache(cached(), 2, 6)(X, X), ValueError, "only keys of its own"),
        (
            lambda: jm.nn.init_cache(cached(), 2, 8)(X, padding_mask=np.ones((2, 8), bool)),
            ValueError,
            r"for the new positions, \(2, 6\)",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
