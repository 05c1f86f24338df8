"""Ranking metrics: how well scores rank the true labels of an example above the others."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.counts import Points, exact_points
from jax_metrics.metrics.inputs import Labels, read_scores


class Ranking(WeightedMean):
    """The base of metrics of the order of the labels of each example.

    A subclass defines `score`, which maps the `Points` of each example to its value. Target is 0 or
    1, `[..., labels]`; predictions are scores of any range, of the same shape. A mask of that shape
    excludes single labels. NaN before the first update.
    """

    def __init__(self, **options: Unpack[Common]):
        super().__init__(**options)

    def score(self, points: Points) -> jax.Array:
        """The value of each example."""
        raise TypeError(f"{type(self).__name__} must define `score`.")

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; `sample_weight` has one number for each example, `[...]`."""
        shape = jnp.shape(preds)
        if not shape:
            raise ValueError("preds must be [..., labels], but has no axes.")
        if sample_weight is not None and jnp.ndim(sample_weight) == len(shape):
            raise ValueError(
                f"sample_weight of shape {jnp.shape(sample_weight)} must have one number for each "
                f"example, {shape[:-1]}, and not for each label."
            )
        labels = Labels(num_labels=max(shape[-1], 1))
        target, scores, weight, rules = read_scores(
            labels, target, preds, sample_weight, mask, bounded=False
        )
        signed = jnp.where(weight == 0, 0.0, jnp.where(target == 1, 1.0, -1.0))
        values = self.score(exact_points(scores, signed.astype(scores.dtype), bounded=False))
        values += check_rules(rules)
        if sample_weight is None:  # a mask makes integer weights, which sum exactly
            self.add(values, mask=(weight != 0).any(-1))
        else:
            self.add(values, weight.max(-1))


class CoverageError(Ranking):
    """The mean number of top-scored labels that are needed to cover all true labels.

    For an example, it is the number of labels whose score is at least the lowest score of a true
    label; 0 if it has no true label. See `Ranking` for shapes.

    Source: Tsoumakas, Katakis, Vlahavas: Mining Multi-label Data, 2010.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[1, 0, 0], [0, 0, 1]])
        >>> preds = jnp.array([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
        >>> float(jm.metrics.CoverageError()(target=target, preds=preds))
        2.5
        >>> float(jm.metrics.coverage_error(target, preds))
        2.5
    """

    higher_is_better = False
    bounds = (0, None)

    def score(self, points: Points) -> jax.Array:
        """The number of labels of each example."""
        complete = points.tp == points.positive[..., None]
        depth = jnp.where(complete, points.tp + points.fp, jnp.inf).min(-1)
        return jnp.where(points.positive == 0, 0, depth)


class LabelRankingAveragePrecision(Ranking):
    """The mean over the examples of the average precision of their true labels.

    The precision at a true label is the fraction of true labels among those with at least its
    score; an example without true labels counts as 1. See `Ranking` for shapes.

    Source: Schapire, Singer: BoosTexter, 2000.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[1, 0, 0], [0, 0, 1]])
        >>> preds = jnp.array([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
        >>> metric = jm.metrics.LabelRankingAveragePrecision()
        >>> round(float(metric(target=target, preds=preds)), 4)
        0.4167
        >>> round(float(jm.metrics.label_ranking_average_precision(target, preds)), 4)
        0.4167
    """

    higher_is_better = True
    bounds = (0, 1)

    def score(self, points: Points) -> jax.Array:
        """The average precision of each example."""
        value = (jnp.diff(points.tp, prepend=0) * points.precision).sum(-1) / points.positive
        return jnp.where(points.positive == 0, 1, value)


class LabelRankingLoss(Ranking):
    """The mean fraction of pairs of a true and a false label that are in the wrong order.

    Equal scores count as the wrong order; an example without such pairs counts as 0. See `Ranking`
    for shapes.

    Source: Tsoumakas, Katakis, Vlahavas: Mining Multi-label Data, 2010.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[1, 0, 0], [0, 0, 1]])
        >>> preds = jnp.array([[0.75, 0.5, 1.0], [1.0, 0.2, 0.1]])
        >>> float(jm.metrics.LabelRankingLoss()(target=target, preds=preds))
        0.75
        >>> float(jm.metrics.label_ranking_loss(target, preds))
        0.75
    """

    higher_is_better = False
    bounds = (0, 1)

    def score(self, points: Points) -> jax.Array:
        """The fraction of wrongly ordered pairs of each example."""
        above = jnp.concatenate([jnp.zeros_like(points.tp[..., :1]), points.tp[..., :-1]], -1)
        below = points.positive[..., None] - above
        wrong = (jnp.diff(points.fp, prepend=0) * below).sum(-1)
        pairs = points.positive * points.negative
        return jnp.where(pairs == 0, 0, wrong / jnp.where(pairs == 0, 1, pairs))


coverage_error = functional(CoverageError)
label_ranking_average_precision = functional(LabelRankingAveragePrecision)
label_ranking_loss = functional(LabelRankingLoss)
