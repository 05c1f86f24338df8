"""Which functions are running, and with what: read from the stack of Python frames.

An object that JAX rebuilt and that holds no tracers may be an unmapped argument of `vmap`, or come
from an earlier `jit`. Only the running functions tell: who calls whom, and with what. This is read
while JAX traces, and only where the objects themselves do not tell.
"""

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._layout import PRIVATE

# Functions of JAX that look at a pytree and rebuild nothing.
_READERS = frozenset({"tree_leaves", "tree_structure", "tree_reduce", "tree_all"})


def _frames() -> Iterator[FrameType]:
    """The running functions, from the inside out, without those of this file."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals is not globals():  # reading their locals would make a circle
            yield frame
        frame = frame.f_back


def _package(frame: FrameType | None) -> str:
    return frame.f_globals.get("__name__", "").partition(".")[0] if frame is not None else ""


def user_line() -> tuple[str, int]:
    """Where the innermost code is that belongs neither to this library nor to JAX or Flax."""
    library = {"jax", "flax", "jax_metrics", "functools", "contextlib"}
    for frame in _frames():
        if _package(frame) not in library:
            return frame.f_code.co_filename, frame.f_lineno
    return "<unknown>", 0


def is_argument(trace: Any, *objects: Any) -> bool:
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
            # Variables of a method, such as that of a loop over layers, are parts of its object.
            if _contains(local.get("self"), objects):
                continue
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


def is_only_read() -> bool:
    """Whether JAX flattens a pytree, now, for a function that looks at it and rebuilds nothing."""
    caller = next(frame for frame in _frames() if _package(frame) != "jax_metrics")
    return caller.f_code.co_name in _READERS
