"""`RegionScore`: the base of scores of the overlap of regions."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics.classification import (
    Counting,
    CountingOptions,
    Outcomes,
    add_outcomes,
    count_outcomes,
    zero_outcomes,
)
from jax_metrics.metrics.counts import average_scores, divide
from jax_metrics.metrics.inputs import LabelBatch
from jax_metrics.metrics.segmentation._regions import outcomes_of_samples, weights_of_samples
from jax_metrics.metrics.state import Total


class RegionOptions(CountingOptions, total=False):
    """The options of `RegionScore` except `target_class_ids`."""

    include_background: bool
    aggregation_level: str


class RegionScore(Counting):
    """The base of scores of the overlap of regions; a subclass defines `score`, as in `Counting`.

    Target and predictions are read as `Labels`, with samples along the first axis: labels
    `[samples, ...]` with `num_classes`, where predictions may be scores `[samples, ..., classes]`;
    masks that may overlap, `[samples, ..., labels]`, with `num_labels`; without either, a single
    region.

    Args:
        include_background: Whether class 0 counts.
        target_class_ids: The classes that count; by default all. With it, a binary metric has the
            classes 0 and 1.
        aggregation_level: `"global"` counts the pixels of all samples together; `"samplewise"`
            takes the mean of the scores of the samples. A class in neither target nor predictions
            of a sample has no score there and is left out.
        average: How the scores of classes are averaged: `"micro"`, `"macro"`, `"weighted"` or None,
            see `Counting`.
        zero_division: The value where neither target nor predictions have pixels.
        **options: See `Labels` and `Metric`.

    Attributes:
        samples: With `"samplewise"`, the sum of the scores of samples and the sum of their weights.
    """

    samples: Total

    def __init__(
        self,
        *,
        include_background: bool = True,
        target_class_ids: Sequence[int] | None = None,
        aggregation_level: str = "global",
        **options: Unpack[CountingOptions],
    ):
        super().__init__(**options)
        one_of("aggregation_level", aggregation_level, ("global", "samplewise"))
        self._as_two_classes = target_class_ids is not None and not self.labels.shape
        classes = 2 if self._as_two_classes else (self.labels.shape or (1,))[0]
        self.classes = _classes(classes, include_background, target_class_ids)
        self.aggregation_level = aggregation_level
        if aggregation_level == "samplewise":
            shape = (len(self.classes),) if self.average is None and self.labels.shape else ()
            self.samples = Total.zeros((2, *shape), self.dtype)
            del self.outcomes
        else:
            self.outcomes = zero_outcomes(self.labels, self.dtype)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; samplewise, `sample_weight` has one number for each sample."""
        if self.aggregation_level == "global":
            self.count(self.labels.compare(target, preds, sample_weight, mask))
            return
        batch = self.labels.compare(target, preds, None, mask)
        outcomes = outcomes_of_samples(batch, self.labels)
        if not self.labels.shape:
            outcomes = Outcomes(*(one[:, 0] for one in outcomes))
        scores = jax.vmap(lambda *counts: self._average(Outcomes(*counts), jnp.nan))(*outcomes)
        weight = weights_of_samples(len(scores), sample_weight)
        weight = weight.reshape(-1, *(1,) * (scores.ndim - 1))
        has_score = ~jnp.isnan(scores)
        sums = jnp.stack(
            [jnp.where(has_score, scores * weight, 0).sum(0), (has_score * weight).sum(0)]
        )
        self.samples = (self.samples + sums).marked(check_rules(batch.rules))

    def count(self, batch: LabelBatch) -> None:
        """Adds the outcomes of a batch."""
        self.outcomes = add_outcomes(self.outcomes, *count_outcomes(batch, self.labels))

    def compute(self) -> jax.Array:
        """The score."""
        if self.aggregation_level == "global":
            return self._average(self.counts, self.zero_division)
        scores, weight = self.samples.value
        return divide(scores, weight, self.zero_division)

    def _average(self, counts: Outcomes, zero_division: float) -> jax.Array:
        """The score of the classes that count, averaged per `average`."""
        if self._as_two_classes:
            tp, fp, fn, tn = counts
            counts = Outcomes(*map(jnp.stack, ([tn, tp], [fn, fp], [fp, fn], [tp, tn])))
        if counts.tp.ndim:
            counts = Outcomes(*(one[jnp.array(self.classes)] for one in counts))
        if self.average == "micro" and counts.tp.ndim:
            counts = Outcomes(*(one.sum() for one in counts))
        score = self.score(counts)
        score = jnp.where(counts.occurs, score, zero_division)
        included = True if self.labels.num_labels is not None else counts.occurs
        return average_scores(score, counts.support, self.average, zero_division, included)


def _classes(
    count: int, include_background: bool, target_class_ids: Sequence[int] | None
) -> tuple[int, ...]:
    """The classes that count."""
    if target_class_ids is None:
        return tuple(range(0 if include_background or count == 1 else 1, count))
    chosen = tuple(int(index) for index in target_class_ids)
    if not include_background:
        raise ValueError("Give either target_class_ids or include_background=False, not both.")
    if not chosen or len(set(chosen)) < len(chosen) or not all(0 <= i < count for i in chosen):
        raise ValueError(
            f"target_class_ids must be different classes from 0 to {count - 1}, at least one, but "
            f"are {list(chosen)}."
        )
    return chosen
