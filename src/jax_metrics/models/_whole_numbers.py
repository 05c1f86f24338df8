"""Arguments that are whole numbers."""

from typing import Any

from jax_metrics.tree import as_whole


def read_positive(name: str, value: Any) -> int:
    """An argument that is at least 1, as an int.

    Args:
        name: Its name.
        value: An integer of Python, NumPy or JAX.

    Raises:
        ValueError: If it is something else.
    """
    number = as_whole(value)
    if number is None or number < 1:
        raise ValueError(f"`{name}` needs a positive integer; got {value!r}.")
    return number
