"""A safetensors file, mapped into memory, with its header checked."""

import json
import math
import mmap
import os
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._encoding import DTYPES, Encoded, decoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._header import CHECKSUM, CONTENTS, EXPORT, contents_of
from jax_metrics.checkpoint._memory import memory
from jax_metrics.checkpoint._packages import package
from jax_metrics.checkpoint._tied_names import ties_from_json

_MOST_HEADER = 100_000_000  # as the format has it
_PIECE = 2**20


class File:
    """The arrays of a file as views of its memory map, which reads them when they are used.

    Raises:
        CheckpointError: If the file is damaged, or not a safetensors file.
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
            self._identity = os.fstat(file.fileno())
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
            name: value
            for name, value in everything.items()
            if name not in (CONTENTS, CHECKSUM, EXPORT)
        }
        self.export = None if contents is None else everything.get(EXPORT)
        if contents is not None and self.metadata.get("format") == "pt":
            del self.metadata["format"]
        self._contents = contents or {"checksums": {}, "keys": {}, "dtypes": {}}
        self.ties = ties_from_json(self._contents.get("ties", {}))
        self._begins = {n: 8 + size + entry["data_offsets"][0] for n, entry in table.items()}
        self._arrays = {n: self._view(entry, self._begins[n]) for n, entry in table.items()}
        if contents is not None and set(contents["checksums"]) != set(self._arrays):
            raise ValueError("its arrays are not those that have checksums")

    def _view(self, entry: dict[str, Any], begin: int) -> np.ndarray:
        if entry["dtype"] not in DTYPES:
            raise CheckpointError(
                f"the dtype {entry['dtype']} has no counterpart; there are {', '.join(DTYPES)}."
            )
        dtype, shape = jnp.dtype(DTYPES[entry["dtype"]]), entry["shape"]
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

    def read(self, name: str, *, verify: bool) -> np.ndarray:
        """The bytes of an array, in memory of their own.

        They are not copied from the map: page by page, a disk is slow.

        Args:
            name: The array.
            verify: Whether to compare it with its checksum. Files of other libraries have none.

        Raises:
            CheckpointError: If it differs, or the file is another one by now.
        """
        data = memory(self.size(name))
        expected = self._contents["checksums"].get(name) if verify else None
        found, done = package("xxhash").xxh3_64(), 0
        with open(self.path, "rb", buffering=0) as file:
            if not os.path.samestat(self._identity, os.fstat(file.fileno())):
                raise CheckpointError(f"{self.path} was replaced meanwhile: load it again.")
            file.seek(self._begins[name])
            # In pieces, which are still in the processor's cache when the checksum is computed.
            while done < data.size and (count := file.readinto(data[done : done + _PIECE].data)):
                if expected is not None:
                    found.update(data[done : done + count].data)
                done += count
        if done < data.size or expected not in (None, found.hexdigest()):
            raise CheckpointError(
                f"{self.path} is damaged: the checksums of {name!r} do not fit. Load another copy "
                "of the file; `verify=False` loads what is there."
            )
        return data

    def arrays(self) -> dict[str, Any]:
        """The arrays by name, as they were saved.

        Raises:
            CheckpointError: If a random key is of an implementation that does not exist here.
        """
        return {name: self.decoded(name, array) for name, array in self._arrays.items()}

    def decoded(self, name: str, array: np.ndarray) -> Any:
        """The array of this name, as it was saved, from the stored one or its bytes.

        Raises:
            CheckpointError: If it is a random key of an implementation that does not exist here.
        """
        stored = self._arrays[name]
        array = array.reshape(-1).view(stored.dtype).reshape(stored.shape)
        key, dtype = self._contents["keys"].get(name), self._contents["dtypes"].get(name)
        try:
            return decoded(Encoded(array, key, dtype))
        except (ValueError, TypeError) as error:
            raise CheckpointError(f"{self.path} cannot be decoded: {error}.") from error

    def size(self, name: str) -> int:
        """The bytes of an array."""
        return self._arrays[name].nbytes

    def release(self) -> None:
        """Gives back the memory of the map; what is used again is read again."""
        if hasattr(self._map, "madvise"):
            self._map.madvise(mmap.MADV_DONTNEED)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in its header")
    return found
