"""Mistakes in a class and in its new objects: hidden methods, and values that all objects share.

Python accepts each of them in silence. A class is inspected once, a new object after `__init__`.
"""

import dataclasses
import functools
import types
from collections.abc import Mapping
from typing import Any

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._class_info import class_info
from jax_metrics.tree._layout import holds_tree
from jax_metrics.tree._mutability import Immutable

_PACKAGE = "jax_metrics"
_METHODS = (types.FunctionType, classmethod, staticmethod, property)


@dataclasses.dataclass(frozen=True, slots=True)
class _Checks:
    """What to look for in the new objects of a class.

    Attributes:
        methods: Public methods of this library, with the name of the class that has them.
        defaults: Lists, dicts, sets and Trees that are defaults of arguments of `__init__`.
        shared: The names of lists and dicts in the class body.
    """

    methods: Mapping[str, str]
    defaults: tuple[Any, ...]
    shared: tuple[str, ...]


@functools.cache
def _checks(cls: type) -> _Checks:
    methods: dict[str, str] = {}
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] == _PACKAGE:
            for name, value in vars(base).items():
                if isinstance(value, _METHODS) and not name.startswith("_"):
                    methods.setdefault(name, base.__name__)
    _check_names(cls, methods, class_info(cls).metadata)
    init: Any = cls.__init__
    defaults = (*(getattr(init, "__defaults__", None) or ()),)
    defaults += (*(getattr(init, "__kwdefaults__", None) or {}).values(),)
    shared = {name for base in cls.__mro__ for name, v in vars(base).items() if _can_change(v)}
    return _Checks(
        methods, tuple(filter(_is_shared, defaults)), tuple(n for n in shared if n[:1] != "_")
    )


def _can_change(value: Any) -> bool:
    return type(value) in (list, dict, set)


def _is_shared(default: Any) -> bool:
    """Whether objects that store it would share something that can change."""
    if type(default) in TREE_TYPES:
        return not isinstance(default, Immutable)
    return _can_change(default) or (type(default) is tuple and holds_tree(default))


def check_class_body(cls: type) -> None:
    """Raises for a Tree that is an attribute of the class itself.

    Raises:
        TypeError: Naming it, and where to make it.
    """
    for name, value in vars(cls).items():
        if type(value) in TREE_TYPES or (_can_change(value) and holds_tree(value)):
            made = type(value).__name__
            raise TypeError(
                f"{cls.__name__}.{name} is a {made} in the class body, which all objects of the "
                f"class would share. Make it in `__init__`, as in `self.{name} = ...`; or, in a "
                f"dataclass, declare `{name}: Any = jm.node(default_factory=lambda: ...)`."
            )


def check_new(tree: Any) -> None:
    """Raises for a field that hides a method of this library, or whose value is shared.

    Raises:
        TypeError: Naming the field.
    """
    cls, fields = type(tree), tree.__dict__
    checks = _checks(cls)
    if not checks.methods.keys().isdisjoint(fields):
        _check_names(cls, checks.methods, fields)
    if checks.defaults:
        _check_defaults(cls, fields, checks.defaults)
    for name in checks.shared:
        if name not in fields and holds_tree(getattr(cls, name)):
            raise TypeError(
                f"{cls.__name__}.{name} is a {type(getattr(cls, name)).__name__} in the class "
                "body, which all objects of the class share, so what is put into it is not a part "
                f"of this one. Write `self.{name} = []` in `__init__` first."
            )


def _check_names(cls: type, methods: Mapping[str, str], fields: Mapping[str, Any]) -> None:
    for name in fields:
        if name in methods:
            raise TypeError(
                f"{cls.__name__}.{name} is a field, but `{name}` is a method of {methods[name]}, "
                f"which the field would hide. Give the field another name, such as `{name}_`."
            )


def _check_defaults(cls: type, fields: Mapping[str, Any], defaults: tuple[Any, ...]) -> None:
    for name, value in fields.items():
        if any(value is default for default in defaults):
            made = f"{type(value).__name__}(...)" if type(value) in TREE_TYPES else repr(value)
            made = "(...)" if type(value) is tuple else made
            raise TypeError(
                f"{cls.__name__}.{name} is the {type(value).__name__} that is a default of "
                "`__init__`, which all objects of the class would share. Use a default of None "
                f"and make a new one: `self.{name} = {made} if {name} is None else {name}`."
            )
