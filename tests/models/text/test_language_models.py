"""What GPT2 and Llama share: heads, caches, padding, positions, frozen and changed parts."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

TOKENS = np.array([[3, 1, 4, 1, 5], [2, 7, 1, 8, 2]])
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
SIZES = {"vocabulary": 11, "width": 8, "num_layers": 2, "num_heads": 2}
MAKE = {
    "gpt2": lambda **options: jm.models.GPT2(**SIZES, max_length=16, **options),
    "llama": lambda **options: jm.models.Llama(**SIZES, num_kv_heads=1, **options),
}


def made(name, **options):
    model = MAKE[name](**options)
    return model.init(0, model.example_inputs()).eval()


@jax.jit
def call(model, tokens, **options):
    return model(tokens, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKE)
def test_parts(name):
    model = made(name)

    @jax.jit
    def parts(model):
        hidden = model.features(TOKENS)
        return hidden, model.features.embed.attend(hidden), model(TOKENS)

    hidden, logits, whole = parts(model)
    assert hidden.shape == (2, 5, 8) and whole.shape == (2, 5, 11)
    np.testing.assert_allclose(logits, whole, **CLOSE)  # the head is the embedding
    some = call(model, TOKENS, logits_at=jnp.array([[4, 0], [2, 2]]))
    expected = np.stack([whole[0, [4, 0]], whole[1, [2, 2]]])
    np.testing.assert_allclose(some, expected, **CLOSE)
    assert jm.num_parameters(made(name, tied=False)) - jm.num_parameters(model) == 8 * 11


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKE)
def test_cache_and_positions(name):
    model = made(name)
    whole = call(model, TOKENS)

    @jax.jit
    def in_parts(model):
        decoding = jm.nn.init_cache(model, 2, 5)
        parts = [decoding(TOKENS[:, :3]), decoding(TOKENS[:, 3:4]), decoding(TOKENS[:, 4:])]
        return jnp.concatenate(parts, axis=1), decoding

    np.testing.assert_allclose(in_parts(model)[0], whole, **CLOSE)
    padded = np.concatenate([np.zeros((2, 2), int), TOKENS], axis=1)
    keep = np.arange(7) >= np.array([[2], [2]])
    positions = np.maximum(np.arange(7) - 2, 0)
    found = call(model, padded, padding_mask=keep, positions=positions)
    np.testing.assert_allclose(found[:, 2:], whole, **CLOSE)


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKE)
def test_a_new_head_on_frozen_features(name):
    model = jm.untie(made(name)).replace(head=jm.Linear(3))
    model = model.init(1, TOKENS).train()
    model = model.replace(features=model.features.freeze())
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(model)
    assert {*jm.state_dict(model.trainable_parameters())} == {"head.kernel", "head.bias"}

    @jax.jit
    def step(model, optimizer):
        grads, model = jm.grad(lambda model: (model(TOKENS) ** 2).mean())(model)
        return optimizer.update(grads, model), optimizer

    changed, _ = step(model, optimizer)
    assert jm.equal(changed.features.parameters(), model.features.parameters())
    assert not jm.equal(changed.head.parameters(), model.head.parameters())


@pytest.mark.slow
def test_dropout_of_gpt2_needs_training_mode():
    model = made("gpt2", dropout_rate=0.5)
    np.testing.assert_array_equal(model(TOKENS), model(TOKENS))
    training = model.train()
    assert not jnp.allclose(training(TOKENS), training(TOKENS))


@pytest.mark.slow
def test_half_precision():
    model = made("llama", dtype=jnp.bfloat16)
    logits = call(model, TOKENS)
    assert logits.dtype == jnp.bfloat16 and model.features.embed.embedding.dtype == jnp.float32
    np.testing.assert_allclose(logits.astype(jnp.float32), call(made("llama"), TOKENS), atol=0.02)


def test_gpt2_has_so_many_positions():
    model = made("gpt2")
    with pytest.raises(ValueError, match="has 16 positions, from 0; got .* that goes to 16"):
        model(jnp.zeros((1, 17), int))
    with pytest.raises(ValueError, match="GPT2 has 16 positions; prompts of 5 tokens and 13 new"):
        jm.models.generate(model, TOKENS, 13)


def test_presets_may_be_changed():
    model = jm.models.Llama.preset("smollm2-135m", num_layers=1, tied=False)
    assert len(model.features.blocks) == 1 and not jm.ties(model)
    assert model.features.blocks.layers[0].self_attention.rope.base == 100_000
    with pytest.raises(ValueError, match="Llama has the presets 'smollm2-135m', .*; got 'llama'"):
        jm.models.Llama.preset("llama")
