"""How leaves become arrays that safetensors knows, and back: typed keys and rare dtypes."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._misfits import is_key

# Names of dtypes in the files, and in NumPy.
DTYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}


class Encoded(NamedTuple):
    """An array that safetensors can write, and how to decode it.

    Args:
        array: The array.
        key: The implementation of a typed random key.
        dtype: The name of a dtype that is stored as bytes, along an additional last axis.
    """

    array: np.ndarray
    key: str | None = None
    dtype: str | None = None


def encoded(leaf: Any) -> Encoded:
    """Encodes an array."""
    if is_key(leaf.dtype):
        data = np.asarray(jax.random.key_data(leaf))
        return Encoded(_contiguous(data), key=str(jax.random.key_impl(leaf)))
    array = _contiguous(np.asarray(leaf))
    if array.dtype.name in DTYPES.values():
        return Encoded(array)
    stored = array.reshape(-1).view(np.uint8).reshape(*array.shape, array.dtype.itemsize)
    return Encoded(stored, dtype=array.dtype.name)


def _contiguous(array: np.ndarray) -> np.ndarray:
    native = array.dtype.newbyteorder("=")
    return np.ascontiguousarray(array, native).reshape(array.shape)


def decoded(stored: Encoded) -> Any:
    """The inverse of `encoded`; keys are JAX arrays, all others views of the stored array."""
    if stored.key is not None:
        return jax.random.wrap_key_data(jnp.asarray(np.array(stored.array)), impl=stored.key)
    if stored.dtype is not None:
        shape = stored.array.shape[:-1]
        return stored.array.reshape(-1).view(jnp.dtype(stored.dtype)).reshape(shape)
    return stored.array
