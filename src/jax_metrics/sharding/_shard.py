"""`shard` and `shardings`: rules applied to a tree."""

from collections.abc import Sequence
from typing import Any, TypeVar

import jax
from jax.core import Tracer
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from jax_metrics.arguments import names_arguments
from jax_metrics.module import place
from jax_metrics.sharding._assign import specs
from jax_metrics.sharding._rules import as_rules
from jax_metrics.tree import FieldInfo, map

A = TypeVar("A")


@names_arguments
def shardings(tree: A, mesh: Mesh, rules: Any, *, leading: Sequence[Any] = ()) -> A:
    """Returns the `NamedSharding` of each array by these rules, as a tree of the same structure.

    It fits `jax.jit(..., out_shardings=)`, `jax.device_put` and the restore functions of other
    libraries.

    Args:
        tree: A model, an optimizer, a tuple of both, or any pytree: of arrays, or of the shapes
            that `jax.eval_shape` returns. State that is kept by the paths of parameters, such as
            that of an optimizer or an average, has the sharding of its parameter in the same tree.
        mesh: The mesh, with Auto or Explicit axes.
        rules: A dict of rules, or `jm.sharding.Rules`.
        leading: Axes of the mesh, or None, for the leading axes that `jax.vmap` gave all arrays.

    Raises:
        TypeError: If `mesh` is not a mesh.
        ShardingError: If rules, tree and mesh do not fit: a rule matches nothing, no rule matches
            a large parameter, an axis is unknown or used twice, or a size does not divide. The
            message has all such problems.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1,), ("data",))
        >>> shapes = jax.eval_shape(lambda: jm.Linear(4).init(0, jnp.ones((1, 3))))
        >>> tuple(jm.sharding.shardings(shapes, mesh, {".*kernel": (None, "data")}).kernel.spec)
        (None, 'data')
    """
    found = specs(tree, mesh, as_rules(rules), tuple(leading))
    return map(
        lambda info: NamedSharding(mesh, found.get(info.path, PartitionSpec())),
        tree,
        field_info=True,
    )


@names_arguments
def shard(tree: A, mesh: Mesh, rules: Any, *, leading: Sequence[Any] = ()) -> A:
    """Splits the arrays of a tree over the devices of a mesh by rules; returns a new tree.

    Args:
        tree: As in `shardings`. Under `jax.jit` the rules override what XLA would choose. Shapes
            get their sharding, so that the result can be the `like=` of `jm.load`; leaves that are
            not arrays stay as they are.
        mesh: As in `shardings`, as are the arguments after it.
        rules: See `mesh`.
        leading: See `mesh`.

    Raises:
        TypeError, ShardingError: As in `shardings`.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1,), ("data",))
        >>> model = jm.Linear(4).init(0, jnp.ones((1, 3)))
        >>> model = jm.sharding.shard(model, mesh, {".*kernel": ("data", None)})
        >>> tuple(model.kernel.sharding.spec)
        ('data', None)
    """
    found = specs(tree, mesh, as_rules(rules), tuple(leading))

    def placed(info: FieldInfo) -> Any:
        if info.path not in found:
            return info.value
        sharding = NamedSharding(mesh, found[info.path])
        if isinstance(info.value, jax.ShapeDtypeStruct):
            return jax.ShapeDtypeStruct(info.value.shape, info.value.dtype, sharding=sharding)
        return _placed(info.value, sharding)

    return map(placed, tree, field_info=True)


def _placed(array: Any, sharding: NamedSharding) -> Any:
    if not isinstance(array, Tracer):
        return place(array, sharding)
    # In a trace `device_put` would leave it to XLA where a whole array lies.
    if AxisType.Explicit in sharding.mesh.axis_types:
        return jax.sharding.reshard(array, sharding)
    return jax.lax.with_sharding_constraint(array, sharding)
