"""`SentenceMetric`: the base of metrics of strings that also give the score of each example."""

from collections.abc import Callable
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._reduced_mean import (
    buffer_of_values,
    function_of_values,
    kept_values,
    overflow_of,
)
from jax_metrics.metrics.state import Buffer
from jax_metrics.metrics.text._text_metric import TextMetric


class SentenceOptions(Common, total=False):
    """The options of `SentenceMetric`."""

    return_sentence_level_score: bool
    capacity: int | None


class SentenceMetric(TextMetric):
    """The base of metrics of strings that also give the score of each example.

    A subclass defines `statistics` and `score`.

    Args:
        size: The number of statistics.
        return_sentence_level_score: Whether the value is a pair: the score of all examples, and the
            score of each example, `[capacity]`, in the order of the updates, with NaN after the
            last one. Examples of weight zero are left out.
        capacity: The maximum number of examples whose scores are kept, only with
            `return_sentence_level_score`. With more examples, all of these scores are NaN: see
            `overflowed`. The function defaults to the number of examples in the batch.
        outputs: The shape of a score.
        **options: See `Metric`.

    Raises:
        ValueError: If the capacity is missing although scores are kept, or given although none are
            kept.
    """

    sentences: Buffer | None

    def __init__(
        self,
        size: int,
        *,
        return_sentence_level_score: bool = False,
        capacity: int | None = None,
        outputs: tuple[int, ...] = (),
        **options: Unpack[Common],
    ):
        super().__init__(size, **options)
        option = f"{return_sentence_level_score=}"
        self.weights_repeat = not return_sentence_level_score
        self.sentences = buffer_of_values(
            self, option, return_sentence_level_score, capacity, outputs
        )

    def score(self, sums: np.ndarray) -> Any:
        """The score of sums of statistics, a number or a row of numbers, on the host."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def named(self, scores: jax.Array) -> Any:
        """Scores as the metric returns them."""
        return scores

    def keep(self, rows: np.ndarray) -> None:
        """Keeps the score of each row of statistics."""
        if self.sentences is not None:
            scores = [self.score(row) for row in rows]
            shape = (len(rows), *self.sentences.values.shape[1:])
            kept = jnp.asarray(np.asarray(scores, np.float64).reshape(shape), self.dtype)
            self.sentences = self.sentences.extended(kept)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more examples than the capacity; false without one."""
        return overflow_of(self.sentences)

    def compute(self) -> Any:
        """The score of all examples, or the pair of it and of the scores of each."""
        score = self.named(jnp.asarray(self.score(self.sums()), self.dtype))
        return score if self.sentences is None else (score, self.named(kept_values(self.sentences)))


def quotient(numerator: float, denominator: float) -> float:
    """The quotient of two numbers on the host; NaN if both are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(numerator) / np.float64(denominator))


def function_of_sentences(metric: Any, name: str | None = None) -> Callable[..., Any]:
    """`functional`, where the capacity is by default the number of examples, if it is needed."""
    return function_of_values(
        metric, number_of_texts, lambda given: given.get("return_sentence_level_score"), name
    )


def number_of_texts(given: dict[str, Any]) -> int:
    """The number of predictions; a single string is one."""
    preds = given["preds"]
    return 1 if isinstance(preds, str) or np.ndim(preds) == 0 else len(preds)
