import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm
from jax_metrics.nn import LoRA, Stack, apply_lora, merge_lora

X = jax.random.normal(jax.random.key(1), (4, 6))


def model():
    return jm.Sequential(
        jm.MLP([8, 8]),
        jm.nn.MultiHeadAttention(2),
        Stack(jm.Sequential(jm.Linear(8), jm.LayerNorm()), 3),
        jm.Linear(2),
    ).init(0, X)


def is_attention(module):
    return isinstance(module, jm.nn.MultiHeadAttention)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "trained"),
    [
        (jm.Linear, {"[0].linear", "[0].linear2", "[2].layer.layers[0]", "[3]"}),
        ((jm.MLP, jm.nn.MultiHeadAttention), {"[0]", "[1]"}),
        (is_attention, {"[1]"}),
        (".layers[3]", {"[3]"}),
        (["layers[3]", ".layers[2].layer.layers[0]"], {"[2].layer.layers[0]", "[3]"}),
    ],
    ids=["class", "classes", "predicate", "path", "paths"],
)
def test_only_the_chosen_factors_train(where, trained):
    plain = model()
    adapted = apply_lora(plain, where, 2, alpha=4)
    np.testing.assert_allclose(adapted(X), plain.eval()(X), atol=1e-6)
    optimizer = jm.Optimizer(optax.adam(1e-3)).init(adapted)
    paths = {path.split(".a[")[0].split(".b[")[0] for path in optimizer.opt_state[0].mu}
    assert paths == {f".layers{end}" for end in trained}

    def loss(params):
        return (adapted.merge(params)(X) ** 2).sum()

    value, grads = jax.jit(jax.value_and_grad(loss))(adapted.parameters())
    adapted = optimizer.update(grads, adapted)
    assert loss(adapted.parameters()) < value
    merged = merge_lora(adapted)
    assert jax.tree.structure(merged.unfreeze().train()) == jax.tree.structure(plain)
    np.testing.assert_allclose(merged(X), adapted(X), atol=1e-5)
    changed = {
        path.rpartition(".")[0]
        for (path, a), (_, b) in zip(
            plain.named_parameters(), merged.named_parameters(), strict=True
        )
        if not np.array_equal(a, b)
    }
    assert all(any(c.startswith(f".layers{end}") for end in trained) for c in changed)
    assert changed


@pytest.mark.slow
def test_layers_of_a_stack_get_factors_of_their_own():
    adapted = apply_lora(model(), jm.Linear, 2)
    a = adapted.layers[2].layer.layers[0].a["kernel"]
    assert a.shape == (3, 8, 2)
    assert len(jnp.unique(a)) == a.size


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "x", "shapes"),
    [
        (jm.Linear(5), X, {"kernel": ((6, 2), (2, 5))}),
        (jm.Conv(16, (3, 3)), jnp.ones((1, 8, 8, 2)), {"kernel": ((18, 2), (2, 16))}),
        (jm.Embed(10, 4), jnp.array([1, 2]), {"embedding": ((10, 2), (2, 4))}),
        (
            jm.nn.MultiHeadAttention(2, qkv_features=8),
            jnp.ones((1, 3, 8)),
            {f"{n}.kernel": ((8, 2), (2, 8)) for n in ("query", "key", "value", "out")},
        ),
    ],
    ids=["linear", "conv", "embed", "attention"],
)
def test_shapes_of_the_factors(layer, x, shapes):
    adapted = LoRA(layer, 2).init(0, x)
    found = {name: (adapted.a[name].shape, adapted.b[name].shape) for name in adapted.a}
    assert {k: v for k, v in found.items() if k in shapes} == shapes
    np.testing.assert_allclose(adapted(x), adapted.layer(x), atol=1e-6)


def test_the_formula():
    adapted = LoRA(jm.Linear(5).init(0, X), 2, alpha=6.0, key=0)
    adapted.b = {"kernel": jax.random.normal(jax.random.key(2), (2, 5))}
    kernel = adapted.layer.kernel + 3.0 * adapted.a["kernel"] @ adapted.b["kernel"]
    np.testing.assert_allclose(adapted(X), X @ kernel + adapted.layer.bias, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(adapted.merged().kernel, kernel, rtol=1e-6)


@pytest.mark.slow
def test_attention_of_a_transformer():
    x, seen = jnp.ones((1, 3, 4)), jnp.array([[True, True, False]])
    layer = jm.nn.TransformerEncoderLayer(2, causal=True, dropout_rate=0.0).init(0, x)
    adapted = apply_lora(layer, (jm.nn.GroupedQueryAttention, jm.nn.FeedForward), 1)
    adapted = adapted.map(lambda b: b + 0.1, jm.Parameter, lambda info: ".b[" in info.path)
    merged = merge_lora(adapted)
    assert not np.allclose(adapted(x), layer.eval()(x), atol=1e-3)
    x = x.at[:, 2].set(jnp.nan)  # is padding
    np.testing.assert_allclose(
        adapted(x, padding_mask=seen), merged(x, padding_mask=seen), rtol=1e-5
    )
    # The cache is in the adapted layer.
    step = jax.jit(lambda layer, x: (layer(x), layer))
    decoding, expected = (jm.nn.init_cache(m, 1, max_length=3) for m in (adapted, merged))
    for _ in range(2):
        (output, decoding), (wanted, expected) = (step(m, x[:, :1]) for m in (decoding, expected))
    np.testing.assert_allclose(output, wanted, rtol=1e-5)


@pytest.mark.slow
def test_without_freezing_the_rest_still_trains():
    adapted = apply_lora(model(), ".layers[3]", 2, freeze=False)
    paths = [path for path, _ in adapted.trainable_parameters().named_parameters()]
    assert ".layers[0].linear.kernel" in paths
    assert ".layers[3].layer.kernel" not in paths


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: apply_lora(jm.Linear(2), jm.Linear, 2), ValueError, "has none yet. Call"),
        (lambda: apply_lora(model(), jm.Conv, 2), ValueError, "No layer .* matches.*layers.0."),
        (lambda: apply_lora(model(), ".nope", 2), KeyError, "There is no '.nope'"),
        (lambda: apply_lora(model(), ".layers", 2), TypeError, "at .layers there is none"),
        (lambda: apply_lora(model(), [3], 2), TypeError, "expected a class, several"),
        (
            lambda: LoRA(jm.Linear(2), 0),
            ValueError,
            "LoRA expects a positive integer for `rank`; got 0",
        ),
        (lambda: LoRA(jnp.sin, 2), TypeError, "LoRA expected a module"),
        (lambda: LoRA(jm.LayerNorm(), 2).init(0, X), ValueError, "no Parameters of two axes"),
    ],
)
def test_errors(make, error, text):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "where", "text"),
    [
        (lambda: jm.nn.RNN(jm.nn.LSTMCell(3)), jm.nn.LSTMCell, r"adapt \.layers\[0\]\.cell \(LSTM"),
        (
            lambda: jm.nn.WeightNorm(jm.Linear(3)),
            jm.Linear,
            r"is inside of .* \(WeightNorm",
        ),
        (
            lambda: jm.nn.RNN(jm.nn.GRUCell(3)),
            ".layers[0].cell",
            r"`apply_lora\(model, '\.layers\[0\]', \.\.\.\)`",
        ),
    ],
)
def test_a_layer_that_flax_calls_is_refused(layer, where, text):
    x = jnp.ones((2, 4, 5))
    model = jm.Sequential(layer()).init(0, x)
    with pytest.raises(TypeError, match=text):
        jm.nn.apply_lora(model, where, rank=1)
    adapted = jm.nn.apply_lora(model, ".layers[0]", rank=1)
    assert jnp.allclose(adapted(x), model(x), atol=1e-6)


def test_paths_that_look_alike_have_factors_of_their_own():
    class Both(jm.Module):
        def __init__(self):
            self.parts = {"a": {"b": jm.Linear(3)}, "a.b": jm.Linear(3)}

        def __call__(self, x):
            return self.parts["a"]["b"](x) + self.parts["a.b"](x)

    x = jnp.ones((2, 4))
    model = Both().init(0, x)
    adapted = jm.nn.LoRA(model, rank=2, key=0)
    assert len(adapted.a) == len(adapted.b) == 2
    changed = adapted.at[".b"].set(jax.tree.map(jnp.ones_like, adapted.b))
    merged = changed.merged()
    for layer, before in ((merged.parts["a"]["b"], model.parts["a"]["b"]),):
        assert not jnp.allclose(layer.kernel, before.kernel)
    assert not jnp.allclose(merged.parts["a.b"].kernel, model.parts["a.b"].kernel)
    assert jnp.allclose(changed(x), merged(x), atol=1e-5)
