"""The parts of a step that several processes save: one safetensors file of each.

orbax writes NumPy arrays in the first process alone, and spread arrays only from the devices.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jax_metrics.checkpoint._encoding import Encoded
from jax_metrics.checkpoint._file import File
from jax_metrics.checkpoint._read_ahead import Stored, read_ahead
from jax_metrics.checkpoint._write import write_file

_CONTENTS = "checkpoint"


def part_path(folder: Path, index: int) -> Path:
    """The file of a process in the folder of a step."""
    return folder / f"part-{index:05d}.safetensors"


def parts_in(folder: Path) -> list["PartFile"]:
    """The parts in the folder of a step, in the order of the processes; [] if one wrote it.

    Raises:
        CheckpointError: If one is damaged.
    """
    return [PartFile(path) for path in sorted(folder.glob("part-*.safetensors"))]


def write_part(path: Path, arrays: Mapping[str, np.ndarray], contents: Any) -> None:
    """Writes a part.

    Raises:
        CheckpointError: If it cannot be written; nothing of it is left.
    """
    entries = {name: Encoded(array) for name, array in arrays.items()}
    write_file(path, entries, {_CONTENTS: json.dumps(contents)})


class PartFile:
    """A part on disk.

    Raises:
        CheckpointError: If it is damaged.
    """

    def __init__(self, path: Path):
        self._file = File(path)

    def read_contents(self) -> Any:
        """The JSON that was written with it."""
        return json.loads(self._file.metadata[_CONTENTS])

    def read_arrays(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Reads some of its arrays; their checksums are left to the caller."""
        names = list(names)
        arrays = read_ahead([Stored(self._file, name) for name in names], verify=False)
        return dict(zip(names, arrays, strict=True))
