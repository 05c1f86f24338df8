"""BLEU: the n-grams that translations have in common with references."""

import math
from collections.abc import Sequence
from typing import Unpack

import jax
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.text._ngrams import in_common, ngrams
from jax_metrics.metrics.text._text_metric import TextMetric
from jax_metrics.metrics.text._tokenizers import Tokenizer, tokenizer_named

# The methods of smoothing, with their usual values.
_SMOOTHING = {"none": 0.0, "floor": 0.1, "add-k": 1.0, "exp": 0.0}


class BLEUOptions(Common, total=False):
    """The options of `BLEUScore`."""

    n_gram: int
    smooth: bool | str
    smooth_value: float | None
    weights: Sequence[float] | None
    effective_order: bool


class BLEUScore(TextMetric):
    """The geometric mean of the n-gram precisions of translations, times a penalty if too short.

    The precision is the fraction of n-grams of the predictions that are in a reference, counted at
    most as often as in one of them; matches and n-grams are summed over all examples. The penalty
    is `exp(1 - r / p)` if all predictions have `p` words, and the references closest in length
    `r > p`. Words are separated by whitespace; see `SacreBLEUScore` for tokenizers. From 0 to 1;
    0 if no word matches. The state is `2 * n_gram + 2` sums.

    Args:
        n_gram: The largest number of words of an n-gram.
        smooth: What takes the place of precisions of 0, which make the score 0: `"none"` or False;
            `"add-k"` or True, which adds 1 to matches and n-grams of more than one word; `"floor"`,
            0.1 matches; `"exp"`, half as many matches for each further zero, as sacrebleu does by
            default.
        smooth_value: The number to add for `"add-k"`, or the matches for `"floor"`.
        weights: Weights of the precisions, one for each n, `1 / n_gram` by default.
        effective_order: Whether to leave out n for which the predictions have no n-grams, as is
            usual for single sentences.
        **options: See `Metric`.

    Source: Papineni, Roukos, Ward, Zhu: BLEU: a Method for Automatic Evaluation of Machine
    Translation, 2002; Chen, Cherry: A Systematic Comparison of Smoothing Techniques for
    Sentence-Level BLEU, 2014.

    Example:
        >>> import jax_metrics as jm
        >>> target = [["there is a cat on the mat", "a cat is on the mat"]]
        >>> preds = ["the cat is on the mat"]
        >>> round(float(jm.metrics.BLEUScore()(target=target, preds=preds)), 4)
        0.7598
        >>> round(float(jm.metrics.bleu_score(target, preds, n_gram=2)), 4)
        0.8165
    """

    higher_is_better = True
    bounds = (0, 1)
    several_references = True

    def __init__(
        self,
        *,
        n_gram: int = 4,
        smooth: bool | str = False,
        smooth_value: float | None = None,
        weights: Sequence[float] | None = None,
        effective_order: bool = False,
        **options: Unpack[Common],
    ):
        if n_gram < 1:
            raise ValueError(f"n_gram must be at least 1, but is {n_gram}.")
        super().__init__(2 * n_gram + 2, **options)
        if isinstance(smooth, bool):
            smooth = "add-k" if smooth else "none"
        one_of("smooth", smooth, tuple(_SMOOTHING))
        if weights is not None and len(weights) != n_gram:
            raise ValueError(
                f"weights must have one number for each n up to n_gram, {n_gram}; got "
                f"{len(weights)}."
            )
        self.n_gram, self.smooth = n_gram, smooth
        self.smooth_value = _SMOOTHING[smooth] if smooth_value is None else smooth_value
        self.weights = None if weights is None else tuple(weights)
        self.effective_order = effective_order

    def tokens(self, text: str) -> list[str]:
        """The words of a text."""
        return text.split()

    def statistics(self, target: list[str], preds: str) -> Sequence[float]:
        """The lengths of prediction and closest reference, then matches and n-grams for each n."""
        found, references = self.tokens(preds), [self.tokens(one) for one in target]
        size = len(found)
        closest = min([len(one) for one in references], key=lambda n: (abs(n - size), n))
        orders = range(1, min(self.n_gram, size) + 1)
        matches = [
            in_common(ngrams(found, n), [ngrams(one, n) for one in references]) for n in orders
        ]
        missing = [0] * (self.n_gram - len(matches))
        return [size, closest, *matches, *missing, *[size - n + 1 for n in orders], *missing]

    def compute(self) -> jax.Array:
        """The score of all examples."""
        sums = self.sums()
        return self.scalar(
            self._score(sums[:2], sums[2 : self.n_gram + 2], sums[self.n_gram + 2 :])
        )

    def _score(self, lengths: np.ndarray, matches: np.ndarray, totals: np.ndarray) -> float:
        if not matches.any():
            return 0.0
        added = np.where(np.arange(self.n_gram) > 0, self.smooth_value, 0)
        if self.smooth == "add-k":
            matches, totals = matches + added, totals + added
        precisions, zeros = [], 0
        for match, total in zip(matches, totals, strict=True):
            if total == 0:
                break
            if match == 0 and self.smooth == "exp":
                zeros += 1
                match = 0.5**zeros
            elif match == 0 and self.smooth == "floor":
                match = self.smooth_value
            precisions.append(match / total)
        order = len(precisions) if self.effective_order else self.n_gram
        if len(precisions) < order or not all(precisions):
            return 0.0
        weights = np.full(order, 1 / order) if self.weights is None else self.weights[:order]
        mean = math.exp(sum(w * math.log(p) for w, p in zip(weights, precisions, strict=True)))
        predicted, reference = lengths
        return mean * (1 if predicted >= reference else math.exp(1 - reference / predicted))


class SacreBLEUScore(BLEUScore):
    """`BLEUScore` with the tokenizers of sacrebleu, whose scores can be compared with others.

    `smooth="exp"` and `tokenize="13a"` are the defaults of sacrebleu, which returns 100 times the
    score.

    Args:
        tokenize: The name of the tokenizer: `"none"`, `"13a"` for most languages, `"zh"`,
            `"intl"`, `"char"`; `"ja-mecab"` and `"ko-mecab"`, `"flores101"`, `"flores200"`,
            `"spBLEU-1K"` and `"spm"`, which need further packages; or a function that maps a string
            to one with spaces between the tokens.
        lowercase: Whether to ignore case.
        **options: As in `BLEUScore`.

    Source: Post: A Call for Clarity in Reporting BLEU Scores, 2018.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = [["Hello, world, hello!"]], ["Hello, world, hey!"]
        >>> round(float(jm.metrics.SacreBLEUScore()(target=target, preds=preds)), 4)
        0.5373
        >>> round(float(jm.metrics.sacre_bleu_score(target, preds, tokenize="char")), 4)
        0.7732
    """

    def __init__(
        self,
        *,
        tokenize: str | Tokenizer = "13a",
        lowercase: bool = False,
        **options: Unpack[BLEUOptions],
    ):
        super().__init__(**options)
        if not callable(tokenize):
            tokenizer_named(tokenize)  # raises now for what it needs
        self.tokenize, self.lowercase = tokenize, lowercase

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text."""
        tokenize = self.tokenize
        tokenize = tokenize if callable(tokenize) else tokenizer_named(tokenize)
        return tokenize((text.lower() if self.lowercase else text).rstrip()).split()


bleu_score = functional(BLEUScore)
sacre_bleu_score = functional(SacreBLEUScore)
