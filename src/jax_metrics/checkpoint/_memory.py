"""Memory for arrays that are read from files, or copied from other libraries."""

import functools
import mmap
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from jax_metrics.checkpoint._deferred import Deferred

_LARGE = 2**20  # bytes
_AHEAD = 2**28  # bytes that are in memory before they are used, unless one array has more
_COLUMNS = 64  # so that what is transposed at once stays in the cache
_THREADS = min(8, os.cpu_count() or 1)


def memory(size: int) -> np.ndarray:
    """Bytes with any values, which go back to the system when the array is gone.

    The heap would keep many of them. Large arrays begin at a page, so that JAX can use the memory
    as it is on a CPU.

    Args:
        size: How many bytes.
    """
    if size < _LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.empty(size, np.uint8)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.uint8)


def copies(arrays: Iterable[tuple[np.ndarray | Deferred, Any]]) -> Iterator[np.ndarray]:
    """Yields copies in C order, in `memory`; several threads make those of large arrays.

    Args:
        arrays: The arrays, in any layout, each with the dtype of its copy. What is deferred is
            read in those threads.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        ahead: deque[tuple[int, Callable[[], np.ndarray]]] = deque()
        size = 0
        for array, dtype in arrays:
            copy = functools.partial(_copied, array, dtype)
            ahead.append(
                (array.nbytes, copy if array.nbytes < _LARGE else pool.submit(copy).result)
            )
            size += array.nbytes
            while len(ahead) > 2 * _THREADS or (len(ahead) > 1 and size > _AHEAD):
                finished, result = ahead.popleft()
                size -= finished
                yield result()
        while ahead:
            yield ahead.popleft()[1]()


def _copied(source: np.ndarray | Deferred, dtype: Any) -> np.ndarray:
    # In its own order, because a cast that also transposes is slow.
    array = np.asarray(source).astype(dtype, copy=False)
    result = memory(array.nbytes).view(dtype).reshape(array.shape)
    if array.ndim < 2 or array.flags.c_contiguous:
        np.copyto(result, array)
        return result
    # Along the last axis, whose neighbours are far from each other in a transposed array.
    for begin in range(0, array.shape[-1], _COLUMNS):
        part = slice(begin, begin + _COLUMNS)
        np.copyto(result[..., part], array[..., part])
    return result
