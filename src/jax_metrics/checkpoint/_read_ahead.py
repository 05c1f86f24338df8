"""Reads arrays of files in other threads, ahead of their use, and checks them."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from jax_metrics.checkpoint._file import File
from jax_metrics.checkpoint._packages import package

_GROUP = 2**24  # bytes: many small arrays are one task
_AHEAD = 2**27  # bytes that are in memory before they are used, unless one array has more


class Stored(NamedTuple):
    """An array in a file."""

    file: File
    name: str


def read_ahead(entries: Sequence[Stored], *, verify: bool) -> Iterator[Any]:
    """Yields the arrays in order, each in memory of its own.

    Args:
        entries: The arrays.
        verify: Whether to compare them with their checksums.

    Raises:
        CheckpointError: If an array is damaged.
    """
    package("xxhash")  # fails here, not in a thread
    groups = deque(_groups(entries))
    submitted: deque[tuple[list[Stored], int, Future[list[Any]]]] = deque()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        ahead = 0
        while groups or submitted:
            while groups and (not submitted or ahead + groups[0][1] <= _AHEAD):
                group, size = groups.popleft()
                ahead += size
                reading = pool.submit(lambda g=group: [f.read(n, verify=verify) for f, n in g])
                submitted.append((group, size, reading))
            group, size, reading = submitted.popleft()
            found = deque(reading.result())
            del reading  # which has them, too
            for file, name in group:
                yield file.decoded(name, found.popleft())
            ahead -= size


def check(entries: Sequence[Stored]) -> None:
    """Checks arrays, in parallel.

    Raises:
        CheckpointError: If one is damaged.
    """
    for _ in read_ahead(entries, verify=True):
        pass


def _groups(entries: Sequence[Stored]) -> Iterator[tuple[list[Stored], int]]:
    group, size = [], 0
    for entry in entries:
        group.append(entry)
        size += entry.file.size(entry.name)
        if size >= _GROUP:
            yield group, size
            group, size = [], 0
    if group:
        yield group, size
