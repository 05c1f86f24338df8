"""`Callback`: the base of objects that are called during a run."""

from collections.abc import Mapping
from typing import Any

from jax_metrics.training.callbacks._run import Run


class Callback:
    """The base of callbacks: define the methods that you need.

    Each gets the run, whose `model`, `optimizer`, `step` and `values` can be read; `model` and
    `optimizer` can also be replaced with others of the same structure, and `run.stop(why)` ends the
    run. The arrays of `run.model` are overwritten by the next step: keep a `jm.copy(run.model,
    arrays=True)`.

    What a callback must remember belongs in its `state`, which checkpoints save and restore: plain
    values, or pytrees of arrays. It is an attribute; define a property with a setter to compute it.
    Arrays are restored into the `state` that is there after `on_start`. If that is None, they come
    as nested dicts of NumPy arrays, whatever the pytree was that was saved.

    Example:
        >>> import jax_metrics as jm
        >>> class PrintLoss(jm.training.Callback):
        ...     def on_log(self, run, values):
        ...         print(run.step, values["loss"])
    """

    state: Any = None

    def on_start(self, run: Run) -> None:
        """Before the first step.

        In all methods `Checkpoints` comes last, since it saves and restores the state of all
        callbacks.
        """

    def on_restore(self, run: Run) -> None:
        """After the state of a checkpoint was restored, before the first step from there."""

    def on_step(self, run: Run) -> None:
        """After each call of the compiled steps. Reading an array here waits for the device."""

    def on_log(self, run: Run, values: Mapping[str, float]) -> None:
        """With the values of a row of the logs, which belong to `run.log_step`.

        The values of a row that ends with a validation or an epoch come before the next step;
        others when the next step has been started, so that the device is never idle. In all
        processes that is after the same step, also in a rerun that continues in between.
        """

    def on_end(self, run: Run) -> None:
        """After the last step and the last row, but not after an error or a signal."""

    def on_interrupt(self, run: Run) -> None:
        """Before a run ends because the process was asked to stop."""

    def on_error(self, run: Run, error: BaseException) -> None:
        """Before an error leaves `fit`; notes can be added to it."""

    def close(self) -> None:
        """At the very end, even after an error."""
