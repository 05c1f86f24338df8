"""`Tracker`: the values of a metric over epochs, and the best of them."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.metrics._metric import Metric
from jax_metrics.tree import Extensions, Tree, copy


class Tracker(Tree, Extensions):
    """Keeps the value of a metric, or of a collection, of each epoch.

    Begin each epoch with `increment()`; then use it as you would the metric. It grows with each
    epoch, so it stays outside of `jax.jit`.

    Args:
        metric: The metric or the collection; it is copied.
        maximize: Whether the largest value is the best one; by default what the metric says of
            itself. A dict of names to booleans where there are several values.

    Attributes:
        history: The values of the epochs that are over.
        metric: The metric of the epoch that runs.

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
        """Begins an epoch: keeps the value of the last one and forgets its state."""
        if self.epochs:
            self.history = [*self.history, self.metric.compute()]
        self.epochs += 1
        self.metric.reset()

    def update(self, *args: Any, **kwargs: Any) -> "Tracker":
        """Takes a batch into the epoch that runs, and returns the tracker.

        Raises:
            RuntimeError: If no epoch has begun.
        """
        self._check_begun()
        self.metric.update(*args, **kwargs)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch into the epoch that runs, and returns the value of the batch."""
        self._check_begun()
        return self.metric(*args, **kwargs)

    def compute(self) -> Any:
        """The value of the epoch that runs."""
        self._check_begun()
        return self.metric.compute()

    def compute_all(self) -> Any:
        """The values of all epochs, along the first axis."""
        self._check_begun()
        values = [*self.history, self.metric.compute()]
        return jax.tree.map(lambda *one: np.stack(list(map(np.asarray, one))), *values)

    def best(self) -> Any:
        """The best value and its epoch, counted from 0; dicts of them where there are several.

        Epochs whose value is NaN are no candidates; without another, the best is NaN in epoch 0.

        Raises:
            ValueError: If neither the metric nor `maximize` says which value is better.
        """
        values = self.compute_all()
        if not isinstance(values, dict):
            return _best(values, self._maximizes(None))
        found = {name: _best(value, self._maximizes(name)) for name, value in values.items()}
        return (
            {name: value for name, (value, _) in found.items()},
            {name: epoch for name, (_, epoch) in found.items()},
        )

    def reset(self) -> "Tracker":
        """Forgets all epochs."""
        self.metric.reset()
        self.history, self.epochs = [], 0
        return self

    def _maximizes(self, name: str | None) -> bool:
        said = self.maximize
        if isinstance(said, dict):
            said = said.get(name or "")
        if said is None:
            directions = getattr(self.metric, "directions", None)
            said = self.metric.higher_is_better if directions is None else directions.get(name)
        if said is None:
            raise ValueError(
                f"Whether a higher {name or self.metric.name} is better is not known; give "
                "`maximize=True` or `maximize=False`, or a dict of them by name."
            )
        return said

    def _check_begun(self) -> None:
        if not self.epochs:
            raise RuntimeError("No epoch has begun; call `tracker.increment()` first.")


def _best(values: np.ndarray, maximize: bool) -> tuple[float, int]:
    if values.ndim != 1:
        raise ValueError(
            f"The best of values of shape {values.shape[1:]} is not defined; track a scalar."
        )
    worst = -np.inf if maximize else np.inf
    candidates = np.where(np.isnan(values), worst, values)
    epoch = int(candidates.argmax() if maximize else candidates.argmin())
    return float(values[epoch]), epoch
