"""`to_string` and the repr of Trees: an indented outline with one line per leaf."""

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from jax_metrics.tree._flatten import is_tree, public_fields
from jax_metrics.tree._types import Nothing

_INDENT = "    "
_LONGEST_STATIC = 80
_REPR_LINES = 60
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"

_Line = tuple[str, str]  # the text of a line, and the kind in its right column


def to_string(
    obj: Any,
    private_fields: bool = False,
    static_fields: bool = True,
    color: bool = False,
    max_lines: int | None = None,
) -> str:
    """Formats a pytree as an indented outline, with a column for the kinds of fields.

    Args:
        obj: A Tree, or any pytree.
        private_fields: Include fields whose names begin with an underscore.
        static_fields: Include static fields.
        color: Dim the kinds with terminal escape codes.
        max_lines: The maximal number of lines; None for all.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree):
        ...     x: float = jm.Parameter.node()
        ...     def __init__(self):
        ...         self.x = jnp.zeros(2)
        ...         self.label = "here"
        >>> print(jm.to_string(Point()))
        Point {
            x: float32[2],        Parameter
            label: 'here',
        }
    """
    lines = _outline(obj, "", "", "", private_fields, static_fields)
    shown = list(itertools.islice(lines, max_lines))
    cut = next(lines, None) is not None
    width = max((len(text) for text, kind in shown if kind), default=0)
    rows = [_padded(text, kind, width, color) for text, kind in shown]
    if cut:
        rows.append("... (print(jm.to_string(...)) shows all)")
    return "\n".join(rows)


def short_repr(obj: Any) -> str:
    """The outline, cut to fit a screen."""
    return to_string(obj, max_lines=_REPR_LINES)


def _padded(text: str, kind: str, width: int, color: bool) -> str:
    if not kind:
        return text
    return f"{text:{width}}    {_DIM + kind + _PLAIN if color else kind}"


def _outline(
    value: Any, indent: str, label: str, kind: str, private: bool, static: bool
) -> Iterator[_Line]:
    comma = "," if indent else ""
    if is_tree(value):
        items = _tree_items(value, private, static)
        opening, closing, name = "{", "}", type(value).__name__
    elif isinstance(value, dict):
        items = ((f"{key!r}: ", item, kind) for key, item in value.items())
        opening, closing, name = "{", "}", type(value).__name__
    elif isinstance(value, list | tuple) and any(map(_is_structure, value)):
        items = (("", item, kind) for item in value)
        opening, closing, name = "[", "]", type(value).__name__
    else:
        yield f"{indent}{label}{_leaf(value)}{comma}", kind
        return
    first = next(iter_items := iter(items), None)
    if first is None:
        yield f"{indent}{label}{name} {opening}{closing}{comma}", ""
        return
    yield f"{indent}{label}{name} {opening}", ""
    for item_label, item, item_kind in itertools.chain([first], iter_items):
        yield from _outline(item, indent + _INDENT, item_label, item_kind, private, static)
    yield f"{indent}{closing}{comma}", ""


def _tree_items(tree: Any, private: bool, static: bool) -> Iterator[tuple[str, Any, str]]:
    metadata = tree.field_metadata
    for name, value in public_fields(tree).items():
        known = metadata.get(name)
        if known is None or (name.startswith("_") and not private):
            continue
        if known.node or static:
            kind = "" if known.kind is type(None) else known.kind.__name__
            yield f"{name}: ", value, kind


def _is_structure(value: Any) -> bool:
    return is_tree(value) or isinstance(value, dict | list | tuple | jax.Array | np.ndarray)


def _leaf(value: Any) -> str:
    if isinstance(value, jax.Array | np.ndarray):
        origin = "np." if isinstance(value, np.ndarray) else ""
        return f"{origin}{value.dtype}[{','.join(map(str, value.shape))}]"
    if isinstance(value, Nothing):
        return "Nothing"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    text = repr(value)
    return text if len(text) <= _LONGEST_STATIC else f"{text[: _LONGEST_STATIC - 3]}..."
