"""`copy`: new objects and containers around the same arrays."""

from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.tree._flatten import layout_of
from jax_metrics.tree._layout import NATIVE, PENDING
from jax_metrics.tree._leaves import leaf_types
from jax_metrics.tree._traces import origin
from jax_metrics.tree._walk import map_value, rebuild, unchanged

A = TypeVar("A")


def copy(obj: A, shallow: bool = False, *, arrays: bool = False) -> A:
    """Returns a copy: Trees, lists, tuples and dicts are new, arrays and other leaves are shared.

    Args:
        obj: A Tree, or any pytree.
        shallow: Copy the outermost Trees only; the Trees inside are shared.
        arrays: Copy the arrays too, so that either the original or the copy can be donated.

    Example:
        >>> import jax_metrics as jm
        >>> model = jm.nn.Sequential(jm.Linear(3))
        >>> copied = jm.copy(model)
        >>> copied is model, copied.layers is model.layers
        (False, False)
    """
    return copy_trees(obj, shallow, native=True, arrays=arrays)


def copy_trees(
    obj: A, shallow: bool = False, native: bool | None = None, arrays: bool = False
) -> A:
    """As `copy`; `native` is that of `rebuild`."""
    on_leaf = _copied if arrays else unchanged

    def on_tree(tree: Any, path: str | None) -> Any:
        layout = layout_of(tree)
        fields = tree.__dict__
        values = [fields[name] for name in layout.names]
        children = [
            value if type(value) in shared else map_value(value, on_inner, on_leaf)
            for value in values
        ]
        return rebuild(tree, layout, children, made_in, native=native)

    made_in = origin()
    on_inner = unchanged if shallow else on_tree
    shared: set[type] = set() if arrays else leaf_types  # the usual case, without a call
    return map_value(obj, on_tree, on_leaf)


def twin(tree: A) -> A:
    """Another object with the very same values in its fields: not even the containers are copied.

    It counts as made by the running code, so that this may assign to it.
    """
    made: Any = object.__new__(type(tree))
    vars(made).update(vars(tree))
    vars(made).pop(PENDING, None)
    vars(made)[NATIVE] = origin()
    return made


def _copied(leaf: Any, path: str | None) -> Any:
    if isinstance(leaf, jax.Array):
        return jnp.copy(leaf)
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf
