"""Which JAX traces are running, and which of them values and objects belong to.

A trace is what `jit`, `grad`, `vmap`, `scan` and so on run a function under. They nest; the running
one knows those around it. A tracer belongs to one trace, and may be used while that one runs.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jax.extend.core import find_top_trace

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._layout import PRIVATE
from jax_metrics.tree._leaves import leaf_types

_UNRECORDED = frozenset({"JVPTrace", "LinearizeTrace", "BatchTrace"})
_top: Any = find_top_trace(())  # what runs outside of all transformations


def traces_from(trace: Any) -> Iterator[Any]:
    """A trace and those around it, from the inside out, without that of eager code."""
    while trace is not None and trace is not _top:
        yield trace
        trace = getattr(trace, "parent_trace", None)


def running_trace() -> Any:
    """The innermost running trace; None in eager code."""
    trace = find_top_trace(())
    return None if trace is _top else trace


def is_running(trace: Any) -> bool:
    """Whether a trace is the running one, or one around it."""
    return any(running is trace for running in traces_from(running_trace()))


def origin() -> Any:
    """What a new object remembers of the running trace: a weak reference; None in eager code."""
    trace = find_top_trace(())
    return None if trace is _top else weakref.ref(trace)


def remember_program() -> Callable[[], bool]:
    """Remembers the running trace; the result says whether code runs in the same program later.

    Differentiation and `vmap` run a function as it is; the other traces record a program of its
    own, which runs again without the code.
    """
    remembered = origin()

    def is_same() -> bool:
        trace = None if remembered is None else remembered()
        for running in (*traces_from(running_trace()), None):
            if running is trace:
                return True
            if type(running).__name__ not in _UNRECORDED:
                return False
        return False

    return is_same


def trace_of(tracer: Any) -> Any:
    """The trace that a tracer belongs to."""
    return tracer._trace


# Types of values that are no tracers and hold none, met so far.
_plain_types: set[type] = {int, float, complex, bool, str, type(None), np.ndarray}


def tracer_in(value: Any) -> Any:
    """The first tracer in a value; None if there is none. Quick for plain values."""
    if type(value) in _plain_types:
        return None
    if isinstance(value, jax.Array) and not isinstance(value, Tracer):
        _plain_types.add(type(value))
        return None
    if find_top_trace(()) is _top:  # eager code has no live tracers
        return None
    return next(tracers_in(value), None)


def tracers_in(value: Any, around: tuple[int, ...] = ()) -> Iterator[Any]:
    """The tracers in a value. It does not flatten the Trees inside, which would count as a use.

    Args:
        value: Any value.
        around: The ids of the containers around it, which an endless one has inside again.
    """
    kind = type(value)
    if isinstance(value, Tracer):
        yield value
    elif kind not in leaf_types and id(value) not in around:
        for item in _items(value):
            yield from tracers_in(item, (*around, id(value)))


def _items(value: Any) -> Iterable[Any]:
    if _is_tree(value):
        return [item for name, item in value.__dict__.items() if name not in PRIVATE]
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, dict):
        return value.values()
    if jax.tree_util.all_leaves((value,)):
        return ()
    return jax.tree.leaves(value, is_leaf=_is_tree)


def _is_tree(value: Any) -> bool:
    return type(value) in TREE_TYPES
