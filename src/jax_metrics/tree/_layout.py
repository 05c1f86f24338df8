"""Layouts: what is fixed about a Tree, worked out once and shared by all objects that are alike.

See the README of this folder for the whole picture.
"""

import operator
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._class_info import class_info
from jax_metrics.tree._errors import StaticFieldError
from jax_metrics.tree._references import from_references, to_references
from jax_metrics.tree._static import copy_containers, find_array, fingerprint, is_mutable, same
from jax_metrics.tree._types import FieldMetadata, FlattenMode

UNDECLARED = FieldMetadata(node=False)
UNDECLARED_NODE = FieldMetadata(node=True)
# Entries of an object's `__dict__` that are about the object and no fields of it.
LAYOUT = "_layout"  # its layout, once that was worked out
NATIVE = "_native"  # present when Python code made the object, not a JAX transformation
PENDING = "_pending"  # an assignment that will be lost unless the object is flattened again
ALIAS = "__orig_class__"  # left by `Box[int](...)`, which makes the same object as `Box(...)`
PRIVATE = frozenset({LAYOUT, NATIVE, PENDING, ALIAS})
# Static fields that Trees have only at times: whether they may be changed now (if immutable), and
# what `update_field_metadata` changed for this object.
MUTABLE = "_mutable"
OVERRIDES = "_field_metadata"


class StaleLayout(KeyError):
    """The object was changed in place, so that the layout it carries no longer fits."""


class Layout:
    """The structure of one Tree object: everything about it but its children.

    It is the static part of the pytree node, so two objects have the same treedef when their
    layouts are equal. Layouts are interned: objects that are alike share one, and comparing them
    ends at `is`.

    Attributes:
        cls: The class of the object.
        names: The node fields, in the order of the children.
        metadata: What is declared of each node field, in the same order.
        declared: The node fields that stay nodes whatever is assigned to them.
        template: The `__dict__` of an object with this layout: static fields with their values,
            node fields as None, and the layout itself.
        thawed: The static fields whose value can change in place; each object gets its own copy.
        loose: The undeclared node fields that are containers, and could lose all their Trees.
        keys: The path entry of each child.
        get: Maps an object's `__dict__` to its children. Raises `StaleLayout` when a container
            among the fields was changed in place in a way that alters the structure.
        plans: What other modules worked out about this layout, by their own keys.
    """

    __slots__ = (
        "__weakref__",
        "_hash",
        "arity",
        "cls",
        "declared",
        "get",
        "keys",
        "lasting",
        "loose",
        "metadata",
        "names",
        "plans",
        "template",
        "thawed",
    )

    def __init__(
        self,
        cls: type,
        nodes: dict[str, FieldMetadata],
        statics: dict[str, Any],
        order: Iterable[str],
        *,
        declared: frozenset[str] = frozenset(),
        loose: tuple[str, ...] = (),
        lasting: bool = True,
    ):
        self.cls = cls
        self.names = tuple(nodes)
        self.arity = len(nodes)
        self.metadata = tuple(nodes.values())
        self.declared = declared
        self.loose = loose
        self.template = {name: statics.get(name) for name in order}
        self.lasting = lasting
        if lasting:
            self.template[LAYOUT] = self
        self.thawed = tuple(name for name, value in statics.items() if is_mutable(value))
        self.keys = tuple(map(jax.tree_util.GetAttrKey, self.names))
        self.get = _getter(self.names, self.thawed, loose, self.template)
        self.plans: dict[Any, Any] = {}
        prints = sorted((name, fingerprint(value)) for name, value in statics.items())
        self._hash = hash((cls, self.names, *prints))

    def statics(self) -> Iterator[tuple[str, Any]]:
        """The static fields."""
        nodes = {*self.names, LAYOUT}
        return ((name, value) for name, value in self.template.items() if name not in nodes)

    def __reduce__(self) -> tuple[Any, ...]:  # with it, treedefs pickle
        nodes = dict(zip(self.names, self.metadata, strict=True))
        order = [name for name in self.template if name != LAYOUT]
        statics = to_references(dict(self.statics()))
        return _restored, (self.cls, nodes, statics, order, self.declared, self.loose, self.lasting)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Layout) or self._hash != other._hash:
            return False
        return (
            self.cls is other.cls
            and self.names == other.names
            and self.metadata == other.metadata
            and self.lasting == other.lasting
            and self.template.keys() == other.template.keys()
            and all(self._same(name, value, other) for name, value in self.statics())
        )

    def _same(self, name: str, value: Any, other: "Layout") -> bool:
        try:
            return same(value, other.template[name])
        except ValueError as error:
            raise StaticFieldError(
                f"{self.cls.__name__}.{name} is static, and static values must compare with "
                f"`==` to a plain truth value: {error}. Wrap the value in `jm.Hashable(...)` to "
                "compare it by identity."
            ) from error

    def __repr__(self) -> str:  # what the repr of a treedef shows
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
    loose: tuple[str, ...],
    lasting: bool,
) -> Layout:
    known = {name: copy_containers(value) for name, value in from_references(statics).items()}
    layout = Layout(cls, nodes, known, order, declared=declared, loose=loose, lasting=lasting)
    return intern(layout) if lasting else layout


def _getter(
    names: tuple[str, ...], thawed: tuple[str, ...], loose: tuple[str, ...], template: dict
) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:
        get: Callable[[dict[str, Any]], tuple[Any, ...]] = operator.itemgetter(*names)
    elif names:
        (name,) = names
        get = lambda fields: (fields[name],)  # noqa: E731
    else:
        get = lambda fields: ()  # noqa: E731
    if not thawed and not loose:
        return get

    def checked(fields: dict[str, Any]) -> tuple[Any, ...]:
        for name in thawed:
            try:
                unchanged = same(fields[name], template[name])
            except ValueError:  # working out a new layout gives this error its name and place
                unchanged = False
            if not unchanged:
                raise StaleLayout(name)
        for name in loose:
            if is_hollow(fields[name]):
                raise StaleLayout(name)
        return get(fields)

    return checked


def holds_tree(value: Any) -> bool:
    """Whether the value is a Tree, or a list, tuple or dict with one inside at any depth."""
    if type(value) in TREE_TYPES:
        return True
    if isinstance(value, dict):
        return any(map(holds_tree, value.values()))
    return isinstance(value, list | tuple) and any(map(holds_tree, value))


def is_hollow(value: Any) -> bool:
    """Whether the value is a container with nothing but empty containers inside."""
    if isinstance(value, dict):
        return all(map(is_hollow, value.values()))
    return isinstance(value, list | tuple) and all(map(is_hollow, value))


_interned: "weakref.WeakKeyDictionary[Layout, weakref.ref[Layout]]" = weakref.WeakKeyDictionary()
_intern_lock = threading.RLock()


def intern(layout: Layout) -> Layout:
    """The one layout that stands for all that are equal to this one."""
    with _intern_lock:
        known = _interned.get(layout)
        found = known() if known is not None else None
        if found is None:
            _interned[layout] = weakref.ref(layout)
            return layout
        return found


def field_metadata(cls: type, fields: dict[str, Any]) -> dict[str, FieldMetadata]:
    """What is known of every field of an object: declared, or told by its present value."""
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
    """Works out the layout of an object of `cls` with these fields.

    Raises:
        StaticFieldError: If a static field holds an array.
    """
    metadata = field_metadata(cls, fields)
    known = {**class_info(cls).metadata, **fields.get(OVERRIDES, {})}
    declared = [name for name in known if name in metadata and metadata[name].node]
    others = sorted(name for name in metadata if metadata[name].node and name not in known)
    nodes = {name: metadata[name] for name in (*declared, *others)}
    statics = {}
    for name in metadata.keys() - nodes.keys():
        array = find_array(fields[name])
        if array is not None:
            raise _static_array(cls, name, array)
        statics[name] = copy_containers(fields[name])
    return intern(
        Layout(
            cls,
            nodes,
            statics,
            order=metadata,
            declared=frozenset(declared),
            loose=tuple(name for name in others if type(fields[name]) not in TREE_TYPES),
        )
    )


def compute_mode_layout(cls: type, fields: dict[str, Any], mode: FlattenMode) -> Layout:
    """The layout under a flatten mode other than the normal one."""
    metadata = field_metadata(cls, fields)
    if mode is FlattenMode.no_fields:
        statics = {name: fields[name] for name in metadata}
        return Layout(cls, {}, statics, order=metadata, lasting=False)
    nodes = {name: metadata[name] for name in sorted(metadata)}
    return Layout(cls, nodes, {}, order=metadata, lasting=False)


def _static_array(cls: type, name: str, array: Any) -> StaticFieldError:
    what = f"{array.dtype}[{','.join(map(str, array.shape))}]"
    return StaticFieldError(
        f"{cls.__name__}.{name} is a static field but holds a JAX array, {what}. Static fields are "
        "part of the structure, so an array there is never traced, differentiated or updated. "
        "Either\n"
        f"  1. declare the field as a node: `{name}: jax.Array = jm.node()`, or with a kind, as in "
        f"`{name}: jax.Array = jm.Parameter.node()`; or\n"
        f"  2. if it is a constant, keep it as a numpy array: `self.{name} = np.asarray(...)`."
    )
