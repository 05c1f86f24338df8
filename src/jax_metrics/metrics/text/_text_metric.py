"""`TextMetric`: the base of metrics of strings."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.state import Total
from jax_metrics.metrics.text._reading import (
    check_references,
    check_string,
    example_weights,
    read_pairs,
)


class TextMetric(Metric):
    """The base of metrics of strings, which are sums of statistics of the examples.

    Strings are read on the host; the sums are arrays, which are merged and synced as in other
    metrics. A subclass defines `statistics`, and `compute` from `sums`.

    `update` takes a string for each example, or a single string; as lists, tuples or arrays. If
    `several_references`, each example of `target` may also be a list of references, and a list of
    strings next to a single prediction has its references. `sample_weight` and `mask` have one
    entry for each example; strings that the mask excludes are not read. For copies of the metric
    with states `[copies, size]`, as in `BootStrapper`, `sample_weight` is `[copies, examples]`.

    Args:
        size: The number of statistics.
        **options: See `Metric`.

    Attributes:
        several_references: Whether an example may have several references.
    """

    jittable = False
    _weighs_copies = True
    several_references: ClassVar[bool] = False
    totals: Total

    def __init__(self, size: int, **options: Unpack[Common]):
        super().__init__(**options)
        self.totals = Total.zeros((size,), self.dtype)

    def statistics(self, target: Any, preds: Any) -> Sequence[float]:
        """The statistics of an example: of its target, or of its references, and its prediction."""
        raise TypeError(f"{type(self).__name__} must define `statistics`.")

    def rows(self, targets: list[Any], preds: list[Any]) -> Sequence[Sequence[float]] | np.ndarray:
        """The statistics of all examples, `[examples, size]`."""
        return [self.statistics(*pair) for pair in zip(targets, preds, strict=True)]

    def read(self, target: Any, preds: Any) -> tuple[list[Any], list[Any]]:
        """The target and the prediction of each example, whose types are not checked yet."""
        return read_pairs(target, preds, several=self.several_references)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch of strings; see `TextMetric`."""
        targets, predictions = self.read(target, preds)
        copies = self.totals.high.shape[:-1]
        weight = example_weights(len(predictions), sample_weight, mask, copies)
        kept = list(range(len(predictions)))
        if weight is not None:
            kept = np.flatnonzero(np.any(weight, axis=tuple(range(len(copies))))).tolist()
        if self.several_references:
            read = [check_references(i, targets[i]) for i in kept]
        else:
            read = [check_string("target", i, targets[i]) for i in kept]
        found = self.rows(read, [check_string("preds", i, predictions[i]) for i in kept])
        rows = np.asarray(found, np.float64).reshape(len(read), self.totals.high.shape[-1])
        self.totals = added(self.totals, rows, None if weight is None else weight[..., kept])
        self.keep(rows)

    def _number_of_examples(self, inputs: Mapping[str, Any]) -> int | None:
        return len(self.read(inputs["target"], inputs["preds"])[1])

    def keep(self, rows: np.ndarray) -> None:
        """What else is kept of the statistics of examples, `[examples, size]`: nothing here."""

    def sums(self) -> np.ndarray:
        """The sums of the statistics, as float64 on the host."""
        return np.asarray(self.totals.high, np.float64) + np.asarray(self.totals.low, np.float64)

    def scalar(self, value: float) -> jax.Array:
        """A number as the value of the metric."""
        return jnp.asarray(value, self.dtype)

    def ratio(self, numerator: float, denominator: float) -> jax.Array:
        """The quotient; NaN if both are 0, as before the first update."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.scalar(np.float64(numerator) / np.float64(denominator))


def added(totals: Total, rows: np.ndarray, weight: np.ndarray | None) -> Total:
    """The totals and the sums of rows, which are float64, so that counts are exact."""
    sums = rows.sum(0) if weight is None else weight @ rows
    dtype = totals.high.dtype
    high = sums.astype(dtype)
    return _plus(totals, np.stack([high, (sums - high).astype(dtype)]))


@jax.jit
def _plus(totals: Total, parts: jax.Array) -> Total:
    return totals.plus_sums(parts[0]).plus_sums(parts[1])
