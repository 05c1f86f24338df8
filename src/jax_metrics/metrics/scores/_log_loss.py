"""Log loss: the crossentropy between labels and predicted probabilities."""

from typing import Unpack

import jax

from jax_metrics.arguments import between
from jax_metrics.losses import crossentropy
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.inputs import ScoreBatch
from jax_metrics.metrics.scores._mean_cost import MeanCost, MeanCostOptions


class LogLossOptions(MeanCostOptions, total=False):
    """The options of `LogLoss`."""

    epsilon: float


class LogLoss(MeanCost):
    """The mean of `-log(p)`, where `p` is the predicted probability of the target.

    Args:
        epsilon: The lower bound of probabilities; with 0, a target of probability 0 costs infinity.
            Logits need no bound.
        **options: See `MeanCost`, also for shapes.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1]), jnp.array([[0.75, 0.25], [0.5, 0.5]])
        >>> round(float(jm.metrics.LogLoss(num_classes=2)(target=target, preds=preds)), 4)
        0.4904
        >>> round(float(jm.metrics.log_loss(target, preds[:, 1])), 4)
        0.4904
    """

    def __init__(self, *, epsilon: float = 1e-7, **options: Unpack[MeanCostOptions]):
        super().__init__(**options)
        between(0, 1, epsilon=epsilon)
        self.epsilon = epsilon

    def costs(self, batch: ScoreBatch) -> jax.Array:
        """The crossentropy of each target."""
        return crossentropy(
            batch.target,
            batch.scores,
            binary=self.labels.num_classes is None,
            from_logits=self.labels.from_logits,
            check_bounds=False,
            epsilon=self.epsilon,
        )


log_loss = functional(LogLoss)
