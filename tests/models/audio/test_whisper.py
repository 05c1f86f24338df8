"""Whisper: sizes, causality, and a decoder that remembers what it heard."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

FEATURES = np.random.default_rng(0).normal(size=(2, 12, 6)).astype(np.float32)
TOKENS = np.array([[1, 5, 9, 2], [1, 8, 0, 3]])


@pytest.fixture(scope="module")
def model():
    model = jm.models.Whisper(8, 2, 2, vocabulary=10, num_mels=6, max_frames=14, max_length=5)
    return model.init(0, (FEATURES, TOKENS)).eval()


@jax.jit
def whole(model, features, tokens):
    return model(features, tokens)


@jax.jit
def step(decoder, tokens):
    logits = decoder(tokens)
    return decoder, logits


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("tiny", 37_184_640),
        pytest.param("base", 71_825_920, marks=pytest.mark.slow),
        pytest.param("small", 240_582_912, marks=pytest.mark.slow),
        pytest.param("medium", 762_321_920, marks=pytest.mark.slow),
        pytest.param("large", 1_541_384_960, marks=pytest.mark.slow),
        pytest.param("large-v3", 1_541_570_560, marks=pytest.mark.slow),
    ],
)
def test_numbers_of_parameters(name, parameters):
    model = jm.models.Whisper.preset(name)
    model = jax.eval_shape(lambda: model.init(0, model.example_inputs()))
    assert jm.num_parameters(model) == parameters


@pytest.mark.slow
def test_decoding_equals_recomputing(model):
    expected = whole(model, FEATURES, TOKENS)
    assert expected.shape == (2, 4, 10)
    decoder = model.listen(FEATURES)
    found = []
    for part in (TOKENS[:, :2], TOKENS[:, 2:3], TOKENS[:, 3:]):
        decoder, logits = step(decoder, part)
        found.append(logits)
    np.testing.assert_allclose(np.concatenate(found, 1), expected, rtol=1e-4, atol=1e-5)
    assert model.decoder.blocks.layers[0].cross_attention.cached_key is None
    assert int(jm.nn.cached_length(decoder)) == 4


@pytest.mark.slow
def test_the_memory_is_not_projected_again(model):
    """A step has no product of the size of the memory, 6 positions, with a kernel."""

    def products(*args):
        program = jax.make_jaxpr(lambda decoder, *args: (decoder, decoder(*args)))(*args)
        lines = [line for line in str(program).splitlines() if "= dot_general" in line]
        return sum("[2,6,8]" in line.split("=")[0] for line in lines)

    decoder, memory = model.listen(FEATURES), model.encoder(FEATURES)
    assert products(decoder, TOKENS[:, :1], memory) == 4  # keys and values of two layers
    assert products(decoder, TOKENS[:, :1]) == 0


@pytest.mark.slow
def test_prompts_of_different_lengths(model):
    decoder = model.listen(FEATURES)
    keep = np.arange(4) < np.array([[4], [2]])
    decoder(TOKENS, padding_mask=keep)
    # The second text goes on at its own position.
    logits = decoder(np.array([[4], [4]]), positions=np.array([[4], [2]]))
    alone = whole(model, FEATURES[1:], np.array([[1, 8, 4]]))
    np.testing.assert_allclose(logits[1, 0], alone[0, 2], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_generate_writes_down_what_was_heard(model):
    prompt, written = np.array([[1], [1]]), []
    for _ in range(4):
        logits = model(FEATURES, np.concatenate([prompt, *written], axis=1))
        written.append(np.asarray(logits[:, -1:].argmax(-1)))
    found = jm.models.generate(model.listen(FEATURES), prompt, 4)
    np.testing.assert_array_equal(found.tokens, np.concatenate(written, axis=1))


@pytest.mark.slow
def test_later_tokens_do_not_change_earlier_logits(model):
    other = TOKENS.copy()
    other[:, 3] = 7
    before, after = whole(model, FEATURES, TOKENS), whole(model, FEATURES, other)
    np.testing.assert_allclose(after[:, :3], before[:, :3], rtol=1e-5, atol=1e-6)
    assert not np.allclose(after[:, 3], before[:, 3], atol=1e-3)


def test_wanted_logits_alone(model):
    memory, places = model.encoder(FEATURES), jnp.array([[3], [1]])
    found = model.decoder(TOKENS, memory, logits_at=places)
    expected = whole(model, FEATURES, TOKENS)
    np.testing.assert_allclose(found[:, 0], expected[np.arange(2), [3, 1]], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_gradients_reach_both_parts(model):
    gradients, _ = jax.jit(jm.grad(lambda m, x, t: (m(x, t) ** 2).mean()))(model, FEATURES, TOKENS)
    names = jm.state_dict(gradients.parameters())
    assert all(np.isfinite(leaf).all() and np.abs(leaf).max() > 0 for leaf in names.values())
    assert not any(name.endswith("key.bias") for name in names)


def test_errors(model):
    with pytest.raises(ValueError, match=r"of at most 14 frames; got shape \(1, 15, 6\)"):
        model.encoder(np.zeros((1, 15, 6), np.float32))
    with pytest.raises(ValueError, match="has 5 positions, from 0; got a sequence that goes to 5"):
        whole(model, FEATURES, np.zeros((2, 6), int))


@pytest.mark.parametrize(("sounds", "prompts"), [(1, 2), (2, 1)])
def test_there_is_a_prompt_for_each_sound(model, sounds, prompts):
    decoder = jax.eval_shape(model.listen, FEATURES[:sounds])
    text = rf"memory of batch \({sounds},\), .* tokens have batch \({prompts},\). Give one"
    for write in (jm.models.generate, lambda *given: list(jm.models.stream(*given))):
        with pytest.raises(ValueError, match=text):
            write(decoder, TOKENS[:prompts], 1)
    with pytest.raises(ValueError, match=text):
        jm.nn.init_cache(decoder, prompts, 4)
    assert jm.nn.cached_length(jm.nn.init_cache(decoder, sounds, 4)) == 0


@pytest.mark.slow
def test_a_sound_without_a_batch_axis_takes_one_prompt(model):
    decoder = model.listen(FEATURES[0])
    assert jm.models.generate(decoder, TOKENS[0, :2], 2).tokens.shape == (2,)
    with pytest.raises(ValueError, match=r"memory of batch \(\), .* tokens have batch \(2,\)"):
        jm.models.generate(decoder, TOKENS[:, :2], 2)


@pytest.mark.parametrize("name", ["decoder_layers", "decoder_heads", "decoder_mlp_features"])
def test_the_decoder_has_no_size_of_zero(name):
    with pytest.raises(ValueError, match="expects a positive integer for .* got 0"):
        jm.models.Whisper(8, 2, 2, **{name: 0})
