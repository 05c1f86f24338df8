"""Models by their shapes alone, and the values that no file has."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models._architecture import Architecture
from jax_metrics.module import BatchStats, Module, Parameter
from jax_metrics.nn.attention import only_shapes
from jax_metrics.tree import map


def shapes_of(model: Module, key: Any, dtype: Any) -> Any:
    """The model with shapes instead of arrays; nothing is computed.

    Args:
        model: An architecture that is not initialized, or any model that is.
        key: The key for its initialization.
        dtype: That of the floating Parameters; None leaves them as they are.

    Raises:
        CheckpointError: If the inputs to initialize it with are unknown.
    """
    with only_shapes():
        shapes = jax.eval_shape(lambda: _made(model, key, dtype))
    if not model.initialized:
        return shapes
    # Arrays that were placed on purpose keep their places.
    return jax.tree.map(
        lambda leaf, shape: (
            jax.ShapeDtypeStruct(shape.shape, shape.dtype, sharding=leaf.sharding)
            if isinstance(leaf, jax.Array) and leaf.committed
            else shape
        ),
        model,
        shapes,
    )


def with_values(model: Any, loaded: Any, key: Any, dtype: Any) -> Any:
    """The loaded model, with initial values where it still has shapes.

    Args:
        model: As in `shapes_of`.
        loaded: The same with some values.
        key: As in `shapes_of`.
        dtype: As in `shapes_of`.
    """
    leaves, structure = jax.tree.flatten(loaded)
    lacking = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.ShapeDtypeStruct)]
    if not lacking:
        return loaded

    def initial() -> list[Any]:
        made = jax.tree.leaves(_made(model, key, dtype))
        return [made[i] for i in lacking]

    # Under `jit`, only these are computed. A model with values has them already.
    values = initial() if model.initialized else jax.jit(initial)()
    for i, value in zip(lacking, values, strict=True):
        leaves[i] = value
    return jax.tree.unflatten(structure, leaves)


def of_files(tree: Any) -> Any:
    """The part of a model that the files of other libraries have: no random keys, for example."""
    return tree.filter(lambda info: issubclass(info.kind, Parameter | BatchStats))


def _made(model: Module, key: Any, dtype: Any) -> Any:
    if not model.initialized:
        if not isinstance(model, Architecture):
            raise CheckpointError(
                f"The {type(model).__name__} is not initialized, and has no `example_inputs` to "
                "initialize it with: pass `model.init(key, inputs)`, or a `jm.models.Architecture`."
            )
        model = model.init(key, model.example_inputs())
    if dtype is None:
        return model

    def cast(info: Any) -> Any:
        value = info.value
        floating = issubclass(info.kind, Parameter) and jnp.issubdtype(value.dtype, jnp.floating)
        return value.astype(dtype) if floating else value

    return map(cast, model, field_info=True)
