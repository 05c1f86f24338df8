"""`evaluate`: the loss and the metrics of a model on data."""

import weakref
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.module import Module
from jax_metrics.training.data import Batches
from jax_metrics.training.loop._data import as_batches
from jax_metrics.training.loop._objective import Objective, Supervised, as_objective, outcome_of
from jax_metrics.training.loop._placement import replicated, staying
from jax_metrics.training.loop._retraces import Compiled, OnRetrace
from jax_metrics.training.loop._tally import Tally, as_metrics, is_real_scalar
from jax_metrics.tree import copy


class EvaluationProgram:
    """The compiled part of an evaluation.

    Args:
        function: Returns the loss function; None if it is given with each call.
        mask_name: The entry with the mask, where batches are dicts.
        on_retrace: What to do when the program is compiled again.
    """

    def __init__(
        self, function: Callable[[], Objective] | None, mask_name: str, on_retrace: OnRetrace
    ):
        def outcome(given: Any, model: Any, batch: Any) -> Any:
            objective = given if function is None else function()
            return outcome_of(objective, _in_eval_mode(model), batch, mask_name)

        def add(tally: Tally, model: Any, batch: Any, loss: Any) -> Tally:
            added = tally.add(outcome(loss, model, batch))
            return added if self._given is None else staying(added, like=self._given)

        def logs(loss: Any, model: Any, batch: Any) -> Any:
            return outcome(loss, model, batch).logs

        self._logs = jax.jit(logs)  # what it has traced is known the next time
        self._update = Compiled(add, "The evaluation", on_retrace, donate=(0,))
        self._given: Tally | None = None

    def update(self, tally: Tally, model: Any, batch: Any, loss: Any) -> Tally:
        """The tally with one more batch; the given one is overwritten."""
        self._given = tally  # what is traced does not tell where it lies
        result = self._update(tally, model, batch, loss)
        self._given = None
        return result

    def empty(self, loss: Any, model: Any, batch: Any, metrics: Any) -> Tally:
        """A tally of no batch, on the devices of model and batch."""
        logs = jax.eval_shape(self._logs, loss, model, batch)
        return replicated(Tally(metrics, logs), like=(model, batch))


class Evaluation:
    """An evaluation that can be repeated, as one compiled program.

    Args:
        objective: The loss function.
        data: The batches.
        metrics: The metrics.
        on_retrace: What to do when the program is compiled again.
        program: The program; by default one of its own.
    """

    def __init__(
        self,
        objective: Objective,
        data: Batches,
        metrics: Any,
        on_retrace: OnRetrace,
        program: EvaluationProgram | None = None,
    ):
        self._loss, function = _given(objective), None if _given(objective) else objective
        self._data, self._metrics = data, metrics
        self._start = data.state
        self._program = program or EvaluationProgram(
            None if function is None else lambda: function, data.mask_name, on_retrace
        )
        self._empty: Tally | None = None

    def __call__(self, model: Any, signal: Callable[[], Any] = lambda: None) -> Any:
        """The loss and the metrics as floats, or as NumPy arrays, by name.

        Args:
            model: The model.
            signal: Asked before each batch whether to stop; the result is None as soon as it
                returns something else than None.
        """
        self._data.state = self._start  # an evaluation before may have been interrupted
        tally = None
        for batch in self._data:
            if signal() is not None:
                return None
            tally = self._start_of(model, batch) if tally is None else tally
            tally = self._program.update(tally, model, batch, self._loss)
        assert tally is not None  # batches that yield nothing raise
        values = tally.values()
        on_host = jax.device_get(values)  # in the order of sorted names
        return {name: _plain(on_host[name]) for name in values}

    def _start_of(self, model: Any, batch: Any) -> Tally:
        if self._empty is None:
            self._loss = replicated(self._loss, like=(model, batch))  # weights of classes, say
            self._empty = self._program.empty(self._loss, model, batch, self._metrics)
        return copy(self._empty, arrays=True)  # the first update overwrites it


def _given(objective: Objective) -> Supervised | None:
    """The objective, if it is an argument of the program."""
    return objective if isinstance(objective, Supervised) else None


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 and is_real_scalar(value) else value


def _in_eval_mode(model: Any) -> Any:
    is_module = lambda node: isinstance(node, Module)  # noqa: E731
    return jax.tree.map(lambda x: x.eval() if is_module(x) else x, model, is_leaf=is_module)


_of_losses: dict[str, EvaluationProgram] = {}
_of_functions: weakref.WeakKeyDictionary[Any, dict[str, EvaluationProgram]]
_of_functions = weakref.WeakKeyDictionary()


def _program_of(objective: Objective, mask_name: str) -> EvaluationProgram:
    """The program for a loss function, which is compiled once for all evaluations with it."""
    if _given(objective) is not None:
        programs, function = _of_losses, None
    else:
        try:
            function = weakref.ref(objective)  # the program must not keep its key alive
            programs = _of_functions.setdefault(objective, {})
        except TypeError:  # what has no weak references or no hash
            programs, function = {}, lambda: objective
    if mask_name not in programs:
        found: Any = function
        programs[mask_name] = EvaluationProgram(found, mask_name, "ignore")
    return programs[mask_name]


@names_arguments
def evaluate(
    model: Any, loss: Any, data: Any, *, metrics: Any = None
) -> dict[str, float | np.ndarray]:
    """The loss and the metrics of a model on the batches of an epoch.

    The model is evaluated in `eval` mode, on the batches from the position of the data on. Padding
    does not count, and losses are means over examples, however they are batched: over those that
    the loss does not ignore, weighted as it says; one with `reduction="sum"` is divided by their
    number. The losses that a function returns are weighted by the number of unmasked examples; a
    `mask` in its dict tells which ones.

    The program is compiled once for a loss, or for a function as long as it lives: values that such
    a function reads from outside stay as they were in the first call, as under `jax.jit`.

    Args:
        model: The model.
        loss: A loss, or a function `loss_fn(model, batch)`; as for `fit`.
        data: The batches, as for `fit`.
        metrics: A metric, or lists and dicts of metrics, which begin empty and stay as they are.

    Returns:
        The loss as `loss`, and the metrics by name: real scalars as floats, others as NumPy arrays.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> x, y = np.eye(3, dtype=np.float32), np.arange(3)
        >>> model = jm.Linear(3).init(0, x)
        >>> data = jm.training.batches({"x": x, "y": y}, 2)
        >>> values = jm.training.evaluate(
        ...     model, jm.losses.Crossentropy(), data, metrics=jm.metrics.Accuracy()
        ... )
        >>> list(values)
        ['loss', 'accuracy']
    """
    objective, data = as_objective(loss), as_batches(data)
    program = _program_of(objective, data.mask_name)
    return Evaluation(objective, data, as_metrics(metrics), "ignore", program)(model)
