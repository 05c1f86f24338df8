"""Translation edit rate."""

from collections.abc import Sequence
from typing import Unpack

import numpy as np

from jax_metrics.metrics.text._sentence_metric import (
    SentenceMetric,
    SentenceOptions,
    function_of_sentences,
    quotient,
)
from jax_metrics.metrics.text._shifts import translation_edits
from jax_metrics.metrics.text._tercom import TercomTokenizer


class TranslationEditRate(SentenceMetric):
    """The edits that turn translations into references, per word of the references.

    Insertions, deletions and substitutions of words, and shifts of sequences of words, count 1
    each. Of several references of an example, the edits are those of the closest one, and the
    length is the mean of all. At least 0. The state is two sums.

    Args:
        normalize: Whether to separate punctuation from words and to replace XML entities.
        no_punctuation: Whether to ignore punctuation.
        lowercase: Whether to ignore case.
        asian_support: Whether the first two options apply to Chinese and Japanese, too.
        **options: `return_sentence_level_score` and `capacity`, as in `SentenceMetric`.

    Source: Snover, Dorr, Schwartz, Micciulla, Makhoul: A Study of Translation Edit Rate with
    Targeted Human Annotation, 2006.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["on the mat sat a cat"], ["a cat sat on the mat"]
        >>> round(float(jm.metrics.TranslationEditRate()(target=target, preds=preds)), 4)
        0.3333
        >>> round(float(jm.metrics.translation_edit_rate(target, preds)), 4)
        0.3333
    """

    higher_is_better = False
    bounds = (0, None)
    several_references = True

    def __init__(
        self,
        *,
        normalize: bool = False,
        no_punctuation: bool = False,
        lowercase: bool = True,
        asian_support: bool = False,
        **options: Unpack[SentenceOptions],
    ):
        super().__init__(3, **options)
        self.tokenizer = TercomTokenizer(normalize, no_punctuation, lowercase, asian_support)

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """The edits to the closest reference, the mean length of the references, and 1."""
        found = self.tokenizer.words(preds)
        references = [self.tokenizer.words(one) for one in target]
        edits = min(translation_edits(found, one) for one in references)
        return edits, sum(map(len, references)) / len(references), 1

    def score(self, sums: np.ndarray) -> float:
        """The edits per word; without words in any reference 0 if there are no edits, else 1."""
        edits, length, examples = sums
        if length or not examples:
            return quotient(edits, length)
        return float(edits > 0)


translation_edit_rate = function_of_sentences(TranslationEditRate)
