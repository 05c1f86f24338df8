"""The metadata in the header of a file: checksums, encodings, and those of the user."""

import json
from collections.abc import Mapping
from typing import Any

from jax_metrics.checkpoint._checksums import ZERO, checksum, checksums
from jax_metrics.checkpoint._encoding import Encoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._tied_names import Tied, ties_to_json

CONTENTS = "jax_metrics"
CHECKSUM = "jax_metrics.checksum"
EXPORT = "jax_metrics.export"
VERSION = 1


def check_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """The user's metadata, checked.

    Raises:
        CheckpointError: If it is not a dict from strings to strings, or uses a reserved name.
    """
    for name, value in (metadata or {}).items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise CheckpointError(
                "The metadata of a file are strings by name; got "
                f"{name!r}: {value!r}. Convert other values with `json.dumps`."
            )
        if name in (CONTENTS, CHECKSUM, EXPORT):
            raise CheckpointError(f"The library itself uses {name!r} in the metadata: rename it.")
    return dict(metadata or {})


def complete_metadata(
    entries: Mapping[str, Encoded],
    metadata: Mapping[str, str],
    ties: Mapping[str, Tied] | None = None,
) -> dict[str, str]:
    """The metadata of a file, with a placeholder for the checksum of the header."""
    sums = checksums(entry.array.reshape(-1).view("uint8") for entry in entries.values())
    contents = {
        "version": VERSION,
        "checksums": dict(zip(entries, sums, strict=True)),
        "keys": {name: entry.key for name, entry in entries.items() if entry.key},
        "dtypes": {name: entry.dtype for name, entry in entries.items() if entry.dtype},
    }
    if ties:
        contents["ties"] = ties_to_json(ties)
    # Loaders of Hugging Face's models refuse files without a format that they know.
    return {"format": "pt", **metadata, CONTENTS: json.dumps(contents), CHECKSUM: ZERO}


def signature(value: str) -> bytes:
    """The entry of the header's checksum, as it is in the file."""
    return f'"{CHECKSUM}":"{value}"'.encode()


def signed(header: bytes) -> tuple[int, str]:
    """The position in a header that has the placeholder, and the checksum to write there."""
    entry = signature(ZERO)
    return header.index(entry) + len(entry) - len(ZERO) - 1, checksum(header)


def signature_fits(header: bytes, value: str) -> bool:
    """Whether a header has this checksum."""
    return checksum(header.replace(signature(value), signature(ZERO))) == value


def contents_of(header: bytes, metadata: Mapping[str, str]) -> dict[str, Any] | None:
    """The checksums and encodings; None for a file of another library, which has none.

    Raises:
        CheckpointError: If the header is damaged, or from a later version.
    """
    if CONTENTS not in metadata and CHECKSUM not in metadata:
        return None
    if not signature_fits(header, metadata.get(CHECKSUM, "")):
        raise CheckpointError("the checksum of the header does not fit: the file is damaged.")
    contents = json.loads(metadata[CONTENTS])
    if contents["version"] > VERSION:
        raise CheckpointError("a later version of jax_metrics wrote this file: update it.")
    tables = [contents[name] for name in ("checksums", "keys", "dtypes")]
    if not all(isinstance(table, dict) for table in tables):
        raise CheckpointError("its metadata are not those of this library.")
    return contents
