"""`Run`: a training in progress, which callbacks see and change, and its result."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jax_metrics.optim import Optimizer
from jax_metrics.training.data import Batches
from jax_metrics.training.logs import History

_PROGRESS = ("step", "values", "log_step", "first_epoch")


class Run:
    """A training in progress: what `fit` returns, and what callbacks get.

    Attributes:
        model: The model after the last step; `KeepBest` ends the run with another.
        optimizer: The optimizer after the last step.
        tally: The losses and metrics since the last row of the logs.
        data: The batches of the training; their position is after the last step.
        step: How many steps have been taken, including those before a restart.
        first_epoch: How many epochs the data had yielded before the run.
        values: The latest value of each name in the rows that callbacks got.
        log_step: The step that the last of these rows belongs to.
        history: All rows of the logs.
        validates: Whether there are validations.
        stopped: Why the run ended early; None if it did not.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Optimizer,
        data: Batches,
        callbacks: Sequence[Any],
        *,
        epochs: int | None,
        steps: int | None,
        accumulate: int,
    ):
        self.model, self.optimizer, self.data = model, optimizer, data
        self.tally: Any = None
        self._ended_with: Any = None
        self.step = 0
        self.log_step = 0
        self.values: dict[str, float] = {}
        self.history = History()
        self.stopped: str | None = None
        self.epoch_ended = False
        self.validates = self.restored = False
        self.epochs, self.steps, self.accumulate = epochs, steps, accumulate
        self.settle: Callable[[], None] | None = None  # logs rows that are on their way
        self._callbacks = _by_name(callbacks)
        self.first_epoch = data.epoch
        self._step_before = self._epoch = 0  # before the last call

    @property
    def trained(self) -> tuple[Any, Optimizer, Any]:
        """What the steps change: model, optimizer and tally."""
        return self.model, self.optimizer, self.tally

    @property
    def evaluated_model(self) -> Any:
        """The model to evaluate with: that of `optimizer.eval_params`.

        Set it in `on_end` to end a run with such a model, as `KeepBest` does; then `model` is the
        same.

        Raises:
            RuntimeError: If it is set while steps are to come, which would begin from it.
        """
        ended = self.model is self._ended_with
        return self.model if ended else self.optimizer.eval_params(self.model)

    @evaluated_model.setter
    def evaluated_model(self, model: Any) -> None:
        if not self.finished:
            raise RuntimeError(
                "`run.evaluated_model` was set before the run has ended, and the next step would "
                "begin from it. Set it in `on_end`; to train on from other parameters, set "
                "`run.model` to a copy of them, `jm.copy(model, arrays=True)`."
            )
        self.model = self._ended_with = model

    @property
    def epoch(self) -> int:
        """How many epochs have ended."""
        return self.data.epoch - self.first_epoch

    @property
    def finished(self) -> bool:
        """Whether no further step will be taken."""
        at_step = self.steps is not None and self.step >= self.steps
        at_epoch = self.epochs is not None and self.epoch >= self.epochs
        return self.stopped is not None or at_step or at_epoch

    def advance(self, trained: tuple[Any, Optimizer, Any], steps: int) -> None:
        """Moves on to the state after some steps."""
        self.model, self.optimizer, self.tally = trained
        self._step_before, self.step = self.step, self.step + steps
        self.epoch_ended, self._epoch = self.epoch > self._epoch, self.epoch

    def passed(self, every: int | None) -> bool:
        """Whether the last call of the steps reached or passed a multiple of a number."""
        return every is not None and self.step // every > self._step_before // every

    def steps_left(self, most: int) -> int:
        """How many steps are left, if fewer than a number."""
        return most if self.steps is None else max(1, min(most, self.steps - self.step))

    def stop(self, why: str) -> None:
        """Ends the run after this step.

        Args:
            why: The reason, stored in `stopped`.
        """
        self.stopped = why

    def higher_is_better(self, name: str) -> bool:
        """Whether a value of the logs should be large.

        Args:
            name: Its name, such as `"val/accuracy"`.

        Raises:
            ValueError: If that is not known.
        """
        metrics = self.tally.metrics
        directions = {"loss": False, **({} if metrics is None else metrics.directions)}
        better = directions.get(name.removeprefix("val/"))
        if better is None:
            raise ValueError(
                f"Is a higher {name!r} better? Known are {', '.join(map(repr, directions))}, and "
                "the same with 'val/' in front; for others pass `mode='max'` or `mode='min'`."
            )
        return better

    @property
    def state(self) -> dict[str, Any]:
        """Everything that changes, as one pytree, for `checkpointer.save(run.step, **run.state)`.

        It can be set to a restored state: `run.state = checkpointer.restore(run.state)`. Reading it
        waits for pending rows of the logs, so that the history has them.
        """
        if self.settle is not None:
            self.settle()
        callbacks = {name: callback.state for name, callback in self._callbacks.items()}
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "tally": self.tally,
            "data": self.data.state,
            "progress": {name: getattr(self, name) for name in _PROGRESS},
            "history": self.history.state,
            "callbacks": callbacks,
        }

    @state.setter
    def state(self, state: Mapping[str, Any]) -> None:
        self.data.state = state["data"]  # raises if it belongs to other data
        self.model, self.optimizer = state["model"], state["optimizer"]
        self.tally, self.history.state = state["tally"], state["history"]
        for name, value in state["progress"].items():
            setattr(self, name, value)
        self._step_before, self._epoch = self.step, self.epoch
        for name, callback in self._callbacks.items():
            if state["callbacks"].get(name) is not None:
                callback.state = state["callbacks"][name]
        self.restored = True
        for callback in self._callbacks.values():
            callback.on_restore(self)


def _by_name(callbacks: Sequence[Any]) -> dict[str, Any]:
    """The callbacks by the names of their states in checkpoints.

    These are the names of their classes, with what they follow, so that the past of one does not go
    to another; those that are the same are numbered.
    """
    named: dict[str, Any] = {}
    for callback in callbacks:
        name = first = _name(callback)
        count = 1
        while name in named:
            count += 1
            name = f"{first}{count}"
        named[name] = callback
    return named


def _name(callback: Any) -> str:
    name, monitor = type(callback).__name__, getattr(callback, "monitor", None)
    # A dot separates the parts of names in checkpoints.
    return f"{name}({monitor.replace('.', '_')})" if isinstance(monitor, str) else name
