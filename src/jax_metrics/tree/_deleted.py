"""Arrays that were donated to a compiled function, and so deleted."""

from typing import Any

import jax
from jax.core import Tracer


def explain_deleted(tree: Any, what: str) -> str | None:
    """The end of a message, if a pytree holds a deleted array; None if it holds none.

    Args:
        tree: Any pytree.
        what: What to use instead, such as "model".
    """
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        if isinstance(leaf, jax.Array) and not isinstance(leaf, Tracer) and leaf.is_deleted():
            where = f" at {jax.tree_util.keystr(path)}" if path else ""
            return (
                f"holds a deleted array{where}: it was donated to a compiled function, by "
                f"`donate_argnums` or `donate=True`. Use the {what} that this function returned."
            )
    return None
