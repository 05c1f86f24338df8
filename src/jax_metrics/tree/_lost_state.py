"""Reports state that a traced function assigns and does not return.

Inside `jit`, `grad` or `scan` a module is a copy that JAX rebuilt, and what is assigned to it
survives only if the function returns it. Forgetting that is silent: the code runs, and the state
never changes. Two checks, at no cost once compiled, find it:

- A tracer assigned to an object from outside of the tracer's trace, such as a module that the
  function closes over, raises: it would stay in the object after the trace has ended.
- A tracer assigned to an object of the trace leaves a note in the object. Flattening takes the note
  out again; a note that dies with its object was not returned, and warns.

One case is in between. `grad` hands an argument that it does not differentiate to the function as
it is. It is an object from outside, but may be returned. It gets a note that stays, and raises if
the object is used after the trace has ended.
"""

import contextlib
import contextvars
import sys
import warnings
import weakref
from collections.abc import Iterator
from typing import Any

from jax_metrics.tree._errors import LeakedStateError, LostStateWarning
from jax_metrics.tree._layout import LAYOUT, NATIVE, PENDING
from jax_metrics.tree._leaked_state import belongs_to
from jax_metrics.tree._running_functions import is_only_read, user_line
from jax_metrics.tree._traces import (
    is_running,
    trace_of,
    tracer_in,
)

_registry: dict[Any, Any] = {}  # lets the `default` warning filter show each place once
_reports: "weakref.WeakValueDictionary[int, _Report]" = weakref.WeakValueDictionary()
_MOST_SHOWN = 5
_reading: contextvars.ContextVar[bool] = contextvars.ContextVar("reading", default=False)


class _Report:
    """What is lost of one model: warns once, when the last of its objects is gone."""

    def __init__(self, root: Any, place: tuple[str, int]):
        self.owner = type(root).__name__
        self.variable = root._variable
        self.place = place
        self.lost: list[str] = []

    def __del__(self) -> None:
        if not self.lost or sys.is_finalizing():
            return
        shown = ", ".join(self.lost[:_MOST_SHOWN])
        more = len(self.lost) - _MOST_SHOWN
        several = len(self.lost) > 1 or " and " in shown
        warnings.warn_explicit(
            f"{shown}{f' and {more} more' if more > 0 else ''} {'were' if several else 'was'} "
            f"assigned inside a traced function, on the copy that JAX made of the {self.owner}, "
            f"and the copy was thrown away, so the new value{'s are' if several else ' is'} lost. "
            f"Return the {self.owner} from the function and use the returned one, as in "
            f"`return loss, {self.variable}`.",
            LostStateWarning,
            *self.place,
            registry=_registry,
        )


class _Note:
    """The tracers that were assigned to one object.

    Attributes:
        fields: The names of the fields.
        settled: Whether the object was flattened since.
        outside: Whether the object is from outside of the trace.
    """

    __slots__ = ("_cls", "_path", "_report", "_trace", "fields", "outside", "settled")

    def __init__(self, tree: Any, trace: Any, outside: bool):
        root, self._path = tree._place()
        self._cls = type(tree).__name__
        self._trace = weakref.ref(trace)
        self.fields: list[str] = []
        self.settled = False
        self.outside = outside
        report = _reports.get(id(root))
        if report is None:
            report = _reports[id(root)] = _Report(root, user_line())
        self._report = report

    @property
    def label(self) -> str:
        names = " and .".join(self.fields)
        return f"{self._cls}.{names}" + (f" (at {self._path})" if self._path else "")

    @property
    def line(self) -> str:
        return "{}:{}".format(*self._report.place)

    def is_running(self) -> bool:
        """Whether the trace of the tracers runs."""
        trace = self._trace()
        return trace is not None and is_running(trace)

    def __del__(self) -> None:
        if self.settled or self.outside or sys.is_finalizing():
            return
        # Objects of a function that raised live as long as its traceback: until the trace ended.
        if self.is_running() and sys.exc_info()[0] is None:
            self._report.lost.append(self.label)


def note_assignment(tree: Any, name: str, tracer: Any) -> None:
    """Notes that a field was assigned: a tracer, or (None) a value that is none."""
    fields = tree.__dict__
    note = fields.get(PENDING)
    if tracer is None:
        if note is not None and name in note.fields:
            note.fields.remove(name)
            if not note.fields:
                settle(fields)
        return
    trace = trace_of(tracer)
    outside = NATIVE in fields and not belongs_to(tree, trace)
    if NATIVE in fields and not outside:
        return
    if note is None or not note.is_running():
        settle(fields)
        note = fields[PENDING] = _Note(tree, trace, outside)
    note.settled = False
    if name not in note.fields:
        note.fields.append(name)
    fields.pop(LAYOUT, None)  # so that flattening looks for the note


def settle(fields: dict[str, Any]) -> None:
    """Takes the note out of an object's fields."""
    note = fields.pop(PENDING, None)
    if note is not None:
        note.settled = True


def carry_note(tree: Any, made: Any) -> None:
    """Lets an object that was made of another one hold its note too: to return either is enough."""
    note = tree.__dict__.get(PENDING)
    if note is None or all(tracer_in(made.__dict__.get(name)) is None for name in note.fields):
        return
    fields = made.__dict__
    other = fields.setdefault(PENDING, note)
    if other is not note:
        other.fields.extend(name for name in note.fields if name not in other.fields)
        note.settled = True
    fields.pop(LAYOUT, None)


@contextlib.contextmanager
def only_reading(tree: Any) -> Iterator[None]:
    """Lets the block pass a Tree to a function that returns none of its state."""
    token = _reading.set(True) if PENDING in tree.__dict__ else None
    try:
        yield
    finally:
        if token is not None:
            _reading.reset(token)


def check_use(tree: Any) -> None:
    """Raises if an object holds tracers of a trace that has ended."""
    note = tree.__dict__.get(PENDING)
    if note is not None and not note.is_running():
        raise LeakedStateError(
            f"{note.label} was assigned inside a traced function (at {note.line}), and the "
            f"{type(tree).__name__} was not returned from it, so it holds a value that is gone "
            f"since the trace has ended. Return the {type(tree).__name__} from the function, as in "
            "`jax.value_and_grad(f, has_aux=True)` with `return loss, model`, and use the returned "
            "one."
        )


def flattened(tree: Any) -> bool:
    """Whether the object has no note any more, now that it is being flattened.

    Raises:
        LeakedStateError: If it holds tracers of a trace that has ended.
    """
    fields = tree.__dict__
    note = fields.get(PENDING)
    if note is None:
        return True
    check_use(tree)
    if is_only_read() or _reading.get():
        return False
    note.settled = True
    if not note.outside:
        del fields[PENDING]
    return not note.outside
