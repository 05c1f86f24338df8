"""Reads and writes the steps of a folder, and turns what goes wrong into one kind of error."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_metrics.checkpoint._contents import (
    check_arrays,
    checked,
    contents_of,
    decodable,
    empty,
    is_empty,
)
from jax_metrics.checkpoint._encoding import decoded
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._folder import Folder
from jax_metrics.checkpoint._orbax_store import OrbaxStep, OrbaxStore
from jax_metrics.checkpoint._part_files import PartFile, part_path, parts_in, write_part
from jax_metrics.checkpoint._pieces import Region, check_complete, is_needed, put_together
from jax_metrics.checkpoint._plain_values import PlainValue, from_json
from jax_metrics.checkpoint._processes import Processes
from jax_metrics.checkpoint._snapshot import Snapshot
from jax_metrics.checkpoint._tied_names import Tied, ties_from_json


class Restored(NamedTuple):
    """The names of all items of a step; the values that were read, and their tied positions."""

    items: list[str]
    state: dict[str, Any]
    ties: dict[str, Tied]


class StepFiles:
    """The steps in a folder.

    One process writes a step with orbax; of several, each writes a file into the folder of the
    step, which the main process then gives its name.

    Args:
        folder: The folder.
        processes: Those that save together.
    """

    def __init__(self, folder: Folder, processes: Processes):
        self.folder = folder
        self._processes = processes
        self._store = OrbaxStore(folder.path)

    @property
    def removes(self) -> bool:
        """Whether this process removes steps: of several, the main one does."""
        return self._processes.is_main

    def write(self, step: int, copies: Snapshot, values: Mapping[str, float]) -> None:
        """Writes a step; with several processes, each its part.

        Raises:
            CheckpointError: If it cannot be written, by any process; nothing of it is left.
        """
        one = self._processes.count == 1
        try:
            self._processes.in_stages(
                lambda: None if one else self._begin(step),
                lambda: self._write_part(step, copies, values),
                lambda: None if one else self._commit(step),
                lambda: self._check_committed(step),
            )
        except Exception as error:  # whatever orbax raises
            if self._processes.is_main:
                self._undo(step)
            raise CheckpointError(
                f"Step {step} could not be saved to {self.folder.path}, and the older checkpoints "
                f"are unchanged: {_reason(error)} Later saves are not affected."
            ) from error

    def _begin(self, step: int) -> None:
        if self._processes.is_main:
            shutil.rmtree(self.folder.unfinished(step), ignore_errors=True)
            self.folder.unfinished(step).mkdir()

    def _write_part(self, step: int, copies: Snapshot, values: Mapping[str, float]) -> None:
        count, index = self._processes.count, self._processes.index
        contents = contents_of(copies, values, count)
        arrays = {name: entry.array for name, entry in copies.arrays.items()}
        stored = {name: array for name, array in arrays.items() if array.size}
        if count == 1:
            self._store.write(step, stored, contents)
            self.folder.flush(self.folder.path / str(step))
            return
        write_part(part_path(self.folder.unfinished(step), index), stored, contents)

    def _commit(self, step: int) -> None:
        """Gives the step its name, which makes it a checkpoint, if all parts are there."""
        if not self._processes.is_main:
            return
        parts = self.folder.unfinished(step)
        for index in range(self._processes.count):
            if not part_path(parts, index).exists():
                raise CheckpointError(
                    f"there is no part of process {index}, which has failed, or does not share the "
                    "folder."
                )
        os.rename(parts, self.folder.path / str(step))
        self.folder.flush(self.folder.path / str(step))

    def _check_committed(self, step: int) -> None:
        # Other machines may see an older list of a shared folder, but look up a new name.
        if not (self.folder.path / str(step)).is_dir():
            raise CheckpointError("another process has failed: see its error.")

    def remove(self, steps: Iterable[int]) -> None:
        """Removes steps, in the process that `removes`.

        Raises:
            CheckpointError: If one cannot be removed.
        """
        for step in steps if self.removes else ():
            try:
                self.folder.remove(step)
            except OSError as error:
                raise CheckpointError(
                    f"Step {step} could not be removed from {self.folder.path}: {_reason(error)}"
                ) from error
        self._store.refresh()

    def read_values(self, step: int) -> Mapping[str, float]:
        """Reads the numbers by which the best step is chosen.

        Raises:
            CheckpointError: If the step is damaged.
        """
        with self._reading(step):
            return checked(self._parts(step)[0].read_contents())["values"]

    def read(
        self,
        step: int,
        wanted: Callable[[str], bool],
        verify: bool,
        needed: Callable[[str, tuple[int, ...]], Iterable[Region] | None],
    ) -> Restored:
        """Reads the items of a step.

        Args:
            step: The step.
            wanted: Whether an item is wanted, by its name.
            verify: Whether to compare what is read with its checksums.
            needed: The regions of an array that are used, by its name and shape; None: all of it.

        Raises:
            CheckpointError: If the step is damaged.
        """
        with self._reading(step):
            parts = self._parts(step)
            state: dict[str, Any] = {}
            pieces: dict[str, list[tuple[dict[str, Any], np.ndarray | None]]] = {}
            contents: dict[str, Any] = {}
            for part in reversed(parts):  # plain values are those of the first
                contents = checked(part.read_contents())
                if contents.get("processes", 1) != len(parts):
                    raise CheckpointError(f"it has not {contents['processes']} parts.")
                entries = _of_wanted(contents["arrays"], wanted)
                used = {
                    name: entry
                    for name, entry in entries.items()
                    if "of" not in entry
                    or is_needed(entry, needed(entry["of"], tuple(entry["whole"])))
                }
                arrays = _read_arrays(part, used, verify)
                for name, entry in entries.items():
                    if "of" in entry:
                        pieces.setdefault(entry["of"], []).append((entry, arrays.get(name)))
                    else:
                        state[name] = decoded(decodable(entry, arrays[name]))
            for name, found in pieces.items():
                check_complete(name, [entry for entry, _ in found])
                state[name] = decoded(decodable(found[0][0], put_together(found)))
            plain = _of_wanted(contents["plain"], wanted).items()
            state |= {name: PlainValue(from_json(value)) for name, value in plain}
            ties = ties_from_json(_of_wanted(contents["ties"], wanted))
            return Restored(contents["items"], state, ties)

    def forget(self) -> None:
        """Forgets which steps there are, after they were removed."""
        self._store.close()

    def _undo(self, step: int) -> None:
        with contextlib.suppress(Exception):  # the next one to open the folder tries again
            self._store.close()
            self.folder.clean()
            if step in self.folder.steps():
                self.folder.remove(step)

    def _parts(self, step: int) -> Sequence[OrbaxStep | PartFile]:
        """The parts of a step: one, or one of each process that has saved it."""
        return parts_in(self.folder.path / str(step)) or [OrbaxStep(self._store, step)]

    @contextlib.contextmanager
    def _reading(self, step: int) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever orbax raises about damaged files
            others = [str(other) for other in self.folder.steps() if other != step]
            raise CheckpointError(
                f"Step {step} of {self.folder.path} is damaged, or cannot be read: "
                f"{_reason(error)} Other steps there: {', '.join(others) or 'none'}."
            ) from error


def _of_wanted(table: Mapping[str, Any], wanted: Callable[[str], bool]) -> dict[str, Any]:
    """The entries of items that are wanted."""
    return {name: entry for name, entry in table.items() if wanted(name.partition(".")[0])}


def _read_arrays(
    part: OrbaxStep | PartFile, entries: Mapping[str, dict[str, Any]], verify: bool
) -> dict[str, np.ndarray]:
    """The arrays of some entries of a part.

    Raises:
        CheckpointError: If they are damaged.
    """
    stored = [name for name, entry in entries.items() if not is_empty(entry)]
    arrays = part.read_arrays(stored)
    arrays |= {name: empty(entry) for name, entry in entries.items() if is_empty(entry)}
    check_arrays(entries, arrays, verify)
    return arrays


def _reason(error: BaseException) -> str:
    """The first line of an error, without the specifications that tensorstore adds."""
    text = (str(error) or type(error).__name__).strip().splitlines()[0]
    text = text.partition(" [tensorstore_spec=")[0].partition(" [source locations=")[0]
    if len(text) > 400:  # what matters is at the end
        text = f"{text[:100]} ... {text[-300:]}"
    return text.rstrip(".") + "."
