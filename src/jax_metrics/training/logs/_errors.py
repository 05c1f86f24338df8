"""The error of a log that cannot be written."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


class LogError(RuntimeError):
    """A log cannot be written, for example because the disk is full or the path is something else.

    Everything written before is intact, and a later `log` tries again, so training may continue.

    Example:
        >>> import tempfile
        >>> import jax_metrics as jm
        >>> try:
        ...     jm.training.CSVLogger(tempfile.gettempdir()).log(1, {"loss": 0.5})
        ... except jm.training.LogError as error:
        ...     print(error)
        The log ... is a folder or a device. Give the path of a file.
    """


@contextlib.contextmanager
def reporting(target: Path | str) -> Iterator[None]:
    """Raises errors of the operating system as a `LogError` that names the target.

    Raises:
        LogError: If the block raises an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise LogError(
            f"The log {target} could not be written: {error.strerror or error}. The rows that it "
            "has are whole, and the next row is tried again."
        ) from error
