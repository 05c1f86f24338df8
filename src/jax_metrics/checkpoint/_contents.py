"""What is in a checkpoint: shapes, dtypes, checksums and plain values, as signed JSON."""

import json
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._checksums import checksum, checksums, damaged
from jax_metrics.checkpoint._encoding import Encoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._pieces import Piece
from jax_metrics.checkpoint._snapshot import Snapshot
from jax_metrics.checkpoint._tied_names import ties_to_json

VERSION = 1


def contents_of(
    snapshot: Snapshot, values: Mapping[str, float], processes: int = 1
) -> dict[str, Any]:
    """The contents of a checkpoint as JSON with its own checksum.

    Args:
        snapshot: The arrays and plain values.
        values: The numbers by which the best checkpoint is chosen.
        processes: How many processes have each saved a part of the checkpoint.
    """
    sums = checksums(_raw(entry.array) for entry in snapshot.arrays.values())
    contents = {
        "version": VERSION,
        "items": snapshot.items,
        "arrays": {
            name: {
                "shape": list(entry.array.shape),
                "dtype": entry.array.dtype.name,
                "key": entry.key,
                "stored_dtype": entry.dtype,
                "checksum": value,
            }
            | (_piece_as_json(snapshot.pieces[name]) if name in snapshot.pieces else {})
            for (name, entry), value in zip(snapshot.arrays.items(), sums, strict=True)
        },
        "plain": snapshot.values,
        "values": dict(values),
        "ties": ties_to_json(snapshot.ties),
        "processes": processes,
    }
    return {"checksum": _signature(contents), "contents": contents}


def checked(signed: Any) -> dict[str, Any]:
    """The contents without their checksum.

    Raises:
        CheckpointError: If they are damaged, or from a later version.
    """
    try:
        contents, expected = signed["contents"], signed["checksum"]
        found = _signature(contents)
    except (LookupError, TypeError, ValueError) as error:
        raise CheckpointError("its table of contents is not one of this library.") from error
    if found != expected:
        raise CheckpointError("the checksum of its table of contents does not fit.")
    if contents["version"] > VERSION:
        raise CheckpointError("a later version of jax_metrics wrote it: update the library.")
    return contents


def check_arrays(
    entries: Mapping[str, Mapping[str, Any]], arrays: Mapping[str, np.ndarray], verify: bool
) -> None:
    """Compares arrays with their entries in the contents.

    Raises:
        CheckpointError: If shapes, dtypes or, with `verify`, checksums differ.
    """
    wrong = {
        name
        for name, entry in entries.items()
        if arrays[name].shape != tuple(entry["shape"]) or arrays[name].dtype.name != entry["dtype"]
    }
    if verify:
        sums = {name: entry["checksum"] for name, entry in entries.items()}
        wrong |= set(damaged(sums, {name: _raw(array) for name, array in arrays.items()}))
    if wrong:
        names = ", ".join(f"`{name}`" for name in entries if name in wrong)
        raise CheckpointError(
            f"the checksums of {names} do not fit; `verify=False` restores what is there."
        )


def is_empty(entry: Mapping[str, Any]) -> bool:
    """Whether the array of this entry has no elements, which orbax does not store."""
    return 0 in entry["shape"]


def empty(entry: Mapping[str, Any]) -> np.ndarray:
    """The array of an entry without elements."""
    return np.zeros(entry["shape"], jnp.dtype(entry["dtype"]))


def decodable(entry: Mapping[str, Any], array: np.ndarray) -> Encoded:
    """The array with what is needed to decode it."""
    return Encoded(array, entry["key"], entry["stored_dtype"])


def _piece_as_json(piece: Piece) -> dict[str, Any]:
    return {"of": piece.name, "begin": list(piece.begin), "whole": list(piece.whole)}


def _raw(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _signature(contents: Any) -> str:
    return checksum(json.dumps(contents).encode())
