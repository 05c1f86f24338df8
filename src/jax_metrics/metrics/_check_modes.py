"""`checks`: when an eager update raises for a broken rule: at once, at `compute`, or never."""

import collections
import contextvars
import functools
import weakref
from typing import Any, Literal, NamedTuple

import jax
import numpy as np

from jax_metrics.arguments import names_arguments, one_of
from jax_metrics.metrics._checks import Outcome

Mode = Literal["update", "compute", "never"]
_MODES = ("update", "compute", "never")
_MOST_PENDING = 32


class ChosenChecks:
    """What `checks` returns: a choice that holds until the end of the block, or of the program."""

    _of_program: "ChosenChecks | None" = None

    def __init__(self, mode: Mode):
        self.mode: Mode = mode
        self._before = ChosenChecks._of_program
        self._tokens: list[contextvars.Token[Mode | None]] = []
        ChosenChecks._of_program = self

    def __enter__(self) -> None:
        if ChosenChecks._of_program is self:
            ChosenChecks._of_program = self._before
        self._tokens.append(_of_block.set(self.mode))

    def __exit__(self, *exception: object) -> None:
        _of_block.reset(self._tokens.pop())


_of_block: contextvars.ContextVar[Mode | None] = contextvars.ContextVar("checks", default=None)


@names_arguments
def checks(mode: Mode) -> ChosenChecks:
    """Chooses when an eager update raises for invalid values: for the program, or for a block.

    An update that raises must wait for the device. Traced code never raises. In every mode,
    the value becomes NaN where `check` adds its result to the state.

    Args:
        mode: `"update"`: the update raises, and changes nothing; the default on CPU. `"compute"`:
            the next `compute` raises, and every later one until `reset`, so that no update waits;
            the default on other devices. `"never"`: nothing raises.

    Returns:
        A context manager. Without `with`, the choice holds for the program.

    Raises:
        ValueError: If there is no such mode.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> metric = jm.metrics.Accuracy(num_classes=2)
        >>> with jm.metrics.checks("compute"):
        ...     metric = metric.update(target=jnp.array([7]), preds=jnp.array([1]))
        >>> metric.compute()
        Traceback (most recent call last):
        ValueError: target has labels outside of 0 to 1. ...
    """
    one_of("checks", mode, _MODES)
    return ChosenChecks(mode)


def current_mode() -> Mode:
    """When updates raise now."""
    block, program = _of_block.get(), ChosenChecks._of_program
    if block is not None:
        return block
    return _default_mode() if program is None else program.mode


@functools.cache
def _default_mode() -> Mode:
    return "update" if jax.default_backend() == "cpu" else "compute"


class _Noticed(NamedTuple):
    """Whether a check of an update failed, and which one; both may not be computed yet."""

    failed: jax.Array
    outcome: Outcome


# What the updates of each metric noticed since its last reset. It is kept apart from the metric's
# state, which is a pytree.
_noticed: "weakref.WeakKeyDictionary[Any, collections.deque[_Noticed]]"
_noticed = weakref.WeakKeyDictionary()


def notice(metric: Any, failed: jax.Array, outcome: Outcome) -> None:
    """Keeps for the next `compute` of the metric whether an update failed."""
    pending = _noticed.setdefault(metric, collections.deque())
    pending.append(_Noticed(failed, outcome))
    # The oldest entry is computed by now. If it failed, it is kept, and later entries are not
    # needed.
    if len(pending) > _MOST_PENDING:
        if np.asarray(pending[0].failed):
            pending.pop()
        else:
            pending.popleft()


def raise_noticed(metric: Any) -> None:
    """Raises if an update of the metric failed.

    Raises:
        ValueError: With the message of the first check that failed.
    """
    if not _noticed:
        return
    for one in _noticed.get(metric, ()):
        if np.asarray(one.failed) and (message := one.outcome.message()) is not None:
            raise ValueError(message)


def pass_on(metric: Any, other: Any) -> None:
    """Passes on what a metric noticed to another metric that received its state."""
    if _noticed and metric in _noticed:
        _noticed.setdefault(other, collections.deque()).extend(_noticed[metric])


def forget_noticed(metric: Any) -> None:
    """Forgets what was noticed, since the metric is reset."""
    if _noticed:
        _noticed.pop(metric, None)
