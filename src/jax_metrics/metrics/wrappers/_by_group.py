"""`ByGroup`: one metric for each group of examples."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import distinct
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.inputs import as_labels, weights
from jax_metrics.metrics.state import Total, highest, lowest
from jax_metrics.metrics.wrappers._copies import Copies
from jax_metrics.metrics.wrappers._examples import included_examples, read_examples


class ByGroup(Metric):
    """One metric for each group of examples, such as the accuracy of each hospital.

    All groups are updated as one program. `compute` returns the values along a new first axis or,
    with `labels`, a dict by label. A group without examples has the value of a metric that was
    never updated: NaN or 0.

    In traced code, which cannot raise, an invalid group makes all values NaN. Values that are
    integers become the smallest integer of their dtype, or the largest if that is 0.

    Args:
        metric: The metric; it is copied. It must take `mask`.
        num_groups: The number of groups; `update` takes `groups`, integers below it.
        labels: The names of the groups.

    Raises:
        ValueError: If the metric takes no `mask` or takes `groups`, a label is repeated, or the
            numbers of labels and groups differ.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> by_group = jm.metrics.ByGroup(jm.metrics.Accuracy(), num_groups=2)
        >>> target, preds = jnp.array([0, 1, 1, 0]), jnp.array([0, 1, 0, 1])
        >>> by_group(target=target, preds=preds, groups=jnp.array([0, 0, 0, 1]))
        Array([0.6666667, 0.       ], dtype=float32)
    """

    copies: Copies
    fault: Total  # 0, or NaN after an invalid group

    def __init__(
        self,
        metric: Metric,
        *,
        num_groups: int,
        labels: Sequence[str] | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        accepted = metric.signature.parameters
        if "mask" not in accepted:
            raise ValueError(
                f"ByGroup masks the examples of other groups, but a {type(metric).__name__} takes "
                "no `mask`."
            )
        if "groups" in accepted:
            raise ValueError(
                f"ByGroup takes `groups` for itself, but a {type(metric).__name__} takes `groups`, "
                "too. For groups of two kinds number their pairs, as in `groups=3 * a + b` with "
                "`num_groups=6`, where `b` has 3 groups and `a` has 2."
            )
        if num_groups < 1:
            raise ValueError(f"num_groups must be at least 1, but is {num_groups}.")
        if labels is not None and len(labels) != num_groups:
            raise ValueError(f"There are {len(labels)} labels for {num_groups} groups: {labels}.")
        self.jittable = metric.jittable
        self.num_groups = num_groups
        self.labels = None if labels is None else distinct("labels", labels)
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        self.copies = Copies(metric, num_groups)
        self.fault = Total.zeros((), self.dtype)

    def update(self, *args: Any, groups: Any, mask: Any = None, **kwargs: Any) -> Any:
        """Updates with a batch.

        Args:
            *args: As for the metric.
            groups: The group of each example, integers `[n]`.
            mask: As for the metric, `[n, ...]`.
            **kwargs: As for the metric.
        """
        check_accepted(self, kwargs)
        groups = as_labels("groups", groups)
        included = jnp.ones(groups.shape, bool)
        if mask is not None:
            mask = jnp.asarray(mask)
            included = weights(mask.shape, mask=mask) != 0
        size = read_examples(self.copies.metrics, args, kwargs).size(self)
        if groups.ndim != 1 or included.shape[:1] != groups.shape or size != groups.shape[0]:
            raise ValueError(
                f"groups of shape {groups.shape} do not fit a batch of {size} examples"
                + ("" if mask is None else f" and a mask of shape {included.shape}")
                + ": each example has one group."
            )
        counts = included_examples(len(groups), mask=included)
        inside = (groups >= 0) & (groups < self.num_groups)
        rule = Rule(
            inside | ~counts,
            f"groups must lie between 0 and {self.num_groups - 1}. Mask the others, or give the "
            "number of groups as `num_groups`.",
        )
        self.fault = self.fault.marked(check_rules([rule]))

        def update(metric: Metric, group: jax.Array) -> Metric:
            in_group = (groups == group).reshape(-1, *(1,) * (included.ndim - 1))
            return metric.update(*args, mask=included & in_group, **kwargs)

        self.copies = self.copies.updated(update, jnp.arange(self.num_groups))

    def compute(self) -> Any:
        """The value of each group."""
        values = jax.tree.map(self._marked, self.copies.values())
        if self.labels is None:
            return values
        parts = [jax.tree.map(lambda x, i=i: x[i], values) for i in range(self.num_groups)]
        return dict(zip(self.labels, parts, strict=True))

    @property
    def directions(self) -> Any:
        """The directions of the metric, for each label if there are labels."""
        directions = self.copies.directions
        return directions if self.labels is None else dict.fromkeys(self.labels, directions)

    def _marked(self, values: jax.Array) -> jax.Array:
        """The values; after an invalid group, in code that cannot raise, NaN or its stand-in."""
        if values.dtype == bool:
            return values
        return jnp.where(jnp.isnan(self.fault.value), _invalid(values.dtype), values)

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(self.copies.metrics)

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._prepared_inputs_by(self.copies.metrics, inputs)

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        groups = inspect.Parameter("groups", inspect.Parameter.KEYWORD_ONLY)
        return {**self.copies.metrics.signature.parameters, "groups": groups}


def _invalid(dtype: Any) -> Any:
    """What no valid value is: NaN, or an integer at the end of the dtype."""
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.array(jnp.nan, dtype)
    return jnp.array(lowest(dtype) or highest(dtype), dtype)
