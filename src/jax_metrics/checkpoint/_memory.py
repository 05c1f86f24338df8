"""Memory for arrays that are read from files."""

import mmap

import numpy as np

_LARGE = 2**20


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
