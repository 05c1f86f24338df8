"""The arrays of a tree, with what rules ask about them."""

import ast
import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Any

import jax

from jax_metrics.module import Parameter
from jax_metrics.nn import Stack
from jax_metrics.tree import is_tree, leaves_in_order, trees_with_paths

_STEP = re.compile(r"(?=[.\[])")
# A dict of a state, keyed by the paths of parameters: `.opt_state[0].mu['.layers[0].kernel']`. Keys
# before the last one, such as the label of a group, may be paths, too.
_KEY = re.compile(r"""\[('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]$""")


@dataclasses.dataclass(frozen=True)
class Leaf:
    """An array.

    Attributes:
        path: Its path.
        own_path: Its path from the outermost Tree on.
        shape: Its shape.
        leading: How many axes come before its own: those of `Stack`, and those that `vmap` added.
        kind: Its kind.
        owners: The Trees around it with their paths, outer ones first.
        declared: The `sharding` that its field declares.
        follows: The path of the parameter that it is state of, relative to some tree around.
    """

    path: str
    own_path: str
    shape: tuple[int, ...]
    leading: int
    kind: type
    owners: tuple[tuple[str, Any], ...]
    declared: Any
    follows: str | None

    @property
    def own_shape(self) -> tuple[int, ...]:
        """The shape without the leading axes."""
        return self.shape[self.leading :]

    @property
    def size(self) -> int:
        """The number of elements, of one layer of a `Stack`."""
        return math.prod(self.own_shape)

    @property
    def is_parameter(self) -> bool:
        """Whether it is a Parameter, or an array in a plain pytree."""
        return issubclass(self.kind, Parameter | type(None)) and self.follows is None


def array_leaves(tree: Any, leading: int) -> Iterator[Leaf]:
    """The arrays of a tree.

    Args:
        tree: Any pytree.
        leading: How many leading axes `vmap` added to each.
    """
    # Pytrees of other libraries may hold Trees, too.
    outer = jax.tree_util.tree_leaves_with_path(tree, is_leaf=is_tree)
    trees = {
        path: inner
        for keys, value in outer
        for path, inner in trees_with_paths(value, jax.tree_util.keystr(keys))
    }
    for info in leaves_in_order(tree):
        if not hasattr(info.value, "shape") or not hasattr(info.value, "dtype"):
            continue
        starts = [match.start() for match in _STEP.finditer(info.path)]
        owners = tuple(
            (info.path[:start], trees[info.path[:start]])
            for start in starts
            if info.path[:start] in trees
        )
        stacks = sum(_in_stack(info.path, path, owner) for path, owner in owners)
        declared = info.module and info.module.field_metadata.get(info.name)
        yield Leaf(
            path=info.path,
            own_path=info.path[len(owners[0][0]) :] if owners else info.path,
            shape=tuple(info.value.shape),
            leading=min(leading + stacks, len(info.value.shape)),
            kind=info.kind,
            owners=owners,
            declared=getattr(declared, "sharding", None),
            follows=_parameter_of(info.path),
        )


def _parameter_of(path: str) -> str | None:
    match = _KEY.search(path)
    key = ast.literal_eval(match.group(1)) if match else ""
    return key if key.startswith((".", "[")) else None


def _in_stack(path: str, owner_path: str, owner: Any) -> bool:
    inside = path.startswith(f"{owner_path}.layer.")
    return isinstance(owner, Stack) and owner.initialized and inside
