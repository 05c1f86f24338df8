"""`state_dict`: a pytree as a flat dict of arrays."""

from typing import Any

import jax
import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._deferred import Deferred
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._names import Named, named_leaves
from jax_metrics.checkpoint._plain_values import PlainValue
from jax_metrics.checkpoint._tied_names import StateDict, tied_names


@names_arguments
def state_dict(tree: Any) -> dict[str, Any]:
    """Returns the arrays of a pytree as a flat dict with dotted names.

    The names follow the fields, keys and indices that lead to an array, and are sorted. They do
    not depend on the order of the fields or keys. Settings, such as the mode of a module or the
    rate of a dropout, are not part of it.

    Args:
        tree: A module, an optimizer, a metric, or any pytree of them.

    Returns:
        The arrays themselves, not copies. Python numbers become NumPy arrays without axes. A value
        that is tied to another one, as by `jm.tie`, is not included; the dict then has the
        attribute `ties`, which maps the names of tied values to the names of their sources, so that
        a model without the tie can load it.

    Raises:
        CheckpointError: If a leaf is not an array or a number, or two leaves have one name.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(2)).init(0, jnp.ones((1, 3)))
        >>> {name: array.shape for name, array in jm.state_dict(model).items()}
        {'layers.0.bias': (2,), 'layers.0.kernel': (3, 2)}
    """
    leaves = named_leaves(tree)
    check_leaves(leaves)
    state = {
        name: np.asarray(leaf) if is_number(leaf) else leaf for name, (_, leaf) in leaves.items()
    }
    found = tree.ties if isinstance(tree, StateDict) else tied_names(tree, leaves)
    ties = {name: tied._replace(transform=None) for name, tied in found.items()}
    return StateDict(state, ties) if ties else state


def is_number(leaf: Any) -> bool:
    """Whether the leaf is a plain Python number."""
    return type(leaf) in (bool, int, float, complex)


def is_array(leaf: Any) -> bool:
    """Whether the leaf is an array, or describes one."""
    if isinstance(leaf, np.ndarray | np.generic):
        # Strings, dates and Python objects have other kinds; the dtypes of JAX that NumPy does
        # not know, such as bfloat16, have the kind "V" and a scalar type of their own.
        return leaf.dtype.kind in "biufc" or (
            leaf.dtype.kind == "V" and leaf.dtype.type is not np.void
        )
    return isinstance(leaf, jax.Array | jax.ShapeDtypeStruct | Deferred)


def check_leaves(leaves: dict[str, Named]) -> None:
    """Checks that all leaves are arrays or numbers.

    Raises:
        CheckpointError: If some are not; it lists all of them.
    """
    wrong = [
        f"{named.path or 'the root'} is a {type(named.leaf).__name__}"
        for named in leaves.values()
        if not is_number(named.leaf)
        and not is_array(named.leaf)
        and not isinstance(named.leaf, PlainValue)
    ]
    if wrong:
        raise CheckpointError(
            f"A state dict has arrays and numbers only, but {', '.join(wrong)}. Initialize a "
            "module first, with `model.init(key, inputs)`; declare settings as static fields."
        )
