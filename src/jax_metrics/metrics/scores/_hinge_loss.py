"""Hinge loss of scores."""

from typing import Unpack

import jax

from jax_metrics.arguments import one_of
from jax_metrics.losses import hinge, multiclass_hinge
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import ScoreBatch, one_versus_rest
from jax_metrics.metrics.scores._mean_cost import MeanCost

STRATEGIES = ("crammer-singer", "one-vs-all")


class HingeLoss(MeanCost):
    """The mean hinge loss `max(0, 1 - s * preds)`, where `s` is 1 for the target and -1 otherwise.

    Predictions are scores of any range. See `MeanCost` for shapes.

    Args:
        squared: Whether each loss is squared.
        strategy: With classes: `"crammer-singer"` is the margin, plus 1, by which the best other
            class beats the target; `"one-vs-all"` is the sum of the binary losses of all classes.
        num_classes: Number of classes.
        num_labels: Number of labels.
        **options: See `MeanCost`.

    Source: Crammer and Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines, 2001.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1, 0]), jnp.array([0.5, 0.5])
        >>> float(jm.metrics.HingeLoss()(target=target, preds=preds))
        1.0
        >>> float(jm.metrics.hinge_loss(target, preds, squared=True))
        1.25
    """

    bounded = False

    def __init__(
        self,
        *,
        squared: bool = False,
        strategy: str = "crammer-singer",
        num_classes: int | None = None,
        num_labels: int | None = None,
        ignore_index: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(
            num_classes=num_classes, num_labels=num_labels, ignore_index=ignore_index, **options
        )
        one_of("strategy", strategy, STRATEGIES)
        self.squared, self.strategy = squared, strategy

    def costs(self, batch: ScoreBatch) -> jax.Array:
        """The loss of each target."""
        if self.labels.num_classes is not None and self.strategy == "crammer-singer":
            losses = multiclass_hinge(batch.target, batch.scores)
        else:
            losses = hinge(one_versus_rest(self.labels, batch.target), batch.scores)
        losses = losses**2 if self.squared else losses
        return losses.sum(-1) if losses.ndim > batch.target.ndim else losses


hinge_loss = functional(HingeLoss)
