"""The part of `check_layer` that shards: data and tensor parallelism in every mode of a mesh."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jax_metrics.module import Module, Parameter
from jax_metrics.tree import filter, merge

Call = Callable[[Module, Sequence[Any]], Any]


def check_sharded(
    layer: Module,
    arrays: Sequence[Any],
    call: Call,
    evaluated: Any,
    trained: Any,
    close: Callable[[Any, Any, str], None],
) -> None:
    """Checks a layer with its inputs sharded over the batch and its parameters over the features.

    A single program covers Explicit axes in training, and Auto axes and `shard_map` in evaluation
    mode. Gradients with Explicit axes are only traced. The check is skipped without two devices, or
    without a first axis of even size.

    Args:
        layer: An initialized layer in training mode.
        arrays: The arrays among its inputs.
        call: Maps a layer and arrays to the output of a call.
        evaluated: The output in evaluation mode.
        trained: The output in training.
        close: A function of two outputs and their description that raises unless they are close.
    """
    batch = next((x.shape[0] for x in arrays if x.ndim), 1)
    if jax.device_count() < 2 or batch % 2:
        return
    mesh = jax.make_mesh(
        (2, 2 if jax.device_count() >= 4 else 1),
        ("data", "model"),
        axis_types=(AxisType.Explicit,) * 2,
    )
    specs = [PartitionSpec("data") if x.ndim and x.shape[0] == batch else _NONE for x in arrays]
    with jax.set_mesh(mesh):
        split = [
            jax.device_put(x, NamedSharding(mesh, s)) for x, s in zip(arrays, specs, strict=True)
        ]
        parallel = _tensor_parallel(layer, mesh)
        program = _program(mesh, specs, call, evaluated, batch)
        explicit, auto, mapped = jax.jit(program)(parallel, layer, split)
        jax.eval_shape(_gradients(call), parallel, split)
    close(explicit, trained, "the output with Explicit mesh axes, in training")
    close(auto, evaluated, "the output with Auto mesh axes")
    if mapped is not None:
        close(mapped, evaluated, "the output under `shard_map`")


_NONE = PartitionSpec()


def _tensor_parallel(layer: Module, mesh: Mesh) -> Module:
    """The layer with the last axis of each parameter sharded, where its size permits."""

    def shard(leaf: jax.Array) -> jax.Array:
        if not leaf.ndim or leaf.shape[-1] % mesh.shape["model"]:
            return leaf
        spec = PartitionSpec(*(None,) * (leaf.ndim - 1), "model")
        return jax.device_put(leaf, NamedSharding(mesh, spec))

    return merge(layer, jax.tree.map(shard, filter(layer, Parameter)))


def _program(
    mesh: Mesh, specs: list[PartitionSpec], call: Call, output: Any, batch: int
) -> Callable[..., Any]:
    """A function of the sharded layer, the replicated one and the sharded arrays."""
    leaves = jax.tree.leaves(output)
    by_batch = all(jnp.ndim(x) and x.shape[0] == batch for x in leaves)

    def run(parallel: Module, layer: Module, arrays: list[Any]) -> tuple[Any, Any, Any]:
        replicated = jax.tree.map(lambda _: _NONE, output)
        in_auto: Any = jax.sharding.auto_axes(call, out_sharding=replicated)
        auto = in_auto(parallel.eval(), arrays)
        mapped = None
        if by_batch:
            mapped = jax.shard_map(
                call,
                mesh=mesh,
                in_specs=(_NONE, specs),
                out_specs=PartitionSpec("data"),
            )(layer.eval(), arrays)
        return call(parallel, arrays), auto, mapped

    return run


def _gradients(call: Call) -> Callable[[Module, list[Any]], Any]:
    def gradients(layer: Module, arrays: list[Any]) -> Any:
        def loss(params: Any) -> Any:
            outputs = jax.tree.leaves(call(merge(layer, params), arrays))
            return sum(
                jnp.sum(x.astype(jnp.float32))
                for x in outputs
                if jnp.issubdtype(x.dtype, jnp.floating)
            )

        return jax.grad(loss)(filter(layer, Parameter))

    return gradients
