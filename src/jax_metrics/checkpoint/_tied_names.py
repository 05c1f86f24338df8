"""Ties in state dicts and files: which names stand for positions whose value has another name."""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._names import Named, named_leaves
from jax_metrics.module import all_ties, is_in_place, value_at
from jax_metrics.tree import TieError, equal, path_steps


class Tied(NamedTuple):
    """How the value of a position follows from another one.

    Attributes:
        source: The name of the other one.
        axes: The order of its axes; None if it is another function, or they are equal.
        function: The name of that function; empty if `axes` tell, or they are equal.
        transform: The function itself, where it is at hand and maps one array to another.
    """

    source: str
    axes: tuple[int, ...] | None = None
    function: str = ""
    transform: Callable[[Any], Any] | None = None


class StateDict(dict[str, Any]):
    """A state dict of a tree with ties, which are in the attribute `ties`."""

    ties: dict[str, Tied]

    def __init__(self, state: Mapping[str, Any], ties: Mapping[str, Tied]):
        super().__init__(state)
        self.ties = dict(ties)


jax.tree_util.register_pytree_with_keys(
    StateDict,
    lambda state: (
        [(jax.tree_util.DictKey(name), state[name]) for name in sorted(state)],
        (tuple(sorted(state)), tuple(state.ties.items())),
    ),
    lambda aux, leaves: StateDict(dict(zip(aux[0], leaves, strict=True)), dict(aux[1])),
)


def tied_names(tree: Any, leaves: Mapping[str, Named]) -> dict[str, Tied]:
    """The tied positions of a tree by name.

    Args:
        tree: Any pytree.
        leaves: Its leaves by name.
    """
    found: dict[str, Tied] = {}
    for path, owner, tie, stacked in all_ties(tree):
        if not is_in_place(owner, tie):
            continue
        try:
            value = value_at(tree, path_steps(path + tie.source))
        except TieError:  # a part of a model that ties the source itself
            continue
        source, target = _dotted(path + tie.source), _dotted(path + tie.target)
        transform = functools.partial(tie.value, stacked=stacked)
        name = getattr(tie.transform, "__name__", "a function")
        if tie.transform is None:
            parts = {rest: Tied(source + rest, transform=transform) for rest in _names_in(value)}
        elif hasattr(value, "shape"):
            shape = jax.ShapeDtypeStruct(value.shape, value.dtype)
            axes = _axes(jax.make_jaxpr(transform)(shape).jaxpr)
            parts = {"": Tied(source, axes, "" if axes else name, transform)}
        else:
            made = transform(jax.eval_shape(lambda value=value: value))
            parts = {rest: Tied(source, None, name) for rest in _names_in(made)}
        found |= {target + rest: tied for rest, tied in parts.items()}
    # The names of layers, not of arrays, are those that functions of layers have.
    known = {name[:end] for name in leaves for end in _ends(name)}
    return {name: tied for name, tied in found.items() if origin_of(tied.source, found) in known}


def _ends(name: str) -> list[int]:
    return [len(name), *(match.start() for match in re.finditer(r"\.", name))]


def origin_of(name: str, ties: Mapping[str, Tied]) -> str:
    """The name of the value that a position has in the end."""
    before: set[str] = set()
    while name in ties and name not in before:
        before.add(name)
        name = ties[name].source
    return name


def _names_in(value: Any) -> list[str]:
    return [f".{name}" if name else "" for name in named_leaves(value)]


def _dotted(path: str) -> str:
    return ".".join(map(str, path_steps(path)))


def _axes(jaxpr: Any) -> tuple[int, ...] | None:
    """The order of axes that a program of one array gives it; None if it does anything else."""
    (argument,) = jaxpr.invars
    orders = {id(argument): tuple(range(len(argument.aval.shape)))}
    for step in jaxpr.eqns:
        if len(step.invars) != 1 or len(step.outvars) != 1 or id(step.invars[0]) not in orders:
            return None
        before = orders[id(step.invars[0])]
        if step.primitive.name == "transpose":
            order = step.params["permutation"]
        elif "jaxpr" in step.params:  # a function that is compiled by itself
            order = _axes(step.params["jaxpr"].jaxpr)
        else:
            return None
        if order is None:
            return None
        orders[id(step.outvars[0])] = tuple(before[axis] for axis in order)
    return orders.get(id(jaxpr.outvars[0])) if len(jaxpr.outvars) == 1 else None


def ties_to_json(ties: Mapping[str, Tied]) -> dict[str, list[Any]]:
    """The ties as they are in a file."""
    return {name: [tied.source, tied.axes, tied.function] for name, tied in ties.items()}


def ties_from_json(table: Any) -> dict[str, Tied]:
    """The ties of a file.

    Raises:
        ValueError: If they are none.
    """
    found = {}
    for name, (source, axes, function) in table.items():
        order = None if axes is None else tuple(axes)
        if not isinstance(source, str) or not isinstance(function, str):
            raise ValueError("a tie in its metadata has no name")
        if order is not None and sorted(order) != [*range(len(order))]:
            raise ValueError("a tie in its metadata has no order of axes")
        found[name] = Tied(source, order, function)
    return found


def follow_ties(state: Mapping[str, Any], ties: Mapping[str, Tied]) -> dict[str, Any]:
    """The values of the tied positions, where they follow from the state."""
    found: dict[str, Any] = {}

    def value_of(name: str, before: tuple[str, ...]) -> Any:
        if name in state or name in before:
            return state.get(name)
        if name not in ties or ties[name].function:
            return None
        value = value_of(ties[name].source, (*before, name))
        axes = ties[name].axes
        if value is None or (axes is not None and len(np.shape(value)) != len(axes)):
            return None
        if axes is not None:
            return (jnp if isinstance(value, jax.Array) else np).transpose(value, axes)
        # Another object, so that no array is in two positions.
        return jnp.copy(value) if isinstance(value, jax.Array) else value.view()

    for name in ties:
        value = value_of(name, ())
        if name not in state and value is not None:
            found[name] = value
    return found


def agrees(name: str, state: Mapping[str, Any], ties: Mapping[str, Tied]) -> bool:
    """Whether the value of a state at a tied position is what the tree would use there."""

    def value_of(name: str) -> Any:
        if name not in ties:
            return state[name]
        transform = ties[name].transform
        if transform is None:
            raise LookupError(name)
        return transform(jnp.asarray(value_of(ties[name].source)))

    try:
        return equal(jnp.asarray(value_of(name)), jnp.asarray(state[name]))
    except (LookupError, TypeError):
        return False
