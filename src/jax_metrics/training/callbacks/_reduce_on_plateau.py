"""`ReduceOnPlateau`: a smaller learning rate when a value no longer improves."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.callbacks._monitor import Mode, Monitor
from jax_metrics.training.callbacks._run import Run
from jax_metrics.tree import as_whole


@constructor_names_arguments
class ReduceOnPlateau(Monitor):
    """Multiplies the learning rate by a factor when a value has not improved for some time.

    The optimizer needs a learning rate that can be set: `jm.Optimizer(optax.adam,
    learning_rate=1e-3)`. If several groups have a learning rate, all are reduced.

    Args:
        monitor: The name of the value.
        factor: The learning rate is multiplied by this, between 0 and 1.
        patience: How many consecutive rows with this value may be no better than the best.
        cooldown: How many of these rows are ignored after a reduction.
        min_value: The smallest learning rate to reduce to; smaller ones stay.
        hyperparameter: The name of the hyperparameter to reduce.
        mode: As for `Monitor`: `"max"`, `"min"`, or None.
        min_delta: By how much a value must be better to count as an improvement.

    Raises:
        ValueError: If an argument is out of range; and in `fit` if the optimizer has no such
            hyperparameter.
        AttributeError: In `fit`, if the hyperparameter follows a schedule.

    Example:
        >>> import jax_metrics as jm
        >>> reduce = jm.training.ReduceOnPlateau("val/loss", factor=0.5, patience=3)
    """

    def __init__(
        self,
        monitor: str = "val/loss",
        *,
        factor: float = 0.1,
        patience: int = 5,
        cooldown: int = 0,
        min_value: float = 0.0,
        hyperparameter: str = "learning_rate",
        mode: Mode | None = None,
        min_delta: float = 0.0,
    ):
        super().__init__(monitor, mode=mode, min_delta=min_delta)
        if not 0 < factor < 1:
            raise ValueError(f"`factor` is between 0 and 1; got {factor!r}.")
        waits, rests = as_whole(patience), as_whole(cooldown)
        if waits is None or rests is None or waits < 1 or rests < 0:
            raise ValueError(
                "`patience` and `cooldown` are whole numbers, at least 1 and 0; got "
                f"{patience!r} and {cooldown!r}."
            )
        self.factor, self.patience, self.cooldown = factor, waits, rests
        self.min_value, self.hyperparameter = min_value, hyperparameter
        self.waited = 0
        self.rests = 0

    def on_start(self, run: Run) -> None:
        """Sees that there is something to reduce."""
        super().on_start(run)
        self.waited = self.rests = 0
        if self.hyperparameter not in run.optimizer.hyperparams:
            raise ValueError(
                f"ReduceOnPlateau sets `{self.hyperparameter}`, which is not a hyperparameter of "
                "the optimizer. Make it one: `jm.Optimizer(optax.adam, learning_rate=1e-3)`."
            )
        self._set(run, self._rates(run))  # raises if it follows a schedule

    def on_log(self, run: Run, values: Mapping[str, float]) -> None:
        """Counts the rows since the last improvement, and reduces."""
        improved = self.improved(values)
        if improved is None:
            return
        if self.rests:
            self.rests, self.waited = self.rests - 1, 0
            return
        self.waited = 0 if improved else self.waited + 1
        if self.waited >= self.patience:
            self._reduce(run)
            self.waited, self.rests = 0, self.cooldown

    def _reduce(self, run: Run) -> None:
        def reduced(rate: Any) -> Any:
            # A rate below the smallest one, as a group may have it, is not raised.
            return np.minimum(rate, np.maximum(rate * self.factor, self.min_value))

        self._set(run, jax.tree.map(reduced, jax.device_get(self._rates(run))))

    def _rates(self, run: Run) -> Any:
        """The learning rate, or those of the groups."""
        rates = run.optimizer.hyperparams[self.hyperparameter]
        return dict(rates) if isinstance(rates, Mapping) else rates

    def _set(self, run: Run, rates: Any) -> None:
        setattr(run.optimizer, self.hyperparameter, rates)

    @property
    def state(self) -> Any:
        """The best value, and the counts."""
        return {"best": self.best, "waited": self.waited, "rests": self.rests}

    @state.setter
    def state(self, state: Any) -> None:
        self.best, self.waited, self.rests = state["best"], state["waited"], state["rests"]
