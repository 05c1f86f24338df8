"""`DefaultDtype`: the floating dtype of the program, unless a metric has its own."""

from typing import Any

import jax
import numpy as np


class DefaultDtype:
    """A class attribute that reads as float32, or as float64 if x64 is enabled."""

    def __get__(self, instance: Any, owner: type) -> np.dtype:
        return jax.dtypes.canonicalize_dtype(float)
