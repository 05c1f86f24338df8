"""Answers compared with reference answers: exact matches, and SQuAD."""

import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import jax

from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.text._reading import as_list
from jax_metrics.metrics.text._text_metric import TextMetric

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NUMBERS = str.maketrans("", "", string.digits)
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_NO_ANSWER = "\0"


def normalized_answer(text: str) -> str:
    """The text in lower case, without punctuation, articles and further whitespace."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


class TextExactMatch(TextMetric):
    """The fraction of predictions that equal a reference; for labels see `ExactMatch`.

    From 0 to 1; NaN before the first update. The state is two sums.

    Args:
        ignore_case: Whether to ignore case.
        ignore_punctuation: Whether to ignore ASCII punctuation.
        ignore_numbers: Whether to ignore digits.
        **options: See `Metric`.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["Paris", ["4", "four"]], ["Paris.", "four"]
        >>> float(jm.metrics.TextExactMatch()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.text_exact_match(target, preds, ignore_punctuation=True))
        1.0
    """

    higher_is_better = True
    bounds = (0, 1)
    several_references = True

    def __init__(
        self,
        *,
        ignore_case: bool = False,
        ignore_punctuation: bool = False,
        ignore_numbers: bool = False,
        **options: Unpack[Common],
    ):
        super().__init__(2, **options)
        self.ignore_case, self.ignore_punctuation = ignore_case, ignore_punctuation
        self.ignore_numbers = ignore_numbers

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """Whether the prediction matches, and 1 for the number of examples."""
        found = self._normalized(preds)
        return any(found == self._normalized(one) for one in target), 1

    def _normalized(self, text: str) -> str:
        text = text.lower() if self.ignore_case else text
        text = text.translate(_PUNCTUATION) if self.ignore_punctuation else text
        return text.translate(_NUMBERS) if self.ignore_numbers else text

    def compute(self) -> jax.Array:
        """The fraction of matches."""
        return self.ratio(*self.sums())


class SQuAD(TextMetric):
    """Exact matches and the F1 of the words of answers, in percent, as in SQuAD 1.1.

    Answers are compared in lower case, without punctuation and articles; each score is the best one
    over the reference answers, and is averaged over the questions. From 0 to 100; NaN before the
    first update. The state is three sums.

    Predictions are strings, and targets strings or lists of reference answers. Or both are in the
    format of the data set, and belong together by their ids, where a question without a prediction
    counts as wrong: predictions `{"id": ..., "prediction_text": ...}`, targets
    `{"id": ..., "answers": {"text": [...]}}`.

    Source: Rajpurkar, Zhang, Lopyrev, Liang: SQuAD: 100,000+ Questions for Machine Comprehension of
    Text, 2016.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = [["1976", "the year 1976"]], ["in 1976"]
        >>> scores = jm.metrics.SQuAD()(target=target, preds=preds)
        >>> round(float(scores["f1"]), 2), float(scores["exact_match"])
        (66.67, 0.0)
        >>> float(jm.metrics.squad(target, ["The 1976!"])["exact_match"])
        100.0
    """

    higher_is_better = True
    bounds = (0, 100)
    several_references = True

    def __init__(self, **options: Unpack[Common]):
        super().__init__(3, **options)

    def read(self, target: Any, preds: Any) -> tuple[list[Any], list[Any]]:
        """The reference answers and the prediction of each question."""
        questions = [target] if isinstance(target, Mapping) else as_list("target", target)
        answers = [preds] if isinstance(preds, Mapping) else as_list("preds", preds)
        if not any(isinstance(one, Mapping) for one in (*questions, *answers)):
            return super().read(target, preds)
        found = {
            _entry("preds", one, "id"): _entry("preds", one, "prediction_text") for one in answers
        }
        references = [
            _entry("target", _entry("target", one, "answers"), "text") for one in questions
        ]
        ids = [_entry("target", one, "id") for one in questions]
        # Having no answer is wrong, even where the reference is empty.
        return references, [found.get(one, _NO_ANSWER) for one in ids]

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """F1 and exact match of the best reference, and 1 for the number of questions."""
        if preds == _NO_ANSWER:
            return 0, 0, 1
        found = normalized_answer(preds)
        references = [normalized_answer(one) for one in target]
        return max(_f1(one, found) for one in references), found in references, 1

    def compute(self) -> dict[str, jax.Array]:
        """The scores by name."""
        f1, exact, questions = self.sums()
        return {
            "exact_match": self.ratio(100 * exact, questions),
            "f1": self.ratio(100 * f1, questions),
        }


def _entry(name: str, value: Any, key: str) -> Any:
    """An entry of a dict.

    Raises:
        ValueError: If it is none, or lacks the entry.
    """
    if not isinstance(value, Mapping) or key not in value:
        raise ValueError(
            f"{name} lacks {key!r} in {value!r}. Give predictions "
            '`{"id": ..., "prediction_text": ...}` with targets `{"id": ..., "answers": {"text": '
            "[...]}}`, or strings with lists of strings."
        )
    return value[key]


def _f1(target: str, preds: str) -> float:
    wanted, found = target.split(), preds.split()
    if not wanted or not found:
        return wanted == found
    common = sum((Counter(wanted) & Counter(found)).values())
    return 2 * common / (len(wanted) + len(found))


text_exact_match = functional(TextExactMatch)
squad = functional(SQuAD, "squad")
