"""`EarlyStopping`: ends a run that no longer improves."""

from collections.abc import Mapping
from typing import Any

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.callbacks._monitor import Mode, Monitor
from jax_metrics.training.callbacks._run import Run
from jax_metrics.tree import as_whole


@constructor_names_arguments
class EarlyStopping(Monitor):
    """Ends the run when a value of the logs has not improved for some time.

    Args:
        monitor: The name of the value.
        patience: How many consecutive rows with this value may be no better than the best.
        mode: As for `Monitor`: `"max"`, `"min"`, or None.
        min_delta: By how much a value must be better to count as an improvement.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> import jax_metrics as jm
        >>> stopping = jm.training.EarlyStopping("val/loss", patience=3)
    """

    def __init__(
        self,
        monitor: str = "val/loss",
        *,
        patience: int = 5,
        mode: Mode | None = None,
        min_delta: float = 0.0,
    ):
        super().__init__(monitor, mode=mode, min_delta=min_delta)
        self.patience = as_whole(patience) or 0
        if self.patience < 1:
            raise ValueError(f"`patience` is a whole number, at least 1; got {patience!r}.")
        self.waited = 0

    def on_start(self, run: Run) -> None:
        """Starts counting."""
        super().on_start(run)
        self.waited = 0

    def on_log(self, run: Run, values: Mapping[str, float]) -> None:
        """Counts the rows since the last improvement."""
        improved = self.improved(values)
        if improved is None:
            return
        self.waited = 0 if improved else self.waited + 1
        self._stop_if_due(run)

    def on_restore(self, run: Run) -> None:
        """Ends a run that had ended so, unless there is more patience now."""
        self._stop_if_due(run)

    def _stop_if_due(self, run: Run) -> None:
        if self.waited >= self.patience:
            best = "a value that is a number" if self.best is None else f"{self.best:.4g}"
            run.stop(f"{self.monitor} has not improved on {best} for {self.waited} rows.")

    @property
    def state(self) -> Any:
        """The best value, and how long ago it was."""
        return {"best": self.best, "waited": self.waited}

    @state.setter
    def state(self, state: Any) -> None:
        self.best, self.waited = state["best"], state["waited"]
