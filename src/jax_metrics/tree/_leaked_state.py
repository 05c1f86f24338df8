"""Rejects state that a traced function would leave in an object from outside of the trace."""

from collections.abc import Iterator
from typing import Any

from jax_metrics.tree._errors import LeakedStateError
from jax_metrics.tree._layout import NATIVE, REBUILT
from jax_metrics.tree._running_functions import is_argument
from jax_metrics.tree._traces import running_trace, trace_of, tracers_in, traces_from

_TRACED_BY = {
    "DynamicJaxprTrace": "`jit`, `scan` or the like",
    "BatchTrace": "`vmap`",
    "JVPTrace": "`grad` or `jvp`",
    "LinearizeTrace": "`grad`",
}


def check_assignment(tree: Any, name: str, tracer: Any) -> None:
    """Raises if a tracer is about to be assigned to an object that would keep it too long."""
    trace = trace_of(tracer)
    root, path = tree._place()
    if belongs_to(tree, trace) or is_argument(trace, tree, root):
        return
    owner, variable = type(root).__name__, root._variable
    way = _TRACED_BY.get(type(trace).__name__, "a transformation")
    other_way = (
        f"; or, if its state should not change, call `{variable} = {variable}.eval()` first"
        if hasattr(root, "eval")
        else ""
    )
    raise LeakedStateError(
        f"{_field_label(tree, name, root, path)} would be assigned a traced value, "
        f"{tracer.aval.str_short()}, but the {owner} was made outside of the function that JAX is "
        f"tracing (under {way}), and would hold a dead value once the trace ends. Pass the {owner} "
        f"to the function as an argument and return it, as in `def f({variable}, x): ...; return "
        f"result, {variable}`{other_way}."
    )


def check_key_draw(tree: Any, name: str) -> None:
    """Raises if a function under `vmap` draws from a key of an object from outside of it.

    Such a key is the same for all rows, and nothing else would tell: it is no tracer.
    """
    mapped = (t for t in traces_from(running_trace()) if type(t).__name__ == "BatchTrace")
    trace = next(mapped, None)
    root, path = tree._place()
    if trace is None or belongs_to(tree, trace) or is_argument(trace, tree, root):
        return
    variable = root._variable
    raise LeakedStateError(
        f"{_field_label(tree, name, root, path)} is a random key from outside of the function that "
        f"`jax.vmap` is mapping, so all rows would get the same random numbers. Call the "
        f"{type(root).__name__} on the whole batch without `vmap`; or map over copies with keys of "
        f"their own; or call `{variable} = {variable}.eval()` first."
    )


def belongs_to(tree: Any, trace: Any) -> bool:
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


def _field_label(tree: Any, name: str, root: Any, path: str) -> str:
    place = f" (at {path} of the {type(root).__name__})" if path else ""
    return f"{type(tree).__name__}.{name}{place}"
