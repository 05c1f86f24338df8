"""Fairness: how a binary classifier treats groups of examples."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.classification._confusion_matrix import add_confusion
from jax_metrics.metrics.counts import divide
from jax_metrics.metrics.inputs import Labels, as_labels
from jax_metrics.metrics.state import Total


class GroupMetric(Metric):
    """The base of metrics that count a binary target separately for each group.

    Attributes:
        matrix: The confusion matrix of each group, `[num_groups, 2, 2]`.
    """

    bounds = (0, 1)
    matrix: Total

    def __init__(
        self,
        *,
        num_groups: int,
        threshold: float = 0.5,
        from_logits: bool = False,
        ignore_index: int | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.labels = Labels(
            threshold=threshold, from_logits=from_logits, ignore_index=ignore_index
        ).checked()
        if num_groups < 2:
            raise ValueError(f"num_groups must be at least 2, but is {num_groups}.")
        self.num_groups = num_groups
        self.matrix = Total.zeros((num_groups, 2, 2), self.dtype)

    def update(
        self, *, target: Any, preds: Any, groups: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `Labels` for shapes and dtypes.

        Args:
            target: 0 or 1.
            preds: Predictions of the same shape.
            groups: The group of each example, integers of the same shape.
            sample_weight: The weight of each example.
            mask: Booleans: false excludes an example.
        """
        batch = self.labels.compare(target, preds, sample_weight, mask)
        groups = as_labels("groups", groups)
        if groups.shape != batch.target.shape:
            raise ValueError(
                f"groups of shape {groups.shape} do not fit a target of shape "
                f"{batch.target.shape}: each example has one group."
            )
        inside = (groups >= 0) & (groups < self.num_groups)
        rule = Rule(
            inside | (batch.weight == 0),
            f"groups must lie between 0 and {self.num_groups - 1}. Mask the others, or give the "
            "number of groups as `num_groups`.",
        )
        self.matrix = add_confusion(self.matrix, batch, jnp.where(inside, groups, 0), [rule])


class GroupStatRates(GroupMetric):
    """The fractions of true and false positives and negatives in each group, `[num_groups, 4]`.

    The last axis holds `tp, fp, tn, fn`. They sum to 1, or are 0 if the group is empty.

    Args:
        num_groups: The number of groups; `update` takes `groups`, integers below it.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        ignore_index: Examples with this target are ignored.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0, 1, 1, 1])
        >>> groups = jnp.array([0, 0, 1, 1])
        >>> metric = jm.metrics.GroupStatRates(num_groups=2)
        >>> metric(target=target, preds=preds, groups=groups)
        Array([[0.5, 0. , 0.5, 0. ],
               [0.5, 0.5, 0. , 0. ]], dtype=float32)
        >>> jm.metrics.group_stat_rates(target, preds, groups=groups, num_groups=2).shape
        (2, 4)
    """

    def compute(self) -> jax.Array:
        """The rates."""
        (tn, fp), (fn, tp) = jnp.moveaxis(self.matrix.value, 0, -1)
        counts = jnp.stack([tp, fp, tn, fn], -1)
        return divide(counts, counts.sum(-1, keepdims=True), 0.0)


class Fairness(GroupMetric):
    """How equally groups are treated: the lowest rate over the highest, from 0 to 1 (fair).

    The value is a dictionary. `"demographic_parity"` compares the fractions of positive predictions
    in the groups, `"equal_opportunity"` their recall. Groups without examples are left out. NaN
    where the highest rate is 0 or no group has a rate.

    Args:
        num_groups: The number of groups; `update` takes `groups`, integers below it.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        ignore_index: Examples with this target are ignored.
        **options: See `Metric`.

    Source: Hardt, Price, Srebro: [Equality of Opportunity in Supervised
    Learning](https://arxiv.org/abs/1610.02413).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([0, 1, 0, 1]), jnp.array([0, 1, 1, 1])
        >>> groups = jnp.array([0, 0, 1, 1])
        >>> metric = jm.metrics.Fairness(num_groups=2)
        >>> value = metric(target=target, preds=preds, groups=groups)
        >>> float(value["demographic_parity"]), float(value["equal_opportunity"])
        (0.5, 1.0)
        >>> sorted(jm.metrics.fairness(target, preds, groups=groups, num_groups=2))
        ['demographic_parity', 'equal_opportunity']
    """

    higher_is_better = True

    def compute(self) -> dict[str, jax.Array]:
        """Both ratios."""
        (tn, fp), (fn, tp) = jnp.moveaxis(self.matrix.value, 0, -1)
        return {
            "demographic_parity": _lowest_over_highest(tp + fp, tp + fp + tn + fn),
            "equal_opportunity": _lowest_over_highest(tp, tp + fn),
        }


def _lowest_over_highest(counts: jax.Array, totals: jax.Array) -> jax.Array:
    rates = divide(counts, totals, 0.0)
    lowest = jnp.where(totals == 0, jnp.inf, rates).min()

    return divide(lowest, rates.max(), jnp.nan)


group_stat_rates = functional(GroupStatRates)
fairness = functional(Fairness)
