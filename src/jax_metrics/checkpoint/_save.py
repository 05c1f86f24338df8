"""`save`: a pytree as a safetensors file, or as several with an index."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._atomic import remove_leftovers
from jax_metrics.checkpoint._encoding import Encoded, encoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._header import check_metadata
from jax_metrics.checkpoint._shards import (
    grouped,
    index_path,
    new_shard_names,
    remove,
    shards_in,
    write_index,
)
from jax_metrics.checkpoint._snapshot import check_initialized
from jax_metrics.checkpoint._state_dict import state_dict
from jax_metrics.checkpoint._write import write_file


@names_arguments
def save(
    path: str | os.PathLike[str],
    tree: Any,
    *,
    metadata: Mapping[str, str] | None = None,
    shard_size: int | None = None,
) -> None:
    """Writes the arrays of a pytree to disk, in the safetensors format.

    The names are those of `jm.state_dict`; a value that is tied to another one is recorded, not
    written twice. Every array has a checksum, which `jm.load` verifies. A failure at any moment
    leaves either the old file or the new file, never a mixture.

    Args:
        path: The file, such as `"model.safetensors"`; an older one is replaced.
        tree: A module, an optimizer, a metric, or any pytree of them.
        metadata: Strings by name, to be read with `jm.checkpoint.read_metadata`.
        shard_size: If the arrays have more bytes than this, they are written to several files of at
            most this size, next to an index `model.safetensors.index.json`. Single arrays are never
            split.

    Raises:
        CheckpointError: If a leaf cannot be stored, or the file cannot be written. Then an older
            file is unchanged.
        ImportError: If the packages of the extra `checkpoint` are not installed.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.save(f"{folder}/model.safetensors", model, metadata={"epoch": "3"})
        ...     loaded = jm.load(f"{folder}/model.safetensors", like=model)
        >>> jm.equal(loaded, model)
        True
    """
    target = Path(path)
    if target.is_dir():
        raise CheckpointError(f"{target} is a folder. Name a file in it, as `model.safetensors`.")
    if shard_size is not None and shard_size < 1:
        raise CheckpointError(f"`shard_size` is a number of bytes, at least 1; got {shard_size}.")
    metadata = check_metadata(metadata)
    check_initialized({"tree": tree})
    state = state_dict(tree)
    ties = getattr(state, "ties", {})
    if "__metadata__" in state:
        raise CheckpointError("The format reserves the name `__metadata__`: rename that entry.")
    if hollow := [n for n, leaf in state.items() if isinstance(leaf, jax.ShapeDtypeStruct)]:
        raise CheckpointError(
            f"`{hollow[0]}` has a shape, but no values: it comes from `jax.eval_shape`. Save the "
            "arrays themselves."
        )
    if spread := [name for name, leaf in state.items() if _is_spread(leaf)]:
        raise CheckpointError(
            f"`{spread[0]}` is spread over several processes. `jm.Checkpointer` lets each save its "
            "part; for one file, gather the arrays in all processes with "
            "`jax.experimental.multihost_utils.process_allgather(state, tiled=True)`, and save "
            "that in one."
        )
    remove_leftovers(target)
    groups = grouped(state, shard_size)
    old = shards_in(target)
    if len(groups) == 1:
        write_file(target, _encoded(state, groups[0]), metadata, ties)
        index_path(target).unlink(missing_ok=True)
        remove(target, old)
        return
    new = dict(zip(new_shard_names(target, len(groups)), groups, strict=True))
    try:
        sums = {
            name: write_file(target.with_name(name), _encoded(state, names), metadata, ties)
            for name, names in new.items()
        }
        write_index(target, new, sums, sum(leaf.nbytes for leaf in state.values()))
    except BaseException:
        remove(target, set(new) - shards_in(target))
        raise
    target.unlink(missing_ok=True)  # as long as it is there, `load` reads it
    remove(target, old - set(new))


def _is_spread(leaf: Any) -> bool:
    if not isinstance(leaf, jax.Array):
        return False
    return not (leaf.is_fully_addressable or leaf.is_fully_replicated)


def _encoded(state: Mapping[str, Any], names: list[str]) -> dict[str, Encoded]:
    return {name: encoded(state[name]) for name in names}
