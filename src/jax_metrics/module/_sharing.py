"""Finds modules and parameters that appear twice in a model."""

from typing import Any

import jax

from jax_metrics.module._kinds import Parameter
from jax_metrics.tree import FieldInfo, map, trees_with_paths


class SharingError(ValueError):
    """A module or a parameter appears twice in a model.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.Linear(2)
        >>> try:
        ...     jm.Sequential(layer, layer).init(0, jnp.ones((1, 2)))
        ... except jm.SharingError as error:
        ...     print("jm.tie" in str(error))
        True
    """


def shared_trees(model: Any) -> list[tuple[str, str]]:
    """Pairs of paths to the same Tree object.

    Raises:
        SharingError: If a Tree contains itself.
    """
    seen: dict[int, str] = {}
    pairs = ((seen.setdefault(id(tree), path), path) for path, tree in trees_with_paths(model))
    try:
        return [(first, path) for first, path in pairs if first != path]
    except RecursionError:
        pass
    first, path = _circle(model)
    raise SharingError(
        f"The {type(model).__name__} contains itself: {path} is "
        f"{f'the same object as {first}' if first else 'the model'}. A pytree cannot contain "
        "itself. Pass the other module to the method that needs it, instead of keeping it."
    )


def _circle(model: Any) -> tuple[str, str]:
    """The path of a Tree that contains itself, and its path inside."""
    around: list[tuple[Any, str]] = []
    for path, tree in trees_with_paths(model):
        while around and not path.startswith((f"{around[-1][1]}.", f"{around[-1][1]}[")):
            around.pop()
        for outer, outer_path in around:
            if outer is tree:
                return outer_path, path
        around.append((tree, path))
    raise AssertionError("without an end, and no Tree in itself")


def check_shared_trees(model: Any, pairs: list[tuple[str, str]]) -> None:
    """Raises if a shared Tree has leaves in the model; sharing one without leaves is harmless.

    Raises:
        SharingError: Naming the two paths.
    """
    trees = dict(trees_with_paths(model)) if pairs else {}
    for first, path in pairs:
        tree = trees.get(path)
        if tree is not None and jax.tree.leaves(tree):
            raise SharingError(
                f"The same {type(tree).__name__} is at {first or 'the root'} and at {path}. In "
                "a pytree these are two modules, which the first update would make different. Use "
                "another module in the second place, such as `jm.copy(module)`; or, if they are "
                f"to stay one, {_tie_of(first, path)}."
            )


def _tie_of(first: str, path: str) -> str:
    return f"tie them: `model = jm.tie(model, {first!r}, {path!r})`"


def check_sharing(model: Any) -> None:
    """Raises if a Tree with leaves, or an array of Parameters, has two paths in the model.

    A pytree has no notion of identity: after the first update the two places would silently hold
    different values.

    Raises:
        SharingError: Naming the two paths.
    """
    check_shared_trees(model, shared_trees(model))
    seen: dict[int, str] = {}

    def look(info: FieldInfo) -> Any:
        if isinstance(info.value, jax.Array):
            first = seen.setdefault(id(info.value), info.path)
            if first != info.path:
                raise SharingError(
                    f"The same array is at {first} and at {info.path}. In a pytree these are "
                    "two parameters, which the first update would make different. Use another "
                    "array in the second place, such as `jnp.array(x)`; or, if they are to stay "
                    f"one, {_tie_of(first, info.path)}."
                )
        return info.value

    map(look, model, Parameter, field_info=True)
