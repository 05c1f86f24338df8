"""The dtype of a metric: the floating dtype of the program, unless it has its own."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


class DefaultDtype:
    """A class attribute that reads as float32, or as float64 if x64 is enabled."""

    def __get__(self, instance: Any, owner: type) -> np.dtype:
        return jax.dtypes.canonicalize_dtype(float)


def checked_dtype(cls: Any, dtype: Any) -> np.dtype:
    """The dtype that a metric was created with.

    Raises:
        TypeError: If it is not a floating dtype, unless the class has `keeps_integers`.
    """
    dtype = jnp.dtype(dtype)
    if not (cls.keeps_integers or jnp.issubdtype(dtype, jnp.floating)):
        raise TypeError(
            f"{cls.__name__} computes with floats, but got dtype={dtype}, in which its state would "
            "be rounded. Give a floating dtype, or leave `dtype` out: integers are counted exactly "
            "without it. A class of your own that stores integers sets `keeps_integers = True`."
        )
    return dtype
