"""Checksums of arrays: XXH3, which is faster than memory can be read and copied."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jax_metrics.checkpoint._packages import package

ZERO = "0" * 16


def checksum(data: Any) -> str:
    """The checksum of bytes or a contiguous array, as 16 hexadecimal digits."""
    return package("xxhash").xxh3_64_hexdigest(data)


def checksums(arrays: Iterable[Any]) -> list[str]:
    """The checksums of arrays of bytes, computed in parallel: hashing releases the GIL."""
    package("xxhash")  # fails here, not in a thread
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(checksum, arrays))


def damaged(expected: Mapping[str, str], arrays: Mapping[str, Any]) -> list[str]:
    """The names of the arrays whose checksums are not the expected ones."""
    found = checksums(arrays[name] for name in expected)
    return [name for name, now in zip(expected, found, strict=True) if now != expected[name]]
