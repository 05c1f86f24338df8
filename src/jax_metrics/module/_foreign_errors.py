"""Errors that JAX, Flax or optax raise inside of a call of this library, told in its own words.

Their messages name neither the module nor its path. So the error is raised again under the same
builtin type, with a message that starts with the place, and theirs as the cause. An error raised by
this library stays as it is; one that passes through the user's own code stays too, but gets a note
with the place.
"""

import dis
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any

import jax
import numpy as np

from jax_metrics.tree import explain_deleted, layout_of, nearest, signature_of

_OURS = "jax_metrics"
_FOREIGN = frozenset({"jax", "jaxlib", "flax", "optax", "numpy", "haiku"})
_RAISE = dis.opmap["RAISE_VARARGS"]
_TYPES = (
    AssertionError,
    FloatingPointError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    TypeError,
)
_ACCEPTED = (jax.Array, np.ndarray, np.generic, bool, int, float, complex, type(None))
# What takes the place of arguments of calls in Flax and Keras.
_MODE = " The mode is part of the model: `model.train()`, `model.eval()`."
_KEYS = " Random keys are part of the model, from `init`."
_INSTEAD = {
    **dict.fromkeys(("train", "training", "is_training", "inference"), _MODE),
    **dict.fromkeys(("rng", "rngs", "key"), _KEYS),
}
# Inputs by their names in transformers.
_INPUTS = {
    "input_ids": "tokens",
    "attention_mask": "padding_mask",
    "token_type_ids": "segments",
    "position_ids": "positions",
    "pixel_values": "images",
    "input_features": "features",
    "decoder_input_ids": "tokens",
}
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_MOST_FIELDS = 4
_LONGEST = 300


def explain(error: Exception, place: str, tell: Callable[[], str | Exception]) -> Exception | None:
    """The error to raise instead, with the given one as its cause; None to raise that itself.

    Args:
        error: An error that was caught, by a function that a user called.
        place: What was called, for a note.
        tell: Returns the message, or the new error, for an error that is not of this library.
    """
    if getattr(error, "_told_by_jax_metrics", False):
        return None
    origin = _origin(error)
    told: Any = error
    if origin == "foreign":
        told = tell()
        if isinstance(told, str):
            told = next((t for t in _TYPES if isinstance(error, t)), ValueError)(told)
    elif origin == "user":
        error.add_note(f"Raised in {place}.")
    told._told_by_jax_metrics = True
    return None if told is error else told


def explain_call(
    error: Exception, place: str, module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Exception | None:
    """See `explain`, for a module that was called with these arguments.

    A class that knows more about an error has a method `_explain_error(error, args, kwargs)`, which
    returns the end of the message after the place, or None.
    """
    inputs = describe_inputs(args, kwargs)

    def tell() -> str | Exception:
        if isinstance(error, TypeError) and (unknown := _unknown_argument(module, kwargs)):
            return f"{place} {unknown}"
        if isinstance(error, TypeError) and (missing := _missing_argument(module, args, kwargs)):
            return f"{place} {missing}; got {inputs}."
        of_class = getattr(module, "_explain_error", None)
        known = of_class(error, args, kwargs) if of_class is not None else None
        if known is not None:
            return f"{place} {known}"
        if known := _deleted(module, error):
            return RuntimeError(f"{place} {known}")
        if known := _not_an_array(args, kwargs):
            return TypeError(f"{place} {known}")
        fields = _own_arrays(module)
        has = f", where it has {fields}" if fields else ""
        return f"{place} failed for the inputs {inputs}{has}. {describe_error(error)}"

    return explain(error, f"{place}, called with {inputs}", tell)


def describe_inputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The types and shapes of the arguments of a call."""
    shown = [*map(_describe, args), *(f"{name}={_describe(v)}" for name, v in kwargs.items())]
    return ", ".join(shown) or "()"


def _origin(error: Exception) -> str:
    """Whether an error is `"ours"`, `"foreign"`, or came by code of the `"user"`."""
    last: TracebackType | None = None
    innermost = ""
    for step in _steps(error.__traceback__):
        package = step.tb_frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in _FOREIGN and package != _OURS and package not in sys.stdlib_module_names:
            return "user"
        last, innermost = step, package
    # JAX removes its own frames, so that its errors may seem to start in the line that called it.
    raised = last is not None and last.tb_frame.f_code.co_code[last.tb_lasti] == _RAISE
    return "ours" if raised and innermost == _OURS else "foreign"


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def describe_error(error: Exception) -> str:
    """The type and the first paragraph of an error, without the link that Flax adds."""
    text = " ".join(str(error).partition("\n\n")[0].partition(" (https://")[0].split())
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"{type(error).__name__}: {shown}"


def _describe(value: Any) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None:
        return f"{dtype}[{','.join(map(str, shape))}]"
    if isinstance(value, list | tuple) and len(value) <= _MOST_FIELDS:
        return f"{type(value).__name__}({', '.join(map(_describe, value))})"
    if isinstance(value, str | int | float | type(None)):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:40]}..."
    return type(value).__name__


def _own_arrays(module: Any) -> str:
    layout = layout_of(module)
    arrays = zip(layout.names, layout.get(vars(module)), strict=True)
    shown = [f"{name} {_describe(value)}" for name, value in arrays if hasattr(value, "shape")]
    return ", ".join(shown[:_MOST_FIELDS])


def _unknown_argument(module: Any, kwargs: Mapping[str, Any]) -> str | None:
    parameters = signature_of(type(module).__call__).parameters.values()
    known = [p.name for p in parameters if p.name != "self"]
    name = next((name for name in kwargs if name not in known), None)
    if name is None or any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    takes = ", ".join(known) or "no arguments"
    meant = _INPUTS.get(name)
    alike = f" Did you mean `{meant}`?" if meant in known else nearest(name, known)
    instead = _INSTEAD.get(name, alike)
    return f"has no argument `{name}` in a call.{instead} It takes {takes}."


def _missing_argument(module: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    signature = signature_of(type(module).__call__)
    try:
        given = signature.bind_partial(module, *args, **kwargs).arguments
    except TypeError:
        return None
    required = [p.name for p in signature.parameters.values() if p.default is p.empty]
    variable = [p.name for p in signature.parameters.values() if p.kind in _VARIABLE]
    missing = [name for name in required if name not in given and name not in variable]
    takes = ", ".join(name for name in signature.parameters if name != "self")
    return f"needs `{missing[0]}` in a call, which takes {takes}" if missing else None


def _deleted(module: Any, error: Exception) -> str | None:
    if known := explain_deleted(module, "model"):
        return known
    if "been deleted" in str(error):  # while JAX traces a gradient, its tracers hide the arrays
        return (
            "got a deleted array, as a parameter or an input: it was donated to a compiled "
            "function, by `donate_argnums` or `donate=True`. Use what this function returned."
        )
    return None


def _not_an_array(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    for name, value in [*enumerate(args), *kwargs.items()]:
        for leaf in jax.tree.leaves(value):
            if isinstance(leaf, _ACCEPTED):
                continue
            label = f"`{name}`" if isinstance(name, str) else f"input {name}"
            package = type(leaf).__module__.partition(".")[0]
            of = "" if package == "builtins" else f" of {package}"
            shown = f" ({_describe(leaf)})" if isinstance(leaf, str) else ""
            return (
                f"expects arrays, but {label} {'is' if leaf is value else 'holds'} a "
                f"{type(leaf).__name__}{of}{shown}. JAX takes arrays of JAX and NumPy and numbers: "
                "convert it first, as in `jnp.asarray(np.asarray(x))`."
            )
        if isinstance(value, list):
            return (
                f"expects arrays, but input {name} is a list. Convert it first, with "
                "`jnp.asarray(x)`."
            )
    return None
