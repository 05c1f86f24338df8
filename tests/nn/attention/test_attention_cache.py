"""The cache of the keys and values of a memory, and which calls share a cache."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


X, MEMORY = normal(2, 4, 8), normal(2, 6, 8, seed=1)
KEEP = np.arange(6) < np.array([[6], [4]])
step = jax.jit(lambda model, *args, **masks: (model, model(*args, **masks)))


def cross(**options):
    return jm.nn.GroupedQueryAttention(4, 2, cross=True, **options).init(0, (X, MEMORY))


@pytest.mark.parametrize("wrap", [lambda m: jm.nn.LoRA(m, 2), jm.nn.Remat])
@pytest.mark.parametrize("outer", [lambda m: m, jm.nn.Remat])
def test_caches_of_layers_with_others_around_their_kernels(wrap, outer):
    layer = cross(dtype=None)
    wrapped = layer.map_modules(lambda m: isinstance(m, jm.Linear), lambda m: outer(wrap(m)))
    layer.make_cache(2, 6)
    wrapped.make_cache(2, 6)
    assert jm.equal(wrapped.caches().at[".cached_key"].get(), layer.cached_key)


@pytest.mark.parametrize("dtype", [jnp.int8, "uint8", bool, "complex64"])
def test_caches_are_of_floats(dtype):
    model = jm.nn.GroupedQueryAttention(4, 2, causal=True).init(0, X)
    with pytest.raises(TypeError, match=r"got `dtype=\w+\d*`. Pass a floating one, such as"):
        jm.nn.init_cache(model, 2, 4, dtype=dtype)


def decoder(scan=False):
    layer = jm.nn.TransformerDecoderLayer(4, num_kv_heads=2, dropout_rate=0.0)
    return jm.nn.TransformerDecoder(layer, 2, scan=scan).init(0, (X, MEMORY))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=pytest.mark.slow),
        {"rope": jm.nn.RotaryEmbedding(), "normalize_qk": True},
    ],
)
def test_a_memory_is_remembered(options):
    layer = cross(**options)
    layer.make_cache(2, 6)
    first = layer(X, MEMORY, padding_mask=KEEP)
    assert int(layer.cache_index) == 6 and layer.cached_key.shape == (2, 2, 6, 2)
    np.testing.assert_allclose(layer(X), first, **CLOSE)
    plain = jm.nn.remove_cache(layer)
    np.testing.assert_allclose(first, plain(X, MEMORY, padding_mask=KEEP), **CLOSE)
    # Masks of a later call hide more of the memory; the last memory is the one that counts.
    mask = np.arange(6) < 3
    expected = plain(X, MEMORY, mask=mask & KEEP[:, None, None])
    np.testing.assert_allclose(layer(X, mask=mask), expected, **CLOSE)
    same = np.broadcast_to(mask, (2, 6))
    np.testing.assert_allclose(layer(X, padding_mask=same), expected, **CLOSE)
    np.testing.assert_allclose(layer(X, 2 * MEMORY), plain(X, 2 * MEMORY), **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("scan", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_decoder_computes_the_memory_once(scan):
    model = decoder(scan)
    decoding = jm.nn.init_cache(model, 2, 4, memory_length=6)
    decoding, start = step(decoding, X[:, :2], MEMORY, memory_padding_mask=KEEP)
    outputs = [start]
    for i in (2, 3):
        decoding, output = step(decoding, X[:, i : i + 1])
        outputs.append(output)
    whole = model(X, MEMORY, memory_padding_mask=KEEP)
    np.testing.assert_allclose(jnp.concatenate(outputs, 1), whole, **CLOSE)
    assert not jax.tree.leaves(jm.nn.remove_cache(decoding).caches())


@pytest.mark.slow
def test_an_empty_cache_of_a_memory():
    decoding = jm.nn.init_cache(decoder(), 2, 4, memory_length=6)
    assert np.isnan(step(decoding, X)[1]).all()
    with pytest.raises(ValueError, match="still empty. Pass the memory in the first call"):
        decoding(X)


class Twice(jm.Module):
    def __init__(self, layer):
        self.layer = layer

    def __call__(self, x):
        return self.layer(self.layer(x))


class TiedLayers(jm.Module):
    def __init__(self):
        self.a, self.b = (jm.nn.GroupedQueryAttention(4, causal=True) for _ in range(2))
        jm.tie(self, ".a", ".b", inplace=True)

    def __call__(self, x):
        return self.b(self.a(x))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda layer: Twice(layer), ".layer"),
        (lambda layer: jm.nn.Remat(Twice(layer)), ".layer.layer"),
        (lambda layer: jm.nn.Stack(Twice(layer), 2), ".layer.layer"),
        (lambda layer: Twice(jm.nn.Stack(layer, 2)), ".layer.layer"),
        (lambda layer: TiedLayers(), ".a"),
    ],
)
def test_one_layer_cannot_cache_two_uses(make, path):
    model = make(jm.nn.GroupedQueryAttention(4, causal=True)).init(0, X)
    decoding = jm.nn.init_cache(model, 2, 8)
    for call in (lambda: decoding(X), lambda: jax.eval_shape(lambda m, x: (m, m(x)), decoding, X)):
        with pytest.raises(
            RuntimeError, match=rf"^\{path} \(Gr.* is called twice in one call of th"
        ):
            call()


class Attends(jm.Module):
    """Attends to each of its memories; to that of the cache for None."""

    def __init__(self):
        self.own = jm.nn.GroupedQueryAttention(4, causal=True)
        self.layer = jm.nn.GroupedQueryAttention(4, cross=True)

    def __call__(self, x, memories, masks=(None, None)):
        x = self.own(x)
        for memory, mask in zip(memories, masks, strict=True):
            x = self.layer(x, memory, padding_mask=mask)
        return x


@pytest.mark.slow
@pytest.mark.parametrize("transform", [lambda model: model, jm.nn.Remat])
def test_one_layer_cannot_cache_two_memories(transform):
    model = transform(Attends()).init(0, (X, (MEMORY, MEMORY)))
    decoding = jm.nn.init_cache(model, 2, 8, memory_length=6)
    traced = jax.jit(lambda model, *args: (model, model(*args)))
    for memories, *masks in [(MEMORY, 2 * MEMORY)], [(MEMORY, MEMORY), (KEEP, None)]:
        for call in (decoding, lambda *args: traced(decoding, *args)):
            with pytest.raises(RuntimeError, match=r"layer \(Gr.*one memory and is called "):
                call(X, memories, *masks)
        model(X, memories, *masks)  # without a cache


@pytest.mark.slow
def test_one_layer_can_use_its_memory_again():
    model = Attends().init(0, (X, (MEMORY, MEMORY)))
    decoding = jm.nn.init_cache(model, 2, 8, memory_length=6)
    parts = [decoding(X[:, :1], (MEMORY, MEMORY)), decoding(X[:, 1:2], (None, None))]
    parts += [decoding(X[:, 2:3], (MEMORY, None)), decoding(X[:, 3:], (None, None))]
    expected = model(X, (MEMORY, MEMORY))
    np.testing.assert_allclose(jnp.concatenate(parts, 1), expected, **CLOSE)
    decoding = jm.nn.init_cache(model, 2, 8, memory_length=6)
    decoding(X[:, :1], (MEMORY, None))
    with pytest.raises(RuntimeError, match="is called with two in one call"):
        decoding(X[:, 1:2], (None, 2 * MEMORY))


class Steps(jm.Module):
    def __init__(self):
        self.layer = jm.nn.GroupedQueryAttention(4, causal=True)

    def __call__(self, x):
        if self.initializing():
            return self.layer(x)
        return _in_steps(jm.nn.init_cache(self.layer, 2, 8), x)

    def steps(self, x):
        return _in_steps(self.layer, x)


def _in_steps(layer, x):
    return jnp.concatenate([layer(x[:, :3]), layer(x[:, 3:])], axis=1)


@pytest.mark.slow
def test_several_steps_of_one_cache():
    """In a call of a model that starts the cache, and in a method that is no call."""
    model = Steps().init(0, X)
    expected = model.layer(X)
    np.testing.assert_allclose(model(X), expected, rtol=1e-4, atol=1e-5)
    decoding = jm.nn.init_cache(model, np.int64(2), 8)
    np.testing.assert_allclose(decoding.steps(X), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_stack_that_is_traced_twice_uses_its_cache_once():
    """Its first trace finds that the output has another dtype than the input."""
    stack = jm.nn.Stack(jm.nn.GroupedQueryAttention(4, causal=True), 2).init(0, X)
    decoding, half = jm.nn.init_cache(stack, 2, 8), jnp.asarray(X, jnp.bfloat16)
    np.testing.assert_allclose(_in_steps(decoding, half), stack(half), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cross()(X), "attends over a memory: pass it as `key`"),
        (lambda: decoder()(X), "attends over a memory: pass it as `key`"),
        (
            lambda: jm.nn.GroupedQueryAttention(4, causal=True, cross=True),
            "attends over a memory with `cross`, so not `causal`",
        ),
        (
            lambda: jm.nn.init_cache(decoder(), 2, 4, memory_length=5)(X, MEMORY),
            "memory of 5 positions of batch .2,.; got a memory of 6 positions",
        ),
        (
            lambda: jm.nn.init_cache(decoder(), 2, 4, memory_length=0),
            "`memory_length` must be at least 1; got 0",
        ),
        (
            lambda: jm.nn.init_cache(
                jm.nn.GroupedQueryAttention(4, causal=True).init(0, X), 2, 4, memory_length=6
            ),
            "no GroupedQueryAttention with `cross=True`",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("batch", "length", "message"),
    [
        (2.5, 4, "`batch_size` needs an integer; got 2.5"),
        (2, 1.5, "`max_length` needs an integer; got 1.5"),
    ],
)
def test_sizes_are_integers(batch, length, message):
    with pytest.raises(TypeError, match=message):
        jm.nn.init_cache(jm.nn.GroupedQueryAttention(4, causal=True), batch, length)
