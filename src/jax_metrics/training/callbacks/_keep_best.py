"""`KeepBest`: the best model of a run."""

from collections.abc import Mapping
from typing import Any

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.callbacks._monitor import Mode, Monitor
from jax_metrics.training.callbacks._run import Run
from jax_metrics.tree import copy


@constructor_names_arguments
class KeepBest(Monitor):
    """Keeps a copy of the best model in memory, and ends the run with it.

    Only validation values belong exactly to the model that is kept. Training values are means over
    the steps before it.

    Args:
        monitor: The name of the value that decides.
        mode: As for `Monitor`: `"max"`, `"min"`, or None.
        min_delta: By how much a value must be better to count as an improvement.

    Attributes:
        step: The step of the best model; 0 before there is one.

    Example:
        >>> import jax_metrics as jm
        >>> keep_best = jm.training.KeepBest("val/accuracy")
    """

    def __init__(
        self, monitor: str = "val/loss", *, mode: Mode | None = None, min_delta: float = 0.0
    ):
        super().__init__(monitor, mode=mode, min_delta=min_delta)
        self.step = 0
        self._model: Any = None

    def on_start(self, run: Run) -> None:
        """Starts with the current model."""
        super().on_start(run)
        self.step, self._model = 0, copy(run.evaluated_model, arrays=True)

    def on_log(self, run: Run, values: Mapping[str, float]) -> None:
        """Copies the model if it is the best so far."""
        if self.improved(values):
            self.step, self._model = run.step, copy(run.evaluated_model, arrays=True)

    def on_end(self, run: Run) -> None:
        """Replaces the last model with the best model."""
        if self.step:
            run.evaluated_model = self._model

    @property
    def state(self) -> Any:
        """The best value, its step, and the model."""
        return {"best": self.best, "step": self.step, "model": self._model}

    @state.setter
    def state(self, state: Any) -> None:
        self.best, self.step, self._model = state["best"], state["step"], state["model"]
