"""`Running`: a metric over the last few updates."""

import inspect
from collections.abc import Mapping
from typing import Any, Unpack

from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._states import check_mergeable
from jax_metrics.metrics.aggregation import Mean, Sum
from jax_metrics.metrics.wrappers._examples import has_examples
from jax_metrics.metrics.wrappers._update_window import UpdateWindow, where
from jax_metrics.tree import copy


class Running(Metric):
    """A metric over the last updates only.

    `update` takes the arguments of the metric. The state of each update is kept, so it takes
    `window` times the memory of the metric. Merging appends the updates of the other metric. A
    batch without examples, or fully masked, does not count as an update.

    Args:
        metric: The metric; it is copied.
        window: The number of updates.

    Raises:
        ValueError: If the window is smaller than 1.
        TypeError: If a state of the metric is declared without a reduction.

    Example:
        >>> import jax_metrics as jm
        >>> running = jm.metrics.Running(jm.metrics.Max(), window=2)
        >>> for value in (5.0, 1.0, 2.0):
        ...     running = running.update(value)
        >>> float(running.compute())
        2.0
    """

    window: UpdateWindow

    def __init__(self, metric: Metric, *, window: int = 5, **options: Unpack[Common]):
        super().__init__(**options)
        if window < 1:
            raise ValueError(f"A window needs at least 1 update; got window={window}.")
        check_mergeable(metric, "Running")
        self.higher_is_better = metric.higher_is_better
        self.bounds = metric.bounds
        self.plot_form = metric.plot_form
        self.jittable = metric.jittable
        self.window = UpdateWindow(copy(metric).reset(), window)

    def update(self, *args: Any, **kwargs: Any) -> Any:
        """Updates with a batch."""
        pushed = self.window.pushed(self._empty().update(*args, **kwargs))
        has_any = has_examples(self.window.slots, args, kwargs)
        self.window = where(has_any, pushed, self.window)

    def compute(self) -> Any:
        """The value of the last updates."""
        return self.window.metric().compute()

    @property
    def directions(self) -> Any:
        """The directions of the metric."""
        return self._empty().directions

    def _empty(self) -> Metric:
        return self.window.latest().neutral()

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(self.window.slots)

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._prepared_inputs_by(self.window.slots, inputs)

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        return self.window.slots.signature.parameters


class RunningMean(Running):
    """The mean of the values of the last updates: `Running(Mean(), window=...)`.

    Args:
        window: The number of updates.

    Example:
        >>> import jax_metrics as jm
        >>> running = jm.metrics.RunningMean(window=2).update(1.0).update(2.0).update(4.0)
        >>> float(running.compute())
        3.0
    """

    def __init__(self, *, window: int = 5, **options: Unpack[Common]):
        super().__init__(Mean(dtype=options.get("dtype")), window=window, **options)


class RunningSum(Running):
    """The sum of the values of the last updates: `Running(Sum(), window=...)`.

    Args:
        window: The number of updates.

    Example:
        >>> import jax_metrics as jm
        >>> running = jm.metrics.RunningSum(window=2).update(1.0).update(2.0).update(4.0)
        >>> float(running.compute())
        6.0
    """

    def __init__(self, *, window: int = 5, **options: Unpack[Common]):
        super().__init__(Sum(dtype=options.get("dtype")), window=window, **options)
