"""Files that are there as a whole, or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from jax_metrics.checkpoint._errors import CheckpointError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path to write to; the file there then takes the place of that at `path`.

    If the block fails, the new file is removed and the old one stays. A process that is killed
    may leave a file with the suffix `.tmp`. Both files survive a power failure, as far as the file
    system does.

    Raises:
        CheckpointError: If the file cannot be written.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            with open(temporary, "xb") as file:
                mode = os.fstat(file.fileno()).st_mode  # as the umask has it
            yield temporary
            os.chmod(temporary, mode & 0o777)
            flush(temporary)
            os.replace(temporary, path)
            flush(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be written, and what was there before is unchanged: "
            f"{error.strerror or error}."
        ) from error


def flush(path: Path) -> None:
    """Has the operating system write a file or the names in a folder to the disk itself."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
