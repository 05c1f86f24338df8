"""`Tree`: a plain Python object that is a pytree."""

import inspect
from abc import ABCMeta
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import jax

from jax_metrics.tree._annotations import TREE_TYPES, signature_of
from jax_metrics.tree._assignments import check_static_assignment, explain_read_only
from jax_metrics.tree._captured_trees import check_captured
from jax_metrics.tree._class_info import class_info
from jax_metrics.tree._compact import SUBTREES, capture, in_compact, next_stored, outside_compact
from jax_metrics.tree._constructor_arguments import explain_arguments
from jax_metrics.tree._copy import copy
from jax_metrics.tree._flatten import (
    Rebuildable,
    flatten,
    flatten_with_keys,
    forget_layout,
    public_fields,
    unflatten,
)
from jax_metrics.tree._layout import LAYOUT, NATIVE, OVERRIDES, PENDING, field_metadata
from jax_metrics.tree._leaked_state import check_assignment
from jax_metrics.tree._lost_state import note_assignment
from jax_metrics.tree._mutability import toplevel_made_mutable
from jax_metrics.tree._new_objects import check_class_body, check_new
from jax_metrics.tree._other_method import OtherMethod
from jax_metrics.tree._references import from_references, to_references
from jax_metrics.tree._traces import origin, tracer_in
from jax_metrics.tree._types import FieldMetadata

T = TypeVar("T", bound="Tree")
_SIGNATURE = "_explicit_signature"  # set on a class to replace the signature of `__init__`


class TreeMeta(ABCMeta):
    """Creates Tree objects: sets their defaults, and lets `compact` capture them."""

    if not TYPE_CHECKING:  # a checker should see the signature of `__init__`, not this one

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:
            """Creates an object, or returns the one that a compact method created before."""
            stored = next_stored(cls, args, kwargs)
            if stored is not None:
                return stored
            if cls not in TREE_TYPES:
                _register(cls)
            tree = cls.__new__(cls, *args, **kwargs)
            tree.__dict__[NATIVE] = origin()
            with outside_compact(), toplevel_made_mutable(tree):
                cls.construct(tree, *args, **kwargs)
            check_new(tree)
            tree._on_constructed()
            return capture(tree, args, kwargs)

    @property
    def __signature__(cls) -> inspect.Signature:
        """The arguments of `__init__`; `inspect` would find those of `__call__`."""
        for base in cls.__mro__:
            if (explicit := vars(base).get(_SIGNATURE)) is not None:
                return explicit
            if "__init__" in vars(base):
                break
        if cls.__init__ is object.__init__:
            return inspect.Signature()
        signature = signature_of(cls.__init__)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    @__signature__.setter
    def __signature__(cls, signature: inspect.Signature) -> None:
        type.__setattr__(cls, _SIGNATURE, signature)

    def construct(cls, tree: Any, *args: Any, **kwargs: Any) -> None:
        """Sets the defaults of a new object and runs its `__init__`."""
        info = class_info(cls)
        for name, factory in info.factories.items():
            tree.__dict__[name] = factory()
        tree.__dict__.update(info.defaults)
        try:
            tree.__init__(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                raise explain_arguments(cls, args, kwargs, error) from error
            raise


class Tree(Rebuildable, metaclass=TreeMeta):
    """A plain Python object that is a pytree; its fields live in `__dict__`.

    A field is a child of the pytree when, in this order:

    1. it is declared so, with `jm.node()` or a kind such as `jm.Parameter.node()`;
    2. its annotation names a Tree class or a container of Trees;
    3. its present value is a Tree, or a list, tuple or dict with a Tree inside.

    All other fields are static: part of the structure. Changing one makes jitted functions compile
    again. JAX arrays cannot be static.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Circle(jm.Tree):
        ...     radius: float = jm.node()
        ...     def __init__(self, radius, label):
        ...         self.radius = radius
        ...         self.label = label
        >>> circle = jax.tree.map(lambda x: 2 * x, Circle(1.5, "small"))
        >>> circle.radius, circle.label
        (3.0, 'small')
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if vars(cls).get("__slots__"):
            raise TypeError(
                f"{cls.__name__} has `__slots__`, but the fields of a Tree live in `__dict__`, and "
                "slots would not be part of the pytree. Leave out `__slots__` or `slots=True`."
            )
        check_class_body(cls)
        if not in_compact():  # else with the first object, which a later run does not make
            _register(cls)

    # Whether `compact` keeps objects of the class whatever they hold; it keeps those with nodes.
    _captured_inline: ClassVar[bool] = False
    # For messages: what users call such an object, and how they declare fields for arrays.
    _variable: ClassVar[str] = "model"
    _array_declarations: ClassVar[tuple[str, ...]] = ("jm.node()", "jm.Parameter.node()")
    _counter_declaration: ClassVar[str] = "jm.node()"

    _arguments_hint: ClassVar[str] = ""  # added to errors of unknown arguments
    # Arguments of other libraries that have no counterpart by name, with what is said of them.
    _other_arguments: ClassVar[Mapping[str, str]] = {}
    # Properties without a setter, with what to write instead of an assignment.
    _read_only: ClassVar[Mapping[str, str]] = {}

    def _on_constructed(self) -> None:
        """Runs after `__init__`. For base classes such as Module to override."""

    def _place(self) -> tuple[Any, str]:
        """The outermost object that is known to hold this one, and the path of this one in it."""
        return self, ""

    def __setattr__(self, name: str, value: Any) -> None:
        tracer = tracer_in(value)
        if tracer is not None:
            check_assignment(self, name, tracer)
        elif callable(value) and type(value) not in TREE_TYPES:
            check_captured(self, name, value)
        layout = self.__dict__.get(LAYOUT)
        node = layout is not None and (
            name in layout.declared or (type(value) in TREE_TYPES and name in layout.names)
        )
        if not node:
            check_static_assignment(self, layout, name, value)
        try:
            super().__setattr__(name, value)
        except AttributeError as error:
            raise explain_read_only(self, name, error) from error
        if not node:
            forget_layout(self)
        if tracer is not None or PENDING in self.__dict__:
            note_assignment(self, name, tracer)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        forget_layout(self)

    def __dir__(self) -> list[str]:
        return sorted(name for name in super().__dir__() if _is_shown(type(self), name))

    def __getstate__(self) -> dict[str, Any]:
        return to_references(public_fields(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(from_references(state))
        vars(self)[NATIVE] = origin()

    @property
    def field_metadata(self) -> Mapping[str, FieldMetadata]:
        """Whether each field is a node, and its kind."""
        return MappingProxyType(field_metadata(type(self), vars(self)))

    def update_field_metadata(
        self: T, field: str, node: bool | None = None, kind: type | None = None
    ) -> T:
        """Returns a copy with another declaration of a field.

        Args:
            field: Name of the field.
            node: Whether it is a child of the pytree; None does not change that.
            kind: Its kind; None does not change that.

        Raises:
            ValueError: If there is no such field.

        Example:
            >>> import jax
            >>> import jax_metrics as jm
            >>> class Point(jm.Tree):
            ...     x: float = jm.node(1.0)
            >>> jax.tree.leaves(Point().update_field_metadata("x", node=False))
            []
        """
        known = self.field_metadata
        if field not in known:
            raise ValueError(
                f"{type(self).__name__} has no field '{field}'. Its fields: {', '.join(known)}."
            )
        changes = {"node": node, "kind": kind}
        changed = known[field].update(**{k: v for k, v in changes.items() if v is not None})
        tree = copy(self)
        overrides = {**vars(tree).get(OVERRIDES, {}), field: changed}
        # The leaves follow the order of the overrides, which must not depend on that of the calls.
        subtrees = vars(tree).get(SUBTREES) or ()
        rest = sorted(overrides.keys() - set(subtrees))
        names = (*(name for name in subtrees if name in overrides), *rest)
        vars(tree)[OVERRIDES] = {name: overrides[name] for name in names}
        forget_layout(tree)
        return tree

    def check_metadata_updates(self) -> None:
        """Inspects the fields again, after a change that bypassed attribute assignment.

        Assigning attributes and changing static values in place is noticed anyway. This is for code
        that writes to `vars(tree)`.
        """
        forget_layout(self)


def _is_shown(cls: type, name: str) -> bool:
    """Whether `dir` shows an attribute: not if it is private, or of another library."""
    private = name.startswith("_") and not name.startswith("__")
    return not private and not isinstance(inspect.getattr_static(cls, name, None), OtherMethod)


def _register(cls: type) -> None:
    TREE_TYPES.add(cls)
    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


_register(Tree)
