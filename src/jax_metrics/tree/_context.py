"""Contexts that change how Trees are flattened, for the code inside a `with` block.

A context is an immutable value in a `ContextVar`, so threads and asyncio tasks do not see each
other's. Flattening is the hottest code of the library and asking a `ContextVar` is a tenth of its
time, so `open_contexts` has an entry for each block that is open anywhere in the process: while
it is empty, the `ContextVar` is not asked.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator

from jax_metrics.tree._types import FlattenMode


@dataclasses.dataclass(frozen=True, slots=True)
class FlattenContext:
    """How Trees are flattened.

    Attributes:
        mode: The flatten mode; `None` when none was chosen.
        field_info: Whether leaves come wrapped in `FieldInfo`.
    """

    mode: FlattenMode | None = None
    field_info: bool = False


_DEFAULT = FlattenContext()
_context: contextvars.ContextVar[FlattenContext] = contextvars.ContextVar(
    "flatten_context", default=_DEFAULT
)
open_contexts: list[FlattenContext] = []


def flatten_context() -> FlattenContext:
    """The context of the current thread or task."""
    return _context.get() if open_contexts else _DEFAULT


@contextlib.contextmanager
def _changed(**changes: object) -> Iterator[None]:
    context = dataclasses.replace(_context.get(), **changes)
    token = _context.set(context)
    open_contexts.append(context)
    try:
        yield
    finally:
        open_contexts.pop()  # any entry will do, only their number matters
        _context.reset(token)


def flatten_mode(mode: FlattenMode | str | None) -> contextlib.AbstractContextManager[None]:
    """Chooses which fields of Trees are children while the block runs.

    Args:
        mode: `"normal"`: fields are children as declared; `"all_fields"`: all fields are children;
            `"no_fields"`: no field is; `None`: the mode does not change.

    Raises:
        ValueError: If the mode has another name.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree):
        ...     x: int = jm.static(1)
        ...     y: int = jm.node(3)
        >>> with jm.flatten_mode("all_fields"):
        ...     print(jax.tree.leaves(Point()))
        [1, 3]
    """
    if mode is None:
        return contextlib.nullcontext()
    return _changed(mode=as_flatten_mode(mode))


def as_flatten_mode(mode: FlattenMode | str | None) -> FlattenMode | None:
    """The mode with this name; for None, the mode of the current context."""
    if mode is None:
        return flatten_context().mode
    try:
        return FlattenMode(mode)
    except ValueError:
        names = ", ".join(repr(known.value) for known in FlattenMode)
        raise ValueError(f"Unknown flatten mode {mode!r}: expected one of {names}.") from None


def add_field_info() -> contextlib.AbstractContextManager[None]:
    """Wraps the leaves of Trees in `FieldInfo` while the block runs.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree):
        ...     x: int = jm.Parameter.node(1)
        >>> with jm.add_field_info():
        ...     leaf, = jax.tree.leaves(Point())
        >>> leaf.name, leaf.kind.__name__
        ('x', 'Parameter')
    """
    return _changed(field_info=True)
