"""`to_dict`: a Tree as nested dicts."""

from typing import Any

from jax_metrics.tree._flatten import is_tree, public_fields
from jax_metrics.tree._types import FieldInfo
from jax_metrics.tree._walk import map_value, unchanged


def to_dict(
    obj: Any,
    *,
    private_fields: bool = False,
    static_fields: bool = True,
    type_info: bool = False,
    field_info: bool = False,
) -> Any:
    """Turns the Trees in a pytree into dicts from field names to values.

    Args:
        obj: A Tree, or any pytree.
        private_fields: Include fields whose names begin with an underscore.
        static_fields: Include static fields.
        type_info: Add the class of each Tree under the key `"__type__"`.
        field_info: Wrap the leaves in `FieldInfo`.

    Example:
        >>> import jax_metrics as jm
        >>> class Point(jm.Tree):
        ...     x: int = jm.node(1)
        ...     label: str = jm.static("here")
        >>> jm.to_dict(Point())
        {'x': 1, 'label': 'here'}
    """
    if is_tree(obj):
        metadata = obj.field_metadata
        fields = {}
        for name, value in public_fields(obj).items():
            if name not in metadata or (name.startswith("_") and not private_fields):
                continue
            if not metadata[name].node and not static_fields:
                continue
            if field_info:
                value = _with_info(value, name, metadata[name].kind, obj)
            fields[name] = to_dict(
                value,
                private_fields=private_fields,
                static_fields=static_fields,
                type_info=type_info,
                field_info=field_info,
            )
        return {**fields, "__type__": type(obj)} if type_info else fields

    def inner(tree: Any, path: str | None) -> Any:
        return to_dict(
            tree,
            private_fields=private_fields,
            static_fields=static_fields,
            type_info=type_info,
            field_info=field_info,
        )

    return map_value(obj, inner, unchanged)


def _with_info(value: Any, name: str, kind: type, tree: Any) -> Any:
    def wrap(leaf: Any, path: str | None) -> Any:
        return FieldInfo(name, leaf, kind, tree, path or "")

    return map_value(value, unchanged, wrap, f".{name}")
