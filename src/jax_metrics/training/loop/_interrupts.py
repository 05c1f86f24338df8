"""`interrupts`: Ctrl-C and SIGTERM end a run after the step that is running."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import jax

from jax_metrics.sharding import preempted

T = TypeVar("T")


class Interrupts:
    """Whether the run was asked to stop.

    Attributes:
        signal: The signal that came, or None.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self._asked = 0

    def requested(self) -> signal.Signals | None:
        """The signal, if it is time to save and leave; to be asked after each step, everywhere."""
        if jax.process_count() > 1:
            self._asked += 1  # the same in all processes, which agree on one of these numbers
            if preempted(self._asked):
                self.signal = signal.SIGTERM
        return self.signal

    def result_of(self, function: Callable[..., T], *args: Any) -> T | None:
        """The result of a function that reads data; None if it failed because of the signal.

        A terminal and a scheduler send it to the worker processes of a loader, too, which end then.

        Args:
            function: The function, such as the `__next__` of an iterator.
            *args: Its arguments.
        """
        try:
            return function(*args)
        except Exception:
            if self.signal is None:
                raise
            return None


class Stopped(SystemExit):
    """A run ended by a signal. If nothing catches it, the process exits with 128 + the signal.

    Args:
        run: The run, with the model as it was when it stopped.
        received: The signal.
    """

    def __init__(self, run: Any, received: signal.Signals):
        super().__init__(128 + received)
        self.run = run


@contextlib.contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Notes SIGINT (Ctrl-C) and SIGTERM instead of raising; the second one acts as usual.

    A signal that the process ignores, such as SIGINT in a background job, stays ignored.

    Outside of the main thread signals cannot be handled, and act as usual. With several processes
    JAX itself notes SIGTERM, and all processes stop after the same step; see
    `jm.sharding.preempted`.

    Example:
        >>> import jax_metrics as jm
        >>> with jm.training.interrupts() as interrupted:
        ...     for step in range(3):
        ...         if interrupted.requested():
        ...             break  # save, and leave
    """
    noted = Interrupts()
    if threading.current_thread() is not threading.main_thread() or jax.process_count() > 1:
        yield noted
        return

    def note(number: int, frame: Any) -> None:
        noted.signal = signal.Signals(number)
        _set(before)
        before.update(_quiet_about_children())

    before: dict[signal.Signals, Any]
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # None is a handler that was not set in Python, and cannot be set again.
    before = {n: handler for n, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    _set(dict.fromkeys(before, note))
    try:
        yield noted
    finally:
        _set(before)


def _set(handlers: Mapping[signal.Signals, Any]) -> dict[signal.Signals, Any]:
    """Sets handlers, and returns those before."""
    return {number: signal.signal(number, handler) for number, handler in handlers.items()}


def _quiet_about_children() -> dict[signal.Signals, Any]:
    """Ignores that processes end which this one has started; returns the handler before.

    Workers of a loader may get the same signal, and PyTorch has a handler that raises when they
    end, in the middle of what is running then, such as a save.
    """
    number = getattr(signal, "SIGCHLD", None)  # Windows has none
    if number is None or not callable(signal.getsignal(number)):
        return {}
    return _set({number: signal.SIG_DFL})
