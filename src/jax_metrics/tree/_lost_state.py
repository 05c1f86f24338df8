"""Tells of state that a traced function assigns and nobody gets.

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

import sys
import warnings
import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._errors import LeakedStateError, LostStateWarning
from jax_metrics.tree._layout import LAYOUT, NATIVE, PENDING, PRIVATE, REBUILT
from jax_metrics.tree._traces import (
    is_running,
    running_trace,
    trace_of,
    tracer_in,
    tracers_in,
    traces_from,
)

_registry: dict[Any, Any] = {}  # lets the `default` warning filter show each place once
_reports: "weakref.WeakValueDictionary[int, _Report]" = weakref.WeakValueDictionary()
_MOST_SHOWN = 5
_TRACED_BY = {
    "DynamicJaxprTrace": "`jit`, `scan` or the like",
    "BatchTrace": "`vmap`",
    "JVPTrace": "`grad` or `jvp`",
    "LinearizeTrace": "`grad`",
}
# Functions of JAX that look at a pytree and rebuild nothing.
_READERS = frozenset({"tree_leaves", "tree_structure", "tree_reduce", "tree_all"})


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
            report = _reports[id(root)] = _Report(root, _user_line())
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
        # Objects of a function that raised live as long as the traceback, and get no warning.
        within_jax = any(_package(frame) == "jax" for frame in _frames())
        if within_jax and sys.exc_info()[0] is None:
            self._report.lost.append(self.label)


def check_assignment(tree: Any, name: str, tracer: Any) -> None:
    """Raises if a tracer is about to be assigned to an object that would keep it too long."""
    trace = trace_of(tracer)
    root, path = tree._place()
    if _belongs(tree, trace) or _is_argument(trace, tree, root):
        return
    cls, owner, it = type(tree).__name__, type(root).__name__, root._variable
    other_way = (
        f"; or, if its state should not change, call `{it} = {it}.eval()` first"
        if hasattr(root, "eval")
        else ""
    )
    raise LeakedStateError(
        f"{cls}.{name}{f' (at {path} of the {owner})' if path else ''} would be assigned a traced "
        f"value, {tracer.aval.str_short()}, but the {owner} was made outside of the function that "
        f"JAX is tracing (under {_TRACED_BY.get(type(trace).__name__, 'a transformation')}), and would hold a dead "
        f"value once the trace ends. Pass the {owner} to the function as an argument and return "
        f"it, as in `def f({it}, x): ...; return result, {it}`{other_way}."
    )


def check_key_draw(tree: Any, name: str) -> None:
    """Raises if a function under `vmap` draws from a key of an object from outside of it.

    Such a key is the same for all rows, and nothing else would tell: it is no tracer.
    """
    mapped = (t for t in traces_from(running_trace()) if type(t).__name__ == "BatchTrace")
    trace = next(mapped, None)
    root, path = tree._place()
    if trace is None or _belongs(tree, trace) or _is_argument(trace, tree, root):
        return
    cls, owner, it = type(tree).__name__, type(root).__name__, root._variable
    raise LeakedStateError(
        f"{cls}.{name}{f' (at {path} of the {owner})' if path else ''} is a random key from "
        "outside of the function that `jax.vmap` is mapping, so all rows would get the same random "
        f"numbers. Call the {owner} on the whole batch without `vmap`; or map over copies with "
        f"keys of their own; or call `{it} = {it}.eval()` first."
    )


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
    outside = NATIVE in fields and not _belongs(tree, trace)
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
    caller = next(frame for frame in _frames() if _package(frame) != "jax_metrics")
    if caller.f_code.co_name in _READERS:
        return False
    note.settled = True
    if not note.outside:
        del fields[PENDING]
    return not note.outside


def _belongs(tree: Any, trace: Any) -> bool:
    """Whether an object was made inside of a trace, as far as it tells."""
    fields = tree.__dict__
    made_in = fields.get(NATIVE, fields.get(REBUILT))
    if made_in is not None:
        return any(around is trace for around in traces_from(made_in()))
    if NATIVE in fields:
        return False
    return any(_holds(candidate, trace) for candidate in _with_root(tree))


def _with_root(tree: Any) -> Iterator[Any]:
    yield tree
    root, _ = tree._place()
    if root is not tree:
        yield root


def _holds(tree: Any, trace: Any) -> bool:
    return any(trace_of(tracer) is trace for tracer in tracers_in(tree))


# -- frames ---------------------------------------------------------------------------------------
#
# An object that JAX rebuilt and that holds no tracers may be an unmapped argument of `vmap`, or
# come from an earlier `jit`. Only the running functions tell: who calls whom, and with what.


def _frames() -> Iterator[FrameType]:
    """The running functions, from the inside out, without those of this file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals is not globals():  # reading their locals would make a circle
            yield frame
        frame = frame.f_back


def _package(frame: FrameType | None) -> str:
    return frame.f_globals.get("__name__", "").partition(".")[0] if frame is not None else ""


def _user_line() -> tuple[str, int]:
    """Where the innermost code is that belongs neither to this library nor to JAX or Flax."""
    library = {"jax", "flax", "jax_metrics", "functools", "contextlib"}
    for frame in _frames():
        if _package(frame) not in library:
            return frame.f_code.co_filename, frame.f_lineno
    return "<unknown>", 0


def _is_argument(trace: Any, *objects: Any) -> bool:
    """Whether the transformation of a trace was given one of the objects, or passed on a copy."""
    inside, started = True, False
    for frame in _frames():
        local = frame.f_locals
        if _package(frame) == "jax":
            inside = False
            started = started or any(value is trace for value in local.values())
            # The arguments of this one include the function itself, which may be a module.
            if frame.f_code.co_name != "reraise_with_filtered_traceback":
                given = (local.get(name) for name in ("args", "kwargs", "primals"))
                if any(_contains(value, objects) for value in given):
                    return True
        elif started:  # what called the transformation
            return False
        elif inside and _package(frame) != "jax_metrics":
            own = {*frame.f_code.co_varnames, *frame.f_code.co_cellvars} - {"self"}
            if _package(frame.f_back) != "jax":
                own -= {*frame.f_code.co_varnames[: frame.f_code.co_argcount]}
            if any(_contains(local.get(name), objects) for name in own):
                return True
    return False


def _contains(value: Any, objects: tuple[Any, ...]) -> bool:
    """Whether one of the objects is in a value: in a container, or in a Tree."""
    if any(value is candidate for candidate in objects):
        return True
    if type(value) in TREE_TYPES:
        value = {name: item for name, item in vars(value).items() if name not in PRIVATE}
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list | tuple) and any(_contains(item, objects) for item in value)
