"""`in_float64`: a computation in float64 within a program of float32."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Pair(NamedTuple):
    """Numbers as the sum of two floats, the second of which holds what the first rounds away.

    Two float32 hold 48 bits, nearly as many as a float64.

    Attributes:
        high: The numbers, rounded.
        low: The rest.
    """

    high: jax.Array
    low: jax.Array

    @classmethod
    def zeros(cls, shape: tuple[int, ...], dtype: Any) -> "Pair":
        """Zeros."""
        return cls(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype))


def in_float64(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, computed in float64 whether or not x64 is enabled.

    For the few steps that lose too much in float32, such as the eigenvalues of a covariance. Floats
    among the arguments are converted, and `Pair`s to one number each. Results become floats of the
    dtype of the first argument that has one, and results marked by `as_pair` become `Pair`s.

    Args:
        f: A function of arrays and pairs.
    """

    @jax.custom_batching.custom_vmap
    def program(*args: Any) -> Any:
        floats = [x.dtype for x in jax.tree.leaves(args) if jnp.issubdtype(x.dtype, jnp.floating)]
        with jax.enable_x64(True):
            # As a program of its own it is not traced again where x64 is not enabled.
            return jax.jit(lambda *wide: _rounded(f(*map(_widened, wide)), floats[0]))(*args)

    @program.def_vmap
    def mapped(_: int, is_mapped: Any, *args: Any) -> Any:
        # JAX would map the traced program, and round some of its operations to float32.
        axes = [0 if any(jax.tree.leaves(flags)) else None for flags in is_mapped]
        result = in_float64(jax.vmap(f, axes))(*args)
        return result, jax.tree.map(lambda _: True, result)

    return functools.wraps(f)(lambda *args: program(*args))


class _Exact(NamedTuple):
    value: jax.Array


def as_pair(value: jax.Array) -> Any:
    """Marks a result of a function in float64 that becomes a `Pair`."""
    return _Exact(value)


def _widened(argument: Any) -> Any:
    if isinstance(argument, Pair):
        return argument.high.astype(jnp.float64) + argument.low.astype(jnp.float64)
    is_float = jnp.issubdtype(argument.dtype, jnp.floating)
    return argument.astype(jnp.float64) if is_float else argument


def _rounded(result: Any, dtype: Any) -> Any:
    def round_one(one: Any) -> Any:
        if not isinstance(one, _Exact):
            return one.astype(dtype)
        high = one.value.astype(dtype)
        rest = jnp.where(jnp.isfinite(one.value), one.value - high.astype(jnp.float64), 0)
        return Pair(high, rest.astype(dtype))

    return jax.tree.map(round_one, result, is_leaf=lambda x: isinstance(x, _Exact))


def transposed(matrix: jax.Array) -> jax.Array:
    """The transposed matrix, written out.

    XLA multiplies float64 on CPUs at half the speed if the transpose is part of the product.
    """
    return jax.lax.optimization_barrier(matrix.T)
