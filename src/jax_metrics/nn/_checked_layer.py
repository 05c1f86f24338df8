"""`CheckedLayer`: the base of the layers that are written here instead of adapted from Flax."""

import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from jax_metrics.module import Module
from jax_metrics.nn._options import check_option
from jax_metrics.tree import signature_of

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class CheckedLayer(Module):
    """A module whose constructor checks the options by their annotations, as `FlaxLayer` does.

    Sequences pass; the classes check those themselves.
    """

    # Options that classes check with messages of their own.
    _checked_in_init: ClassVar[frozenset[str]] = frozenset({"layer", "name"})

    if not TYPE_CHECKING:  # a checker should see the signature of `__init__`

        def __new__(cls, *args: Any, **options: Any) -> Any:
            positional, annotations, defaults = _parameters(cls)
            for name, value in (*zip(positional, args, strict=False), *options.items()):
                if name in annotations and value is not defaults[name]:
                    check_option(cls.__name__, name, value, annotations[name], sequences=False)
            return super().__new__(cls)


def _parameters(cls: Any) -> tuple[list[str], dict[str, Any], dict[str, Any]]:
    """Names that may be positional, and annotations and defaults by name; read once per class."""
    found = vars(cls).get("_constructor_parameters")
    if found is None:
        parameters = signature_of(cls).parameters.values()
        named = [p for p in parameters if p.kind not in _VARIABLE]
        found = (
            [p.name for p in named if p.kind in _POSITIONAL],
            {p.name: p.annotation for p in named if p.name not in cls._checked_in_init},
            {p.name: p.default for p in named},
        )
        cls._constructor_parameters = found
    return found
