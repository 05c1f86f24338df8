"""Writes one safetensors file."""

from collections.abc import Mapping
from pathlib import Path

from jax_metrics.checkpoint._atomic import replacing
from jax_metrics.checkpoint._encoding import Encoded
from jax_metrics.checkpoint._header import complete_metadata, signed
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._tied_names import Tied


def write_file(
    path: Path,
    entries: Mapping[str, Encoded],
    metadata: Mapping[str, str],
    ties: Mapping[str, Tied] | None = None,
) -> str:
    """Writes a file in the place of an older one, and returns the checksum of its header.

    Raises:
        CheckpointError: If it cannot be written; an older file is unchanged.
    """
    safetensors, numpy_format = package("safetensors"), package("safetensors.numpy")
    everything = complete_metadata(entries, metadata, ties)
    with replacing(path) as temporary:
        arrays = {name: entry.array for name, entry in entries.items()}
        try:
            numpy_format.save_file(arrays, temporary, everything)
        except safetensors.SafetensorError as error:
            raise OSError(str(error)) from error
        with open(temporary, "r+b") as file:
            header = file.read(int.from_bytes(file.read(8), "little"))
            position, value = signed(header)
            file.seek(8 + position)
            file.write(value.encode())
    return value
