"""A safetensors file, mapped into memory, with its header checked."""

import json
import math
import mmap
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._checksums import damaged
from jax_metrics.checkpoint._encoding import DTYPES, Encoded, decoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._header import CHECKSUM, CONTENTS, contents_of
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._tied_names import from_json

_MOST_HEADER = 100_000_000  # as the format has it


class File:
    """The arrays of a file as views of its memory map, which reads them when they are used.

    Raises:
        CheckpointError: If the file is damaged, or no safetensors file.
        FileNotFoundError: If there is none.
    """

    def __init__(self, path: Path):
        self.path = path
        safetensors = package("safetensors")
        try:
            # The package checks the header: its size, types, and that the arrays fill the file.
            with safetensors.safe_open(path, framework="np"):
                pass
        except FileNotFoundError:
            raise
        except (safetensors.SafetensorError, OSError, ValueError, OverflowError) as error:
            raise CheckpointError(f"{path} is damaged, or no safetensors file: {error}.") from error
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._read_header()
        except CheckpointError as error:
            raise CheckpointError(f"{path} cannot be read: {error}") from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{path} is damaged: {error}".rstrip(".") + ".") from error

    def _read_header(self) -> None:
        size = int.from_bytes(self._map[:8], "little")
        if size > min(_MOST_HEADER, len(self._map) - 8):
            raise ValueError("its header is too large")
        header = self._map[8 : 8 + size]
        table = json.loads(header, object_pairs_hook=_without_duplicates)
        everything = table.pop("__metadata__", {})
        contents = contents_of(header, everything)
        self.header_checksum = everything.get(CHECKSUM)
        self.metadata = {
            name: value for name, value in everything.items() if name not in (CONTENTS, CHECKSUM)
        }
        if contents is not None and self.metadata.get("format") == "pt":
            del self.metadata["format"]
        self._contents = contents or {"checksums": {}, "keys": {}, "dtypes": {}}
        self.ties = from_json(self._contents.get("ties", {}))
        self._arrays = {name: self._view(entry, 8 + size) for name, entry in table.items()}
        if contents is not None and set(contents["checksums"]) != set(self._arrays):
            raise ValueError("its arrays are not those that have checksums")

    def _view(self, entry: dict[str, Any], start: int) -> np.ndarray:
        if entry["dtype"] not in DTYPES:
            raise CheckpointError(
                f"the dtype {entry['dtype']} has no counterpart; there are {', '.join(DTYPES)}."
            )
        dtype, shape = jnp.dtype(DTYPES[entry["dtype"]]), entry["shape"]
        begin = start + entry["data_offsets"][0]
        count = math.prod(shape)
        if begin + count * dtype.itemsize > len(self._map):
            raise ValueError("an array ends after the file")
        # Views of the bytes, because NumPy's buffers have no bfloat16.
        raw = np.frombuffer(self._map, np.uint8, count * dtype.itemsize, begin)
        return raw.view(dtype).reshape(shape)

    @property
    def names(self) -> list[str]:
        """The names of the arrays."""
        return list(self._arrays)

    def check(self) -> None:
        """Compares the arrays with their checksums, in parallel.

        Raises:
            CheckpointError: If one differs.
        """
        raw = {name: array.reshape(-1).view(np.uint8) for name, array in self._arrays.items()}
        wrong = damaged(self._contents["checksums"], raw)
        if wrong:
            raise CheckpointError(
                f"{self.path} is damaged: the checksums of {', '.join(map(repr, wrong))} do not "
                "fit. Load another copy of the file; `verify=False` loads what is there."
            )
        self.release()

    def arrays(self) -> dict[str, Any]:
        """The arrays by name, as they were saved.

        Raises:
            CheckpointError: If a random key is of an implementation that does not exist here.
        """
        keys, dtypes = self._contents["keys"], self._contents["dtypes"]
        try:
            return {
                name: decoded(Encoded(array, keys.get(name), dtypes.get(name)))
                for name, array in self._arrays.items()
            }
        except (ValueError, TypeError) as error:
            raise CheckpointError(f"{self.path} cannot be decoded: {error}.") from error

    def release(self) -> None:
        """Gives back the memory of what was read; it is read again when it is used."""
        if hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in its header")
    return found
