"""`TextLogger`: the base of loggers that write a line of text for each row."""

import abc
import os
from pathlib import Path
from typing import ClassVar

from jax_metrics.training.logs._errors import LogError
from jax_metrics.training.logs._log_file import LogFile
from jax_metrics.training.logs._row_logger import RowLogger


class TextLogger(RowLogger):
    """A file with a line for each row, perhaps after a header.

    Args:
        path: The path of the file; missing folders are created. It is opened at the first row. If
            it has rows already, it is continued; the base class says how.
    """

    _beginnings: ClassVar[tuple[bytes, ...]]  # any such file begins with one of them

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__()
        self.path = Path(path).absolute()
        self._file: LogFile | None = None
        self._last_row = 0  # where it begins

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def _open(self, step: int) -> None:
        file = LogFile(self.path)
        try:
            self._keep_rows_before(step, file)
        except BaseException:
            file.close()
            raise
        self._file = file

    def _keep_rows_before(self, step: int, file: LogFile) -> None:
        content = file.read()
        if not any(content.startswith(start[: len(content)]) for start in self._beginnings):
            raise self._foreign(content)
        # What follows the last line break was half written when a run before was killed.
        lines = [line + b"\n" for line in content.split(b"\n")[:-1]]
        header = self._read_header(lines)
        while lines[header:] and not lines[-1].strip():
            del lines[-1]
        if lines[header:] and (b"\0" in lines[-1] or self._is_torn(lines[-1])):
            del lines[-1]  # by a crash
        kept = lines[:header]
        for number, line in enumerate(lines[header:], start=header + 1):
            found = self._step_of(line)
            if found is None:
                raise LogError(
                    f"Line {number} of the log {self.path} is not a row of it: {line[:60]!r}. "
                    "Remove the line, or give another path."
                )
            if found < step:
                kept.append(line)
        whole = b"".join(kept)
        if content.startswith(whole):
            file.write(b"", at=len(whole))
        else:  # the steps of the file are in no order
            file.replace(whole)

    def _write(self, step: int, values: dict[str, float], earlier: dict[str, float] | None) -> None:
        assert self._file is not None
        at = self._file.size if earlier is None else self._last_row
        self._file.write(self._line(step, {**(earlier or {}), **values}), at)
        self._last_row = at

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _foreign(self, content: bytes) -> LogError:
        start = content.split(b"\n")[0][:60]
        return LogError(
            f"The file {self.path} was not written by a {type(self).__name__}: it begins with "
            f"{start!r}. Remove it, or give another path."
        )

    def _read_header(self, lines: list[bytes]) -> int:
        """Reads the header of a file, and returns the number of its lines."""
        return 0

    @abc.abstractmethod
    def _step_of(self, line: bytes) -> int | None:
        """The step of a row; None if the line is not a row."""

    @abc.abstractmethod
    def _is_torn(self, line: bytes) -> bool:
        """Whether a line can be a row that was written in part, over an earlier one."""

    @abc.abstractmethod
    def _line(self, step: int, values: dict[str, float]) -> bytes:
        """A row as a line."""
