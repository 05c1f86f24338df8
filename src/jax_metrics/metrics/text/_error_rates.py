"""Error rates of transcriptions: of words, of characters, and the information they preserve."""

from collections.abc import Sequence
from typing import Unpack

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.text._edits import aligned, edit_distance
from jax_metrics.metrics.text._text_metric import TextMetric


class WordErrorRate(TextMetric):
    """The edits that turn the words of the predictions into those of the targets, per target word.

    `(S + D + I) / N`: substitutions, deletions and insertions of words, over the number of target
    words. Words are separated by whitespace. At least 0; above 1 if there are many insertions. NaN
    if all targets and predictions together have no words, infinite if only the targets have none,
    as in TorchMetrics; jiwer gives 0 and the number of insertions.

    Source: Levenshtein: Binary Codes Capable of Correcting Deletions, Insertions, and Reversals,
    1966.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["this is the reference"], ["this is a reference text"]
        >>> float(jm.metrics.WordErrorRate()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.word_error_rate(target, preds))
        0.5
    """

    higher_is_better = False
    bounds = (0, None)

    def __init__(self, **options: Unpack[Common]):
        super().__init__(2, **options)

    def statistics(self, target: str, preds: str) -> Sequence[float]:
        """The number of edits, and of target words."""
        words = target.split()
        return edit_distance(words, preds.split()), len(words)

    def compute(self) -> jax.Array:
        """The edits per target word."""
        edits, length = self.sums()
        return self.ratio(edits, length)


class CharErrorRate(WordErrorRate):
    """The edits that turn the characters of the predictions into those of the targets.

    Divided by the number of target characters. Spaces count, but not those at both ends of a
    string. At least 0; above 1 if there are many insertions. NaN or infinite if all targets are
    empty, as `WordErrorRate`.

    Example:
        >>> import jax_metrics as jm
        >>> round(float(jm.metrics.CharErrorRate()(target=["reference"], preds=["preferences"])), 4)
        0.2222
        >>> round(float(jm.metrics.char_error_rate(["reference"], ["preferences"])), 4)
        0.2222
    """

    def statistics(self, target: str, preds: str) -> Sequence[float]:
        """The number of edits, and of target characters."""
        target = target.strip()
        return edit_distance(target, preds.strip()), len(target)


class AlignedWords(TextMetric):
    """The base of metrics of the words that are equal in an alignment.

    The alignment has as few edits as possible; of several ones it is that of the package jiwer.
    """

    def __init__(self, **options: Unpack[Common]):
        super().__init__(4, **options)

    def statistics(self, target: str, preds: str) -> Sequence[float]:
        """The numbers of edits, of equal words, of target words and of predicted words."""
        words, predicted = target.split(), preds.split()
        return *aligned(words, predicted), len(words), len(predicted)


class MatchErrorRate(AlignedWords):
    """The fraction of wrong words among all words of an alignment.

    `(S + D + I) / (H + S + D + I)`, where H is the number of equal words; see `AlignedWords`.
    From 0 to 1; NaN if there are no words at all, as in TorchMetrics, where jiwer gives 0.

    Source: Morris, Maier, Green: From WER and RIL to MER and WIL, 2004.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["this is the reference"], ["this is a reference text"]
        >>> round(float(jm.metrics.MatchErrorRate()(target=target, preds=preds)), 4)
        0.4
        >>> round(float(jm.metrics.match_error_rate(target, preds)), 4)
        0.4
    """

    higher_is_better = False
    bounds = (0, 1)

    def compute(self) -> jax.Array:
        """The edits per word of the alignment."""
        edits, hits, _, _ = self.sums()
        return self.ratio(edits, edits + hits)


class WordInfoPreserved(AlignedWords):
    """The product of the fractions of equal words among the target words and the predicted words.

    `(H / N) * (H / P)`, for H equal words, N target words and P predicted words; see
    `AlignedWords`. From 0 to 1; 0 if only the targets or only the predictions have words, as in
    jiwer, where TorchMetrics gives NaN. NaN if there are no words at all, where jiwer gives 1.

    Source: Morris, Maier, Green: From WER and RIL to MER and WIL, 2004.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["this is the reference"], ["this is a reference text"]
        >>> round(float(jm.metrics.WordInfoPreserved()(target=target, preds=preds)), 4)
        0.45
        >>> round(float(jm.metrics.word_information_preserved(target, preds)), 4)
        0.45
    """

    higher_is_better = True
    bounds = (0, 1)

    def compute(self) -> jax.Array:
        """The preserved information."""
        return self.preserved()

    def preserved(self) -> jax.Array:
        """The preserved information."""
        _, hits, target, preds = self.sums()
        return (
            self.ratio(hits**2, target * preds) if target * preds else self.ratio(0, target + preds)
        )


class WordInfoLost(WordInfoPreserved):
    """1 minus the word information preserved; see `WordInfoPreserved`. From 0 to 1, or NaN.

    Source: Morris, Maier, Green: From WER and RIL to MER and WIL, 2004.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["this is the reference"], ["this is a reference text"]
        >>> round(float(jm.metrics.WordInfoLost()(target=target, preds=preds)), 4)
        0.55
        >>> round(float(jm.metrics.word_information_lost(target, preds)), 4)
        0.55
    """

    higher_is_better = False

    def compute(self) -> jax.Array:
        """The lost information."""
        return 1 - self.preserved()


word_error_rate = functional(WordErrorRate)
char_error_rate = functional(CharErrorRate)
match_error_rate = functional(MatchErrorRate)
word_information_preserved = functional(WordInfoPreserved, "word_information_preserved")
word_information_lost = functional(WordInfoLost, "word_information_lost")
