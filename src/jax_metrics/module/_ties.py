"""`tie`, `untie` and `ties`: one value in several positions of a model."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jax_metrics.module._check_ties import check_tie, normalized
from jax_metrics.module._resolve_ties import (
    ADAPTED,
    TIES,
    is_in_place,
    is_stacked,
    stored_at,
    ties_of,
    with_values,
)
from jax_metrics.tree import (
    Tie,
    TieError,
    check_result_used,
    child_of,
    copy,
    make_mutable,
    path_steps,
    trees_with_paths,
    with_child,
)

M = TypeVar("M")


def tie(
    model: M,
    source: str,
    target: str,
    *,
    transform: Callable[[Any], Any] | None = None,
    inplace: bool = False,
) -> M:
    """Returns the model with one value in two positions: stored in one, and used in both.

    The target has no value of its own any more. While the model is called, it has that of the
    source, so its gradient is added to that of the source. A position may be an array, a whole
    layer, or a dict of arrays.

    Called in `__init__` with `inplace=True`, or on a model that has no values yet, it ties when
    `init` has made them.

    Args:
        model: The model, or the layer, that has both positions. It is called as a whole.
        source: The path of the value that stays, such as `".embed.embedding"`.
        target: The path of the value that is dropped.
        transform: Maps the value of the source to that of the target, such as `jnp.transpose`. It
            is a part of the structure: define it once, since a function that differs is another
            program.
        inplace: Change this object and return it, not a copy.

    Raises:
        TieError: If there is no such position, or the two do not fit. Nothing is changed then.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Embed(9, 4), jm.Linear(9, use_bias=False))
        >>> model = model.init(0, jnp.zeros((1, 3), int))
        >>> jm.num_parameters(model)
        72
        >>> model = jm.tie(
        ...     model, ".layers[0].embedding", ".layers[1].kernel", transform=jnp.transpose
        ... )
        >>> jm.num_parameters(model), model(jnp.zeros((1, 3), int)).shape
        (36, (1, 3, 9))
    """
    source, target = normalized(source), normalized(target)
    made = Tie(source, target, transform, type(model).__name__)
    ready = check_tie(model, made)
    if not inplace:
        check_result_used(model, "tie", function="jm.tie")
    changed: Any = model if inplace else copy(model)
    kept = tuple(other for other in ties_of(changed) if other.target != target)
    _set_ties(changed, (*kept, made))
    if ready:
        _put(changed, made, made)
    return changed


def place_pending_ties(model: Any) -> bool:
    """Ties what was tied before there were values; returns whether there was anything.

    Raises:
        TieError: If two positions do not fit.
    """
    found = False
    for _, tree in list(trees_with_paths(model)):
        for pending in ties_of(tree):
            if not is_in_place(tree, pending):
                check_tie(tree, pending, final=True)
                _put(tree, pending, pending)
                found = True
    return found


def untie(model: M, *targets: str, inplace: bool = False) -> M:
    """Returns the model with a value of its own in each position that was tied.

    Under `jax.grad`, the values still depend on those that they were tied to. So
    `jm.untie(model).head(x)` uses a part of a tied model by itself.

    Args:
        model: The model.
        *targets: The paths of the positions; without any, all that are tied in the model.
        inplace: Change this object and return it, not a copy.

    Raises:
        TieError: If one of them is not tied.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.MLP([4, 4]).init(0, jnp.ones((1, 4)))
        >>> model = jm.tie(model, ".linear.kernel", ".linear2.kernel")
        >>> jm.untie(model).linear2.kernel.shape
        (4, 4)
    """
    known = ties(model)
    chosen = {normalized(path) for path in targets} or known.keys()
    for path in chosen - known.keys():
        has = f"its ties are {_listed(known)}" if known else "it has no ties"
        raise TieError(f"{path} of the {type(model).__name__} is not tied; {has}.")
    if not inplace:
        check_result_used(model, "untie", function="jm.untie")
    changed: Any = model if inplace else copy(model)
    full = _with_all_values(copy(model))
    for path, owner, ended, _ in list(all_ties(changed)):
        if path + ended.target in chosen:
            if is_in_place(owner, ended):
                _put(owner, ended, _own(stored_at(full, path_steps(path + ended.target))))
            _set_ties(owner, tuple(other for other in ties_of(owner) if other is not ended))
    if not targets and ties(changed):  # in a copy of a layer that has ties itself
        return untie(changed, inplace=True)
    return changed


def _with_all_values(model: Any) -> Any:
    """The model, changed in place, with a value in each position that was tied."""
    # The outermost first: those inside may need what it has tied.
    while (found := next(all_ties(model), None)) is not None:
        path, owner, _, stacked = found
        in_place = [tie for tie in ties_of(owner) if is_in_place(owner, tie)]
        full = with_values(_as_used(model, path), in_place, stacked)
        values = [copy(stored_at(full, path_steps(tie.target))) for tie in in_place]
        for found, value in zip(in_place, values, strict=True):
            _put(owner, found, value)
        _set_ties(owner, ())
    return model


def _as_used(model: Any, path: str) -> Any:
    """What is at a path, with the changes that the layers on the way make to its values."""
    for step in path_steps(path):
        adapted = step == "layer" and hasattr(type(model), ADAPTED)
        model = model._adapted() if adapted else child_of(model, step)
    return model


def ties(model: Any) -> dict[str, str]:
    """The paths of all positions that are tied in a model, with those that have the values.

    Args:
        model: A model, or any pytree with models inside.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.MLP([4, 4]).init(0, jnp.ones((1, 4)))
        >>> jm.ties(jm.tie(model, ".linear.kernel", ".linear2.kernel"))
        {'.linear2.kernel': '.linear.kernel'}
    """
    return {path + found.target: path + found.source for path, _, found, _ in all_ties(model)}


def all_ties(model: Any) -> Iterator[tuple[str, Any, Tie, int]]:
    """Each tie in a pytree: the path of the model whose tie it is, that model, and the tie.

    The last item is the number of axes that the values of that model have in front.
    """
    around: list[tuple[str, bool]] = []  # the enclosing Trees, and whether they stack
    for path, tree in trees_with_paths(model):
        while around and not path.startswith((f"{around[-1][0]}.", f"{around[-1][0]}[")):
            around.pop()
        stacked = sum(stacks for _, stacks in around)
        yield from ((path, tree, found, stacked) for found in ties_of(tree))
        around.append((path, is_stacked(tree)))


def _listed(known: dict[str, str]) -> str:
    return ", ".join(f"{target} to {source}" for target, source in known.items())


def _set_ties(model: Any, found: tuple[Tie, ...]) -> None:
    with make_mutable(model, toplevel_only=True):
        if found:
            setattr(model, TIES, found)
        elif TIES in vars(model):
            delattr(model, TIES)


def _put(owner: Any, tie: Tie, value: Any) -> None:
    """Puts a value, or the tie, into the target, in place."""

    def put(inside: Any, steps: list[str | int]) -> Any:
        if not steps:
            return value
        step, *rest = steps
        try:
            inner = child_of(inside, step)
        except LookupError:
            step, inner, rest = "layer", inside.layer, steps
        return with_child(inside, step, put(inner, rest))

    put(owner, path_steps(tie.target))


def _own(value: Any) -> Any:
    """A copy, so that no array is in two positions."""
    copied = copy(value)
    return jax.tree.map(lambda x: jnp.copy(x) if isinstance(x, jax.Array) else x, copied)
