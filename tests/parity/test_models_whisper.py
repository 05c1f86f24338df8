"""Whisper against transformers: features of sounds, each layer, and decoding with a cache."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import WHISPER_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

FEATURES = np.random.default_rng(0).normal(size=(2, 20, 6)).astype(np.float32)
TOKENS = np.array([[51, 3, 4, 9, 2], [51, 40, 4, 4, 7]])
THEIRS = {
    "input_features": torch.tensor(FEATURES.transpose(0, 2, 1)),
    "decoder_input_ids": torch.tensor(TOKENS),
}
ENCODER = [
    "model.encoder.conv1", *(f"model.encoder.layers.{i}" for i in range(3)),
    "model.encoder.layer_norm",
]  # fmt: skip
DECODER = [*(f"model.decoder.layers.{i}" for i in range(2)), "model.decoder.layer_norm"]


def whisper(weights):
    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        vocab_size=60, d_model=16, encoder_layers=3, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=20, num_mel_bins=6,
        max_source_positions=10, max_target_positions=14, pad_token_id=50, bos_token_id=50,
        eos_token_id=50, decoder_start_token_id=51, suppress_tokens=None,
        begin_suppress_tokens=None,
    )  # fmt: skip
    return weights.randomized(transformers.WhisperForConditionalGeneration(config))


@jax.jit
def layer_by_layer(model, features, tokens):
    """The outputs of the blocks, each from that of the one before."""
    encoder, decoder = model.encoder, model.decoder
    first = encoder.conv1(features)
    x = jax.nn.gelu(encoder.conv2(jax.nn.gelu(first, approximate=False)), approximate=False)
    heard = [encoder.positions(x)]
    for block in encoder.blocks.layers:
        heard.append(block(heard[-1]))
    memory = encoder(features)
    written = [decoder.positions(decoder.embed(tokens))]
    for block in decoder.blocks.layers:
        written.append(block(written[-1], memory))
    last = decoder.blocks(written[0], memory)
    return [first, *heard[1:], memory, *written[1:], last], model(features, tokens)


def test_each_layer(weights, tmp_path):
    theirs = whisper(weights)
    ours = weights.through_files(WHISPER_FORMAT, theirs, tmp_path)
    result, expected = weights.recorded(theirs, ENCODER + DECODER, **THEIRS)
    expected["model.encoder.conv1"] = expected["model.encoder.conv1"].mT
    layers, logits = layer_by_layer(ours, FEATURES, TOKENS)
    for name, found in zip(ENCODER + DECODER, layers, strict=True):
        weights.assert_close(found, expected[name], name)
    weights.assert_close(logits, result.logits)
    half = {**THEIRS, "input_features": THEIRS["input_features"].bfloat16()}
    weights.in_bfloat16(
        ours, theirs, result.logits.numpy(),
        lambda model: model(FEATURES.astype(jnp.bfloat16), TOKENS),
        lambda model: model(**half).logits,
    )  # fmt: skip


@jax.jit
def step(decoder, tokens):
    logits = decoder(tokens)[:, -1]
    return decoder, logits.argmax(-1)[:, None]


def test_greedy_tokens_with_a_cache(weights):
    theirs = whisper(weights)
    ours = WHISPER_FORMAT.from_config(theirs.config.to_dict())
    ours = ours.init(0, ours.example_inputs()).eval()
    ours = jm.load_state_dict(ours, theirs.state_dict(), rules=WHISPER_FORMAT.rules(ours))
    tokens = torch.tensor([[51], [51]])
    with torch.no_grad():  # their own `generate` has rules of its own about the first tokens
        for _ in range(12):
            logits = theirs(THEIRS["input_features"], decoder_input_ids=tokens).logits
            tokens = torch.cat([tokens, logits[:, -1:].argmax(-1)], dim=1)
    decoder, token, written = ours.listen(FEATURES), np.array([[51], [51]]), []
    for _ in range(12):
        decoder, token = step(decoder, token)
        written.append(token)
    np.testing.assert_array_equal(np.concatenate(written, 1), tokens[:, 1:])


@pytest.mark.parametrize("num_mels", [80, 128])
@pytest.mark.parametrize("seconds", [2, 31])
def test_features(num_mels, seconds):
    rng = np.random.default_rng(0)
    time = np.arange(16_000 * seconds) / 16_000
    tone = np.sin(2 * np.pi * 440 * time) * np.exp(-time) + 0.01 * rng.normal(size=len(time))
    noise = rng.normal(size=len(time)) * 0.1
    samples = np.stack([tone, noise]).astype(np.float32)
    extractor = transformers.WhisperFeatureExtractor(feature_size=num_mels)
    np.testing.assert_allclose(
        jm.models.audio._log_mel._mel_filters(num_mels, 400, 16_000),
        extractor.mel_filters, rtol=1e-5, atol=1e-8,
    )  # fmt: skip
    expected = extractor(list(samples), sampling_rate=16_000)["input_features"]
    found = jm.models.log_mel_spectrogram(samples, num_mels=num_mels)
    assert found.shape == (2, 3000, num_mels)
    np.testing.assert_allclose(found, np.transpose(expected, (0, 2, 1)), rtol=1e-4, atol=2e-4)


def test_sinusoids():
    expected = transformers.models.whisper.modeling_whisper.sinusoids(1500, 384).numpy()
    layer = jm.models.Whisper.preset("tiny").encoder.positions
    # The angles, up to 1500, have an error of 1e-4 in float32.
    np.testing.assert_allclose(layer(jnp.zeros((1500, 384))), expected, atol=3e-4)


@pytest.mark.parametrize("name", jm.models.Whisper.presets)
def test_numbers_of_parameters(name):
    preset = jm.models.Whisper.presets[name]
    width, layers, heads = preset["width"], preset["num_layers"], preset["num_heads"]
    config = transformers.WhisperConfig(
        d_model=width, encoder_layers=layers, decoder_layers=layers, encoder_attention_heads=heads,
        decoder_attention_heads=heads, encoder_ffn_dim=4 * width, decoder_ffn_dim=4 * width,
        vocab_size=preset.get("vocabulary", 51_865), num_mel_bins=preset.get("num_mels", 80),
    )  # fmt: skip
    with torch.device("meta"):
        theirs = transformers.WhisperForConditionalGeneration(config)
    ours = jm.models.Whisper.preset(name)
    ours = jax.eval_shape(lambda: ours.init(0, ours.example_inputs()))
    # Their sinusoids are parameters that are not trained.
    assert jm.num_parameters(ours) == theirs.num_parameters(only_trainable=True)
