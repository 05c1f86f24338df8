"""Extended edit distance: an edit distance of characters with jumps."""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Unpack

import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics.text._sentence_metric import (
    SentenceMetric,
    SentenceOptions,
    function_of_sentences,
    quotient,
)

_MARKS = re.compile("([.!?,])")
_ENGLISH = (
    (re.compile(r"\s+"), " "),
    (re.compile(r"(\d) ([.,]) (\d)"), r"\1\2\3"),
    (re.compile(r"(Dr|Jr|Prof|Rev|Gen|Mr|Mt|Mrs|Ms) ."), r"\1."),
)
_ABBREVIATIONS = (("e . g .", "e.g."), ("i . e .", "i.e."), ("U . S .", "U.S."))


class ExtendedEditDistance(SentenceMetric):
    """The mean edit distance of the characters of translations and references, with jumps.

    A jump at the end of a word of the reference, to any position in the prediction, costs `alpha`;
    positions that are visited more or less than once cost `rho` each. The distance is divided by
    the length of the reference, and is at most 1; that of an example is the least one over its
    references. From 0 to 1; NaN before the first update. The state is two sums.

    Args:
        language: `"en"` or `"ja"`, how texts are normalized.
        alpha: The cost of a jump.
        rho: The cost of each position that is not visited once.
        deletion: The cost of a deletion.
        insertion: The cost of an insertion; a substitution costs 1.
        **options: `return_sentence_level_score` and `capacity`, as in `SentenceMetric`.

    Source: Stanchev, Wang, Ney: EED: Extended Edit Distance Measure for Machine Translation, 2019.

    Example:
        >>> import jax_metrics as jm
        >>> target = ["this is the reference", "here is another one"]
        >>> preds = ["this is the prediction", "here is an other sample"]
        >>> round(float(jm.metrics.ExtendedEditDistance()(target=target, preds=preds)), 4)
        0.3078
        >>> round(float(jm.metrics.extended_edit_distance(target, preds, alpha=0.5)), 4)
        0.3235
    """

    higher_is_better = False
    bounds = (0, 1)
    several_references = True

    def __init__(
        self,
        *,
        language: str = "en",
        alpha: float = 2.0,
        rho: float = 0.3,
        deletion: float = 0.2,
        insertion: float = 1.0,
        **options: Unpack[SentenceOptions],
    ):
        super().__init__(2, **options)
        one_of("language", language, ("en", "ja"))
        self.language = language
        costs = {"alpha": alpha, "rho": rho, "deletion": deletion, "insertion": insertion}
        for name, cost in costs.items():
            if not 0 <= cost < math.inf:
                raise ValueError(f"{name} must be at least 0, but is {cost}.")
        self.alpha, self.rho, self.deletion, self.insertion = map(float, costs.values())

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """The distance to the closest reference, and 1 for the number of examples."""
        normalized = _english if self.language == "en" else _japanese
        found = normalized(preds)
        return min(self._distance(found, normalized(one)) for one in target), 1

    def _distance(self, preds: str, target: str) -> float:
        """The distance of two texts; the table is filled a letter of the target at a time.

        Which of several cells is the lowest decides about the visits. So the sums are rounded as in
        the reference implementation: from left to right, one cost after the other.
        """
        deletion, insertion, jump = self.deletion, self.insertion, self.alpha
        costs: dict[str, list[int]] = {}
        row = [0.0] + [1.0] * len(preds)
        visits = [-1] * len(row)
        for letter in target:
            if letter not in costs:
                costs[letter] = [int(other != letter) for other in preds]
            value = row[0] + 1.0
            new = [value]
            for before, above, cost in zip(row, row[1:], costs[letter], strict=False):
                value += deletion
                if (replaced := before + cost) < value:
                    value = replaced
                if (inserted := above + insertion) < value:
                    value = inserted
                new.append(value)
            least = min(new)
            visits[new.index(least)] += 1
            if letter == " ":
                limit = jump + least
                new = [limit if limit < value else value for value in new]
            row = new
        coverage = self.rho * sum([count if count >= 0 else 1 for count in visits])
        length = len(target) + coverage
        return min(1.0, (row[-1] + coverage) / length) if length else min(1.0, row[-1])

    def score(self, sums: np.ndarray) -> float:
        """The mean of examples."""
        return quotient(*sums)


def _english(text: str) -> str:
    """The text with spaces before punctuation and at both ends."""
    text = _MARKS.sub(r" \1", text.rstrip())
    for pattern, replacement in _ENGLISH:
        text = pattern.sub(replacement, text)
    for apart, together in _ABBREVIATIONS:
        text = text.replace(apart, together)
    return f" {text} "


def _japanese(text: str) -> str:
    """The text with one form of each character."""
    return unicodedata.normalize("NFKC", text.rstrip())


extended_edit_distance = function_of_sentences(ExtendedEditDistance)
