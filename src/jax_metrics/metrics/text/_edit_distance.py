"""Edit distance of strings."""

from collections.abc import Sequence
from typing import Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._reduced_mean import (
    REDUCTIONS,
    buffer_of_values,
    function_of_values,
    kept_values,
    overflow_of,
)
from jax_metrics.metrics.state import Buffer
from jax_metrics.metrics.text._edits import weighted_distance
from jax_metrics.metrics.text._sentence_metric import number_of_texts
from jax_metrics.metrics.text._text_metric import TextMetric


def check_cost(substitution_cost: int) -> int:
    """The cost of a substitution, if it is valid.

    Raises:
        ValueError: If it is not.
    """
    if substitution_cost < 0:
        raise ValueError(f"substitution_cost must not be negative, but is {substitution_cost}.")
    return substitution_cost


class EditDistance(TextMetric):
    """The Levenshtein distance of the characters of each prediction and target.

    It is the least cost of insertions and deletions, which cost 1, and substitutions. For padded
    arrays of token ids see `TokenEditDistance`.

    Args:
        substitution_cost: The cost of a substitution, an integer; 2 or more is as if there were no
            substitutions.
        reduction: `"mean"` over the examples, NaN before the first update, `"sum"`, or `"none"`
            for the distance of each, as in `ReducedMean`.
        capacity: The maximum number of examples, only for `"none"`.
        **options: See `Metric`.

    Source: Levenshtein: Binary Codes Capable of Correcting Deletions, Insertions, and Reversals,
    1966.

    Example:
        >>> import jax_metrics as jm
        >>> target, preds = ["shine", "language"], ["rain", "lnaguaeg"]
        >>> float(jm.metrics.EditDistance()(target=target, preds=preds))
        3.5
        >>> float(jm.metrics.edit_distance("shine", "rain", substitution_cost=2))
        5.0
    """

    higher_is_better = False
    bounds = (0, None)
    distances: Buffer | None

    def __init__(
        self,
        *,
        substitution_cost: int = 1,
        reduction: str = "mean",
        capacity: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(2, **options)
        self.substitution_cost = check_cost(substitution_cost)
        one_of("reduction", reduction, REDUCTIONS)
        self.reduction = reduction
        self.weights_repeat = reduction != "none"
        self.distances = buffer_of_values(self, f"{reduction=}", reduction == "none", capacity)

    def statistics(self, target: str, preds: str) -> Sequence[float]:
        """The distance, and 1 for the number of examples."""
        return weighted_distance(target, preds, self.substitution_cost), 1

    def keep(self, rows: np.ndarray) -> None:
        """Keeps the distance of each example, if the reduction is `"none"`."""
        if self.distances is not None:
            self.distances = self.distances.extended(jnp.asarray(rows[:, 0], self.dtype))

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more examples than the capacity; false without one."""
        return overflow_of(self.distances)

    def compute(self) -> jax.Array:
        """The mean, the sum, or each distance."""
        if self.distances is not None:
            return kept_values(self.distances)
        distance, examples = self.sums()
        return self.scalar(distance) if self.reduction == "sum" else self.ratio(distance, examples)


edit_distance = function_of_values(EditDistance, number_of_texts)
