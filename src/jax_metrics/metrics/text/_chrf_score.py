"""chrF: the n-grams of characters that translations have in common with references."""

import string
from collections.abc import Hashable, Sequence
from typing import Unpack

import numpy as np

from jax_metrics.metrics.text._ngrams import in_common, ngrams, substrings
from jax_metrics.metrics.text._sentence_metric import (
    SentenceMetric,
    SentenceOptions,
    function_of_sentences,
)

_PUNCTUATION = frozenset(string.punctuation)
_EPSILON = 1e-16


class CHRFScore(SentenceMetric):
    """The F-score of the n-grams of characters, and for chrF++ of words, of translations.

    For each n: precision and recall of the n-grams, summed over all examples, each with the
    reference of the best score of its own. The score is the mean over n of their F-scores. From 0
    to 1. The state is three sums for each n.

    Args:
        n_char_order: The largest number of characters of an n-gram.
        n_word_order: The largest number of words: 2 is chrF++, 0 is chrF.
        beta: How much more recall counts than precision.
        lowercase: Whether to ignore case.
        whitespace: Whether whitespace is part of the n-grams of characters.
        eps_smoothing: Whether to average the F-scores of all n, as in the code of the paper. If
            False, precision and recall are averaged over the n for which both texts have n-grams,
            as sacrebleu does by default.
        **options: `return_sentence_level_score` and `capacity`, as in `SentenceMetric`.

    Source: Popović: chrF: character n-gram F-score for automatic MT evaluation, 2015; chrF++:
    words helping character n-grams, 2017.

    Example:
        >>> import jax_metrics as jm
        >>> target = [["there is a cat on the mat", "a cat is on the mat"]]
        >>> preds = ["the cat is on the mat"]
        >>> round(float(jm.metrics.CHRFScore()(target=target, preds=preds)), 4)
        0.864
        >>> round(float(jm.metrics.chrf_score(target, preds, n_word_order=0)), 4)
        0.8798
    """

    higher_is_better = True
    bounds = (0, 1)
    several_references = True

    def __init__(
        self,
        *,
        n_char_order: int = 6,
        n_word_order: int = 2,
        beta: float = 2.0,
        lowercase: bool = False,
        whitespace: bool = False,
        eps_smoothing: bool = True,
        **options: Unpack[SentenceOptions],
    ):
        if n_char_order < 1 or n_word_order < 0:
            raise ValueError(
                "n_char_order must be at least 1 and n_word_order at least 0; got "
                f"{n_char_order} and {n_word_order}."
            )
        if beta < 0:
            raise ValueError(f"beta must not be negative, but is {beta}.")
        super().__init__(3 * (n_char_order + n_word_order), **options)
        self.n_char_order, self.n_word_order, self.beta = n_char_order, n_word_order, beta
        self.lowercase, self.whitespace = lowercase, whitespace
        self.eps_smoothing = eps_smoothing

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """The predicted, the reference and the matching n-grams for each n."""
        found = self._ngrams(preds)
        rows = [_compared(found, self._ngrams(reference)) for reference in target]
        if len(rows) == 1:
            return rows[0]
        return max(rows, key=self._score)  # the first one of equal scores

    def _ngrams(self, text: str) -> list[Sequence[Hashable]]:
        text = text.lower() if self.lowercase else text
        letters = text if self.whitespace else "".join(text.split())
        result = [substrings(letters, n) for n in range(1, self.n_char_order + 1)]
        if self.n_word_order:
            words = [part for word in text.split() for part in _without_punctuation(word)]
            result += [ngrams(words, n) for n in range(1, self.n_word_order + 1)]
        return result

    def score(self, sums: np.ndarray) -> float:
        """The score of sums of statistics."""
        return self._score(sums.tolist())

    def _score(self, sums: Sequence[float]) -> float:
        """The score of sums of statistics."""
        factor, scores, pairs = self.beta**2, [], []
        for predicted, reference, matching in zip(sums[::3], sums[1::3], sums[2::3], strict=True):
            precision = matching / predicted if predicted else _EPSILON
            recall = matching / reference if reference else _EPSILON
            scores.append(_f_score(factor, precision, recall))
            if predicted and reference:
                pairs.append((precision, recall))
        if not pairs:
            return 0.0
        if self.eps_smoothing:
            return sum(scores) / len(scores)
        precision, recall = (sum(one) / len(pairs) for one in zip(*pairs, strict=True))
        return _f_score(factor, precision, recall)


def _f_score(factor: float, precision: float, recall: float) -> float:
    denominator = factor * precision + recall
    return (1 + factor) * precision * recall / denominator if denominator > 0 else 0.0


def _compared(
    found: list[Sequence[Hashable]], reference: list[Sequence[Hashable]]
) -> Sequence[float]:
    result: list[int] = []
    for ours, others in zip(found, reference, strict=True):
        # n-grams of the prediction only count if the reference has any.
        result += [len(ours) if others else 0, len(others), in_common(ours, [others])]
    return result


def _without_punctuation(word: str) -> Sequence[str]:
    """The word and the mark at its end, or else at its beginning."""
    if len(word) > 1 and word[-1] in _PUNCTUATION:
        return word[:-1], word[-1]
    if len(word) > 1 and word[0] in _PUNCTUATION:
        return word[0], word[1:]
    return (word,)


chrf_score = function_of_sentences(CHRFScore)
