"""How a binary classifier treats groups."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.classification._confusion_matrix import confusion
from jax_metrics.metrics.classification._counting import divide
from jax_metrics.metrics.classification._labelled import Labelled
from jax_metrics.metrics.classification._labels import as_labels
from jax_metrics.metrics.state import Total


class Grouped(Labelled):
    """The base of metrics of a binary target that are taken of each group.

    Attributes:
        matrix: The confusion matrix of each group, `[num_groups, 2, 2]`.
    """

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
        super().__init__(
            threshold=threshold, from_logits=from_logits, ignore_index=ignore_index, **options
        )
        if num_groups < 2:
            raise ValueError(f"num_groups must be at least 2, but is {num_groups}.")
        self.num_groups = num_groups
        self.matrix = Total.zeros((num_groups, 2, 2), self.dtype)

    def update(
        self, *, target: Any, preds: Any, groups: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Takes a batch in; see `Labels` for shapes and dtypes.

        Args:
            target: 0 or 1.
            preds: Of the same shape.
            groups: To which group each belongs, integers of the same shape.
            sample_weight: How much each counts.
            mask: Booleans: false leaves one out.
        """
        target, preds, weight, rules = self.labels.compare(target, preds, sample_weight, mask)
        groups = as_labels("groups", groups)
        if groups.shape != target.shape:
            raise ValueError(
                f"groups of shape {groups.shape} do not fit a target of shape {target.shape}: "
                "each example has one group."
            )
        inside = (groups >= 0) & (groups < self.num_groups)
        rule = Rule(
            inside | (weight == 0),
            f"groups must lie between 0 and {self.num_groups - 1}. Mask the others, or give the "
            "number of groups as `num_groups`.",
        )
        groups = jnp.where(inside, groups, 0)
        shape = self.matrix.high.shape
        counts, fault = confusion(target, preds, weight, (*rules, rule), shape, groups)
        self.matrix = self.matrix + counts + fault


class GroupStatRates(Grouped):
    """The share of true and false positives and negatives in each group, `[num_groups, 4]`.

    Along the last axis they are in this order: `tp, fp, tn, fn`. Those of a group sum to 1, or are
    0 if it is empty.

    Args:
        num_groups: How many groups there are; `update` takes `groups`, integers below it.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        ignore_index: Where the target is this, nothing counts.
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


class Fairness(Grouped):
    """How equally groups are treated: the lowest rate over the highest, from 0 to 1, which is fair.

    The value is a dictionary. `"demographic_parity"` compares how often each group is predicted to
    be positive, `"equal_opportunity"` how often those are that are positive (recall). A group of
    which there are none does not count. NaN where the highest rate is 0, or there is none.

    Args:
        num_groups: How many groups there are; `update` takes `groups`, integers below it.
        threshold: A probability above it means 1.
        from_logits: Whether floats are logits instead of probabilities.
        ignore_index: Where the target is this, nothing counts.
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
            "demographic_parity": _lowest_to_highest(tp + fp, tp + fp + tn + fn),
            "equal_opportunity": _lowest_to_highest(tp, tp + fn),
        }


def _lowest_to_highest(part: jax.Array, whole: jax.Array) -> jax.Array:
    rates = divide(part, whole, 0.0)
    lowest = jnp.where(whole == 0, jnp.inf, rates).min()
    return divide(lowest, rates.max(), jnp.nan)


group_stat_rates = functional(GroupStatRates)
fairness = functional(Fairness)
