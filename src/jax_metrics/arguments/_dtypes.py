"""Arrays of NumPy whose dtype JAX does not have."""

from typing import Any

import jax.numpy as jnp
import numpy as np

_BYTES = {"f": 8, "c": 16}  # of the widest dtypes that JAX has of a kind


def refuse_dtype(name: str, array: Any) -> None:
    """Checks that JAX has the dtype of an array, if that is one of NumPy.

    Raises:
        TypeError: If not, with what to give instead.
    """
    if isinstance(array, np.ndarray | np.generic) and (advice := dtype_advice(array)) is not None:
        raise TypeError(
            f"`{name}` has the dtype {array.dtype}, which JAX does not have. {advice.format(name)}"
        )


def dtype_advice(array: np.ndarray | np.generic) -> str | None:
    """How to make an array of a dtype that JAX has: a text with `{}` for its name, or None."""
    dtype = array.dtype
    if dtype.kind in "US" or (dtype.kind == "O" and any(isinstance(x, str) for x in array.flat)):
        return (
            "Give numbers: `np.unique({0}, return_inverse=True)` numbers labels, a tokenizer "
            "encodes text."
        )
    if dtype.kind == "O":
        return (
            "Give an array of numbers: `{0}.astype(np.float32)` if all its elements are numbers, "
            "`np.stack({0})` if they are arrays of the same shape."
        )
    if dtype.kind == "M":
        return (
            "Give numbers, such as the days since a date: "
            "`({0} - np.datetime64('2000-01-01')) / np.timedelta64(1, 'D')`."
        )
    if dtype.kind == "m":
        return "Give numbers, such as days: `{0} / np.timedelta64(1, 'D')`."
    if dtype.names is not None:
        return "Give a dict of its fields: `{{name: {0}[name] for name in {0}.dtype.names}}`."
    if dtype.itemsize > _BYTES.get(dtype.kind, dtype.itemsize):
        return f"Write `{{0}}.astype(np.{'complex64' if dtype.kind == 'c' else 'float32'})`."
    is_number = dtype.kind == "b" or jnp.issubdtype(dtype, np.number)
    return None if is_number else "Give an array of numbers."
