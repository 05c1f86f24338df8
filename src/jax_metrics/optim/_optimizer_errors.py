"""Mistakes that optax does not notice, or that it tells without the parameter's path."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Parameter, describe_error, explain
from jax_metrics.tree import FieldInfo, explain_deleted, map, trees_with_paths, user_line

_MOST_SHOWN = 5
_registry: dict[Any, Any] = {}  # lets the `default` warning filter show each place once


def explain_optax(error: Exception, method: str) -> Exception | None:
    """The error to raise for one of optax, with that one as its cause; None to raise that itself.

    Args:
        error: The error.
        method: The method of the Optimizer.
    """
    place = f"Optimizer.{method}"
    return explain(error, place, lambda: f"{place} failed in optax. {describe_error(error)}")


def check_deleted(error: Exception, **trees: Any) -> None:
    """Raises if a tree holds an array that was donated to a compiled function before.

    Args:
        error: The error that led here.
        **trees: Pytrees by what they are.

    Raises:
        RuntimeError: Naming the tree and the path.
    """
    for what, tree in trees.items():
        if told := explain_deleted(tree, what):
            verb = told if not what.endswith("s") else told.replace("holds", "hold", 1)
            raise RuntimeError(f"In Optimizer.update, the {what} {verb}") from error


def check_state_shapes(state: Any, grads: dict[str, Any], cause: Exception | None = None) -> None:
    """Raises if the state was made for a parameter of another shape.

    Args:
        state: The state before the update.
        grads: The gradients by path.
        cause: The error that led here.

    Raises:
        ValueError: Naming the parameter and both shapes.
    """
    for keys, leaf in jax.tree_util.tree_leaves_with_path(state):
        path = next((k.key for k in keys if getattr(k, "key", None) in grads), None)
        if path is not None and jnp.shape(leaf) != jnp.shape(grads[path]):
            raise ValueError(
                f"At {path}: the optimizer was initialized for a parameter of the shape "
                f"{jnp.shape(leaf)}, but the gradient has {jnp.shape(grads[path])}. After "
                "replacing a part of a model, such as its head, call "
                "`optimizer = optimizer.init(model)` again."
            ) from cause


def warn_of_untrained(params: Any) -> None:
    """Warns of floating-point arrays in fields without a kind, beside Parameters."""
    trees = [tree for _, tree in trees_with_paths(params)]
    declared = (field for tree in trees for field in tree.field_metadata.values())
    if not any(issubclass(field.kind, Parameter) for field in declared):
        return  # all leaves are trained
    found: list[str] = []

    def look(info: FieldInfo) -> Any:
        if info.kind is type(None) and info.module is not None and info.name is not None:
            if jnp.issubdtype(getattr(info.value, "dtype", int), jnp.floating):
                found.append(f"{info.path} ({type(info.module).__name__}.{info.name})")
        return info.value

    map(look, params, field_info=True)
    if found:
        more = len(found) - _MOST_SHOWN
        listed = ", ".join(found[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
        name = found[0].rpartition(".")[2].rstrip(")")
        warnings.warn_explicit(
            f"The optimizer does not train {listed}: the field has no kind. Declare a parameter "
            f"with `{name}: jax.Array = jm.Parameter.node()`, and anything else with another kind, "
            "such as `jm.State.node()`.",
            UserWarning,
            *user_line(),
            registry=_registry,
        )
