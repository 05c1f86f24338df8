"""`apply`: running a function on every Tree in a pytree."""

from collections.abc import Callable
from typing import Any, TypeVar

from jax_metrics.tree._copy import copy, copy_trees
from jax_metrics.tree._flatten import is_tree, layout_of
from jax_metrics.tree._leaves import leaf_types
from jax_metrics.tree._mutability import is_mutable, toplevel_made_mutable
from jax_metrics.tree._walk import trees_in

A = TypeVar("A")


def apply(f: Callable[..., None], obj: A, *rest: A, inplace: bool = False) -> A:
    """Runs a function on every Tree in a pytree, inner Trees first; it changes them in place.

    Args:
        f: The function. Called with a Tree, and with the Trees at the same position in `rest`.
        obj: A Tree, or any pytree with Trees in it.
        *rest: More pytrees, with Trees at the same positions.
        inplace: Run on the Trees of `obj` itself, not on a copy.

    Returns:
        The changed copy, or `obj` when `inplace`.

    Raises:
        TypeError: If `f` is not a function.
        ValueError: If the Trees in `rest` are not at the same positions.

    Example:
        >>> import jax_metrics as jm
        >>> model = jm.nn.Sequential(jm.Linear(3), jm.Linear(1))
        >>> seen = []
        >>> _ = jm.apply(lambda tree: seen.append(type(tree).__name__), model)
        >>> seen
        ['Linear', 'Linear', 'Sequential']
    """
    if not callable(f) or is_tree(f):
        raise TypeError(
            f"`apply` runs a function on every Tree, as in `jm.apply(f, tree)`; got a "
            f"{type(f).__name__} for the function. To call a model write `model(x)`: its "
            "variables are part of it."
        )
    if not inplace:
        obj = copy_trees(obj)
    _visit(f, obj, [copy(other) for other in rest], check_mutable=inplace)
    return obj


def _visit(f: Callable[..., None], obj: Any, rest: list[Any], check_mutable: bool) -> None:
    if not is_tree(obj):
        own = trees_in(obj)
        others = [trees_in(other) for other in rest]
        if any(len(other) != len(own) for other in others):
            raise ValueError(
                f"`apply` needs trees with the same structure: one has {len(own)} Trees where "
                f"the others have {[len(other) for other in others]}."
            )
        for trees in zip(own, *others, strict=True):
            _visit(f, trees[0], list(trees[1:]), check_mutable)
        return
    for other in rest:
        if type(other) is not type(obj):
            raise ValueError(
                f"`apply` needs trees with the same structure: one has "
                f"{type(obj).__name__} where another has {type(other).__name__}."
            )
    for name in layout_of(obj).names:
        value = getattr(obj, name)
        if rest or type(value) not in leaf_types:
            _visit(f, value, [getattr(o, name) for o in rest], check_mutable)
    if check_mutable or is_mutable(obj):
        f(obj, *rest)
    else:
        with toplevel_made_mutable(obj):
            f(obj, *rest)
