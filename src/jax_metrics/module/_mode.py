"""The mode of a module: its flags, and what sets them."""

from typing import Any, NamedTuple

import numpy as np


class Mode(NamedTuple):
    """The flags of a module, in one static value: three would slow every call through `jit`."""

    training: bool = True
    initialized: bool = False
    frozen: bool = False


def as_flag(method: str, mode: Any) -> bool:
    """The argument of a method that sets a flag.

    Raises:
        TypeError: If it is not a boolean, such as the path of a part.
    """
    if not isinstance(mode, bool | np.bool_):
        raise TypeError(
            f"`{method}` takes True or False and applies to the whole module; got {mode!r}. For a "
            f"part write `model.at[path].apply(lambda part: part.{method}())`."
        )
    return bool(mode)
