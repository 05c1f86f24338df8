"""Declaring fields: `field`, `node`, `static` and kinds."""

import dataclasses
from typing import Any

from jax_metrics.tree._annotations import TREE_TYPES
from jax_metrics.tree._types import FieldMetadata

_NO_KIND = type(None)


class Field(dataclasses.Field):
    """A declared field of a Tree class. Reading it before it has a value raises an error."""

    __slots__ = ("label",)
    label: str

    def __init__(self, base: dataclasses.Field):
        # `dataclasses.field` is the only public constructor, and the slots differ between versions
        # of Python, so the slots of an ordinary field are copied.
        for slot in dataclasses.Field.__slots__:
            setattr(self, slot, getattr(base, slot))

    def __reduce__(self) -> tuple[Any, ...]:
        # cloudpickle pickles the fields of classes in `__main__`. `MISSING` is known by identity,
        # which a pickle does not preserve, so missing values are left out.
        slots = {slot for base in type(self).__mro__ for slot in getattr(base, "__slots__", ())}
        values = {slot: getattr(self, slot, dataclasses.MISSING) for slot in slots}
        return _restored, ({k: v for k, v in values.items() if v is not dataclasses.MISSING},)

    def __set_name__(self, owner: type, name: str) -> None:
        self.label = f"{owner.__name__}.{name}"
        super().__set_name__(owner, name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        raise AttributeError(
            f"{self.label} is declared but has no value yet. Assign it in `__init__`, or, where it "
            "is created from the inputs, call `.init(key, inputs)` before it is used."
        )


def _restored(values: dict[str, Any]) -> Field:
    restored = Field(dataclasses.field())
    for slot, value in values.items():
        setattr(restored, slot, value)
    return restored


def field(
    default: Any = dataclasses.MISSING,
    *,
    node: Any = dataclasses.MISSING,
    kind: type = _NO_KIND,
    sharding: Any = None,
    default_factory: Any = dataclasses.MISSING,
    init: bool = True,
    repr: bool = True,
    hash: bool | None = None,
    compare: bool = True,
    kw_only: Any = dataclasses.MISSING,
) -> Any:
    """Declares a field of a Tree, in a dataclass or in a plain class.

    Args:
        default: The initial value in every new object.
        node: Whether the field is a child of the pytree (`True`) or static (`False`); required.
        kind: The purpose of the field, a class such as `jm.Parameter`.
        sharding: For `jm.sharding.shard`: a name or None for each axis of the array, such as
            `("embed", "mlp")`; see `jm.sharding.Rules`.
        default_factory: A function without arguments that creates the default.
        init: As in `dataclasses.field`, as are the arguments after it.
        repr: See `init`.
        hash: See `init`.
        compare: See `init`.
        kw_only: See `init`.

    Raises:
        TypeError: If `node` is missing, or the kind is not a class.
        ValueError: If the default is a Tree, list, dict or set, which all objects would share.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Scale(jm.Tree):
        ...     factor: float = jm.field(2.0, node=True)
        >>> jax.tree.leaves(Scale())
        [2.0]
    """
    if not isinstance(node, bool):
        raise TypeError(
            "`jm.field` declares a field in a class body and needs `node=True`, for a child of the "
            "pytree, or `node=False`, for a static field. Shorter are `jm.node()`, `jm.static()` "
            "and, with a kind, `jm.Parameter.node()`. In `__init__` assign the value itself: "
            "`self.w = array`."
        )
    if not isinstance(kind, type):
        raise TypeError(
            f"The kind of a field is a class, as in `jm.node(kind=jm.Parameter)` or "
            f"`jm.Parameter.node()`; got {kind!r}."
        )
    if type(default) in TREE_TYPES:
        raise ValueError(
            f"The default is a {type(default).__name__}, which every object of the class would "
            f"share. Write `default_factory=lambda: {type(default).__name__}(...)` instead."
        )
    if isinstance(default, list | dict | set):
        raise ValueError(
            f"The default {default!r} is a {type(default).__name__}, which every object of the "
            f"class would share. Write `default_factory=lambda: {default!r}` instead."
        )
    return Field(
        dataclasses.field(
            default=default,
            default_factory=default_factory,
            init=init,
            repr=repr,
            hash=hash,
            compare=compare,
            kw_only=kw_only,
            metadata={"node": node, "kind": kind, "sharding": sharding},
        )
    )


def node(default: Any = dataclasses.MISSING, *, kind: type = _NO_KIND, **options: Any) -> Any:
    """Declares a field that is a child of the pytree; see `field` for the arguments.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree):
        ...     x: float = jm.node(1.0)
        >>> Point().x
        1.0
    """
    return field(default, node=True, kind=kind, **options)


def static(default: Any = dataclasses.MISSING, *, kind: type = _NO_KIND, **options: Any) -> Any:
    """Declares a field that is part of the structure; see `field` for the arguments.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Power(jm.Tree):
        ...     exponent: int = jm.static(2)
        >>> jax.tree.leaves(Power())
        []
    """
    return field(default, node=False, kind=kind, **options)


class KindMixin:
    """Makes a class a kind: `Kind.node()`, `Kind.static()` and `Kind.field()` declare fields of it.

    Example:
        >>> import jax_metrics as jm
        >>> class Momentum(jm.State):
        ...     pass
        >>> class Tracker(jm.Tree, jm.Filter):
        ...     speed: float = Momentum.node(0.5)
        ...     place: float = jm.Parameter.node(1.0)
        >>> Tracker().filter(Momentum).place
        Nothing
    """

    @classmethod
    def field(
        cls, default: Any = dataclasses.MISSING, *, node: Any = dataclasses.MISSING, **options: Any
    ) -> Any:
        """Declares a field of this kind; see `jm.field`."""
        return field(default, node=node, kind=cls, **options)

    @classmethod
    def node(cls, default: Any = dataclasses.MISSING, **options: Any) -> Any:
        """Declares a field of this kind that is a child of the pytree; see `jm.field`."""
        return field(default, node=True, kind=cls, **options)

    @classmethod
    def static(cls, default: Any = dataclasses.MISSING, **options: Any) -> Any:
        """Declares a field of this kind that is part of the structure; see `jm.field`."""
        return field(default, node=False, kind=cls, **options)


def declared_metadata(declaration: dataclasses.Field) -> FieldMetadata | None:
    """Node and kind as a dataclass field declares them; None if it is an ordinary field."""
    if "node" not in declaration.metadata:
        return None
    metadata = declaration.metadata
    return FieldMetadata(metadata["node"], metadata.get("kind", _NO_KIND), metadata.get("sharding"))
