"""`LogFile`: a file that is whole after each write, also after one that fails."""

import contextlib
import os
import shutil
from pathlib import Path

from jax_metrics.training.logs._errors import LogError, reporting


class LogFile:
    """An open file. What is written has been handed to the operating system on return.

    Args:
        path: The path; folders that are missing are made.

    Raises:
        LogError: If it cannot be opened.
    """

    def __init__(self, path: Path):
        self._path = Path(os.path.realpath(path))  # a link stays a link
        with reporting(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and not self._path.is_file():
                raise LogError(f"The log {path} is a folder or a device. Give the path of a file.")
            self._open()

    def _open(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        self._file = open(descriptor, "r+b", buffering=0)
        self.size = os.fstat(descriptor).st_size

    def read(self, start: int = 0) -> bytes:
        """The content from a position on."""
        with reporting(self._path):
            self._file.seek(start)
            return self._file.readall()

    def write(self, data: bytes, at: int) -> None:
        """Writes at a position and ends the file there, or leaves the file as it was.

        Raises:
            LogError: If it cannot be written.
        """
        before = self.read(at) if at < self.size else b""
        with reporting(self._path):
            try:
                self._end_with(data, at)
            except OSError:
                with contextlib.suppress(OSError):
                    self._end_with(before, at)
                raise

    def _end_with(self, data: bytes, at: int) -> None:
        self._file.seek(at)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._file.truncate(at + len(data))
        self.size = at + len(data)

    def replace(self, content: bytes) -> None:
        """Replaces the whole content at once: a crash leaves the old one or the new one.

        Raises:
            LogError: If it cannot be written; the old content stays.
        """
        temporary = self._path.with_name(f"{self._path.name}.tmp")
        with reporting(self._path):
            try:
                with open(temporary, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                shutil.copymode(self._path, temporary)
                self._file.close()  # Windows replaces no open files
                os.replace(temporary, self._path)
            except OSError:
                with contextlib.suppress(OSError):
                    temporary.unlink(missing_ok=True)
                raise
            finally:
                if self._file.closed:
                    self._open()

    def close(self) -> None:
        """Closes the file."""
        with reporting(self._path):
            self._file.close()
