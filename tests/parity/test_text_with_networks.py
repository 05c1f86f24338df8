"""Metrics of text that ask a network, BERTScore and InfoLM, against those of torchmetrics."""

import random

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

LENGTH = 12
# torchmetrics sorts texts by their number of tokens, and does not undo that properly; these are in
# this order already.
LONGER = [
    " ".join(random.Random(i).choices(["the", "cat", "sat", "a", "b"], k=i)) for i in range(1, 9)
]


def assert_close(found, expected, **options):
    np.testing.assert_allclose(
        np.asarray(found), expected, **{"rtol": 1e-5, "atol": 1e-7, **options}
    )


@pytest.fixture
def peer():
    """A function of torchmetrics."""
    functional = pytest.importorskip("torchmetrics.functional.text")
    return lambda name: getattr(functional, name)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A random BERT in a folder, and its tokenizer, hidden states and logits as functions."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("torchmetrics")
    folder = tmp_path_factory.mktemp("bert")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(i) for i in range(33, 127)]
    vocabulary = [*special, *letters, *(f"##{letter}" for letter in letters), "the", "cat", "sat"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=LENGTH,
        initializer_range=0.5,
    )
    model = transformers.BertForMaskedLM(config).eval()
    model.save_pretrained(folder)

    def tokens(texts):
        options = dict(padding="max_length", max_length=LENGTH, truncation=True)
        return tokenizer(texts, return_tensors="np", **options)

    def of_model(ids, mask):
        with torch.no_grad():
            arrays = torch.tensor(ids), torch.tensor(mask)
            return model(*arrays, output_hidden_states=True)

    def states(ids, mask):
        return of_model(ids, mask).hidden_states[-1].numpy()

    def logits(ids, mask):
        return of_model(ids, mask).logits.numpy()

    return str(folder), tokens, states, logits, len(vocabulary)


@pytest.mark.parametrize("idf", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_bert_score(peer, network, several, idf):
    folder, tokens, states, _, vocabulary = network
    preds = LONGER[2:6]
    target = [LONGER[i : i + 2] for i in range(0, 8, 2)] if several else LONGER[4:]
    flat = [one for pair in target for one in pair] if several else target
    weights = jm.inverse_document_frequencies(flat, tokenizer=tokens, vocabulary_size=vocabulary)
    found = jm.bert_score(
        target,
        preds,
        tokenizer=tokens,
        encoder=states,
        idf=weights if idf else None,
        batch_size=4,
    )
    expected = peer("bert_score")(
        preds, target, folder, num_layers=2, max_length=LENGTH, truncation=True, idf=idf
    )
    for name, value in found.items():
        assert_close(value, np.mean(expected[name].numpy()), rtol=1e-5)


MEASURES = [
    ("kl_divergence", {}, -1),
    ("alpha_divergence", {"alpha": 0.5}, -1),
    ("beta_divergence", {"beta": 0.7}, 1),
    ("ab_divergence", {"alpha": 0.25, "beta": 0.5}, 1),
    ("renyi_divergence", {"alpha": 0.3}, 1),
    ("l1_distance", {}, 1),
    ("l2_distance", {}, 1),
    ("l_infinity_distance", {}, 1),
    ("fisher_rao_distance", {}, 1),
]


@pytest.mark.parametrize(("measure", "options", "sign"), MEASURES)
def test_info_lm(peer, network, measure, options, sign):
    """The first two divergences of torchmetrics have the wrong sign: they are never positive."""
    folder, tokens, _, logits, vocabulary = network
    preds = LONGER[:4]
    options = {"information_measure": measure, "temperature": 1.0, **options}
    for idf in (False, True) if measure == "kl_divergence" else (False,):
        # torchmetrics weights predictions by their own frequencies: here they are the same.
        target = preds if idf else LONGER[4:8]
        weights = jm.inverse_document_frequencies(
            target, tokenizer=tokens, vocabulary_size=vocabulary
        )
        found = jm.infolm(
            target,
            preds,
            tokenizer=tokens,
            encoder=logits,
            mask_id=4,
            special_ids=(0, 2, 3),
            idf=weights if idf else None,
            batch_size=4,
            **options,
        )
        expected = peer("infolm")(
            preds, target, folder, max_length=LENGTH, idf=idf, verbose=False, **options
        )
        assert_close(found, sign * expected, rtol=1e-4, atol=1e-6)
