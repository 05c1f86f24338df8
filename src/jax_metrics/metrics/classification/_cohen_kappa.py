"""Cohen's kappa: agreement beyond chance."""

from typing import Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics.classification._confusion_matrix import Confusion
from jax_metrics.metrics.classification._counting import divide
from jax_metrics.metrics.classification._labels import LabelOptions


class CohenKappa(Confusion):
    """How much more often two raters agree than by chance: 1 is always, 0 is as chance has it.

    One minus the disagreement that is seen over that which is expected if both are independent:
    `1 - sum(w * seen) / sum(w * expected)` over the cells of the confusion matrix. Where no
    disagreement is expected, since both always name the same class, it is NaN.

    Args:
        weights: How bad it is to take class i for class j: None says all is equally bad,
            `"linear"` gives `abs(i - j)`, `"quadratic"` gives `(i - j)**2`.
        **options: See `Labels`; there is no kappa of labels that do not exclude each other.

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

    def __init__(self, *, weights: str | None = None, **options: Unpack[LabelOptions]):
        one_of("weights", weights, (None, "linear", "quadratic"))
        super().__init__(**options)
        if self.labels.num_labels is not None:
            raise ValueError(
                "CohenKappa is of a binary target or of classes, which exclude each other; got "
                f"num_labels={self.labels.num_labels}. Take one metric for each label."
            )
        self.weights = weights

    def compute(self) -> jax.Array:
        """Kappa."""
        matrix = self.matrix.value
        share = matrix / matrix.sum()
        classes = jnp.arange(matrix.shape[0], dtype=matrix.dtype)
        apart = abs(classes[:, None] - classes)
        cost = {None: jnp.minimum(apart, 1), "linear": apart, "quadratic": apart**2}[self.weights]
        expected = share.sum(1)[:, None] * share.sum(0)
        return 1 - divide((cost * share).sum(), (cost * expected).sum(), jnp.nan)


cohen_kappa = functional(CohenKappa)
