"""Parts of a state that are of one class, wherever they are."""

from typing import Any

import jax

Keys = tuple[Any, ...]


def nodes_of(state: Any, cls: type | tuple[type, ...]) -> list[tuple[Keys, Any]]:
    """The parts of a class, or of several, with the keys that lead to them.

    Outer parts come before those inside of them.
    """
    found: list[tuple[Keys, Any]] = [((), state)] if isinstance(state, cls) else []

    def look(outer: Any, prefix: Keys) -> None:
        def ends(node: Any) -> bool:
            return isinstance(node, cls) and node is not outer

        for keys, node in jax.tree_util.tree_leaves_with_path(outer, is_leaf=ends):
            if ends(node):
                found.append(((*prefix, *keys), node))
                look(node, (*prefix, *keys))

    look(state, ())
    return found
