"""`views_of`: arrays that rules have transposed or reshaped, read from their files in one go."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jax_metrics.checkpoint._deferred import Deferred
from jax_metrics.checkpoint._read_ahead import Stored


def views_of(
    state: Mapping[str, Any],
    arrays: Mapping[str, Any],
    origins: Mapping[int, Stored],
    *,
    verify: bool,
) -> dict[str, tuple[Stored, Deferred]]:
    """The entries that have all elements of one stored array, with that and how to read them.

    Through the memory map they would be read twice, once to check them, and page by page.

    Args:
        state: What rules have made.
        arrays: The stored arrays, as views of memory maps.
        origins: Where they are stored, by their ids.
        verify: Whether to compare them with their checksums.
    """
    whole = {_place(array): origins[id(array)] for array in arrays.values() if _is_plain(array)}
    return {
        name: (whole[_place(value)], _deferred(whole[_place(value)], value, verify))
        for name, value in state.items()
        if _is_plain(value) and _place(value) in whole
    }


def _is_plain(value: Any) -> bool:
    return type(value) is np.ndarray and value.nbytes > 0


def _place(array: np.ndarray) -> tuple[int, int]:
    """Where the array begins in memory, and its size."""
    return array.__array_interface__["data"][0], array.nbytes


def _deferred(stored: Stored, view: np.ndarray, verify: bool) -> Deferred:
    """The view, of memory that is read when it is needed."""
    shape, dtype, strides = view.shape, view.dtype, view.strides

    def read() -> np.ndarray:
        data = stored.file.read(stored.name, verify=verify)
        return np.ndarray(shape, dtype, data.data, strides=strides)

    return Deferred(read, shape, dtype)
