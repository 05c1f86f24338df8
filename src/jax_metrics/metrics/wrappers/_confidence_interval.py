"""`ConfidenceInterval`: a metric with a confidence interval of its value."""

import inspect
from collections.abc import Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._checks import check
from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.aggregation import Mean
from jax_metrics.metrics.classification import Counting
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.text import TextExactMatch
from jax_metrics.metrics.wrappers._boot_strapper import BootStrapper
from jax_metrics.metrics.wrappers._proportion_interval import exact_interval, wilson_interval
from jax_metrics.tree import copy

_OF_PROPORTIONS = {"wilson": wilson_interval, "exact": exact_interval}
_METHODS = ("bootstrap", *_OF_PROPORTIONS)


class ConfidenceInterval(Metric):
    """A metric, and an interval for its value on all possible examples.

    `compute` returns a dict of `value`, `lower` and `upper`.

    - `"bootstrap"` draws samples from the examples and takes the quantiles of their values
      (percentile interval). It suits any metric that takes `sample_weight`, those of strings, too;
      see `BootStrapper`.
    - `"wilson"` and `"exact"` (Clopper and Pearson) are for proportions: `Accuracy`, `Precision`,
      `Recall`, `Specificity`, `NegativePredictiveValue` and `HammingDistance` of one class or
      label, of each (`average=None`), or of all together (`average="micro"`); `TextExactMatch`; and
      `Mean` of values 0 and 1. They need no samples, are valid for few examples, and take no
      `sample_weight`. The exact interval covers the true value with at least the level, and is
      wider.

    Examples must be independent: pixels of an image, or steps of a sequence, are not. With
    `indexes`, as retrieval metrics with a capacity take them, the examples are queries.

    Args:
        metric: The metric; it is copied.
        level: The confidence level, between 0 and 1.
        method: `"bootstrap"`, `"wilson"` or `"exact"`.
        num_bootstraps: The number of samples of the bootstrap. Each has its own state.
        key: A random key or a seed for the bootstrap.

    Raises:
        ValueError: If an option is out of range, or the method does not suit the metric.

    Source: Efron: Bootstrap Methods (1979); see `wilson_interval` and `exact_interval`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> accuracy = jm.metrics.ConfidenceInterval(jm.metrics.Accuracy(), method="wilson")
        >>> value = accuracy(target=jnp.ones(10, int), preds=jnp.arange(10) > 0)
        >>> {name: round(float(x), 3) for name, x in value.items()}
        {'value': 0.9, 'lower': 0.596, 'upper': 0.982}
    """

    metric: Metric

    def __init__(
        self,
        metric: Metric,
        *,
        level: float = 0.95,
        method: str = "bootstrap",
        num_bootstraps: int = 1000,
        key: Any = 0,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        one_of("method", method, _METHODS)
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, but is {level}.")
        self.level, self.method = level, method
        self.jittable = metric.jittable
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        if method == "bootstrap":
            tail = (1 - level) / 2
            self.metric = BootStrapper(
                metric,
                num_bootstraps=num_bootstraps,
                mean=False,
                std=False,
                quantile=(tail, 1 - tail),
                key=key,
            )
        else:
            _check_proportion(metric, method)
            self.metric = copy(metric, arrays=True)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Updates with a batch; arguments are those of the metric."""
        given = dict(zip(self.metric.signature.parameters, args, strict=False)) | kwargs
        check_accepted(self, given)
        metric = copy(self.metric).update(*args, **kwargs)
        if isinstance(metric, Mean):
            received = self.metric._received(args, kwargs)[1]
            outcomes = _check_outcomes(received["values"], received.get("mask"))
            metric.total = metric.total.marked(outcomes)
        self.metric = metric

    def compute(self) -> dict[str, jax.Array]:
        """The value, and both ends of the interval."""
        metric = self.metric
        if isinstance(metric, BootStrapper):
            ends = metric.compute()["quantile"]
            value = jax.tree.map(lambda x: x[0], metric.copies.values())
            lower, upper = (jax.tree.map(lambda x, i=i: x[i], ends) for i in range(2))
        else:
            value = metric.compute()
            lower, upper = _OF_PROPORTIONS[self.method](*_counts(metric), self.level)
        return {"value": value, "lower": lower, "upper": upper}

    @property
    def directions(self) -> dict[str, Any]:
        """The directions of the metric, for its value and both ends."""
        metric = self.metric
        of_metric = metric.copies if isinstance(metric, BootStrapper) else metric
        return dict.fromkeys(("value", "lower", "upper"), of_metric.directions)

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(self.metric)

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._prepared_inputs_by(self.metric, inputs)

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        parameters = self.metric.signature.parameters
        if self.method == "bootstrap":
            return parameters
        # Counts of examples take no weights, by whatever name callers know them.
        own = self.metric._accepted_parameters()
        pairs = zip(own, parameters.items(), strict=True)
        return dict(item for name, item in pairs if name != "sample_weight")


def _counts(metric: Metric) -> tuple[jax.Array, jax.Array]:
    """The numerator and the denominator of the value, as counts of examples."""
    if isinstance(metric, Counting):
        return metric.fraction(metric.counts)
    if isinstance(metric, TextExactMatch):
        matches, examples = jnp.asarray(metric.sums(), metric.dtype)
        return matches, examples
    assert isinstance(metric, Mean)
    return metric.total.value, metric.weight.value


def _check_outcomes(values: Any, mask: Any) -> jax.Array:
    """Checks that values are 0 or 1, or that a single value is a fraction of unmasked examples."""
    values = jnp.asarray(values)
    if values.ndim or mask is None:
        holds = (values == 0) | (values == 1) | (weights(values.shape, mask=mask) == 0)
    else:
        holds = (values >= 0) & (values <= 1)
    return check(
        holds,
        "values must be 0 or 1: the interval of a proportion counts how many are 1. Choose "
        '`method="bootstrap"` for other values.',
    )


def _check_proportion(metric: Metric, method: str) -> None:
    if isinstance(metric, Mean | TextExactMatch):
        return
    if not isinstance(metric, Counting) or type(metric).fraction is Counting.fraction:
        raise ValueError(
            f"The interval {method!r} is for proportions of examples, such as Accuracy, but "
            f'{type(metric).__name__} is not one. Choose `method="bootstrap"`.'
        )
    labels = metric.labels
    several = labels.num_classes is not None or labels.num_labels is not None
    if several and metric.average not in ("micro", None):
        raise ValueError(
            f"The mean of the values of several classes (average={metric.average!r}) is not a "
            f'proportion. Use `average=None` or "micro", or `method="bootstrap"`.'
        )
