"""Which annotations name a Tree, or a container of Trees.

Annotations are looked at late, when the first object of a class is made, so that they may name
classes that are defined further down. One that cannot be evaluated (a name that exists only for
type checkers, say) is passed over: the value of the field decides then.
"""

import collections.abc
import inspect
import sys
import types
import typing
from typing import Any

# Every Tree class there is. Asking `type(x) in TREE_TYPES` is much faster than `isinstance`.
TREE_TYPES: set[type] = set()

_CONTAINERS = {
    list,
    tuple,
    dict,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Mapping,
    collections.abc.MutableMapping,
    collections.abc.Iterable,
    collections.abc.Collection,
}
_UNIONS = {typing.Union, types.UnionType}


def own_annotations(cls: type) -> dict[str, Any]:
    """The annotations that the class itself has, evaluated as far as they can be."""
    if sys.version_info >= (3, 14):
        import annotationlib

        found = annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    else:
        found = inspect.get_annotations(cls)
    return {name: _evaluated(annotation, cls) for name, annotation in found.items()}


def _evaluated(annotation: Any, cls: type) -> Any:
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    scope = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    try:
        return eval(annotation, scope, {cls.__name__: cls, **vars(cls)})
    except Exception:  # whatever a foreign annotation raises, it only means "not known"
        return None


def names_tree(annotation: Any, cls: type) -> bool:
    """Whether an annotation in `cls` is a Tree class, or a union or container with one inside."""
    if isinstance(annotation, str | typing.ForwardRef):
        annotation = _evaluated(annotation, cls)
    if isinstance(annotation, typing.TypeVar):
        bounds = (annotation.__bound__, *annotation.__constraints__)
        return any(names_tree(bound, cls) for bound in bounds if bound)
    origin = typing.get_origin(annotation)
    if origin is None:
        return isinstance(annotation, type) and annotation in TREE_TYPES
    if origin is typing.Annotated:
        return names_tree(typing.get_args(annotation)[0], cls)
    if origin in TREE_TYPES:
        return True
    if origin in _UNIONS or origin in _CONTAINERS:
        return any(names_tree(part, cls) for part in typing.get_args(annotation))
    return False
