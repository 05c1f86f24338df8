"""The tree behind the dict that optax sees, for masks and labels that depend on modules.

optax calls masks and labels with the parameters by path, which do not tell the modules that hold
them. So an Optimizer notes the tree while its transformation runs.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """What a transformation was given.

    Attributes:
        tree: The parameters or gradients, as the user passed them.
        initial: Whether `init` runs: the tree is then the whole model, with its frozen parts.
    """

    tree: Any
    initial: bool


_seen: ContextVar[Seen | None] = ContextVar("seen_tree", default=None)


@contextlib.contextmanager
def seen_as_flat(tree: Any, *, initial: bool = False) -> Iterator[None]:
    """While this is entered, `seen` returns the tree."""
    token = _seen.set(Seen(tree, initial))
    try:
        yield
    finally:
        _seen.reset(token)


def seen(function: str) -> Seen:
    """The tree whose parameters the running transformation was given.

    Raises:
        RuntimeError: If no Optimizer runs it.
    """
    now = _seen.get()
    if now is None:
        raise RuntimeError(
            f"`{function}` looks at the modules of the model, which only `jm.Optimizer` knows: "
            "pass the transformation to `jm.Optimizer(...)` instead of calling it."
        )
    return now
