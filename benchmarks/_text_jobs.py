"""The jobs of metrics of text for `metrics.py`: sentences, token ids, formulas, and peers."""

import math
import random
from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import jax_metrics as jm

SENTENCES = 100
VOCABULARY = 1000
_WORDS = [
    first + last for first in ("wor", "tra", "new", "qua") for last in ("d", "in", "est,", ".")
]
_IDS = ("token ids", "other ids")
_ONE, _SEVERAL = ("sentences", "guessed sentences"), ("references", "guessed sentences")


def text_arrays() -> dict[str, Any]:
    """Sentences as lists of strings, and arrays of token ids."""
    rng, random_words = np.random.default_rng(0), random.Random(0)
    sentences = [
        random_words.choices(_WORDS, k=random_words.randint(8, 25)) for _ in range(SENTENCES)
    ]
    guesses = [[word for word in words if random_words.random() > 0.2] for words in sentences]
    texts, guessed = ([" ".join(words) for words in some] for some in (sentences, guesses))
    ids = rng.integers(0, 20, (2, 64, 100)).astype(np.int32)
    return {
        "sentences": texts,
        "guessed sentences": guessed,
        "references": [[text] for text in texts],
        "token ids": ids[0],
        "other ids": ids[1],
        "tokens": rng.integers(0, VOCABULARY, (16, 128)).astype(np.int32),
        "logits": rng.normal(size=(16, 128, VOCABULARY)).astype(np.float32),
    }


def as_texts(ids: Any) -> list[str]:
    """Rows of ids as strings, for libraries that compare strings alone."""
    return ["".join(chr(97 + i) for i in row) for row in np.asarray(ids).tolist()]


def text_jobs() -> dict[str, tuple[jm.Metric, Any, tuple[str, str]]]:
    """For each job our metric, the plain formula, and the names of the arrays."""
    metrics: Any = jm.metrics
    return {
        "word error rate": (metrics.WordErrorRate(), plain_word_error_rate, _ONE),
        "edit distance": (metrics.EditDistance(), plain_edit_distance, _ONE),
        "edit distance of ids": (metrics.TokenEditDistance(), plain_distance_of_ids, _IDS),
        "bleu": (metrics.BLEUScore(), plain_bleu, _SEVERAL),
        "chrf": (metrics.CHRFScore(), None, _SEVERAL),
        "translation edit rate": (metrics.TranslationEditRate(), None, _SEVERAL),
        "extended edit distance": (metrics.ExtendedEditDistance(), None, _SEVERAL),
        "rouge": (metrics.ROUGEScore(rouge_keys=("rouge1", "rougeL")), None, _SEVERAL),
        "perplexity": (metrics.Perplexity(), plain_perplexity, ("tokens", "logits")),
    }


def torchmetrics_of_text(job: str) -> Any:
    """The metric of torchmetrics, or None."""
    import torchmetrics.text as tt

    made = {
        "word error rate": lambda: tt.WordErrorRate(),
        "edit distance": lambda: tt.EditDistance(),
        "edit distance of ids": lambda: tt.EditDistance(),
        "bleu": lambda: tt.BLEUScore(),
        "chrf": lambda: tt.CHRFScore(),
        "translation edit rate": lambda: tt.TranslationEditRate(),
        "extended edit distance": lambda: tt.ExtendedEditDistance(),
        "rouge": lambda: tt.ROUGEScore(rouge_keys=("rouge1", "rougeL")),
        "perplexity": lambda: tt.Perplexity(),
    }.get(job)
    return made and made()


def _distance(a: Any, b: Any) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def plain_word_error_rate(target: list[str], preds: list[str]) -> float:
    pairs = [(t.split(), p.split()) for t, p in zip(target, preds, strict=True)]
    return sum(_distance(*pair) for pair in pairs) / sum(len(words) for words, _ in pairs)


def plain_edit_distance(target: list[str], preds: list[str]) -> float:
    return float(np.mean([_distance(*pair) for pair in zip(target, preds, strict=True)]))


def plain_distance_of_ids(target: jax.Array, preds: jax.Array) -> jax.Array:
    """Row by row of the table; the least sum along a row is a running minimum."""
    size = jnp.arange(preds.shape[1] + 1)

    def step(row: jax.Array, letter: jax.Array) -> tuple[jax.Array, None]:
        replaced = row[:, :-1] + (letter[:, None] != preds)
        new = jnp.minimum(row[:, 1:] + 1, replaced)
        new = jnp.concatenate([row[:, :1] + 1, new], 1) - size
        return jax.lax.cummin(new, 1) + size, None

    start = jnp.broadcast_to(size, (len(preds), len(size)))
    return jax.lax.scan(step, start, target.T)[0][:, -1].mean()


def plain_bleu(target: list[list[str]], preds: list[str]) -> float:
    matches, totals, lengths = [0] * 4, [0] * 4, [0, 0]
    for references, guess in zip(target, preds, strict=True):
        words, found = references[0].split(), guess.split()
        lengths = [lengths[0] + len(words), lengths[1] + len(found)]
        for n in range(4):
            grams = [
                Counter(tuple(one[i : i + n + 1]) for i in range(len(one) - n))
                for one in (words, found)
            ]
            matches[n] += (grams[0] & grams[1]).total()
            totals[n] += grams[1].total()
    mean = math.exp(sum(math.log(m / t) for m, t in zip(matches, totals, strict=True)) / 4)
    return mean * min(1, math.exp(1 - lengths[0] / lengths[1]))


def plain_perplexity(target: jax.Array, preds: jax.Array) -> jax.Array:
    chosen = jnp.take_along_axis(jax.nn.log_softmax(preds), target[..., None], -1)
    return jnp.exp(-chosen.mean())
