"""The declarations of a Tree class, collected once, when its first object is created.

Not earlier, because decorators such as `dataclass` run after the class body, annotations may name
classes that are defined later, and cloudpickle fills a class only after creating it.
"""

import dataclasses
import functools
from collections.abc import Callable, Collection
from typing import Any

from jax_metrics.tree._annotations import names_tree, own_annotations
from jax_metrics.tree._field import declared_metadata
from jax_metrics.tree._types import FieldMetadata

TREE_NODE = FieldMetadata(node=True)
_MISSING = type(dataclasses.MISSING)  # cloudpickle creates another for classes in `__main__`


@dataclasses.dataclass(frozen=True, slots=True)
class ClassInfo:
    """The declarations of one Tree class, including those of its bases.

    Attributes:
        metadata: The declaration of each field, in order.
        defaults: Defaults that every new object starts with.
        factories: Functions that create such defaults.
        cached: Names of cached properties. Their values are in `__dict__`, but are not fields.
    """

    metadata: dict[str, FieldMetadata]
    defaults: dict[str, Any]
    factories: dict[str, Callable[[], Any]]
    cached: frozenset[str]


@functools.cache
def class_info(cls: type) -> ClassInfo:
    """The declarations of the class."""
    metadata: dict[str, FieldMetadata] = {}
    defaults: dict[str, Any] = {}
    factories: dict[str, Callable[[], Any]] = {}
    cached: set[str] = set()
    for base in reversed(cls.__mro__):
        declarations = _own_declarations(base)
        annotations = own_annotations(base) if base.__module__ != "builtins" else {}
        for name in {**annotations, **declarations}:
            declaration = declarations.get(name)
            declared = declared_metadata(declaration) if declaration is not None else None
            if declared is not None:
                metadata[name] = declared
            elif name not in metadata and names_tree(annotations.get(name), base):
                metadata[name] = TREE_NODE
            if declaration is not None:
                defaults.pop(name, None)
                factories.pop(name, None)
                default: Any = declaration.default
                factory: Any = declaration.default_factory
                if not isinstance(default, _MISSING):
                    defaults[name] = default
                elif not isinstance(factory, _MISSING):
                    factories[name] = factory
        for name in metadata.keys() & vars(base).keys() - declarations.keys():
            # A plain assignment in a subclass, as in `x = 3.0`, changes the default.
            defaults.pop(name, None)
            factories.pop(name, None)
            if not hasattr(vars(base)[name], "__get__"):
                defaults[name] = vars(base)[name]
        cached |= {n for n, v in vars(base).items() if isinstance(v, functools.cached_property)}
    set_by_init = _dataclass_init_fields(cls)
    factories = {name: make for name, make in factories.items() if name not in set_by_init}
    return ClassInfo(metadata, defaults, factories, frozenset(cached))


def _own_declarations(cls: type) -> dict[str, dataclasses.Field]:
    """The fields declared in the class body itself, whether or not it is a dataclass."""
    own = {n: v for n, v in vars(cls).items() if isinstance(v, dataclasses.Field)}
    is_dataclass = "__dataclass_fields__" in vars(cls)
    annotated = own_annotations(cls) if is_dataclass else {}
    # `fields` leaves out class variables, which the attribute holds too.
    fields = dataclasses.fields(cls) if is_dataclass else ()
    return {**{field.name: field for field in fields if field.name in annotated}, **own}


def _dataclass_init_fields(cls: type) -> Collection[str]:
    parameters = getattr(cls, "__dataclass_params__", None)
    has_init = parameters is not None and parameters.init
    return getattr(cls, "__dataclass_fields__", ()) if has_init else ()
