"""The options that a metric class takes, with those that it passes on to its bases."""

import functools
import inspect
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from jax_metrics.arguments import check_constructor, refuse_unknown
from jax_metrics.tree import signature_of

_KIND = inspect.Parameter
_POSITIONAL = (_KIND.POSITIONAL_ONLY, _KIND.POSITIONAL_OR_KEYWORD, _KIND.VAR_POSITIONAL)


def constructor_signature(cls: type) -> inspect.Signature:
    """The signature of a constructor, where `**options` are replaced by the options of the bases.

    If `**options` are typed with `Unpack`, they take only the names of the dict type, else all.
    """
    leading: list[inspect.Parameter] = []
    options: dict[str, inspect.Parameter] = {}
    allowed: set[str] | None = None  # the names that are passed on; None for all
    is_first = True
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = _own_parameters(vars(base)["__init__"])
        if is_first:
            leading = [p for p in parameters if p.kind in _POSITIONAL]
            is_first = False
        for p in parameters:
            if p.kind is _KIND.KEYWORD_ONLY and (allowed is None or p.name in allowed):
                options.setdefault(p.name, p)
        rest = next((p for p in parameters if p.kind is _KIND.VAR_KEYWORD), None)
        if rest is None:
            break
        if (names := _names(rest.annotation)) is not None:
            allowed = names if allowed is None else allowed & names
        elif rest.annotation not in (rest.empty, Any):  # for the base itself, not passed on
            return inspect.Signature([*leading, *options.values(), rest])
    return inspect.Signature([*leading, *options.values()])


def check_options(cls: Any, args: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Checks the arguments of a constructor; see `check_constructor`.

    If its `**options` are typed with `Unpack`, they take only the names of the dict type: further
    options of a base mean nothing for the class. Options that no class knows are left to `Metric`.

    Raises:
        TypeError: If one does not fit.
    """
    check_constructor(cls, cls.__signature__, args, options)
    known = cls.__signature__.parameters
    if known.keys() >= options.keys():
        return
    rest = next((p for p in _own_parameters(cls.__init__) if p.kind is _KIND.VAR_KEYWORD), None)
    if rest is not None and _names(rest.annotation) is not None:
        inits = [vars(base)["__init__"] for base in cls.__mro__[:-1] if "__init__" in vars(base)]
        of_bases = {p.name for init in inits for p in _own_parameters(init)}
        hidden = [name for name in options if name not in known and name in of_bases]
        refuse_unknown(cls.__name__, hidden, known, cls._arguments_hint)


@functools.cache
def _own_parameters(init: Any) -> tuple[inspect.Parameter, ...]:
    return tuple(signature_of(init).parameters.values())[1:]


def _names(annotation: Any) -> set[str] | None:
    """The names in the dict type of an `Unpack`; None for other annotations."""
    if typing.get_origin(annotation) is not typing.Unpack:
        return None
    return set(typing.get_args(annotation)[0].__annotations__)
