"""`to_floats`: values as Python numbers, ready for a logger."""

from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from jax_metrics.metrics._dict_order import as_dicts, keep_order


def to_floats(value: Any) -> Any:
    """The value with scalars as Python floats and other arrays as NumPy arrays, in one transfer.

    Traced values stay as they are.

    Args:
        value: An array, or a structure of arrays.
    """
    leaves, structure = jax.tree.flatten(keep_order(value))
    if any(isinstance(leaf, Tracer) for leaf in leaves):
        return value
    return as_dicts(jax.tree.unflatten(structure, map(_as_float, jax.device_get(leaves))))


def _as_float(leaf: Any) -> Any:
    is_number = isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind not in "OUSc"
    return float(leaf) if is_number and leaf.ndim == 0 else leaf
