"""`CSVLogger`: rows of a table with one header."""

import csv
import io
import os
from collections.abc import Iterable

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.logs._row import STEP
from jax_metrics.training.logs._text_logger import TextLogger


@constructor_names_arguments
class CSVLogger(TextLogger):
    """A CSV file with a column for each name, and a row for each step.

    A cell is empty where a row has no such value; NaN and infinities are `nan`, `inf` and `-inf`. A
    name that is new in the middle of a run, such as that of the first validation, adds a column at
    the right: the file is rewritten and replaces the old one atomically.

    A file with rows is continued. The first row replaces the rows of its step and of later steps,
    left by a run that was stopped, and an incomplete last line. After that, steps must not
    decrease, and values of the same step are added to its row.

    Args:
        path: The path of the file, which is opened at the first row; missing folders are created.

    Raises:
        LogError: By `log`, if the file cannot be written, or is not such a log.

    Example:
        >>> import tempfile
        >>> import jax_metrics as jm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with jm.training.CSVLogger(f"{folder}/run.csv") as logger:
        ...         logger.log(10, {"loss": 0.5})
        ...         logger.log(20, {"loss": 0.25, "val/loss": float("nan")})
        ...     print(logger.path.read_text())
        step,loss,val/loss
        10,0.5,
        20,0.25,nan
    """

    _beginnings = tuple(f"{STEP}{end}".encode() for end in (",", "\n", "\r\n"))

    def __init__(self, path: str | os.PathLike[str]):
        super().__init__(path)
        self._columns: list[str] = []

    def _read_header(self, lines: list[bytes]) -> int:
        self._columns = _cells(lines[0]) if lines else []
        return len(lines[:1])

    def _step_of(self, line: bytes) -> int | None:
        try:
            step, *values = _cells(line)
            numbers = [float(value or 0) for value in values]
            return int(step) if len(numbers) == len(self._columns) - 1 else None
        except (ValueError, csv.Error):
            return None

    def _is_torn(self, line: bytes) -> bool:
        return len(_cells(line)) != len(self._columns)

    def _write(self, step: int, values: dict[str, float], earlier: dict[str, float] | None) -> None:
        self._add_columns(values)
        super()._write(step, values, earlier)

    def _add_columns(self, names: Iterable[str]) -> None:
        """Writes the file again if it lacks columns, with empty cells in the rows so far."""
        assert self._file is not None
        columns = list(dict.fromkeys([*(self._columns or [STEP]), *names]))
        if columns == self._columns:
            return
        rows = self._file.read().split(b"\n")[1:-1]
        empty = b"," * (len(columns) - len(self._columns)) + b"\n"
        rows = [row.rstrip(b"\r") + empty for row in rows]
        content = b"".join([_encoded(columns), *rows])
        if rows:
            self._file.replace(content)
        else:
            self._file.write(content, at=0)
        self._columns = columns
        self._last_row = len(content) - len(rows[-1]) if rows else len(content)

    def _line(self, step: int, values: dict[str, float]) -> bytes:
        cells = (repr(values[name]) if name in values else "" for name in self._columns[1:])
        return _encoded([str(step), *cells])


def _cells(line: bytes) -> list[str]:
    return next(csv.reader([line.decode(errors="replace").rstrip("\r\n")]), [""])


def _encoded(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
