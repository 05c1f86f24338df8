"""Parameters as optax sees them: a plain dict from paths, such as `.bias`, to arrays."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Parameter
from jax_metrics.tree import FieldInfo, map, trees_with_paths

Flat = dict[str, Any]


def parameter_fields(tree: Any) -> list[FieldInfo]:
    """The Parameters with their fields, frozen ones too; all leaves if no field is a Parameter."""
    found: list[FieldInfo] = []
    has_kinds = any(
        issubclass(field.kind, Parameter)
        for _, part in trees_with_paths(tree)
        for field in part.field_metadata.values()
    )

    def collect(info: FieldInfo) -> Any:
        if not has_kinds or issubclass(info.kind, Parameter):
            found.append(info)
        return info.value

    map(collect, tree, field_info=True)
    return found


def trainable(tree: Any) -> Flat:
    """Those outside of frozen modules, by path."""
    fields = parameter_fields(tree)
    return {f.path: f.value for f in fields if not getattr(f.module, "frozen", False)}


def leaves_by_path(tree: Any) -> Flat:
    """All leaves of a pytree by path."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


def with_leaves(tree: Any, leaves: Flat) -> Any:
    """The tree with other values for some leaves."""
    return map(lambda info: leaves.get(info.path, info.value), tree, field_info=True)


def as_flat(value: Any, params: Any, paths: tuple[str, ...]) -> Any:
    """Converts a tree like the parameters to a dict by path; all else stays as it is.

    A function of such a tree becomes one of the dict. What it returns is converted, too.
    """
    if is_function(value) or isinstance(value, jax.tree_util.Partial):
        return functools.partial(_call_on_flat, value, params, paths)
    flat = leaves_by_path(value)
    if paths == ("",) and params is not None and jnp.shape(value) != jnp.shape(params):
        return value  # a loss beside parameters that are one array
    return {path: flat[path] for path in paths} if flat.keys() >= set(paths) else value


def is_function(value: Any) -> bool:
    """Whether the value is a plain function, and not a callable pytree such as a module."""
    return callable(value) and jax.tree_util.all_leaves((value,))


def _call_on_flat(
    function: Callable[..., Any],
    params: Any,
    paths: tuple[str, ...],
    flat: Flat,
    *args: Any,
    **kwargs: Any,
) -> Any:
    tried = with_leaves(params, flat)
    found = as_flat(function(tried, *args, **kwargs), params, paths)
    jax.tree.flatten(tried)  # says that new state of what was tried is not lost by mistake
    return found
