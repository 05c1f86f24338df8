"""Metrics of text. The references follow the definitions, slowly."""

import math
from collections import Counter

import numpy as np
from text_encoder import TABLE, WORDS, encoder, tokenizer

from jax_metrics.metrics import (
    BERTScore,
    BLEUScore,
    CharErrorRate,
    CHRFScore,
    EditDistance,
    ExtendedEditDistance,
    InfoLM,
    MatchErrorRate,
    Perplexity,
    ROUGEScore,
    SacreBLEUScore,
    SQuAD,
    TextExactMatch,
    TokenEditDistance,
    TranslationEditRate,
    WordErrorRate,
    WordInfoLost,
    WordInfoPreserved,
)

rng = np.random.default_rng(0)
TARGET = np.array([" ".join(rng.choice(WORDS, 9)) for _ in range(8)])
PREDS = np.array([" ".join([*rng.permutation(t.split()[:3]), *t.split()[3:8]]) for t in TARGET])
TEXT = {"target": TARGET, "preds": PREDS}
ANSWERS = {"target": np.where(np.arange(8) < 3, PREDS, TARGET), "preds": PREDS}
IDS = {"target": rng.integers(0, 4, (8, 7)), "preds": rng.integers(0, 4, (8, 5))}
TOKENS = {"target": rng.integers(0, 5, (8, 3)), "preds": rng.normal(size=(8, 3, 5))}
BAD = [
    ({"preds": ["a"] * 7}, ValueError, "for each prediction; got 8 for 7"),
    ({"preds": [*PREDS[:7], 3]}, TypeError, "preds[7] must be a string, but is a int"),
    ({"preds": 3}, TypeError, "preds must be a string or a sequence of strings, but is a int"),
]


def distance(a, b, cost=1):
    table = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            edited = min(table[i, j + 1], table[i + 1, j]) + 1
            table[i + 1, j + 1] = min(edited, table[i, j] + cost * (x != y))
    return table[-1, -1]


def grams(items, n):
    return Counter(tuple(items[i : i + n]) for i in range(len(items) - n + 1))


def common(a, b, n=1):
    return (grams(a, n) & grams(b, n)).total()


def f_score(hits, target, preds, factor=1.0):
    if not hits:
        return 0.0
    precision, recall = hits / preds, hits / target
    return (1 + factor) * precision * recall / (factor * precision + recall)


def of_sums(statistics, value):
    """A reference that is a function of weighted sums of statistics of the examples."""

    def reference(target, preds, sample_weight=None):
        rows = np.array([statistics(*pair) for pair in zip(target, preds, strict=True)], float)
        weight = np.ones(len(rows)) if sample_weight is None else sample_weight
        return value(*(weight @ rows))

    return reference


def word_edits(target, preds):
    return distance(target.split(), preds.split()), len(target.split())


def bleu_statistics(target, preds):
    target, preds = target.split(), preds.split()
    matches = [common(target, preds, n) for n in (1, 2)]
    return *matches, len(preds), len(preds) - 1, len(target)


def bleu(first, second, preds, pairs, target):
    mean = math.sqrt(first / preds * second / pairs)
    return mean * (1 if preds >= target else math.exp(1 - target / preds))


def letters_and_words(target, preds):
    result = []
    for n in (1, 2):
        one, other = ("".join(text.split()) for text in (target, preds))
        result += [common(one, other, n), len(one) - n + 1, len(other) - n + 1]
    one, other = target.split(), preds.split()
    return *result, common(one, other), len(one), len(other)


def chrf(*sums):
    return np.mean([f_score(*sums[i : i + 3], factor=4) for i in (0, 3, 6)])


def answered(target, preds):
    kept = [[word for word in text.split() if word not in ("a", "the")] for text in (target, preds)]
    return kept[0] == kept[1], f_score(common(*kept), *map(len, kept)), 1


def token_scores(target, preds):
    rows = [TABLE[tokenizer([text])["input_ids"][0]] for text in (target, preds)]
    rows = [row[1 : 1 + len(t.split())] for row, t in zip(rows, (target, preds), strict=True)]
    target, preds = (row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows)
    similarity = preds @ target.T
    precision, recall = similarity.max(1).mean(), similarity.max(0).mean()
    return precision, recall, 2 * precision * recall / (precision + recall), 1


def of_tokens(precision, recall, f1, examples):
    return {"precision": precision / examples, "recall": recall / examples, "f1": f1 / examples}


def ratio(numerator, denominator):
    return numerator / denominator


def id_rate(target, preds, sample_weight=1.0):
    padded = zip(target, preds, strict=True)
    edits = [distance(t[: (t != 9).sum()], p[: (p != 9).sum()]) for t, p in padded]
    return (edits * (sample_weight + np.zeros(8))).sum() / (
        (target != 9).sum(1) * sample_weight
    ).sum()


def perplexity(target, preds, sample_weight=None):
    shifted = preds - preds.max(-1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    costs = -np.take_along_axis(log, target[..., None], -1)[..., 0].mean(1)
    return np.exp(np.average(costs, weights=sample_weight))


def padded(ids, seed):
    lengths = np.random.default_rng(seed).integers(0, ids.shape[1] + 1, (len(ids), 1))
    return np.where(np.arange(ids.shape[1]) < lengths, ids, 9)


def case(metric, reference, arguments=TEXT, bad=BAD):
    return {"metric": metric, "arguments": arguments, "reference": reference, "bad": bad}


CASES = [
    case(WordErrorRate(), of_sums(word_edits, ratio)),
    case(CharErrorRate(), of_sums(lambda t, p: (distance(t, p), len(t)), ratio)),
    case(MatchErrorRate(), None),
    case(WordInfoPreserved(), None),
    case(WordInfoLost(), None),
    case(EditDistance(), of_sums(lambda t, p: (distance(t, p), 1), ratio)),
    case(
        EditDistance(substitution_cost=2, reduction="sum"),
        of_sums(lambda t, p: (distance(t, p, 2),), lambda total: total),
    ),
    case(BLEUScore(n_gram=2), of_sums(bleu_statistics, bleu)),
    case(SacreBLEUScore(n_gram=2), of_sums(bleu_statistics, bleu)),
    case(CHRFScore(n_char_order=2, n_word_order=1), of_sums(letters_and_words, chrf)),
    case(TranslationEditRate(), None),
    case(ExtendedEditDistance(), None),
    case(ROUGEScore(rouge_keys=("rouge1", "rougeL")), None),
    case(TextExactMatch(), of_sums(lambda t, p: (t == p, 1), ratio), ANSWERS),
    case(
        SQuAD(),
        of_sums(
            answered, lambda exact, f1, n: {"exact_match": 100 * exact / n, "f1": 100 * f1 / n}
        ),
        ANSWERS,
    ),
    case(
        BERTScore(tokenizer=tokenizer, encoder=encoder, batch_size=3),
        of_sums(token_scores, of_tokens),
    ),
    case(InfoLM(tokenizer=tokenizer, encoder=encoder, mask_id=9, special_ids=(6, 7, 8)), None),
    case(
        TokenEditDistance(pad_id=9, reduction="rate"),
        id_rate,
        {"target": padded(IDS["target"], 1), "preds": padded(IDS["preds"], 2)},
        [
            ({"preds": np.full((8, 2), 0.5)}, TypeError, "must hold token ids, integers"),
            ({"preds": np.zeros(8, int)}, ValueError, "preds must be [batch, tokens]"),
            ({"preds": np.zeros((7, 2), int)}, ValueError, "must have the same number of rows"),
            ({"target": np.tile([1, 9, 1], (8, 1))}, ValueError, "target has padding"),
        ],
    ),
    case(
        Perplexity(),
        perplexity,
        TOKENS,
        [
            ({"target": np.full((8, 3), 5)}, ValueError, "target has labels outside of 0 to 4"),
            ({"preds": np.zeros(8)}, ValueError, "preds must be [..., tokens, vocabulary]"),
        ],
    ),
]
