"""Mistakes that optax does not notice, or reports without the parameter's path."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.module import Parameter, describe_error, explain
from jax_metrics.optim._flat import Flat
from jax_metrics.optim._state_layout import path_at
from jax_metrics.tree import (
    FieldInfo,
    explain_deleted,
    map,
    nearest,
    trees_with_paths,
    warn_user,
)

_MOST_SHOWN = 5


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
        if problem := explain_deleted(tree, what):
            verb = problem if not what.endswith("s") else problem.replace("holds", "hold", 1)
            raise RuntimeError(f"In Optimizer.update, the {what} {verb}") from error


def check_state_shapes(
    state: Any,
    init: Callable[[Flat], Any],
    grads: Flat,
    cause: Exception | None = None,
) -> None:
    """Raises if the state was made for a parameter of another shape.

    Args:
        state: The state before the update.
        init: Makes a state for parameters.
        grads: The gradients by path.
        cause: The error that led here.

    Raises:
        ValueError: Naming the parameter and both shapes.
    """
    try:
        expected = dict(jax.tree_util.tree_leaves_with_path(jax.eval_shape(init, grads)))
    except Exception:  # then the error at hand tells more
        return
    for keys, leaf in jax.tree_util.tree_leaves_with_path(state):
        path = path_at(keys, grads)
        if path is None or keys not in expected or jnp.shape(leaf) == expected[keys].shape:
            continue
        shape = jnp.shape(grads[path])
        was = f"the shape {jnp.shape(leaf)}" if expected[keys].shape == shape else "another shape"
        raise ValueError(
            f"At {path}: the optimizer was initialized for a parameter of {was}, but the gradient "
            f"has {shape}. After replacing a part of a model, such as its head, call "
            "`optimizer = optimizer.adapt(model)`."
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
        name = found[0].rpartition(".")[2].rstrip(")")
        warn_user(
            f"The optimizer does not train {listed(found)}: the field has no kind. Declare a "
            f"parameter with `{name}: jax.Array = jm.Parameter.node()`, and anything else with "
            "another kind, such as `jm.State.node()`.",
        )


def listed(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = len(names) - _MOST_SHOWN
    return ", ".join(names[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def unknown_attribute(optimizer: Any, name: str) -> AttributeError:
    """The error for an attribute that is neither of the Optimizer nor a hyperparameter.

    Args:
        optimizer: The Optimizer.
        name: The attribute.
    """
    known = list(optimizer.hyperparams)
    hint = nearest(name, [*known, *(n for n in dir(optimizer) if not n.startswith("_"))])
    has = f" It has {', '.join(f'`{one}`' for one in known)}." if known else ""
    init = "They are there after `optimizer = optimizer.init(model)`."
    return AttributeError(
        f"Optimizer has no attribute `{name}`.{hint}{has} Its options are those of the optax "
        "transformation; to read and change one between steps, make it a part of the state: "
        "`optimizer = jm.Optimizer(optax.adam, learning_rate=1e-3).init(model)`, and then "
        f"`optimizer.learning_rate = 1e-5`; or pass a schedule."
        f"{'' if optimizer.initialized else f' {init}'}"
    )
