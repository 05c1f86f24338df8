"""`TensorBoardLogger`: rows as scalars for TensorBoard."""

import importlib
import io
import os
import re
import socket
import time
from pathlib import Path
from typing import Any

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.logs._errors import LogError, reporting
from jax_metrics.training.logs._log_file import LogFile
from jax_metrics.training.logs._row_logger import RowLogger

_NAME = re.compile(r"events\.out\.tfevents\.(\d+)\..*")


@constructor_names_arguments
class TensorBoardLogger(RowLogger):
    """Scalars in a folder, for `tensorboard --logdir FOLDER`.

    It needs `pip install 'jax-metrics[tensorboard]'`. Names with the same first part, such as
    `"val/loss"` and `"val/accuracy"`, are a group in TensorBoard. Its values have 32 bits.

    Each run writes its own file. If the folder already has files, the first row tells TensorBoard
    to leave out the values of its step and of later steps, left by a run that was stopped. (Its
    fast loader does so for each name when that name is logged again.) After that, steps must not
    decrease.

    Args:
        folder: The folder, which is created at the first row.

    Raises:
        ImportError: If tensorboard is not installed.
        LogError: By `log`, if the file cannot be written.

    Example:
        >>> import os, tempfile
        >>> import jax_metrics as jm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with jm.training.TensorBoardLogger(folder) as logger:
        ...         logger.log(10, {"loss": 0.5, "val/loss": 0.25})
        ...     print(os.listdir(folder)[0].startswith("events.out.tfevents."))
        True
    """

    def __init__(self, folder: str | os.PathLike[str]):
        super().__init__()
        self.folder = Path(folder).absolute()
        self._file: LogFile | None = None
        self._events = _tensorboard("tensorboard.compat.proto.event_pb2")
        self._summaries = _tensorboard("tensorboard.compat.proto.summary_pb2")
        self._records = _tensorboard("tensorboard.summary.writer.record_writer")

    def __repr__(self) -> str:
        return f"TensorBoardLogger({str(self.folder)!r})"

    def _open(self, step: int) -> None:
        with reporting(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            before = [int(m[1]) for m in map(_NAME.fullmatch, os.listdir(self.folder)) if m]
        # TensorBoard reads the files in the order of their names, so this one must be the last.
        second = max([int(time.time()), *(one + 1 for one in before)])
        name = f"events.out.tfevents.{second:010d}.{socket.gethostname()}.{os.getpid()}"
        self._file = LogFile(self.folder / name)
        try:
            self._add(file_version="brain.Event:2")
            # The first such event in a folder begins a run; later ones have TensorBoard drop what
            # was at this step and after it.
            session = self._events.SessionLog
            self._add(step=step, session_log=session(status=session.START))
        except LogError:
            with reporting(self.folder):
                self._close()
                (self.folder / name).unlink()
            raise

    def _write(self, step: int, values: dict[str, float], earlier: dict[str, float] | None) -> None:
        summary = self._summaries.Summary(
            value=[{"tag": name, "simple_value": value} for name, value in values.items()]
        )
        self._add(step=step, summary=summary)

    def _add(self, **fields: Any) -> None:
        assert self._file is not None
        event = self._events.Event(wall_time=time.time(), **fields)
        record = io.BytesIO()
        self._records.RecordWriter(record).write(event.SerializeToString())
        self._file.write(record.getvalue(), at=self._file.size)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _tensorboard(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            "TensorBoardLogger needs the package tensorboard: "
            "`pip install 'jax-metrics[tensorboard]'`."
        ) from error
