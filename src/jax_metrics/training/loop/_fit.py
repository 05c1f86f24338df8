"""`fit`: trains a model."""

from collections.abc import Sequence
from typing import Any

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint import Checkpointer
from jax_metrics.optim import Optimizer
from jax_metrics.sharding import is_main
from jax_metrics.training.callbacks import Callback, Checkpoints, Run
from jax_metrics.training.logs import Logger
from jax_metrics.training.loop._data import as_batches, groups
from jax_metrics.training.loop._display import Display
from jax_metrics.training.loop._evaluate import Evaluation
from jax_metrics.training.loop._interrupts import Stopped, interrupts
from jax_metrics.training.loop._lacks_validation import lacks_validation
from jax_metrics.training.loop._objective import as_objective
from jax_metrics.training.loop._placement import replicated
from jax_metrics.training.loop._precautions import (
    check_parts,
    check_validation,
    checked_counts,
    closing,
    noting_errors,
)
from jax_metrics.training.loop._retraces import OnRetrace
from jax_metrics.training.loop._rows import OnNaN, Rows
from jax_metrics.training.loop._steps import Steps
from jax_metrics.training.loop._tally import Tally, as_metrics
from jax_metrics.training.loop._train_mode import in_train_mode
from jax_metrics.tree import copy


@names_arguments
def fit(
    model: Any,
    optimizer: Optimizer,
    loss: Any,
    data: Any,
    *,
    metrics: Any = None,
    validation: Any = None,
    epochs: int | None = None,
    steps: int | None = None,
    accumulate: int = 1,
    steps_per_call: int = 1,
    log_every: int | None = None,
    validate_every: int | None = None,
    callbacks: Sequence[Callback | Checkpointer] = (),
    loggers: Sequence[Logger] = (),
    progress: bool = True,
    on_retrace: OnRetrace = "warn",
    on_nan: OnNaN = "raise",
    donate: bool = False,
) -> Run:
    """Trains a model: steps of gradient descent, rows of logs, validations, callbacks.

    Args:
        model: The model, initialized; a module, or a pytree of modules. If all of it is in eval
            mode, it is trained in train mode; parts that are in eval mode, or frozen, stay so.
        optimizer: The optimizer. If it is not initialized, it is initialized for this model.
        loss: One of `jm.losses`, for batches of inputs `x`, targets `y` and perhaps a `mask` (see
            `supervised`); or a function `loss_fn(model, batch)` that returns the loss, or the loss
            and a dict of arguments for updating the metrics. Values that modules log as `LossLog`
            are added to the loss.
        data: The batches: those of `batches`, or an iterable of batches, to which a mask is added.
        metrics: A metric, or lists and dicts of metrics, of training and validation. They begin
            empty, and those that are given stay as they are.
        validation: Batches to evaluate on; each validation is one epoch of them.
        epochs: The number of epochs.
        steps: The number of steps; with `epochs`, whichever comes first.
        accumulate: How many batches make one step, as if they were one batch. Their gradients are
            averaged, weighted by what the loss is the mean of: unmasked examples, without ignored
            labels. Those of a loss with `reduction="sum"` are added; losses that modules log are
            means all the same. At the end of an epoch there may be fewer.
        steps_per_call: How many steps one compiled program takes. More than one saves time where
            steps are short. Logs, validations and callbacks wait for the end of the program.
        log_every: After how many steps a row of the logs ends; it also ends with each epoch and
            validation. A row has the means and metrics since the previous row.
        validate_every: After how many steps to evaluate, instead of after each epoch. There is also
            an evaluation at the end, unless a callback stops the run.
        callbacks: Called during the run; a `jm.Checkpointer` stands for `Checkpoints`.
        loggers: Where the rows go: objects with `log(step, values)` and `close()`. `fit` closes
            them.
        progress: Whether to show the progress.
        on_retrace: What to do when a step or an evaluation is compiled again, which takes time: a
            `RetraceWarning`, a `RetraceError`, or nothing.
        on_nan: What to do when the loss of a row is not finite: a `FloatingPointError`, a warning,
            or nothing.
        donate: Whether the arrays of `model` and `optimizer` may be overwritten. This saves the
            memory of a copy; afterwards use only the model and optimizer of the result.

    Returns:
        The run, with `model`, `optimizer`, `history`, and `stopped`: why it ended early.

    Raises:
        TypeError, ValueError: If an argument does not fit.
        FloatingPointError: If the loss is not finite.
        Stopped: On Ctrl-C or SIGTERM, after the step that is running and `on_interrupt` of the
            callbacks. It is a `SystemExit`.

    Example:
        >>> import jax, numpy as np, optax
        >>> import jax_metrics as jm
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> data = jm.training.batches({"x": x, "y": 2 * x + 1}, 16, shuffle=0)
        >>> model = jm.Linear(1).init(0, x)
        >>> optimizer = jm.Optimizer(optax.adam(0.1))
        >>> loss = jm.losses.MeanSquaredError()
        >>> run = jm.training.fit(model, optimizer, loss, data, epochs=50, progress=False)
        >>> run.step, bool(run.history["loss"][1][-1] < 0.01)
        (200, True)
    """
    epochs, steps, accumulate, steps_per_call, log_every, validate_every = checked_counts(
        epochs=epochs,
        steps=steps,
        accumulate=accumulate,
        steps_per_call=steps_per_call,
        log_every=log_every,
        validate_every=validate_every,
    )
    check_parts(optimizer=optimizer, callbacks=callbacks, loggers=loggers)
    check_validation(data=data, validation=validation, validate_every=validate_every)
    objective, data, metrics = as_objective(loss), as_batches(data), as_metrics(metrics)
    callbacks = [Checkpoints(c) if isinstance(c, Checkpointer) else c for c in callbacks]
    # What is saved, or restored into, is the state of all others after the same step.
    callbacks.sort(key=lambda callback: isinstance(callback, Checkpoints))
    optimizer = optimizer if optimizer.initialized else optimizer.init(model)
    if not donate:
        model, optimizer = copy(model, arrays=True), copy(optimizer, arrays=True)
    model = in_train_mode(model)
    run = Run(model, optimizer, data, callbacks, epochs=epochs, steps=steps, accumulate=accumulate)
    run.validates = validation is not None

    def batches_of_call() -> int:
        return accumulate * run.steps_left(steps_per_call)

    take_steps = Steps(objective, accumulate, steps_per_call, data.mask_name, on_retrace)
    evaluate = None
    if validation is not None:
        evaluate = Evaluation(objective, as_batches(validation), metrics, on_retrace)

    def end_of_steps(validates: bool) -> bool:
        """Validates and ends the row, if it is time; False if a signal came in the validation."""
        values = None
        if validates and evaluate is not None:
            asked = interrupted.requested
            values = interrupted.result_of(evaluate, run.evaluated_model, asked)
            if values is None:
                return False  # the row is not ended, so that a rerun does all of this
        if validates or run.epoch_ended or run.passed(log_every):
            rows.end()
        rows.deliver(values, wait=run.epoch_ended)
        for callback in callbacks:
            callback.on_step(run)
        return True

    with closing(*callbacks, *loggers), noting_errors(run, callbacks):
        first = data.peek()
        run.model, run.optimizer = replicated((model, optimizer), like=(model, first))
        run.tally = Tally.of(objective, run.model, first, data.mask_name, metrics)
        rows = Rows(run, loggers if is_main() else (), callbacks, on_nan)
        for callback in callbacks:
            callback.on_start(run)
        source = groups(data, batches_of_call)
        display = Display(run, rows, progress and is_main())
        with interrupts() as interrupted, rows, display:
            lacks = evaluate is not None and lacks_validation(run, validate_every)
            ended = end_of_steps(validates=True) if lacks else True
            while ended and not run.finished and interrupted.requested() is None:
                if (batches := interrupted.result_of(source.__next__)) is None:
                    break
                run.advance(take_steps(run.trained, batches), -(-len(batches) // accumulate))
                in_time = run.passed(validate_every) if validate_every else run.epoch_ended
                ended = end_of_steps(validates=in_time or run.finished)
                display.update(batches)
            if interrupted.signal is None:  # it may come meanwhile
                rows.deliver(wait=True)
            if interrupted.signal is not None:
                rows.log()  # in a rerun the callbacks get those that are left
                for callback in callbacks:
                    callback.on_interrupt(run)
                if not ended:  # what was saved is without this row
                    rows.end()
                rows.deliver(wait=True)
                raise Stopped(run, interrupted.signal)
        for callback in callbacks:
            callback.on_end(run)
    return run
