"""Dotted names such as `layers.0.kernel` for the leaves of any pytree."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax

from jax_metrics.checkpoint._errors import CheckpointError

# Keys of an optimizer's state are paths of the model, such as `.layers[0].kernel`.
_PATH = re.compile(r"(?:\.[A-Za-z_]\w*|\[[^\[\]]+\])+")
_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[([^\[\]]+)\]")


class Named(NamedTuple):
    """A leaf with its path in the tree, such as `.layers[0].kernel`."""

    path: str
    leaf: Any


def named_leaves(tree: Any) -> dict[str, Named]:
    """All leaves by dotted name, in an order that depends on the names alone.

    Raises:
        CheckpointError: If two leaves have one name.
    """
    found: dict[str, Named] = {}
    for keys, leaf in jax.tree_util.tree_leaves_with_path(tree):
        path = jax.tree_util.keystr(keys)
        name = ".".join(part for key in keys for part in _parts(key))
        if name in found:
            raise CheckpointError(
                f"Two leaves have the name `{name}`: {found[name].path} and {path}. Use keys "
                "without dots in the dict that holds them."
            )
        found[name] = Named(path, leaf)
    return dict(sorted(found.items(), key=lambda item: natural_order(item[0])))


def natural_order(name: str) -> list[tuple[bool, int, str]]:
    """A key to sort names by, which puts `layers.2` before `layers.10`."""
    return [
        (False, int(part), part) if part.isdecimal() else (True, 0, part)
        for part in name.split(".")
    ]


def _parts(key: Any) -> Iterator[str]:
    part = jax.tree_util.keystr((key,), simple=True)
    if _PATH.fullmatch(part):
        for field, index in _STEP.findall(part):
            yield field or index.strip("'\"")
    else:
        yield part
