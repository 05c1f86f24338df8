"""How metrics of data in clusters read their arguments."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics._contingency import label_rule, within
from jax_metrics.metrics.inputs import as_labels, weights, where_weighted


class DataBatch(NamedTuple):
    """Data in clusters.

    Attributes:
        data: Floats, `[batch, features]`; 0 where the weight is 0.
        labels: The cluster of each row, `[batch]`; 0 in place of unknown ones.
        weight: The weight of each row, `[batch]`.
        rules: Conditions on all rows whose weight is not zero, yet to be checked.
    """

    data: jax.Array
    labels: jax.Array
    weight: jax.Array
    rules: tuple[Rule, ...]


def read_data(
    data: Any,
    labels: Any,
    sample_weight: Any,
    mask: Any,
    num_clusters: int,
    num_features: int,
    dtype: Any,
) -> DataBatch:
    """Data and labels; conditions on their values are returned as rules.

    Raises:
        ValueError: If shapes do not match.
        TypeError: If a dtype is not allowed.
    """
    rows, labels = as_float("data", data).astype(dtype), as_labels("labels", labels)
    if rows.ndim != 2 or rows.shape[1] != num_features:
        raise ValueError(
            f"data must be [batch, num_features={num_features}], but its shape is "
            f"{list(rows.shape)}."
        )
    if labels.shape != rows.shape[:1]:
        raise ValueError(
            f"labels must have one cluster for each row of data, {list(rows.shape[:1])}, but their "
            f"shape is {list(labels.shape)}."
        )
    weight = weights(labels.shape, sample_weight, mask, dtype)
    inside = within(labels, num_clusters)
    finite = Rule(
        jnp.isfinite(rows).all(-1) | (weight == 0),
        "data must hold finite numbers, but some are NaN or infinite.",
    )
    rules = (label_rule("labels", inside, num_clusters, weight), finite)
    return DataBatch(where_weighted(rows, weight), jnp.where(inside, labels, 0), weight, rules)
