"""BERT with the random weights of transformers' classes: every layer, heads, poolings, and back."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.models.weights import BERT_FORMAT

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
rng = np.random.default_rng(0)
TOKENS = rng.integers(0, 61, (2, 9))
SEGMENTS = rng.integers(0, 2, (2, 9))
KEEP = np.arange(9) < np.array([[9], [5]])
THEIRS = {
    "input_ids": torch.tensor(TOKENS),
    "token_type_ids": torch.tensor(SEGMENTS),
    "attention_mask": torch.tensor(KEEP).long(),
}
OURS = {"segments": SEGMENTS, "padding_mask": KEEP}


def original(name="BertModel", **options):
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=61, hidden_size=16, intermediate_size=40, num_hidden_layers=3,
        num_attention_heads=4, max_position_embeddings=24, initializer_range=0.3,
        architectures=[name], **options,
    )  # fmt: skip
    model = getattr(transformers, name)(config).eval()
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if "LayerNorm" in parameter_name or "bias" in parameter_name:
                parameter.uniform_(0.5, 1.5)
    return model


def converted(theirs, **changes):
    model = BERT_FORMAT.from_config(theirs.config.to_dict())
    if changes:
        model = jm.models.Bert(61, 16, 3, 4, mlp_features=40, max_length=24, **changes)
    model = model.init(0, model.example_inputs()).eval()
    params, rules = model.parameters(), BERT_FORMAT.rules(model)
    return model.merge(jm.load_state_dict(params, theirs.state_dict(), rules=rules))


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu"])
def test_every_layer(activation):
    theirs = original(hidden_act=activation)
    ours = converted(theirs)
    with torch.no_grad():
        expected = theirs(**THEIRS, output_hidden_states=True)

    @jax.jit
    def outputs(model):
        x = model.features.embed(TOKENS, SEGMENTS, None)
        found = [x]
        for layer in model.features.blocks:
            x = layer(x, padding_mask=KEEP)
            found.append(x)
        return found, model(TOKENS, **OURS)

    layers, output = outputs(ours)
    for layer, hidden in zip(layers, expected.hidden_states, strict=True):
        np.testing.assert_allclose(np.asarray(layer)[KEEP], hidden.numpy()[KEEP], **CLOSE)
    np.testing.assert_allclose(output[KEEP], expected.last_hidden_state.numpy()[KEEP], **CLOSE)


def test_pooler():
    theirs = original()
    ours = converted(theirs, pooling="cls", head="pooler")
    with torch.no_grad():
        expected = theirs(**THEIRS).pooler_output
    np.testing.assert_allclose(jax.jit(lambda m: m(TOKENS, **OURS))(ours), expected, **CLOSE)


@pytest.mark.parametrize("name", ["BertForMaskedLM", "BertForPreTraining"])
def test_masked_language_head(name):
    theirs = original(name)
    with torch.no_grad():
        output = theirs(**THEIRS)
    expected = (output.logits if name == "BertForMaskedLM" else output.prediction_logits).numpy()
    ours = converted(theirs)
    logits = jax.jit(lambda m: m(TOKENS, **OURS))(ours)
    np.testing.assert_allclose(logits[KEEP], expected[KEEP], **CLOSE)


def test_weights_of_a_model_with_a_head_fit_one_without():
    theirs = original("BertForMaskedLM")
    ours = converted(theirs, pooling=None)
    with torch.no_grad():
        expected = theirs.bert(**THEIRS).last_hidden_state.numpy()
    hidden = jax.jit(lambda m: m(TOKENS, **OURS))(ours)
    np.testing.assert_allclose(hidden[KEEP], expected[KEEP], **CLOSE)


def test_sentence_embeddings():
    """As the formulas in the documentation of sentence-transformers."""
    theirs = original()
    with torch.no_grad():
        hidden = theirs(**THEIRS).last_hidden_state
    weights = torch.tensor(KEEP)[..., None].float()
    expected = {
        "mean": (hidden * weights).sum(1) / weights.sum(1),
        "max": hidden.masked_fill(weights == 0, -1e9).max(1).values,
        "cls": hidden[:, 0],
    }
    for pooling, vectors in expected.items():
        ours = converted(theirs, pooling=pooling, normalize=True)
        found = jax.jit(lambda m: m(TOKENS, **OURS))(ours)
        vectors = torch.nn.functional.normalize(vectors, dim=-1)
        np.testing.assert_allclose(found, vectors, **CLOSE)


@pytest.mark.parametrize("preset", sorted(jm.models.Bert.presets))
def test_presets_have_as_many_parameters(preset):
    ours = jm.models.Bert.preset(preset, pooling="cls", head="pooler")
    block, embed = ours.features.blocks.layers[0], ours.features.embed
    width = embed.tokens.features
    config = transformers.BertConfig(
        vocab_size=embed.tokens.num_embeddings, hidden_size=width, intermediate_size=4 * width,
        num_hidden_layers=len(ours.features.blocks),
        num_attention_heads=block.self_attention.num_heads,
    )  # fmt: skip
    with torch.device("meta"):
        theirs = transformers.BertModel(config)
    shapes = jax.eval_shape(lambda: ours.init(0, ours.example_inputs()))
    assert jm.num_parameters(shapes) == theirs.num_parameters()


def test_unsupported_configurations_are_refused():
    config = original().config.to_dict()
    with pytest.raises(ValueError, match=r"`hidden_act: 'mish'`, which is not supported"):
        BERT_FORMAT.from_config({**config, "hidden_act": "mish"})
    with pytest.raises(ValueError, match=r"`is_decoder: True`, which changes the architecture"):
        BERT_FORMAT.from_config({**config, "is_decoder": True})


def test_names_of_norms_from_tensorflow():
    theirs = original()
    ours = converted(theirs)
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    state = theirs.state_dict()
    for new_name, old_name in old.items():
        state = {name.replace(new_name, old_name): value for name, value in state.items()}
    again = jm.load_state_dict(ours.parameters(), state, rules=BERT_FORMAT.rules(ours))
    assert jm.equal(again, ours.parameters())


@pytest.mark.parametrize("name", ["BertModel", "BertForMaskedLM"])
def test_there_and_back(name, weights, tmp_path):
    theirs = original(name)
    model = converted(
        theirs, **({"pooling": "cls", "head": "pooler"} if name == "BertModel" else {})
    )
    jm.models.save_pretrained(model, tmp_path / "ours")
    again = weights.loaded_by_transformers(type(theirs), tmp_path / "ours")
    with torch.no_grad():
        expected, found = theirs(**THEIRS), again(**THEIRS)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6, atol=1e-6)
    if name == "BertModel":
        np.testing.assert_allclose(found.pooler_output, expected.pooler_output, atol=1e-6)
