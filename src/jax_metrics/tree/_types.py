"""Small value types that the rest of the package uses."""

import dataclasses
import enum
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import jax

A = TypeVar("A")


@jax.tree_util.register_pytree_node_class
class Nothing:
    """A pytree node without leaves; `filter` replaces leaves by it."""

    def tree_flatten(self) -> tuple[tuple[()], None]:
        """No children."""
        return (), None

    @classmethod
    def tree_unflatten(cls, aux: None, children: tuple[()]) -> "Nothing":
        """The only instance in use."""
        return NOTHING

    def __repr__(self) -> str:
        return "Nothing"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Nothing)

    def __hash__(self) -> int:
        return hash(Nothing)


NOTHING = Nothing()


class Missing:
    """The type of `MISSING`, the default of arguments that were not passed.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> def size(values, axis=jm.MISSING):
        ...     return values.size if axis is jm.MISSING else values.shape[axis]
        >>> size(jnp.ones((2, 3))), size(jnp.ones((2, 3)), axis=0)
        (6, 2)
    """

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@runtime_checkable
class ArrayLike(Protocol):
    """Anything with a shape and a dtype.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> isinstance(jnp.ones(3), jm.ArrayLike), isinstance(3, jm.ArrayLike)
        (True, False)
    """

    shape: tuple[int, ...]
    dtype: Any


class Hashable(Generic[A]):
    """An immutable box that compares and hashes by the identity of its value.

    It makes any value usable in a static field, including one without a usable `==`.

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> box = jm.Hashable(np.zeros(3))
        >>> box == jm.Hashable(box.value)
        True
    """

    value: A

    def __init__(self, value: A):
        self.__dict__["value"] = value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Hashable is immutable: cannot set '{name}'. Make a new one instead.")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hashable) and self.value is other.value

    def __hash__(self) -> int:
        return hash((Hashable, id(self.value)))

    def __repr__(self) -> str:
        return f"Hashable({self.value!r})"


class FlattenMode(enum.Enum):
    """Which fields of a Tree are children when it is flattened.

    `flatten_mode` sets it.
    """

    normal = "normal"
    all_fields = "all_fields"
    no_fields = "no_fields"


@dataclasses.dataclass(frozen=True, slots=True)
class FieldMetadata:
    """The declaration of one field.

    Attributes:
        node: Whether the field is a child of the pytree; otherwise it is static.
        kind: The kind, a class such as `jm.Parameter`; `NoneType` when there is none.
        sharding: Names of the axes of the array, for rules of `jm.sharding`; None: not declared.
    """

    node: bool
    kind: type = type(None)
    sharding: Any = None

    def update(self, **changes: Any) -> "FieldMetadata":
        """Returns a copy with the given attributes changed."""
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass(slots=True, eq=False)
class FieldInfo:
    """One leaf, and the field that it belongs to.

    Predicates in `filter` and `map` are called with it.

    Attributes:
        name: Name of the field; `None` for a leaf that is not inside a Tree.
        value: The leaf itself.
        kind: Kind of the field; `NoneType` when it has none.
        module: The Tree that has the field; `None` for a leaf that is not inside a Tree.
        path: The path of the leaf, such as `.layers[0].kernel`; empty when it is unknown.
    """

    name: str | None
    value: Any
    kind: type
    module: Any
    path: str = ""

    def __repr__(self) -> str:
        owner = type(self.module).__name__
        return (
            f"FieldInfo(name={self.name!r}, value={self.value!r}, kind={self.kind.__name__}, "
            f"module={owner}, path={self.path!r})"
        )


Predicate = Callable[[FieldInfo], bool]
FilterLike = type | Predicate
