"""The folder of a Checkpointer: a folder for each step, and what kills leave behind."""

import os
import re
import shutil
from pathlib import Path

from jax_metrics.checkpoint._atomic import flush
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._lock import Lock
from jax_metrics.checkpoint._processes import Processes

_DELETED, _LOCK = ".deleted-", ".lock"
# orbax writes a step under such a name, and renames it when it is complete.
_LEFTOVER = re.compile(rf"\d+\.orbax-checkpoint-tmp.*|{re.escape(_DELETED)}\d+")


class Folder:
    """The steps on disk. A step is there as a whole or not at all, whatever is killed when.

    Args:
        path: The folder, which is made if it is not there.
        read_only: Whether to leave it as it is, and not to lock it.
        processes: Those that save together; the main one locks and cleans the folder.

    Raises:
        CheckpointError: If it cannot be used, or another process uses it.
        FileNotFoundError: If it is not there, with `read_only`.
    """

    def __init__(self, path: str | os.PathLike[str], read_only: bool, processes: Processes):
        if re.match(r"[a-z][a-z0-9+.-]+:/", os.fspath(path)):
            raise CheckpointError(
                f"A Checkpointer writes to a local folder; got {os.fspath(path)!r}."
            )
        self.path = Path(os.path.abspath(path))
        self._lock: Lock | None = None
        if read_only:
            if not self.path.is_dir():
                raise FileNotFoundError(f"There is no folder {self.path} to restore from.")
            return
        failure: Exception | None = None
        try:
            if processes.is_main:
                self._take()
        except CheckpointError as error:
            failure = error
        processes.agree(failure)
        if not (self.path / _LOCK).exists():
            failure = CheckpointError(
                f"{self.path} is not the folder that process 0 uses. All processes need the same "
                "one, on a file system that their machines share."
            )
        processes.agree(failure)

    def _take(self) -> None:
        """Makes, locks and cleans the folder."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.path / _LOCK)
            self.clean()
        except OSError as error:
            self.release()
            raise CheckpointError(
                f"Checkpoints cannot be saved to {self.path}: {error.strerror or error}. Choose a "
                "folder that this process may write to, or pass `read_only=True` to restore only."
            ) from error

    def steps(self) -> list[int]:
        """The steps that are there, in ascending order.

        Raises:
            CheckpointError: If the folder cannot be read.
        """
        try:
            names = [entry.name for entry in os.scandir(self.path) if entry.is_dir()]
        except OSError as error:
            raise CheckpointError(
                f"{self.path} cannot be read: {error.strerror or error}."
            ) from error
        return sorted(int(name) for name in names if re.fullmatch(r"0|[1-9]\d*", name, re.ASCII))

    def remove(self, step: int) -> None:
        """Removes a step; a kill leaves all of it or what the next `clean` removes."""
        hidden = self.path / f"{_DELETED}{step}"
        os.rename(self.path / str(step), hidden)
        shutil.rmtree(hidden)

    def clean(self) -> None:
        """Removes what killed and failed saves have left."""
        for entry in list(os.scandir(self.path)):
            if _LEFTOVER.fullmatch(entry.name):
                shutil.rmtree(entry.path)

    def unfinished(self, step: int) -> Path:
        """The folder to which several processes write the parts of a step."""
        return self.path / f"{step}.orbax-checkpoint-tmp-parts"

    def flush(self, path: Path) -> None:
        """Has the operating system write a new folder to the disk itself."""
        for inner, _, names in os.walk(path):
            for name in names:
                flush(Path(inner, name))
            flush(Path(inner))
        flush(path.parent)

    def release(self) -> None:
        """Lets other processes save to the folder."""
        if self._lock is not None:
            self._lock.release()
