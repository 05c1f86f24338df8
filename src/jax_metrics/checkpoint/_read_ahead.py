"""Reads arrays of files ahead of their use, checks them meanwhile, and lets them go afterwards."""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from jax_metrics.checkpoint._file import File
from jax_metrics.checkpoint._packages import package

_GROUP = 2**24  # bytes: many small arrays are one task
_AHEAD = 2**27  # bytes that are in memory before they are used, unless one array has more


class Stored(NamedTuple):
    """An array in a file."""

    file: File
    name: str


def read_ahead(
    names: Sequence[str], stored: Mapping[str, Stored], *, verify: bool
) -> Iterator[str]:
    """Yields the names in order, each when its array may be used.

    Other threads read and check the next arrays meanwhile. The memory of an array is given back
    some time after the next one was asked for.

    Args:
        names: The names.
        stored: Where their arrays are. Those that are missing here are in memory.
        verify: Whether to check the arrays.

    Raises:
        CheckpointError: If an array is damaged.
    """
    package("xxhash")  # fails here, not in a thread
    groups = deque(_groups(names, stored))
    submitted: deque[tuple[list[str], int, Future[None]]] = deque()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        ahead = 0
        while groups or submitted:
            while groups and (not submitted or ahead + groups[0][1] <= _AHEAD):
                group, size = groups.popleft()
                ahead += size
                entries = [stored[name] for name in group if name in stored]
                submitted.append((group, size, pool.submit(_read, entries, verify)))
            group, size, reading = submitted.popleft()
            reading.result()
            yield from group
            ahead -= size
            for file, name in (stored[name] for name in group if name in stored):
                file.release(name)


def _groups(names: Sequence[str], stored: Mapping[str, Stored]) -> Iterator[tuple[list[str], int]]:
    group, size = [], 0
    for name in names:
        group.append(name)
        size += stored[name].file.size(stored[name].name) if name in stored else 0
        if size >= _GROUP:
            yield group, size
            group, size = [], 0
    if group:
        yield group, size


def check(entries: Sequence[Stored]) -> None:
    """Checks arrays, in parallel.

    Raises:
        CheckpointError: If one is damaged.
    """
    stored = {str(index): entry for index, entry in enumerate(entries)}
    for _ in read_ahead(list(stored), stored, verify=True):
        pass


def _read(entries: list[Stored], verify: bool) -> None:
    for file in {file: None for file, _ in entries}:
        file.read([name for other, name in entries if other is file], verify=verify)
