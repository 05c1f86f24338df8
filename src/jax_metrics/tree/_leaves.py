"""Which values are leaves of a pytree, answered without asking JAX about each."""

from typing import Any, TypeVar

import jax
import numpy as np

C = TypeVar("C", bound=type)

# Types known to be leaves. Asking JAX about each value is slow; a set of types is not. The type
# of concrete arrays has no public name, so types join when first met.
leaf_types: set[type] = {int, float, complex, bool, str, np.ndarray}


def is_leaf(value: Any) -> bool:
    """Whether JAX takes the value as a leaf."""
    kind = type(value)
    if kind in leaf_types:
        return True
    if not jax.tree_util.all_leaves((value,)):
        return False
    if isinstance(value, jax.Array | np.generic):
        leaf_types.add(kind)
    return True


def treat_as_leaf(cls: C) -> C:
    """Lets `filter`, `merge`, `map` and `copy` take objects of a class as leaves, not as nodes."""
    leaf_types.add(cls)
    return cls
