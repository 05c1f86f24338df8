"""What `fit` checks before a run, and what it does however the run ends."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from jax_metrics.checkpoint import Checkpointer
from jax_metrics.optim import Optimizer
from jax_metrics.training.callbacks import Callback, Run
from jax_metrics.training.data import Batches, LoaderBatches
from jax_metrics.training.logs import Logger
from jax_metrics.tree import as_whole


def checked_counts(**counts: Any) -> list[Any]:
    """The arguments of `fit` that count something, each as an int or None.

    Raises:
        TypeError: If nothing says how long to train.
        ValueError: If one is not an integer of at least 1.
    """
    if counts["epochs"] is None and counts["steps"] is None:
        raise TypeError("Tell how long to train: `epochs=10`, or `steps=1000`.")
    whole = {name: as_whole(value) for name, value in counts.items()}
    for name, value in counts.items():
        if value is not None and (whole[name] or 0) < 1:
            raise ValueError(f"`{name}` is a whole number, at least 1; got {value!r}.")
    return list(whole.values())


def check_parts(*, optimizer: Any, callbacks: Any, loggers: Any) -> None:
    """Checks the kinds of what `fit` calls, before the first step is compiled.

    Raises:
        TypeError: If one is something else, such as a class instead of an object.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            "The optimizer is a `jm.Optimizer`, as in `jm.Optimizer(optax.adam(1e-3))`; got "
            f"{_named(optimizer)}."
        )
    callback = "a `jm.training.Callback` or a `jm.Checkpointer`"
    _check_list("callbacks", callbacks, (Callback, Checkpointer), callback)
    _check_list("loggers", loggers, (Logger,), "an object with `log(step, values)` and `close()`")


def _check_list(name: str, parts: Any, kinds: tuple[type, ...], kind: str) -> None:
    if not isinstance(parts, list | tuple):
        raise TypeError(f"`{name}` is a list, as in `{name}=[...]`; got {_named(parts)}.")
    for index, part in enumerate(parts):
        if isinstance(part, type) or not isinstance(part, kinds):
            raise TypeError(f"`{name}[{index}]` should be {kind}; got {_named(part)}.")


def _named(value: Any) -> str:
    """What a value is, for messages."""
    if isinstance(value, type):
        return f"the class {value.__name__}: make an object of it, `{value.__name__}(...)`"
    return f"a {type(value).__name__}"


def check_validation(*, data: Any, validation: Any, validate_every: int | None) -> None:
    """Checks the batches of the validation, and that there are some if it has a time.

    Raises:
        TypeError: If it has a time, but no batches; or if they cannot be read again.
        ValueError: If training and validation share the position of their batches, or those of the
            validation are in the middle of an epoch.
    """
    if validation is None and validate_every is not None:
        raise TypeError(
            f"`validate_every={validate_every}` needs batches to evaluate on: pass `validation=`. "
            "For rows of the logs alone there is `log_every`."
        )
    if validation is data:
        raise ValueError(
            "`validation` and `data` are the same batches, which have one position. Make two "
            "with `jm.training.batches`."
        )
    if isinstance(validation, Batches) and validation.begun:
        raise ValueError(
            "`validation` is in the middle of an epoch, and each validation would leave out the "
            "batches before. Make new ones with `jm.training.batches`, or iterate to their end."
        )
    is_iterator = hasattr(validation, "__next__") and not hasattr(validation, "set_state")
    if is_iterator or (isinstance(validation, LoaderBatches) and validation.yields_once):
        what = type(validation).__name__ if is_iterator else "`jm.training.batches` of one"
        raise TypeError(
            "`validation` is an iterator, which yields its batches once, from where it is; "
            f"got a {what}. Pass what can be iterated again for each validation: "
            "`jm.training.batches` of arrays, a DataLoader, a list."
        )


@contextlib.contextmanager
def closing(*parts: Any) -> Iterator[None]:
    """Closes callbacks and loggers in the end; of several errors the first is raised."""
    first: BaseException | None = None
    try:
        yield
    except BaseException as error:
        first = error
    for part in reversed(parts):
        try:
            part.close()
        except Exception as error:
            if first is not None:
                _note_failure(first, part, "close", error)
            first = first or error
    if first is not None:
        raise first


@contextlib.contextmanager
def noting_errors(run: Run, callbacks: Sequence[Callback]) -> Iterator[None]:
    """Notes in an error after which step it came, and hands it to the callbacks."""
    try:
        yield
    except Exception as error:
        error.add_note(f"This was in `fit`, after step {run.step} of the training.")
        for callback in callbacks:
            try:
                callback.on_error(run, error)
            except Exception as another:
                _note_failure(error, callback, "on_error", another)
        raise


def _note_failure(error: BaseException, part: Any, method: str, another: Exception) -> None:
    """Notes in an error that another one came after it, which would hide it otherwise."""
    if another is not error:
        name = f"{type(part).__name__}.{method}"
        error.add_note(f"After that, `{name}` failed: {type(another).__name__}: {another}")
