"""`as_whole`: integers of Python, NumPy and JAX as one type."""

import operator
from typing import Any


def as_whole(value: Any) -> int | None:
    """An integer as an int: whatever has `__index__`, such as `np.int64(3)`. None for all else.

    Args:
        value: Any value. True and False are no numbers.

    Example:
        >>> import numpy as np
        >>> from jax_metrics.tree import as_whole
        >>> as_whole(np.int64(3)), as_whole(3.0), as_whole(True)
        (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
