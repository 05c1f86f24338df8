"""`Tracker`: the values of a metric over epochs, and the best one."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.metrics._metric import Metric
from jax_metrics.tree import Extensions, Tree, copy


class Tracker(Tree, Extensions):
    """Keeps the value of a metric, or of a collection of metrics, for each epoch.

    Begin each epoch with `increment()`; then use it like the metric. Its structure grows with each
    epoch, so keep it outside of `jax.jit`.

    Args:
        metric: The metric or the collection; it is copied.
        maximize: Whether the largest value is the best, by default `higher_is_better` of the
            metric; a dict of booleans by name where there are several values. Names of nested dicts
            are joined by `/`.

    Attributes:
        history: The values of past epochs.
        metric: The metric of the current epoch.

    Example:
        >>> import jax_metrics as jm
        >>> tracker = jm.metrics.Tracker(jm.metrics.Mean(), maximize=False)
        >>> for loss in (3.0, 1.0, 2.0):
        ...     tracker.increment()
        ...     _ = tracker.update(loss)
        >>> tracker.best()
        (1.0, 1)
    """

    metric: Metric
    history: list[Any]

    def __init__(self, metric: Metric, *, maximize: bool | Mapping[str, bool] | None = None):
        self.metric = copy(metric).reset()
        self.maximize = dict(maximize) if isinstance(maximize, Mapping) else maximize
        self.history = []
        self.epochs = 0

    def increment(self) -> None:
        """Begins an epoch: stores the value of the previous epoch and resets the metric."""
        if self.epochs:
            self.history = [*self.history, self.metric.compute()]
        self.epochs += 1
        self.metric.reset()

    def update(self, *args: Any, **kwargs: Any) -> "Tracker":
        """Updates the current epoch with a batch, and returns the tracker.

        Raises:
            RuntimeError: If no epoch has begun.
        """
        self._check_begun()
        self.metric.update(*args, **kwargs)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Updates the current epoch with a batch, and returns the value of the batch."""
        self._check_begun()
        return self.metric(*args, **kwargs)

    def compute(self) -> Any:
        """The value of the current epoch."""
        self._check_begun()
        return self.metric.compute()

    def compute_all(self) -> Any:
        """The values of all epochs, along the first axis."""
        self._check_begun()
        values = [*self.history, self.metric.compute()]
        return jax.tree.map(lambda *epochs: np.stack(list(map(np.asarray, epochs))), *values)

    def best(self) -> Any:
        """The best value and its epoch, counted from 0; dicts of them if there are several values.

        NaN values are ignored; if all are NaN, the best is NaN in epoch 0.

        Raises:
            ValueError: If neither the metric nor `maximize` defines which value is better.
        """
        self._check_begun()
        return self._best(self.compute_all(), self.metric.directions, "")

    def reset(self) -> "Tracker":
        """Removes all epochs."""
        self.metric.reset()
        self.history, self.epochs = [], 0
        return self

    def _best(self, values: Any, directions: Any, path: str) -> Any:
        if not isinstance(values, dict):
            return _best(values, self._maximizes(directions, path))
        best = {
            name: self._best(
                value,
                directions.get(name) if isinstance(directions, Mapping) else directions,
                f"{path}/{name}" if path else name,
            )
            for name, value in values.items()
        }
        return (
            {name: value for name, (value, _) in best.items()},
            {name: epoch for name, (_, epoch) in best.items()},
        )

    def _maximizes(self, direction: bool | None, path: str) -> bool:
        maximize = self.maximize
        if isinstance(maximize, dict):
            maximize = maximize.get(path)
        if maximize is None:
            maximize = direction
        if maximize is None:
            raise ValueError(
                f"Whether a higher {path or self.metric.name} is better is not known; give "
                "`maximize=True` or `maximize=False`, or a dict of booleans by name."
            )
        return maximize

    def _check_begun(self) -> None:
        if not self.epochs:
            raise RuntimeError("No epoch has begun; call `tracker.increment()` first.")


def _best(values: Any, maximize: bool) -> tuple[float, int]:
    if isinstance(values, tuple):
        raise ValueError(
            f"The best of a {type(values).__name__} is not defined; track one of its fields, as in "
            "`Tracker(metric[0])`."
        )
    if values.ndim != 1:
        raise ValueError(
            f"The best of values of shape {values.shape[1:]} is not defined; track a scalar."
        )
    worst = -np.inf if maximize else np.inf
    candidates = np.where(np.isnan(values), worst, values)
    epoch = int(candidates.argmax() if maximize else candidates.argmin())
    return float(values[epoch]), epoch
