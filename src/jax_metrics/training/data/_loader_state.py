"""The states of loaders as plain values, which every checkpoint and JSON can hold."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

_ARRAY = "__array__"


def as_plain(state: Any) -> Any:
    """A copy of a state, with NumPy's arrays and tensors of PyTorch as dicts of numbers.

    Loaders have such arrays in the states of their random generators.

    Args:
        state: What the loader returned as its state.
    """
    if isinstance(state, Mapping):
        return {key: as_plain(value) for key, value in state.items()}
    if type(state) in (list, tuple):
        return type(state)(map(as_plain, state))
    if isinstance(state, np.generic):
        return state.item()
    if not hasattr(state, "__array__"):
        return state
    array = np.asarray(state)
    library = type(state).__module__.partition(".")[0]
    numbers = {"dtype": array.dtype.name, "shape": [*array.shape]}
    return {_ARRAY: library, **numbers, "values": array.ravel().tolist()}


def from_plain(state: Any) -> Any:
    """The state that `as_plain` was given.

    Args:
        state: The state as plain values.
    """
    if isinstance(state, Mapping) and _ARRAY in state:
        array = np.array(state["values"], state["dtype"]).reshape(state["shape"])
        is_tensor = state[_ARRAY] == "torch"
        return importlib.import_module("torch").from_numpy(array) if is_tensor else array
    if isinstance(state, Mapping):
        return {key: from_plain(value) for key, value in state.items()}
    return type(state)(map(from_plain, state)) if type(state) in (list, tuple) else state
