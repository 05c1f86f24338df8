"""Metrics of text with an encoder of the user."""

import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import metrics as jm
from jax_metrics.metrics.text._info_lm import _distance

LETTERS = "abcde"
TABLE = np.random.default_rng(0).uniform(0.1, 1, (8, 6)).astype(np.float32)


def tokenizer(texts):
    """Ids of letters between those of the beginning and the end, padded to six."""
    ids = np.full((len(texts), 6), 7)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text) + 2] = [5, *map(LETTERS.index, text), 6]
    return {"input_ids": ids, "attention_mask": (ids != 7).astype(np.int32)}


def encoder(ids, mask):
    return jnp.asarray(TABLE)[ids]


def logits(ids, mask):
    """For each token the sum of the rows of all tokens of its text."""
    total = (TABLE[ids] * mask[..., None]).sum(1, keepdims=True)
    return np.broadcast_to(total, (*ids.shape, TABLE.shape[1]))


OPTIONS = {"tokenizer": tokenizer, "encoder": encoder}
MASKED = {"tokenizer": tokenizer, "encoder": logits, "mask_id": 0}


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def test_weights_of_rare_tokens():
    weights = jm.inverse_document_frequencies(
        ["a", "ab", "ac"], tokenizer=tokenizer, vocabulary_size=8
    )
    counts = np.array([3, 1, 1, 0, 0, 3, 3, 0])
    np.testing.assert_allclose(weights, np.log(4 / (counts + 1)))
    rows = TABLE / np.linalg.norm(TABLE, axis=1, keepdims=True)
    found = jm.bert_score("bc", "ab", idf=weights, **OPTIONS)
    similarity = rows[[0, 1]] @ rows[[1, 2]].T
    precision = similarity.max(1) @ weights[[0, 1]] / weights[[0, 1]].sum()
    recall = similarity.max(0) @ weights[[1, 2]] / weights[[1, 2]].sum()
    np.testing.assert_allclose(found["precision"], precision, rtol=1e-5)
    np.testing.assert_allclose(found["recall"], recall, rtol=1e-5)


def test_ends_of_texts_count_if_wanted():
    without = jm.bert_score("ab", "ac", **OPTIONS)
    with_ends = jm.bert_score("ab", "ac", special_tokens=False, **OPTIONS)
    assert float(with_ends["f1"]) > float(without["f1"])
    assert float(jm.bert_score("a", "", **OPTIONS)["f1"]) == 0


def padded_on_the_left(texts):
    """With padding before each text, and after the shorter ones."""
    return {name: np.pad(ids, [(0, 0), (2, 0)]) for name, ids in tokenizer(texts).items()}


@pytest.mark.parametrize("special_tokens", [False, True])
def test_it_does_not_matter_where_the_padding_is(special_tokens):
    texts = ["ab", "abcd", "c", ""], ["acd", "ea", "", "ab"]
    options = OPTIONS | {"special_tokens": special_tokens}
    expected = jm.bert_score(*texts, **options)
    found = jm.bert_score(*texts, **options | {"tokenizer": padded_on_the_left})
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6)


@pytest.mark.slow
def test_it_does_not_matter_where_the_padding_is_for_info_lm():
    options = MASKED | {"special_ids": (5, 6, 7), "information_measure": "l1_distance"}
    expected = jm.infolm("ab", "acd", **options)
    found = jm.infolm("ab", "acd", **options | {"tokenizer": padded_on_the_left})
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_baseline():
    plain = jm.bert_score("ab", "cd", **OPTIONS)
    scaled = jm.bert_score("ab", "cd", baseline=(0.5, 0.25, 0.0), **OPTIONS)
    np.testing.assert_allclose(scaled["precision"], 2 * plain["precision"] - 1, rtol=1e-5)
    assert scaled["f1"] == plain["f1"]


@pytest.mark.slow
def test_batches_are_filled_up():
    sizes = []

    def counted(ids, mask):
        sizes.append(len(ids))
        return encoder(ids, mask)

    target, preds = ["a", "b", ["c", "d"], "e"], ["ab", "b", "d", "a"]
    found = jm.bert_score(target, preds, tokenizer=tokenizer, encoder=counted, batch_size=3)
    assert sizes == [3, 3, 3, 3]  # five pairs
    expected = jm.bert_score(target, preds, **OPTIONS)
    np.testing.assert_allclose(found["f1"], expected["f1"], rtol=1e-6)


@pytest.mark.parametrize(
    ("measure", "options", "formula"),
    [
        ("kl_divergence", {}, lambda t, p: (t * np.log(t / p)).sum()),
        ("alpha_divergence", {"alpha": 2.0}, lambda t, p: ((t**2 / p).sum() - 1) / 2),
        ("renyi_divergence", {"alpha": 2.0}, lambda t, p: np.log((t**2 / p).sum())),
        ("l1_distance", {}, lambda t, p: abs(t - p).sum()),
        ("l2_distance", {}, lambda t, p: np.sqrt(((t - p) ** 2).sum())),
        ("l_infinity_distance", {}, lambda t, p: abs(t - p).max()),
        ("fisher_rao_distance", {}, lambda t, p: 2 * np.arccos(np.sqrt(t * p).sum())),
        (
            "beta_divergence",
            {"beta": 1.0},
            lambda t, p: np.log((t**2).sum() * (p**2).sum() / (t * p).sum() ** 2) / 2,
        ),
        (
            "ab_divergence",
            {"alpha": 1.0, "beta": 1.0},
            lambda t, p: np.log((t**2).sum() * (p**2).sum() / (t * p).sum() ** 2) / 2,
        ),
    ],
)
def test_information_measures(measure, options, formula):
    def distribution(text):
        """The mean over the tokens, each of which is masked in turn."""
        ids, mask = tokenizer([text]).values()
        rows = []
        for position in range(1, len(text) + 1):
            masked = ids.copy()
            masked[:, position] = 0
            rows.append(softmax(logits(masked, mask)[0, position]))
        return np.mean(rows, 0)

    options = {"information_measure": measure, "temperature": 1.0, **options}
    found = jm.infolm("abc", "be", special_ids=(5, 6, 7), **options, **MASKED)
    expected = formula(distribution("abc"), distribution("be"))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
    same = jm.infolm("abc", "abc", special_ids=(5, 6, 7), **options, **MASKED)
    np.testing.assert_allclose(same, 0, atol=1e-5)


ROWS = softmax(np.random.default_rng(1).normal(0, 3, (500, 40)).astype(np.float32))
ROWS[:, 0] = 0  # a word that is never expected
ROWS /= ROWS.sum(-1, keepdims=True)
MEASURES = [
    *((f"{name}_divergence", a, b) for name in ("kl", "alpha", "ab") for a, b in [(0.5, 0.25)]),
    *(("alpha_divergence", a, 0.0) for a in (-1.0, 2.0)),
    *(("beta_divergence", 0.0, b) for b in (0.5, -0.25, 2.0)),
    *(("ab_divergence", a, b) for a, b in [(-1.0, 0.5), (0.5, -0.25), (2.0, -0.5)]),
    *(("renyi_divergence", a, 0.0) for a in (0.5, 2.0, -1.0)),
    *((f"{name}_distance", 0.0, 0.0) for name in ("l1", "l2", "l_infinity", "fisher_rao")),
]


@pytest.mark.parametrize(("measure", "alpha", "beta"), MEASURES)
def test_distances_of_equal_and_close_distributions_have_the_right_sign(measure, alpha, beta):
    sign = -1 if measure == "renyi_divergence" and alpha < 0 else 1
    close = ROWS * (1 + np.float32(1e-5) * np.sign(ROWS - ROWS.mean(-1, keepdims=True)))
    for other in (ROWS, close):
        found = sign * np.asarray(_distance(measure, ROWS, other, alpha, beta))
        assert (found >= 0).all() and (found < 1e-4).all()
    apart = sign * np.asarray(_distance(measure, ROWS, ROWS[::-1], alpha, beta))
    assert (apart > 0.01).all() and np.isfinite(apart).all()


def test_only_distributions_are_bounded():
    """That of a text without tokens is 0."""
    found = _distance("alpha_divergence", np.zeros_like(ROWS[:1]), ROWS[:1], 2.0, 0.0)
    np.testing.assert_allclose(found, -0.5)


def test_weighted_words():
    """A text of one token that counts has the distribution at that token."""
    weights = np.array([0, 0, 1, 0, 0, 0, 0, 0])
    options = {"special_ids": (5, 6, 7), "temperature": 1.0, "information_measure": "l1_distance"}
    found = jm.infolm("ca", "cb", idf=weights, **options, **MASKED)
    rows = [softmax(TABLE[[5, 0, other, 6]].sum(0)) for other in (0, 1)]
    np.testing.assert_allclose(found, abs(rows[0] - rows[1]).sum(), rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"information_measure": "alpha_divergence"}, "needs alpha, a number that is not 0 or 1"),
        (
            {"information_measure": "beta_divergence", "beta": -1.0},
            "needs beta, a number that is not 0 or -1; got -1",
        ),
        (
            {"information_measure": "ab_divergence", "alpha": 1.0, "beta": -1.0},
            "ab_divergence needs alpha and beta whose sum is not 0",
        ),
        ({"information_measure": "l3_distance"}, "information_measure"),
        ({"temperature": 0.0}, "temperature must be positive, but is 0"),
        ({"batch_size": 0}, "batch_size must be at least 1, but is 0"),
    ],
)
def test_options_of_info_lm(options, text):
    with pytest.raises(ValueError, match=text):
        jm.InfoLM(**MASKED, **options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, but is 0"),
        ({"baseline": (0.5, 1.0, 0.5)}, "baseline must be three numbers below 1"),
    ],
)
def test_options_of_bert_score(options, text):
    with pytest.raises(ValueError, match=text):
        jm.BERTScore(**OPTIONS, **options)


@pytest.mark.parametrize("score", [jm.bert_score, jm.infolm])
def test_what_functions_must_return(score):
    options = {"mask_id": 0} if score is jm.infolm else {}
    with pytest.raises(
        ValueError, match="dict with `input_ids` and `attention_mask`; it returned a"
    ):
        score("a", "b", tokenizer=lambda texts: texts, encoder=encoder, **options)

    def ragged(texts):
        return {"input_ids": np.zeros(3, int), "attention_mask": np.ones(3, int)}

    with pytest.raises(ValueError, match=r"of shape \[texts, tokens\], for 1 texts; their shapes"):
        score("a", "b", tokenizer=ragged, encoder=encoder, **options)
    with pytest.raises(ValueError, match=r"encoder must return an array \[texts, tokens, ...\]"):
        score("a", "b", tokenizer=tokenizer, encoder=lambda ids, mask: ids, **options)
