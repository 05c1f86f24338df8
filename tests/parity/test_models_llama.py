"""Llama with the random weights of transformers' class: every layer, and back."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import LLAMA_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
TOKENS = np.random.default_rng(0).integers(0, 61, (2, 12))
PADDED = np.arange(12) < np.array([[12], [7]])
LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}  # fmt: skip
CONFIGS = {
    "grouped": {"num_key_value_heads": 2, "tie_word_embeddings": True},
    "untied": {"num_key_value_heads": 4, "tie_word_embeddings": False, "head_dim": 8},
    "llama3": {"num_key_value_heads": 1, "rope_parameters": {"rope_theta": 500.0, **LLAMA3}},
    "linear": {"rope_parameters": {"rope_theta": 1e4, "rope_type": "linear", "factor": 2.0}},
}


def original(name):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=61, hidden_size=16, intermediate_size=40, num_hidden_layers=3,
        num_attention_heads=4, max_position_embeddings=64, rms_norm_eps=1e-5,
        initializer_range=0.3, **CONFIGS[name],
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "norm" in parameter_name:
                parameter.uniform_(0.5, 1.5)
    return model


def converted(theirs):
    model = LLAMA_FORMAT.from_config(theirs.config.to_dict())
    model = model.init(0, model.example_inputs()).eval()
    params, rules = model.parameters(), LLAMA_FORMAT.rules(model)
    return model.merge(jm.load_state_dict(params, theirs.state_dict(), rules=rules))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer(name):
    theirs = original(name)
    ours = converted(theirs)
    with torch.no_grad():
        expected = theirs(torch.tensor(TOKENS), output_hidden_states=True)

    @jax.jit
    def outputs(model, tokens):
        x = model.features.embed(tokens)
        found = [x]
        for layer in model.features.blocks:
            x = layer(x)
            found.append(x)
        found[-1] = model.features.blocks.norm(x)  # transformers gives the last one normalized
        return found, model(tokens)

    layers, logits = outputs(ours, TOKENS)
    for layer, hidden in zip(layers, expected.hidden_states, strict=True):
        np.testing.assert_allclose(layer, hidden, **CLOSE)
    np.testing.assert_allclose(logits, expected.logits, **CLOSE)


def test_padding():
    theirs = original("grouped")
    with torch.no_grad():
        expected = theirs(torch.tensor(TOKENS), attention_mask=torch.tensor(PADDED)).logits.numpy()
    logits = jax.jit(lambda m: m(TOKENS, padding_mask=PADDED))(converted(theirs))
    np.testing.assert_allclose(logits[PADDED], expected[PADDED], **CLOSE)


@pytest.mark.parametrize(
    ("rope", "error"),
    [
        ({"rope_type": "yarn", "factor": 2.0}, "by 'yarn', which is not supported"),
        ({"type": "dynamic", "factor": 2.0}, "by 'dynamic', which is not supported"),
    ],
)
def test_unsupported_scaling_is_refused(rope, error):
    config = {**original("grouped").config.to_dict(), "rope_scaling": rope}
    with pytest.raises(ValueError, match=error):
        LLAMA_FORMAT.from_config(config)


def test_configurations_of_transformers_4():
    config = {**original("llama3").config.to_dict(), "rope_theta": 500.0, "rope_scaling": LLAMA3}
    del config["rope_parameters"]
    ours = LLAMA_FORMAT.from_config(config)
    rope = ours.features.blocks.layers[0].self_attention.rope
    assert (rope.base, rope.scaling) == (500.0, jm.nn.Llama3RotaryScaling(8.0, original_length=16))


@pytest.mark.parametrize("preset", sorted(jm.models.Llama.presets))
def test_presets_have_as_many_parameters(preset):
    ours = jm.models.Llama.preset(preset)
    block = ours.features.blocks.layers[0]
    attention = block.self_attention
    config = transformers.LlamaConfig(
        vocab_size=ours.vocabulary, hidden_size=ours.features.embed.features,
        intermediate_size=block.feed_forward.hidden_features,
        num_hidden_layers=len(ours.features.blocks), num_attention_heads=attention.num_heads,
        num_key_value_heads=attention.num_kv_heads, head_dim=attention.head_dim,
        tie_word_embeddings=bool(jm.ties(ours)),
    )  # fmt: skip
    with torch.device("meta"):
        theirs = transformers.LlamaForCausalLM(config)
    shapes = jax.eval_shape(lambda: ours.init(0, ours.example_inputs()))
    assert jm.num_parameters(shapes) == theirs.num_parameters()


@pytest.mark.parametrize("name", CONFIGS)
def test_there_and_back(name, weights, tmp_path):
    theirs = original(name)
    jm.models.save_pretrained(converted(theirs), tmp_path / "ours")
    again = weights.loaded_by_transformers(type(theirs), tmp_path / "ours")
    with torch.no_grad():
        expected, found = (model(torch.tensor(TOKENS)).logits for model in (theirs, again))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
