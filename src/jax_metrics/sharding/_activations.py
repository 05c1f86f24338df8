"""`activations`: how the activations of transformer layers are split over a mesh."""

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import jax
from jax.core import Tracer
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding, PartitionSpec

from jax_metrics.arguments import names_arguments
from jax_metrics.module import ACTIVATIONS, Module
from jax_metrics.nn import (
    Embed,
    FeedForward,
    GroupedQueryAttention,
    Linear,
    MultiHeadDotProductAttention,
)
from jax_metrics.sharding._arguments import check_mesh
from jax_metrics.sharding._errors import raise_problems
from jax_metrics.sharding._tensor_parallel import undivided_heads
from jax_metrics.tree import copy, nearest, trees_with_paths

M = TypeVar("M", bound=Module)

_NAMES = ("batch", "length", "features", "heads", "hidden", "vocabulary")
# Those that are axes of the same array.
_TOGETHER = (("batch", "length", "features"), *(("batch", n) for n in _NAMES[3:]))
_LAYERS = (GroupedQueryAttention, MultiHeadDotProductAttention, FeedForward, Embed)


@names_arguments
def activations(
    model: M, mesh: Mesh, axes: Mapping[str, Any] | None, *, logits: str | None = None
) -> M:
    r"""Sets the sharding of activations in attention, feed-forward networks and embeddings.

    Without it, XLA decides from the parameters and the batch. With it, the layers constrain their
    activations, forward and backward, and nothing else changes: values are the same, up to
    rounding. The names of axes are

    - `batch`: the first axis of all activations;
    - `length` and `features`: the positions and the features of a sequence between the layers;
    - `heads`: the heads of queries, keys, values and attention outputs;
    - `hidden`: the hidden features of feed-forward networks;
    - `vocabulary`: the logits of `Embed.attend`, and of the layers that `logits` names.

    The model keeps the constraints, as a part of its structure: they apply with and without
    `jax.jit`, and a compiled function is compiled again for a model with other constraints. The
    computations of `init` are not constrained.

    Args:
        model: The model, initialized or not; it stays as it is.
        mesh: The mesh, with Auto or Explicit axes.
        axes: For each name, the axis of the mesh that splits it, a tuple of axes, or None to keep
            it whole on each device. XLA decides about names that are left out. None instead of a
            dict removes all constraints.
        logits: A regular expression that matches the whole paths of the `Linear` layers that
            compute logits, such as `r"\.head"`.

    Returns:
        The model with the constraints, in place of any earlier ones.

    Raises:
        ShardingError: If there is no such name or axis of the mesh, if the model has none of these
            layers, if heads do not divide, or `logits` matches no `Linear`.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1, 1), ("data", "model"))
        >>> layer = jm.nn.TransformerEncoderLayer(4).init(0, jnp.ones((2, 5, 16)))
        >>> axes = {"batch": "data", "features": None, "heads": "model", "hidden": "model"}
        >>> layer = jm.sharding.activations(layer, mesh, axes)
        >>> layer(jnp.ones((2, 5, 16))).shape
        (2, 5, 16)
    """
    constrained = copy(model)
    trees = dict(trees_with_paths(constrained))
    for tree in trees.values():
        if ACTIVATIONS in vars(tree):
            delattr(tree, ACTIVATIONS)
        if isinstance(tree, MultiHeadDotProductAttention):
            _set_attention(tree, None)
    if axes is None:
        return constrained
    layers = {path: tree for path, tree in trees.items() if isinstance(tree, _LAYERS)}
    if logits is not None:
        heads = {path: tree for path, tree in trees.items() if isinstance(tree, Linear)}
        layers |= {path: tree for path, tree in heads.items() if re.fullmatch(logits, path)}
    check_mesh(mesh)
    raise_problems(_problems(model, mesh, axes, layers, logits), model, mesh)
    split = {name: _mesh_axes(value) for name, value in axes.items()}
    layout = _Layout(mesh.abstract_mesh, tuple(sorted(split.items())))
    for layer in layers.values():
        setattr(layer, ACTIVATIONS, layout)
        if isinstance(layer, MultiHeadDotProductAttention):
            _set_attention(layer, layout)
    return constrained


def _problems(
    model: Any, mesh: Mesh, axes: Mapping[str, Any], layers: dict[str, Any], logits: str | None
) -> list[str]:
    problems = []
    for name, value in axes.items():
        if name not in _NAMES:
            problems.append(
                f"the activations have no axis {name!r}; the names are {', '.join(_NAMES)}."
                f"{nearest(name, _NAMES)}".rstrip(".")
            )
        for axis in _mesh_axes(value):
            if axis not in mesh.shape:
                problems.append(
                    f"{name!r} names the axis {axis!r}, which is not in the mesh."
                    f"{nearest(axis, list(mesh.shape))}".rstrip(".")
                )
    for names in _TOGETHER:
        used = [axis for name in names for axis in _mesh_axes(axes.get(name))]
        problems += [
            f"the mesh axis {axis!r} is used twice for {', '.join(map(repr, names))}, which are "
            "axes of one array; it can split only one of them"
            for axis in mesh.shape
            if used.count(axis) > 1
        ]
    if not any(isinstance(layer, _LAYERS) for layer in layers.values()):
        problems.append("the model has no attention, feed-forward network or embedding")
    if logits is not None and not any(isinstance(layer, Linear) for layer in layers.values()):
        problems.append(f"the pattern {logits!r} of `logits` matches the path of no Linear")
    if not problems:
        parts = 1
        for axis in _mesh_axes(axes.get("heads")):
            parts *= mesh.shape[axis]
        problems += undivided_heads(model, parts)
    return problems


def _mesh_axes(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


@dataclasses.dataclass(frozen=True)
class _Layout:
    """Lays out activations; see `jax_metrics.module.laid_out`.

    Attributes:
        mesh: The mesh, without its devices, so that models can be pickled and compared.
        axes: The axes of the mesh for each name.
    """

    mesh: AbstractMesh
    axes: tuple[tuple[str, tuple[str, ...]], ...]

    def __call__(self, x: jax.Array, *names: str | None) -> jax.Array:
        own = names[max(len(names) - x.ndim + 1, 0) :] if x.ndim > 1 else names[-1:]
        batch = ("batch", *[None] * (x.ndim - 1 - len(own))) if x.ndim > 1 else ()
        known = dict(self.axes)
        wanted = {
            number: known[name] for number, name in enumerate((*batch, *own)) if name in known
        }
        if not wanted:
            return x
        # Within `shard_map` and `auto_axes` axes are of another type than outside.
        current = jax.sharding.get_abstract_mesh()
        mesh = current if set(self.mesh.shape) <= set(current.shape) else self.mesh
        types = zip(mesh.axis_names, mesh.axis_types, strict=True)
        manual = {axis for axis, kind in types if kind is AxisType.Manual}
        wanted = {n: tuple(a for a in axes if a not in manual) for n, axes in wanted.items()}
        given = jax.typeof(x).sharding
        if AxisType.Explicit in given.mesh.axis_types:
            spec = _changed(given.spec, wanted)
            return jax.sharding.reshard(x, NamedSharding(given.mesh, spec))
        on_mesh = isinstance(x, Tracer) or isinstance(x.sharding, NamedSharding)
        if not on_mesh or AxisType.Auto not in mesh.axis_types:
            return x
        free = PartitionSpec.UNCONSTRAINED
        spec = PartitionSpec(*(_entry(wanted[n]) if n in wanted else free for n in range(x.ndim)))
        return jax.lax.with_sharding_constraint(x, NamedSharding(mesh, spec))


def _entry(axes: tuple[str, ...]) -> Any:
    return axes[0] if len(axes) == 1 else axes or None


def _changed(spec: PartitionSpec, wanted: dict[int, tuple[str, ...]]) -> PartitionSpec:
    """A spec with other entries, whose axes leave the entries that had them."""
    moved = {axis for axes in wanted.values() for axis in axes}
    kept = [tuple(a for a in _mesh_axes(entry) if a not in moved) for entry in spec]
    return PartitionSpec(*(_entry(wanted.get(n, axes)) for n, axes in enumerate(kept)))


class _Attention:
    """An attention function of Flax, with constrained queries, keys, values and output."""

    def __init__(self, function: Callable[..., jax.Array], layout: _Layout):
        functools.update_wrapper(self, function)  # Flax asks for the signature
        self.function = function
        self.layout = layout

    def __call__(self, query: Any, key: Any, value: Any, *args: Any, **options: Any) -> jax.Array:
        arrays = (self.layout(x, None, "heads", None) for x in (query, key, value))
        return self.layout(self.function(*arrays, *args, **options), None, "heads", None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Attention) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[Any, ...]:
        return self.function, self.layout


def _set_attention(layer: Any, layout: _Layout | None) -> None:
    function = layer.attention_fn
    if isinstance(function, _Attention):
        function = function.function
    layer.attention_fn = function if layout is None else _Attention(function, layout)
