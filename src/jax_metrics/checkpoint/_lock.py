"""Locks on files and folders, which vanish with the process that holds them."""

import errno
import os
import socket
import weakref
from pathlib import Path

from jax_metrics.checkpoint._errors import CheckpointError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


def try_lock(descriptor: int) -> bool | None:
    """Locks an open file or folder.

    Returns:
        False if it is locked already, and None where the operating or the file system has no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return None
    return True


class Lock:
    """A locked file that names the process that holds the lock; it stays when that ends.

    Args:
        path: The file.

    Raises:
        CheckpointError: If another process has the lock, or this one already.
        OSError: If the file cannot be written.
    """

    def __init__(self, path: Path):
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+")
        try:
            if try_lock(self._file.fileno()) is False:
                raise CheckpointError(_in_use(path.parent, self._file.read(200)))
            self._file.truncate()
            self._file.write(_this_process())
            self._file.flush()
        except BaseException:
            self._file.close()
            raise
        _held.add(self)

    def release(self) -> None:
        """Gives the lock back; does nothing the second time."""
        self._file.close()


def _this_process() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _in_use(folder: Path, holder: str) -> str:
    if holder == _this_process():
        return (
            f"{folder} is in use by another Checkpointer of this process. Close that one first, "
            "or pass `read_only=True` to restore only."
        )
    return (
        f"{folder} is in use by {holder or 'another process'}. Wait for it to end, save to "
        "another folder, or pass `read_only=True` to restore only."
    )


_held: weakref.WeakSet[Lock] = weakref.WeakSet()


def _release_all() -> None:
    for lock in list(_held):
        lock.release()


# A forked child, such as a loader of data, would hold the lock after its parent was killed.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_all)
