"""`init`: a model that is split over devices from the start."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jax_metrics.arguments import names_arguments
from jax_metrics.module import Inputs, Key, Module
from jax_metrics.sharding._shard import shardings

M = TypeVar("M", bound=Module)


@names_arguments
def init(
    model: M, key: Any, inputs: Any, mesh: Mesh, rules: Any, *, call_method: str = "__call__"
) -> M:
    """Initializes a model on a mesh; each device creates only its part of each array.

    The values are those of `model.init(key, inputs)`, up to rounding.

    Args:
        model: The model, not initialized yet.
        key: A random key or an integer seed.
        inputs: As in `Module.init`, with arrays or `jax.ShapeDtypeStruct`s.
        mesh: The mesh, with Auto or Explicit axes.
        rules: As in `jm.sharding.shard`.
        call_method: As in `Module.init`.

    Raises:
        TypeError, ShardingError: As in `jm.sharding.shardings`, before anything is computed.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1,), ("data",))
        >>> inputs = jax.ShapeDtypeStruct((1, 3), "float32")
        >>> model = jm.sharding.init(jm.Linear(4), 0, inputs, mesh, {".*kernel": (None, "data")})
        >>> tuple(model.kernel.sharding.spec)
        (None, 'data')
    """
    program, arguments = init_program(model, key, inputs, mesh, rules, call_method)
    return program(*arguments)


def init_program(
    model: Any, key: Any, inputs: Any, mesh: Mesh, rules: Any, call_method: str
) -> tuple[Any, tuple[Any, ...]]:
    """The jitted function that `init` calls, and its arguments."""
    given = Inputs.from_value(inputs)
    leaves, structure = jax.tree.flatten((given.args, given.kwargs))
    where = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array | np.ndarray)]

    def run(model: Any, key: jax.Array, arrays: list[Any]) -> Any:
        filled = [_zeros(x) if isinstance(x, jax.ShapeDtypeStruct) else x for x in leaves]
        for index, array in zip(where, arrays, strict=True):
            filled[index] = array
        args, kwargs = jax.tree.unflatten(structure, filled)
        return model.init(key, Inputs(*args, **kwargs), call_method)

    arguments = (model, Key(key), [leaves[index] for index in where])
    shapes = jax.eval_shape(run, *arguments)
    program: Callable[..., Any] = jax.jit(run, out_shardings=shardings(shapes, mesh, rules))
    return program, arguments


def _zeros(like: jax.ShapeDtypeStruct) -> jax.Array:
    """Zeros, of 32 bits where those of NumPy have 64."""
    dtype: Any = jax.dtypes.canonicalize_dtype(like.dtype, allow_extended_dtype=True)
    return jnp.zeros(like.shape, dtype)
