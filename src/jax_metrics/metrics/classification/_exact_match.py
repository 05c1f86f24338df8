"""Exact match: how often all of an example is right."""

from typing import Any, Unpack

import jax

from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics.classification._labelled import Labelled
from jax_metrics.metrics.classification._labels import Compared, LabelOptions


class ExactMatch(Labelled, MeanOf):
    """The share of examples of which all positions are right; NaN before the first update.

    With labels an example is a row of them, `[..., num_labels]`. Otherwise it is all that belongs
    to one index of the first axis, such as a sentence in `[batch, length]`. A position that is
    masked or ignored need not be right, and an example that has no other does not count; else it
    weighs as much as its heaviest position. See `Labels` for the options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[2, 1, 0], [1, 1, 2]]), jnp.array([[2, 1, 0], [1, 1, 1]])
        >>> float(jm.metrics.ExactMatch(num_classes=3)(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.exact_match(target, preds, num_classes=3, ignore_index=2))
        1.0
    """

    higher_is_better = True

    def __init__(self, **options: Unpack[LabelOptions]):
        super().__init__(**options)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes."""
        compared = self.labels.compare(target, preds, sample_weight, mask)
        right, weight = all_right(compared, examples_first=self.labels.num_labels is None)
        self.total = self.total + (right * weight).sum() + check_rules(compared.rules)
        self.weight += weight.sum()


def all_right(compared: Compared, examples_first: bool) -> tuple[jax.Array, jax.Array]:
    """Whether each example is right at all positions that count, and its weight.

    Args:
        compared: The labels.
        examples_first: Whether an example is an index of the first axis; else a row of the last.
    """
    target, preds, weight, _ = compared
    axes = tuple(range(1, target.ndim)) if examples_first else -1
    right = ((target == preds) | (weight == 0)).all(axes)
    return right, weight.max(axes, initial=0)


exact_match = functional(ExactMatch)
