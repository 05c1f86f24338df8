"""`tensor_parallel`: transformer layers that several devices compute together."""

import dataclasses
import re
from typing import Any

from jax.sharding import Mesh

from jax_metrics.arguments import names_arguments
from jax_metrics.nn import (
    Embed,
    FeedForward,
    GroupedQueryAttention,
    MultiHeadDotProductAttention,
)
from jax_metrics.sharding._arguments import check_mesh
from jax_metrics.sharding._errors import ShardingError, described, raise_problems
from jax_metrics.sharding._leaves import Leaf, array_leaves
from jax_metrics.sharding._matcher import Matcher
from jax_metrics.sharding._rules import Rules, as_rules
from jax_metrics.tree import trees_with_paths

_AROUND = r"(\.layer)*"  # where `LoRA` and `Remat` have the layer that they stand for


@names_arguments
def tensor_parallel(
    mesh: Mesh,
    model: Any,
    axis: str = "model",
    rules: Any = None,
    *,
    threshold: int | None = None,
) -> Rules:
    """Rules that split attention, feed-forward networks and embeddings within a layer.

    Attention heads and hidden features are split, so that a transformer layer needs two sums over
    the devices (Shoeybi et al., 2019, arXiv:1909.08053). Embeddings are split by their rows, and
    the factors of `LoRA` like the kernels that they are added to. All other parameters, such as
    norms, are on each device; a large one, such as the kernel of an output layer, needs a rule of
    your own.

    Args:
        mesh: The mesh.
        model: The model, initialized, or its shapes from `jax.eval_shape`.
        axis: The axis of the mesh to split over.
        rules: Your rules, which come first: a dict, or `Rules`, whose other arguments are kept.
        threshold: As in `Rules`; None: that of `rules`.

    Raises:
        TypeError: If `mesh` is not a mesh, or the rules are neither a dict nor `Rules`.
        ShardingError: If the mesh has no such axis, the axes of `rules` give its name another
            meaning, the model has none of these layers, or the number of heads of a layer does not
            divide.

    Example:
        >>> import jax
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> mesh = jax.make_mesh((1, 1), ("data", "model"))
        >>> layer = jm.nn.TransformerEncoderLayer(4).init(0, jnp.ones((1, 5, 16)))
        >>> rules = jm.sharding.tensor_parallel(mesh, layer)
        >>> layer = jm.sharding.shard(layer, mesh, rules)
        >>> tuple(layer.feed_forward.linear1.kernel.sharding.spec)
        (None, 'model')
        >>> tuple(layer.feed_forward.linear2.kernel.sharding.spec)
        ('model', None)
    """
    check_mesh(mesh)
    if axis not in mesh.shape:
        raise ShardingError(
            f"`tensor_parallel` splits over the mesh axis {axis!r}, which is not in the mesh "
            f"({described(mesh)}). Name another one: `tensor_parallel(mesh, model, "
            f"{next(iter(mesh.shape))!r})`."
        )
    first = as_rules({} if rules is None else rules)
    if (meant := first.axes.get(axis, axis)) != axis:
        raise ShardingError(
            f"`tensor_parallel` splits over the mesh axis {axis!r}, but the `axes` of your rules "
            f"give this name another meaning, {meant!r}. Call that entry of `axes` something else."
        )
    own = dict(first.rules)
    rest = {...: own.pop(...)} if ... in own else {}
    matcher = Matcher(Rules(own))
    leaves = [leaf for leaf in array_leaves(model, 0) if not matcher.matches(leaf)]
    known = {
        cls: present
        for cls, patterns in _patterns(axis).items()
        if (present := _present(leaves, cls, patterns))
    }
    if not known:
        raise ShardingError(
            f"`tensor_parallel` knows attention, feed-forward networks and embeddings, and this "
            f"{type(model).__name__} has none with values. Initialize it, or pass "
            "`jax.eval_shape(lambda: model.init(key, inputs))`; or write rules yourself."
        )
    raise_problems(undivided_heads(model, mesh.shape[axis]), model, mesh)
    # A class that has rules already gets more: dicts have each key once.
    for cls in known.keys() & own.keys():
        known[cls] = {**own.pop(cls), **known[cls]}
    return dataclasses.replace(
        first,
        rules={**own, **known, **rest},
        threshold=first.threshold if threshold is None else threshold,
    )


def _patterns(axis: str) -> dict[type, dict[str, Any]]:
    into, out = "(query|key|value)", "out"
    return {
        GroupedQueryAttention: {**_columns(into, axis), **_rows(out, axis)},
        MultiHeadDotProductAttention: {  # Flax's layout: [features, heads, size of a head]
            rf"{into}\['kernel'\]": (None, axis, None),
            rf"{into}\['bias'\]": (axis, None),
            rf"{out}\['kernel'\]": (axis, None, None),
        },
        FeedForward: {**_columns("(linear1|gate)", axis), **_rows("linear2", axis)},
        Embed: {"embedding": (axis, None)},
    }


def _columns(layer: str, axis: str) -> dict[str, Any]:
    """Rules for a layer whose outputs are split, also inside of `LoRA` and `Remat`."""
    layer += _AROUND
    return {
        rf"{layer}(\.kernel|\.b\['kernel'\])": (None, axis),
        rf"{layer}\.a\['kernel'\]": None,
        rf"{layer}\.bias": (axis,),
    }


def _rows(layer: str, axis: str) -> dict[str, Any]:
    """Rules for a layer whose inputs are split, also inside of `LoRA` and `Remat`."""
    layer += _AROUND
    return {
        rf"{layer}(\.kernel|\.a\['kernel'\])": (axis, None),
        rf"{layer}\.b\['kernel'\]": None,
    }


def _present(leaves: list[Leaf], cls: type, patterns: dict[str, Any]) -> dict[str, Any]:
    """Those patterns that match something; layers without biases lack some."""
    inside = [
        leaf.path[len(path) :].removeprefix(".")
        for leaf in leaves
        for path, owner in leaf.owners
        if isinstance(owner, cls)
    ]
    return {
        pattern: spec
        for pattern, spec in patterns.items()
        if any(re.fullmatch(pattern, path) for path in inside)
    }


def undivided_heads(model: Any, parts: int) -> list[str]:
    """Problems: the layers whose heads this number of parts would tear."""
    problems = []
    for path, layer in trees_with_paths(model):
        if isinstance(layer, GroupedQueryAttention | MultiHeadDotProductAttention):
            for name in ("num_heads", "num_kv_heads"):
                heads = getattr(layer, name, parts)
                if heads % parts:
                    problems.append(
                        f"`{path}` has {name}={heads}, which does not divide into {parts} equal "
                        "parts, so that heads would be torn"
                    )
    return problems
