"""ROUGE: the n-grams and common subsequences of summaries and references."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Unpack

import jax
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.text._edits import common_indices, common_length
from jax_metrics.metrics.text._ngrams import in_common, ngrams
from jax_metrics.metrics.text._text_metric import TextMetric

_KEYS = (*(f"rouge{n}" for n in range(1, 10)), "rougeL", "rougeLsum")
_PARTS = ("fmeasure", "precision", "recall")
_WORDS = re.compile("[a-z0-9]+")

Tokens = list[str]


class ROUGEScore(TextMetric):
    """Precision, recall and F-measure of what summaries have in common with references.

    - `rouge1` to `rouge9`: n-grams of words.
    - `rougeL`: the longest common subsequence of words.
    - `rougeLsum`: for each line of the reference the words that are in a longest common
      subsequence with a line of the summary; separate sentences by newlines.

    The value is a dict of the means over the examples, such as `rouge1_fmeasure`; each is from 0 to
    1, NaN before the first update. The state is three sums for each key, and a count.

    Args:
        rouge_keys: What to compute: one of these names, or several.
        use_stemmer: Whether to strip the endings of words, by the Porter stemmer of nltk.
        accumulate: Of several references of an example, `"best"` takes the one of the best
            F-measure for each key, `"avg"` the mean.
        normalizer: A function of a text that returns a text, in place of lowering its case.
        tokenizer: A function of a text that returns its words, by default the sequences of the
            letters a to z and digits, or of anything but whitespace after a `normalizer`.
        **options: See `Metric`.

    Source: Lin: ROUGE: A Package for Automatic Evaluation of Summaries, 2004.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["Is your name John"], ["My name is John"]
        >>> scores = jm.metrics.ROUGEScore()(target=target, preds=preds)
        >>> float(scores["rouge1_fmeasure"]), float(scores["rougeL_recall"])
        (0.75, 0.5)
        >>> float(jm.metrics.rouge_score(target, preds, rouge_keys="rouge2")["rouge2_fmeasure"])
        0.0
    """

    higher_is_better = True
    bounds = (0, 1)
    several_references = True

    def __init__(
        self,
        *,
        rouge_keys: str | Sequence[str] = ("rouge1", "rouge2", "rougeL", "rougeLsum"),
        use_stemmer: bool = False,
        accumulate: str = "best",
        normalizer: Callable[[str], str] | None = None,
        tokenizer: Callable[[str], Sequence[str]] | None = None,
        **options: Unpack[Common],
    ):
        keys = (rouge_keys,) if isinstance(rouge_keys, str) else tuple(rouge_keys)
        for key in keys:
            one_of("rouge_keys", key, _KEYS)
        super().__init__(3 * len(keys) + 1, **options)
        one_of("accumulate", accumulate, ("best", "avg"))
        if use_stemmer:
            _stemmer()  # raises now for what it needs
        self.rouge_keys, self.use_stemmer, self.accumulate = keys, use_stemmer, accumulate
        self.normalizer, self.tokenizer = normalizer, tokenizer

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """F-measure, precision and recall for each key, and 1 for the number of examples."""
        found = self._read(preds)
        scores = [
            [_score(key, self._read(reference), found) for key in self.rouge_keys]
            for reference in target
        ]
        if self.accumulate == "best":
            best = [max(of_key, key=lambda one: one[0]) for of_key in zip(*scores, strict=True)]
            return [*(number for one in best for number in one), 1]
        return [*np.mean(scores, 0).ravel(), 1]

    def _read(self, text: str) -> tuple[Tokens, list[Tokens]]:
        """The words of a text, and those of each line."""
        lines = text.split("\n") if "rougeLsum" in self.rouge_keys else []
        return self._words(text), [self._words(line) for line in lines if line]

    def _words(self, text: str) -> Tokens:
        if self.normalizer is None and self.tokenizer is None:
            words: Sequence[str] = _WORDS.findall(text.lower())
        else:
            text = (self.normalizer or _without_marks)(text)
            words = text.split() if self.tokenizer is None else self.tokenizer(text)
        if self.use_stemmer:
            stem = _stemmer().stem
            words = [stem(word) if len(word) > 3 else word for word in words]
        return [word for word in words if word]

    def compute(self) -> dict[str, jax.Array]:
        """The means of all scores, by name."""
        *sums, examples = self.sums()
        names = [f"{key}_{part}" for key in self.rouge_keys for part in _PARTS]
        return {name: self.ratio(total, examples) for name, total in zip(names, sums, strict=True)}


def _without_marks(text: str) -> str:
    return " ".join(_WORDS.findall(text.lower()))


def _stemmer() -> Any:
    """The Porter stemmer of nltk.

    Raises:
        ImportError: If nltk is not installed.
    """
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError as error:
        raise ImportError(
            "`use_stemmer=True` needs the package nltk, which is not installed. Install it with "
            "`pip install nltk`, or give a `tokenizer` that stems words."
        ) from error
    return PorterStemmer()


def _score(
    key: str, target: tuple[Tokens, list[Tokens]], preds: tuple[Tokens, list[Tokens]]
) -> tuple[float, float, float]:
    """F-measure, precision and recall of a key."""
    if key == "rougeLsum":
        sizes = [sum(map(len, lines)) for lines in (target[1], preds[1])]
        return _measures(_hits_of_lines(target[1], preds[1]), *sizes)
    if key == "rougeL":
        return _measures(common_length(target[0], preds[0]), len(target[0]), len(preds[0]))
    wanted, found = (ngrams(tokens, int(key[5:])) for tokens in (target[0], preds[0]))
    return _measures(in_common(found, [wanted]), len(wanted), len(found))


def _measures(hits: int, target: int, preds: int) -> tuple[float, float, float]:
    if not hits:
        return 0.0, 0.0, 0.0
    precision, recall = hits / preds, hits / target
    return 2 * precision * recall / (precision + recall), precision, recall


def _hits_of_lines(target: list[Tokens], preds: list[Tokens]) -> int:
    """How many words of the target lines are in a common subsequence, none counted twice."""
    wanted, found = (Counter(word for line in lines for word in line) for lines in (target, preds))
    hits = 0
    for line in target:
        union = set().union(*(common_indices(line, other) for other in preds))
        for word in (line[i] for i in sorted(union)):
            if wanted[word] > 0 and found[word] > 0:
                hits += 1
                wanted[word] -= 1
                found[word] -= 1
    return hits


rouge_score = functional(ROUGEScore)
