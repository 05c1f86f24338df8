"""GPT-2 with the random weights of transformers' class: every layer, and back."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import GPT2_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
TOKENS = np.random.default_rng(0).integers(0, 61, (2, 12))


def original(**options):
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=61, n_embd=16, n_layer=3, n_head=4, n_positions=64, initializer_range=0.3,
        bos_token_id=0, eos_token_id=0, **options,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "ln_" in name or "bias" in name:
                parameter.uniform_(0.5, 1.5)
    return model


def converted(theirs, state=None):
    model = GPT2_FORMAT.from_config(theirs.config.to_dict())
    model = model.init(0, model.example_inputs()).eval()
    state = theirs.state_dict() if state is None else state
    params, rules = model.parameters(), GPT2_FORMAT.rules(model)
    return model.merge(jm.load_state_dict(params, state, rules=rules))


@pytest.mark.parametrize(
    "options", [{}, {"n_inner": 24, "activation_function": "relu", "tie_word_embeddings": False}]
)
def test_every_layer(options):
    theirs = original(**options)
    ours = converted(theirs)
    with torch.no_grad():
        expected = theirs(torch.tensor(TOKENS), output_hidden_states=True)

    @jax.jit
    def outputs(model, tokens):
        x = model.features.positions(model.features.embed(tokens))
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


def test_names_without_the_body():
    theirs = original()
    ours = converted(theirs)
    assert jm.equal(converted(theirs, theirs.transformer.state_dict()), ours)


@pytest.mark.parametrize("preset", sorted(jm.models.GPT2.presets))
def test_presets_have_as_many_parameters(preset):
    ours = jm.models.GPT2.preset(preset)
    config = transformers.GPT2Config(
        n_embd=ours.features.embed.features, n_layer=len(ours.features.blocks),
        n_head=ours.features.blocks.layers[0].self_attention.num_heads,
    )  # fmt: skip
    with torch.device("meta"):
        theirs = transformers.GPT2LMHeadModel(config)
    shapes = jax.eval_shape(lambda: ours.init(0, ours.example_inputs()))
    assert jm.num_parameters(shapes) == theirs.num_parameters()


def test_unsupported_configurations_are_refused():
    config = original(scale_attn_by_inverse_layer_idx=True).config.to_dict()
    with pytest.raises(ValueError, match=r"`scale_attn_by_inverse_layer_idx: True`, which changes"):
        GPT2_FORMAT.from_config(config)


@pytest.mark.parametrize("options", [{}, {"tie_word_embeddings": False}])
def test_there_and_back(options, weights, tmp_path):
    theirs = original(**options)
    jm.models.save_pretrained(converted(theirs), tmp_path / "ours")
    again = weights.loaded_by_transformers(type(theirs), tmp_path / "ours")
    with torch.no_grad():
        expected, found = (model(torch.tensor(TOKENS)).logits for model in (theirs, again))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
