"""`equal`: compares pytrees by value."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


def equal(a: Any, b: Any, *, rtol: float = 0.0, atol: float = 0.0) -> bool:
    """Whether two pytrees, such as models, have the same structure and equal values.

    The structure includes classes, fields and their kinds, static values such as the mode, and
    the keys of dicts. Functions in static fields are the same if the same lines of code made them
    with the same values. Arrays must agree in shape, dtype and values: NaN equals NaN, and random
    keys are compared by their data. `==` of Trees, in contrast, compares by identity.

    Args:
        a: Any pytree.
        b: Any pytree.
        rtol: Relative tolerance for floating-point and complex values, as in `numpy.isclose`.
            Integers, booleans and random keys must be equal.
        atol: Absolute tolerance, likewise.

    Raises:
        TypeError: In a function that JAX traces, where values are not known.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> jm.equal(model, jm.copy(model)), jm.equal(model, model.eval())
        (True, False)
        >>> nearby = jax.tree.map(lambda x: x + 1e-6, model)
        >>> jm.equal(model, nearby), jm.equal(model, nearby, atol=1e-5)
        (False, True)
    """
    if jax.tree.structure(a) != jax.tree.structure(b):
        return False
    pairs = list(zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))
    if any(isinstance(leaf, Tracer) for pair in pairs for leaf in pair):
        raise TypeError(
            "`jm.equal` compares values, but in a function that JAX traces, such as under `jit`, "
            "they are not known. Call it outside, or compare arrays with `jnp.array_equal`."
        )
    if not all(_same_type(*pair) for pair in pairs):
        return False
    arrays = [tuple(map(_data, pair)) for pair in pairs if _is_array(pair[0])]
    others = [pair for pair in pairs if not _is_array(pair[0])]
    return all(one is other or bool(one == other) for one, other in others) and all(
        _close(one, other, rtol, atol) for one, other in jax.device_get(arrays)
    )


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float | complex)


def _same_type(a: Any, b: Any) -> bool:
    if not (_is_array(a) and _is_array(b)):
        return not (_is_array(a) or _is_array(b))
    return jnp.shape(a) == jnp.shape(b) and jnp.result_type(a) == jnp.result_type(b)


def _data(leaf: Any) -> Any:
    is_key = jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key)
    return jax.random.key_data(leaf) if is_key else leaf


def _close(a: Any, b: Any, rtol: float, atol: float) -> bool:
    dtype = jnp.result_type(a)
    if not jnp.issubdtype(dtype, jnp.inexact):
        return np.array_equal(a, b)
    wide = np.complex128 if jnp.issubdtype(dtype, jnp.complexfloating) else np.float64
    a, b = np.asarray(a, wide), np.asarray(b, wide)
    return np.allclose(a, b, rtol, atol, equal_nan=True)
