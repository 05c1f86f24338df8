"""Files that are there as a whole, or not at all."""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._lock import try_lock


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path to write to; the file there then takes the place of that at `path`.

    If the block fails, the new file is removed and the old one stays. A process that is killed
    may leave a folder with the suffix `.tmp`, for `remove_leftovers`. Both files survive a power
    failure, as far as the file system does.

    Raises:
        CheckpointError: If the file cannot be written.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    try:
        with _own_folder(path) as folder:
            temporary = folder / path.name
            with open(temporary, "xb") as file:
                mode = os.fstat(file.fileno()).st_mode  # as the umask has it
            yield temporary
            os.chmod(temporary, mode & 0o777)
            flush(temporary)
            os.replace(temporary, path)
            flush(path.parent)
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


@contextlib.contextmanager
def _own_folder(path: Path) -> Iterator[Path]:
    """A folder next to `path`, locked as long as this process writes to it, then removed."""
    folder = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    folder.mkdir()
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder)


def remove_leftovers(path: Path) -> None:
    """Removes the folders of processes that were killed while they wrote a file or its shards."""
    with contextlib.suppress(OSError):  # they do not hinder the next write
        _remove_next_to(path)
        if path.is_symlink():  # shards are next to the link, the file itself is not
            _remove_next_to(Path(os.path.realpath(path)))


def _remove_next_to(path: Path) -> None:
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    shard = r"(-[0-9a-f]{8})?-\d{5}-of-\d{5}"
    ours = re.compile(rf"\.{stem}({shard})?{suffix}(\.index\.json)?\.[0-9a-f]{{8}}\.tmp")
    for entry in list(os.scandir(path.parent)):
        if ours.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            with _locked(Path(entry.path)) as locked:
                if locked:
                    shutil.rmtree(entry.path)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Locks a folder; yields False if another process has done so, or there are no locks."""
    if os.name == "nt":  # Windows cannot open folders
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield try_lock(descriptor) is True
    finally:
        os.close(descriptor)
