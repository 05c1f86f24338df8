"""Cohen's kappa: agreement beyond chance."""

from collections.abc import Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._confusion_matrix import add_confusion, zero_matrix
from jax_metrics.metrics.classification._label_metric import LabelMetric
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.inputs import LabelBatch, LabelOptions
from jax_metrics.metrics.state import Total


class CohenKappa(LabelMetric):
    """How much more often target and predictions agree than by chance.

    1 is perfect agreement, 0 is agreement by chance. It is one minus the ratio of the observed
    disagreement to the disagreement expected if both were independent,
    `1 - sum(w * observed) / sum(w * expected)` over the cells of the confusion matrix. If both are
    always the same class, no disagreement is expected and the value is NaN.

    Args:
        weights: The cost of confusing class i with class j: None makes all equal, `"linear"` gives
            `abs(i - j)`, `"quadratic"` gives `(i - j)**2`; or a matrix of costs,
            `[classes, classes]`, with the target along the first axis.
        **options: See `Labels`; kappa is not defined for labels that are not mutually exclusive.

    Source: Cohen: A Coefficient of Agreement for Nominal Scales (1960).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 2, 2]), jnp.array([0, 1, 2, 0])
        >>> float(jm.metrics.CohenKappa(num_classes=3)(target=target, preds=preds))
        0.6363636255264282
        >>> float(jm.metrics.cohen_kappa(target, preds, num_classes=3, weights="linear"))
        0.5
    """

    higher_is_better = True
    bounds = (-1, 1)
    matrix: Total

    def __init__(
        self,
        *,
        weights: str | Sequence[Sequence[float]] | None = None,
        **options: Unpack[LabelOptions],
    ):
        super().__init__(**options)
        if self.labels.num_labels is not None:
            raise ValueError(
                "CohenKappa needs a binary target or classes, which are mutually exclusive; got "
                f"num_labels={self.labels.num_labels}. Use one metric for each label."
            )
        self.matrix = zero_matrix(self.labels, self.dtype)
        self.weights = _checked_weights(weights, self.matrix.high.shape)
        if isinstance(self.weights, tuple):
            self.bounds = (None, 1)

    def count(self, batch: LabelBatch) -> None:
        """Adds a batch to the confusion matrix."""
        self.matrix = add_confusion(self.matrix, batch)

    def compute(self) -> jax.Array:
        """The value of kappa."""
        matrix = self.matrix.value
        observed = matrix / matrix.sum()
        if self.weights is None or isinstance(self.weights, str):
            classes = jnp.arange(matrix.shape[0], dtype=matrix.dtype)
            distance = abs(classes[:, None] - classes)
            costs = {None: jnp.minimum(distance, 1), "linear": distance, "quadratic": distance**2}
            cost = costs[self.weights]
        else:
            cost = jnp.asarray(self.weights, matrix.dtype)
        expected = observed.sum(1)[:, None] * observed.sum(0)
        return 1 - divide((cost * observed).sum(), (cost * expected).sum(), jnp.nan)


def _checked_weights(
    weights: Any, shape: tuple[int, ...]
) -> str | tuple[tuple[float, ...], ...] | None:
    """The name of the costs, or their matrix as tuples.

    Raises:
        ValueError: If the name is unknown, or the matrix does not fit the classes.
    """
    if weights is None or isinstance(weights, str):
        one_of("weights", weights, (None, "linear", "quadratic"))
        return weights
    costs = np.asarray(weights, np.float64)
    if costs.shape != shape:
        raise ValueError(
            "weights must be None, 'linear', 'quadratic', or a matrix of costs of shape "
            f"{list(shape)}, but its shape is {list(costs.shape)}."
        )
    if not (np.isfinite(costs).all() and (costs >= 0).all()):
        raise ValueError("The costs in weights must be finite and not negative.")
    return tuple(map(tuple, costs.tolist()))


cohen_kappa = functional(CohenKappa)
