"""Reads and writes the steps of a folder, and turns what goes wrong into one kind of error."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

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
from jax_metrics.checkpoint._orbax_store import OrbaxStore
from jax_metrics.checkpoint._plain_values import PlainValue, from_json
from jax_metrics.checkpoint._snapshot import Snapshot
from jax_metrics.checkpoint._tied_names import Tied, ties_from_json


class Restored(NamedTuple):
    """The names of all items of a step; the values that were read, and their tied positions."""

    items: list[str]
    state: dict[str, Any]
    ties: dict[str, Tied]


class StepFiles:
    """The steps in a folder.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Folder):
        self.folder = folder
        self._store = OrbaxStore(folder.path)

    def write(self, step: int, copies: Snapshot, values: Mapping[str, float]) -> None:
        """Writes a step.

        Raises:
            CheckpointError: If it cannot be written; nothing of it is left.
        """
        try:
            contents = contents_of(copies, values)
            arrays = {name: entry.array for name, entry in copies.arrays.items()}
            stored = {name: array for name, array in arrays.items() if array.size}
            self._store.write(step, stored, contents)
            self.folder.flush(step)
        except Exception as error:  # whatever orbax raises
            self._undo(step)
            raise CheckpointError(
                f"Step {step} could not be saved to {self.folder.path}, and the older checkpoints "
                f"are unchanged: {_reason(error)} The next save starts anew."
            ) from error

    def remove(self, steps: Iterable[int]) -> None:
        """Removes steps.

        Raises:
            CheckpointError: If one cannot be removed.
        """
        for step in steps:
            try:
                self.folder.remove(step)
            except OSError as error:
                raise CheckpointError(
                    f"Step {step} could not be removed from {self.folder.path}: {_reason(error)}"
                ) from error

    def read_values(self, step: int) -> Mapping[str, float]:
        """Reads the numbers by which the best step is chosen.

        Raises:
            CheckpointError: If the step is damaged.
        """
        with self._reading(step):
            return checked(self._store.read_contents(step))["values"]

    def read(self, step: int, wanted: Callable[[str], bool], verify: bool) -> Restored:
        """Reads the items of a step whose names are wanted.

        Raises:
            CheckpointError: If the step is damaged.
        """
        with self._reading(step):
            contents = checked(self._store.read_contents(step))

            def of_wanted(table: str) -> dict[str, Any]:
                entries = contents[table].items()
                return {name: entry for name, entry in entries if wanted(name.partition(".")[0])}

            entries = of_wanted("arrays")
            stored = [name for name, entry in entries.items() if not is_empty(entry)]
            arrays = self._store.read_arrays(step, stored)
            arrays |= {name: empty(entry) for name, entry in entries.items() if is_empty(entry)}
            check_arrays(entries, arrays, verify)
            state = {name: decoded(decodable(entries[name], arrays[name])) for name in entries}
            plain = of_wanted("plain").items()
            state |= {name: PlainValue(from_json(value)) for name, value in plain}
            return Restored(contents["items"], state, ties_from_json(of_wanted("ties")))

    def forget(self) -> None:
        """Forgets which steps there are, after they were removed."""
        self._store.close()

    def _undo(self, step: int) -> None:
        with contextlib.suppress(Exception):  # the next one to open the folder tries again
            self._store.close()
            self.folder.clean()
            if step in self.folder.steps():
                self.folder.remove(step)

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


def _reason(error: BaseException) -> str:
    """The first line of an error, without the specifications that tensorstore adds."""
    text = (str(error) or type(error).__name__).strip().splitlines()[0]
    text = text.partition(" [tensorstore_spec=")[0].partition(" [source locations=")[0]
    if len(text) > 400:  # what matters is at the end
        text = f"{text[:100]} ... {text[-300:]}"
    return text.rstrip(".") + "."
