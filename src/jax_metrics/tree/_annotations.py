"""Finds annotations that name a Tree, or a container of Trees.

Annotations are evaluated late, when the first object of a class is created, so they may name
classes that are defined further down. An annotation that cannot be evaluated, such as a name that
exists only for type checkers, is skipped: the value of the field decides instead.
"""

import collections.abc
import inspect
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

# All Tree classes. `type(x) in TREE_TYPES` is much faster than `isinstance`.
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


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a function; annotations that cannot be evaluated stay as they are.

    From Python 3.14 on, annotations are evaluated when they are asked for, and `inspect.signature`
    raises for a name that exists only for type checkers.
    """
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def own_annotations(cls: type) -> dict[str, Any]:
    """The annotations of the class itself, evaluated where possible."""
    if sys.version_info >= (3, 14):
        import annotationlib

        annotations = annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    else:
        annotations = inspect.get_annotations(cls)
    return {name: _evaluate(annotation, cls) for name, annotation in annotations.items()}


def _evaluate(annotation: Any, cls: type) -> Any:
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    scope = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    try:
        return eval(annotation, scope, {cls.__name__: cls, **vars(cls)})
    except Exception:  # an annotation may raise anything; it then counts as unknown
        return None


def names_tree(annotation: Any, cls: type) -> bool:
    """Whether an annotation in `cls` is a Tree class, or a union or container of one."""
    if isinstance(annotation, str | typing.ForwardRef):
        annotation = _evaluate(annotation, cls)
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
