"""`Rows`: the rows of the logs, from the device to the loggers and the callbacks."""

import collections
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np

from jax_metrics.training.callbacks import Run
from jax_metrics.training.loop._names import check_names, joined
from jax_metrics.training.loop._readings import Readings
from jax_metrics.training.loop._tally import is_real_scalar
from jax_metrics.tree import copy, warn_user

OnNaN = Literal["raise", "warn", "ignore"]


class Rows:
    """Reads rows of values, and passes each on when the steps after it have been started.

    So the device is never idle, and a row comes after the same step in each run and process. In a
    `with` statement, the state of the run has the rows that are on their way.

    Args:
        run: The run.
        loggers: Get each row.
        callbacks: Get each row, after the loggers.
        on_nan: What to do when the loss is not finite.

    Attributes:
        latest: The latest value of each name, also of rows that have not ended. When it was looked
            at these depends on the time, so they are for the eyes only.

    Raises:
        ValueError: If `on_nan` is unknown, a value has a name that no row can have, or two values
            of a row have the same name.
    """

    def __init__(self, run: Run, loggers: Sequence[Any], callbacks: Sequence[Any], on_nan: OnNaN):
        if on_nan not in ("raise", "warn", "ignore"):
            raise ValueError(f"`on_nan` is 'raise', 'warn' or 'ignore'; got {on_nan!r}.")
        self._run, self._callbacks, self._on_nan = run, callbacks, on_nan
        self._loggers = (run.history, *loggers)
        self.latest: dict[str, float] = {}
        self._readings = Readings()
        names = self._readings.names(run.tally, run.optimizer)
        check_names(names)
        joined(
            a_value_of_the_training=dict.fromkeys(names),
            a_value_of_the_validation={f"val/{name}": None for name in names if run.validates},
        )
        self._untold: collections.deque[tuple[int, dict[str, float]]] = collections.deque()
        self._empty = copy(run.tally, arrays=True)  # the steps overwrite the one of the run
        self._ended: int | None = None

    def look(self) -> None:
        """Requests the values of the row so far, if it has any."""
        if self._run.step == self._ended:
            return  # the mean of no loss is NaN
        self._readings.request(self._run.step, self._run.tally, self._run.optimizer, closes=False)

    def end(self) -> None:
        """Ends a row: requests its values, and begins the next one."""
        run = self._run
        self._readings.request(run.step, run.tally, run.optimizer, closes=True)
        run.tally, self._ended = copy(self._empty, arrays=True), run.step

    def deliver(self, validation: Mapping[str, Any] | None = None, *, wait: bool = False) -> None:
        """Hands on the rows of earlier steps.

        Args:
            validation: The values of a validation, which belong to the row that has just ended.
            wait: Whether to hand on all that was requested.
        """
        before = math.inf if wait or validation is not None else self._run.step
        self._log(before, validation or {})
        while self._untold and self._untold[0][0] < before:
            step, values = self._untold.popleft()
            self._run.log_step, self._run.values = step, {**self._run.values, **values}
            for callback in self._callbacks:
                callback.on_log(self._run, values)

    def log(self) -> None:
        """Hands all rows on to the loggers; the callbacks get them when it is time.

        So a run is the same wherever its state is read, as for a checkpoint or because of a signal.
        """
        self._log(math.inf, {})

    def _log(self, before: float, more: Mapping[str, Any]) -> None:
        validated = {
            f"val/{name}": float(np.reshape(x, ())) for name, x in more.items() if is_real_scalar(x)
        }
        due = list(self._readings.due(before))
        for index, (reading, values) in enumerate(due):
            if index == len(due) - 1:
                values = {**values, **validated}
            self.latest = {**self.latest, **values}
            self._check(reading.step, values["loss"])
            if reading.closes:
                self._untold.append((reading.step, values))
                for logger in self._loggers:
                    logger.log(reading.step, values)

    def __enter__(self) -> Self:
        run = self._run
        run.settle = self.log
        for row in run.history.rows:  # of a checkpoint that was saved before callbacks got them
            if row["step"] > run.log_step:
                values = {name: value for name, value in row.items() if name != "step"}
                self._untold.append((row["step"], values))
        return self

    def __exit__(self, *exception: object) -> None:
        self._run.settle = None  # it would keep these rows for as long as the run

    def _check(self, step: int, loss: float) -> None:
        if math.isfinite(loss) or self._on_nan == "ignore":
            return
        message = (
            f"The loss is {loss} at step {step} or at most a row of the logs before. "
            "Find what made it with `jm.training.find_nan(model, batch, loss=loss)`, for the "
            "batches of these steps; a NaN in the data is found, too. Smaller steps, or "
            "`optax.clip_by_global_norm`, may help; `on_nan='warn'` goes on."
        )
        if self._on_nan == "raise":
            raise FloatingPointError(message)
        warn_user(message)
