"""`jm.dataclass`: the standard decorator with the settings that suit a Tree."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform, overload

from jax_metrics.tree._field import Field, KindMixin, field, node, static

T = TypeVar("T", bound=type)


@overload
def dataclass(cls: T, /) -> T: ...
@overload
def dataclass(**options: Any) -> Callable[[T], T]: ...
@dataclass_transform(
    eq_default=False,
    field_specifiers=(
        field,
        node,
        static,
        KindMixin.field,
        KindMixin.node,
        KindMixin.static,
        dataclasses.field,
    ),
)
def dataclass(cls: Any = None, /, **options: Any) -> Any:
    """Makes a Tree class a dataclass; `dataclasses.dataclass` works too.

    It keeps the `==`, `hash` and `repr` of the Tree: comparing arrays field by field has no single
    truth value, and the repr of a dataclass prints every number of every array.

    Args:
        cls: The class, when used without parentheses.
        **options: Options of `dataclasses.dataclass`.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> @jm.dataclass
        ... class Affine(jm.Tree):
        ...     scale: float = jm.node()
        ...     name: str = jm.static("affine")
        >>> jax.tree.map(lambda x: 2 * x, Affine(3.0)).scale
        6.0
    """
    if cls is None:
        return lambda cls: dataclass(cls, **options)
    declarations = {n: value for n, value in vars(cls).items() if isinstance(value, Field)}
    decorated = dataclasses.dataclass(**{"eq": False, "repr": False, **options})(cls)
    for name, declaration in declarations.items():
        # The decorator deletes declarations without a default, but reading them explains the error.
        if name not in vars(decorated):
            setattr(decorated, name, declaration)
    return decorated
