"""Layouts: the structure of Trees, computed once and shared by all objects that have it.

The README of this folder explains the idea.
"""

import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import jax

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._children import assigner, getter
from jax_metrics.tree._class_info import class_info
from jax_metrics.tree._errors import StaticFieldError
from jax_metrics.tree._references import from_references, to_references
from jax_metrics.tree._same_program import program_fingerprint, same_program
from jax_metrics.tree._snapshot import Watched, find_jax_array, holds_array, snapshot
from jax_metrics.tree._static_compare import (
    IncomparableError,
    interchangeable,
    strict_fingerprint,
)
from jax_metrics.tree._static_mistakes import check_static, static_array
from jax_metrics.tree._static_parts import UnreadableError, is_mutable
from jax_metrics.tree._types import FieldMetadata, FlattenMode

UNDECLARED = FieldMetadata(node=False)
UNDECLARED_NODE = FieldMetadata(node=True)
# Entries of an object's `__dict__` that are not fields.
LAYOUT = "_layout"  # the layout, once it is computed
# Present if Python code created the object, not a JAX transformation: the trace it was made in.
NATIVE = "_native"
REBUILT = "_rebuilt"  # the trace that a function of this package rebuilt another object in
PENDING = "_pending"  # assignments of tracers, lost unless the object is flattened again
FILTERED = "_filtered"  # present in a result of `filter`
ALIAS = "__orig_class__"  # set by `Box[int](...)`, which creates the same object as `Box(...)`
PRIVATE = frozenset({LAYOUT, NATIVE, REBUILT, PENDING, FILTERED, ALIAS})
# Static fields that only some Trees have: whether an immutable one may be changed now, and the
# declarations that `update_field_metadata` changed for this object.
MUTABLE = "_mutable"
OVERRIDES = "_field_metadata"
# The sub-trees of each compact method, and the arguments that they were created with.
COMPACT_METHODS = "_compact_methods"
COMPACT_ARGUMENTS = "_compact_arguments"
# This package replaces these as a whole and never changes them in place.
_REPLACED = frozenset({COMPACT_METHODS, COMPACT_ARGUMENTS, OVERRIDES})


class Layout:
    """The structure of a Tree object: everything except its children.

    It is the static part of the pytree node, so two objects have the same treedef when their
    layouts are equal: `==` means that they lead to the same compiled program. Layouts are interned:
    objects whose static values are interchangeable share one, and comparing them ends at `is`.

    Attributes:
        cls: The class of the object.
        names: The node fields, in the order of the children.
        metadata: The declaration of each node field, in the same order.
        declared: The node fields that are nodes whatever their value.
        template: The `__dict__` of an object with this layout: static fields with their values,
            node fields as None, and the layout itself.
        interned: Whether the layout is that of the normal flatten mode, which objects carry.
        mutable_statics: The static fields whose value can change in place; each object gets its
            own copy.
        array_statics: The static fields with NumPy arrays inside.
        inferred_containers: The undeclared node fields that are containers, and could lose all
            their Trees.
        watched: Plain objects in static fields, which all objects share, each with a copy of its
            attributes.
        keys: The path entry of each child.
        get: Maps an object's `__dict__` to its children. Raises `StaleLayout` when a container
            among the fields, or a watched object, was changed in place in a way that alters the
            structure.
        assign: Sets the node fields in an object's `__dict__` to children.
        plans: Results that other modules cache for this layout, by their own keys.
    """

    __slots__ = (
        "__weakref__",
        "_hash",
        "_program",
        "arity",
        "array_statics",
        "assign",
        "cls",
        "declared",
        "get",
        "inferred_containers",
        "interned",
        "keys",
        "metadata",
        "mutable_statics",
        "names",
        "plans",
        "template",
        "watched",
    )

    def __init__(
        self,
        cls: type,
        nodes: dict[str, FieldMetadata],
        statics: dict[str, Any],
        order: Iterable[str],
        *,
        declared: frozenset[str] = frozenset(),
        inferred_containers: tuple[str, ...] = (),
        watched: tuple[tuple[Any, Any], ...] = (),
        interned: bool = True,
    ):
        self.cls = cls
        self.names = tuple(nodes)
        self.arity = len(nodes)
        self.metadata = tuple(nodes.values())
        self.declared = declared
        self.inferred_containers = inferred_containers
        self.watched = watched
        self.template = {name: statics.get(name) for name in order}
        self.interned = interned
        if interned:
            self.template[LAYOUT] = self
        self.mutable_statics = tuple(
            name for name, value in statics.items() if name not in _REPLACED and is_mutable(value)
        )
        self.array_statics = tuple(name for name, value in statics.items() if holds_array(value))
        self.keys = tuple(map(jax.tree_util.GetAttrKey, self.names))
        self.get = getter(
            self.names, self.template, self.mutable_statics, inferred_containers, watched
        )
        self.assign = assigner(self.names)
        self.plans: dict[Any, Any] = {}
        hashes = sorted((name, program_fingerprint(value)) for name, value in statics.items())
        self._hash = hash((cls, self.names, *hashes))
        self._program = object()  # equal layouts share one after their first comparison

    def statics(self) -> Iterator[tuple[str, Any]]:
        """The static fields."""
        nodes = {*self.names, LAYOUT}
        return ((name, value) for name, value in self.template.items() if name not in nodes)

    def __reduce__(self) -> tuple[Any, ...]:  # makes treedefs picklable
        nodes = dict(zip(self.names, self.metadata, strict=True))
        order = [name for name in self.template if name != LAYOUT]
        statics = to_references(dict(self.statics()))
        inferred = self.inferred_containers
        return _restored, (self.cls, nodes, statics, order, self.declared, inferred, self.interned)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Layout) or self._hash != other._hash:
            return False
        if self._program is other._program:
            return True
        same = (
            self._has_nodes_of(other)
            and all(self._same_value(name, value, other) for name, value in self.statics())
            and len(self.watched) == len(other.watched)
            and all(
                one is another and same_program(attributes, others)
                for (one, attributes), (another, others) in zip(
                    self.watched, other.watched, strict=True
                )
            )
        )
        if same:
            self._program = other._program
        return same

    def _has_nodes_of(self, other: "Layout") -> bool:
        return (
            self.cls is other.cls
            and self.names == other.names
            and self.metadata == other.metadata
            and self.interned == other.interned
            and self.template.keys() == other.template.keys()
        )

    def _same_value(self, name: str, value: Any, other: "Layout") -> bool:
        try:
            return same_program(value, other.template[name])
        except IncomparableError as error:
            raise _incomparable(self.cls, name, error) from error

    def __repr__(self) -> str:  # shown in the repr of a treedef
        statics = ", ".join(
            f"{name}={value!r}" for name, value in self.statics() if not name.startswith("_")
        )
        return f"{self.cls.__name__}({statics})"


def _restored(
    cls: type,
    nodes: dict[str, FieldMetadata],
    statics: dict[str, Any],
    order: list[str],
    declared: frozenset[str],
    inferred_containers: tuple[str, ...],
    interned: bool,
) -> Layout:
    watched: Watched = {}
    copied = {name: snapshot(value, watched) for name, value in from_references(statics).items()}
    layout = Layout(
        cls,
        nodes,
        copied,
        order,
        declared=declared,
        inferred_containers=inferred_containers,
        watched=tuple(watched.values()),
        interned=interned,
    )
    return intern(layout) if interned else layout


def holds_tree(value: Any) -> bool:
    """Whether the value is a Tree, or a list, tuple or dict with a Tree at any depth."""
    if type(value) in TREE_TYPES:
        return True
    if isinstance(value, dict):
        return any(map(holds_tree, value.values()))
    return isinstance(value, list | tuple) and any(map(holds_tree, value))


class _InternKey:
    """The key of a layout; interchangeable layouts have equal keys.

    It does not refer to the layout, so unused layouts can be freed.
    """

    __slots__ = ("hash", "statics", "structure", "watched")

    def __init__(self, layout: Layout):
        self.structure = (layout.cls, layout.names, layout.metadata, layout.declared)
        self.structure += (layout.inferred_containers,)
        self.statics = dict(sorted(layout.statics()))
        self.watched = layout.watched
        hashes = [(name, strict_fingerprint(value)) for name, value in self.statics.items()]
        self.hash = hash((self.structure, *hashes))

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _InternKey)
            and self.structure == other.structure
            and interchangeable(self.statics, other.statics)
            and interchangeable(self.watched, other.watched)
        )


_interned: "weakref.WeakValueDictionary[_InternKey, Layout]" = weakref.WeakValueDictionary()
_intern_lock = threading.RLock()


def intern(layout: Layout) -> Layout:
    """The layout that replaces all interchangeable ones."""
    with _intern_lock:
        return _interned.setdefault(_InternKey(layout), layout)


def field_metadata(cls: type, fields: dict[str, Any]) -> dict[str, FieldMetadata]:
    """The metadata of every field of an object: declared, or inferred from its value."""
    info = class_info(cls)
    overrides = fields.get(OVERRIDES, {})
    return {
        name: overrides.get(name)
        or info.metadata.get(name)
        or (UNDECLARED_NODE if holds_tree(value) else UNDECLARED)
        for name, value in fields.items()
        if name not in info.cached and name not in PRIVATE
    }


def compute_layout(cls: type, fields: dict[str, Any]) -> Layout:
    """The layout of an object of `cls` with these fields.

    NumPy arrays in static fields are replaced by read-only copies, so that they need not be
    compared at every call of a jitted function.

    Raises:
        StaticFieldError: If a static field holds a JAX array, or a mutable object in which changes
            could not be noticed.
    """
    try:
        layout = intern(_new_layout(cls, fields))
    except RecursionError as error:
        names = [name for name, value in fields.items() if _contains_itself(value)]
        raise StaticFieldError(
            f"{cls.__name__}.{' and .'.join(names)} contains itself, so comparing it has no end. "
            "Wrap the value in `jm.Hashable(...)` to compare it by identity."
        ) from error
    for name in layout.array_statics:
        fields[name] = snapshot(layout.template[name])
    return layout


def _new_layout(cls: type, fields: dict[str, Any]) -> Layout:
    metadata = field_metadata(cls, fields)
    known = {**class_info(cls).metadata, **fields.get(OVERRIDES, {})}
    declared = [name for name in known if name in metadata and metadata[name].node]
    others = sorted(name for name in metadata if metadata[name].node and name not in known)
    nodes = {name: metadata[name] for name in (*declared, *others)}
    watched: Watched = {}
    statics = {
        name: _static_value(cls, name, fields[name], watched)
        for name in sorted(metadata.keys() - nodes.keys())
    }
    return Layout(
        cls,
        nodes,
        statics,
        order=metadata,
        declared=frozenset(declared),
        inferred_containers=tuple(name for name in others if type(fields[name]) not in TREE_TYPES),
        watched=tuple(watched.values()),
    )


def _static_value(cls: type, name: str, value: Any, watched: Watched) -> Any:
    check_static(cls, name, value)
    array = find_jax_array(value)
    if array is not None:
        raise static_array(cls, name, array)
    try:
        return snapshot(value, watched)
    except IncomparableError as error:
        raise _incomparable(cls, name, error) from error
    except UnreadableError as error:
        raise StaticFieldError(
            f"{cls.__name__}.{name} is static and holds {error}, so that changes would go "
            "unnoticed. Use an immutable value, or `jm.Hashable(...)` to compare it by identity."
        ) from error


def _incomparable(cls: type, name: str, error: IncomparableError) -> StaticFieldError:
    return StaticFieldError(
        f"{cls.__name__}.{name} is static, and static values must compare with `==` to a plain "
        f"truth value: {error}. Wrap the value in `jm.Hashable(...)` to compare it by identity."
    )


def _contains_itself(value: Any) -> bool:
    try:
        holds_tree(value)
        snapshot(value)
    except RecursionError:
        return True
    return False


def compute_mode_layout(cls: type, fields: dict[str, Any], mode: FlattenMode) -> Layout:
    """The layout under a flatten mode other than the normal one."""
    metadata = field_metadata(cls, fields)
    if mode is FlattenMode.no_fields:
        statics = {name: fields[name] for name in metadata}
        return Layout(cls, {}, statics, order=metadata, interned=False)
    nodes = {name: metadata[name] for name in sorted(metadata)}
    return Layout(cls, nodes, {}, order=metadata, interned=False)
