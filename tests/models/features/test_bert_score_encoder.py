import pickle

import jax
import numpy as np
import pytest

import jax_metrics as jm

tokenizers = pytest.importorskip("tokenizers")
WORDS = ["[PAD]", "a", "b", "c", "d"]


@pytest.fixture(scope="module")
def model():
    model = jm.models.Bert(vocabulary=5, width=8, num_layers=2, num_heads=2, max_length=12)
    return jax.jit(lambda: model.init(0, model.example_inputs()))()


@pytest.fixture(scope="module")
def tokenizer():
    words = tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS)}, "[PAD]")
    backend = tokenizers.Tokenizer(words)
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return jm.models.Tokenizer(backend, {"pad": "[PAD]"})


def encoded(functions, texts):
    batch = functions["tokenizer"](texts)
    return functions["encoder"](batch["input_ids"], batch["attention_mask"])


@pytest.mark.slow
def test_layers(model, tokenizer):
    """Blocks of the model one after the other; in training mode it would drop values."""
    batch = tokenizer(["a b c", "d"], length=4)

    @jax.jit
    def hidden_states(features):
        found = [features.embed(batch.ids, None, None)]
        for block in features.blocks:
            found.append(block(found[-1], padding_mask=batch.mask))
        return found

    expected = hidden_states(model.eval().features)
    for layer, number in [(0, 0), (1, 1), (2, 2), (None, 2), (-1, 2), (-3, 0)]:
        functions = jm.models.bert_score_encoder(
            model, tokenizer, layer=layer, pad_to_multiple_of=4
        )
        found = encoded(functions, ["a b c", "d"])
        np.testing.assert_allclose(
            found[batch.mask], expected[number][batch.mask], rtol=1e-4, atol=1e-5
        )


@pytest.mark.slow
def test_pooling_and_head_take_no_part(model, tokenizer):
    other = jm.models.Bert(
        vocabulary=5,
        width=8,
        num_layers=2,
        num_heads=2,
        max_length=12,
        pooling="cls",
        head="pooler",
        normalize=True,
    )
    other = other.init(0, other.example_inputs()).replace(features=model.features)
    found, expected = (
        encoded(jm.models.bert_score_encoder(one, tokenizer), ["a b", "c d"])
        for one in (other, model)
    )
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("options", "count", "length"),
    [
        ({"pad_to_multiple_of": 5}, 3, 5),
        ({"pad_to_multiple_of": 5}, 6, 10),
        ({}, 3, 12),
        ({"pad_to_multiple_of": 5}, 30, 12),
        ({"max_length": 4}, 30, 4),
        ({"max_length": 8, "pad_to_multiple_of": 8}, 1, 8),
    ],
)
def test_lengths(model, tokenizer, options, count, length):
    functions = jm.models.bert_score_encoder(model, tokenizer, **options)
    batch = functions["tokenizer"](["a " * count, "b"])
    assert batch["input_ids"].shape == batch["attention_mask"].shape == (2, length)
    assert batch["attention_mask"].sum(1).tolist() == [min(count, length), 1]
    assert batch["input_ids"].sum(1).tolist() == [min(count, length), 2]


@pytest.mark.slow
def test_scores(model, tokenizer):
    functions = jm.models.bert_score_encoder(model, tokenizer, pad_to_multiple_of=4)
    metric = jm.metrics.BERTScore(**functions, special_tokens=False)
    metric = pickle.loads(pickle.dumps(metric))
    target, preds = ["a b c", "a"], ["c d", "a"]
    found = metric.update(target=target, preds=preds).compute()

    one, two = (
        x / np.linalg.norm(x, axis=-1, keepdims=True)
        for x in (encoded(functions, [text])[0] for text in ("a b c", "c d"))
    )
    similarity = (one[:3] @ two[:2].T).clip(0)
    precision, recall = similarity.max(0).mean(), similarity.max(1).mean()
    np.testing.assert_allclose(found["precision"], (precision + 1) / 2, rtol=1e-4)
    np.testing.assert_allclose(found["recall"], (recall + 1) / 2, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"layer": 3}, "layer must be from 0 to 2, the number of blocks.*; got 3"),
        ({"layer": -4}, "layer must be from 0 to 2, the number of blocks.*; got -4"),
        ({"max_length": 13}, "max_length must be from 1 to 12, the number of positions.*; got 13"),
        ({"max_length": 0}, "max_length must be from 1 to 12, the number of positions.*; got 0"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of must be 1 or more; got 0"),
    ],
)
def test_options(model, tokenizer, options, text):
    with pytest.raises(ValueError, match=text):
        jm.models.bert_score_encoder(model, tokenizer, **options)


def test_models_that_do_not_fit(tokenizer):
    with pytest.raises(TypeError, match=r"expects a jm.models.Bert; got Linear. Give other models"):
        jm.models.bert_score_encoder(jm.Linear(2), tokenizer)
    model = jm.models.Bert(vocabulary=5, width=8, num_layers=1, num_heads=2)
    with pytest.raises(ValueError, match="The Bert given to bert_score_encoder is not initialized"):
        jm.models.bert_score_encoder(model, tokenizer)
