"""Values that JAX cannot take, and what to give instead."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import numpy as np

from jax_metrics.arguments._dtypes import dtype_advice
from jax_metrics.arguments._inputs import refuse_masked


def refuse_foreign(
    owner: str, inputs: Mapping[str, Any], required: Iterable[str] = (), otherwise: str = ""
) -> None:
    """Checks that all arguments are numbers, arrays of numbers, or structures of them.

    Args:
        owner: The name of what got them, for the message.
        inputs: The arguments by name.
        required: The names of those that must not be None.
        otherwise: A further way out, for the message.

    Raises:
        TypeError: If one holds something else.
    """
    for name in required:
        if name in inputs and inputs[name] is None:
            raise TypeError(
                f"{owner} got None as {name}. Give an array; if a function was to return it, check "
                "that it does."
            )
    for name, value in inputs.items():
        for path, leaf in jax.tree_util.tree_leaves_with_path(value):
            refuse_masked(f"{name}{jax.tree_util.keystr(path)}", leaf)
            if (advice := _advice(leaf)) is not None:
                place = f"{name}{jax.tree_util.keystr(path)}"
                raise TypeError(
                    f"{owner} got a {_kind(leaf)} as {place}, which JAX cannot take. "
                    f"{advice.format(place)}{otherwise}"
                )


def _kind(leaf: Any) -> str:
    if isinstance(leaf, np.ndarray | np.generic):
        return f"NumPy array of dtype {leaf.dtype}"
    return f"{type(leaf).__module__}.{type(leaf).__qualname__}".removeprefix("builtins.")


def _advice(leaf: Any) -> str | None:
    """How to fix a value that JAX cannot take; None for others."""
    if isinstance(leaf, jax.Array | bool | int | float | complex):
        return None
    if isinstance(leaf, np.ndarray | np.generic):
        return dtype_advice(leaf)
    if isinstance(leaf, str | bytes):
        return "Give numbers instead of strings."
    if hasattr(leaf, "detach"):  # of PyTorch
        return "Give `{}.detach().cpu().numpy()`."
    if hasattr(leaf, "__jax_array__") or hasattr(leaf, "dtype"):
        return "Give `np.asarray({})`." if hasattr(leaf, "numpy") else None
    return "Give `np.asarray({})`."
