"""What two models of one class compute differently although their arrays have the same shapes."""

from collections.abc import Iterator
from typing import Any

import jax

from jax_metrics.nn import (
    AlphaDropout,
    Dropout,
    FlaxLayer,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout,
    StochasticDepth,
)
from jax_metrics.tree import is_tree, public_fields, same_program

_NOISE = (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout,
    StochasticDepth,
)
_TRAINING = {"dropout_rate", "rng", "momentum", "axis_name", "axis_index_groups"}
# How exactly it is computed, which no configuration says.
_NUMERICS = {"dtype", "param_dtype", "precision", "use_fast_variance", "force_float32_reductions"}
# Sizes that may be left open, and are those of the arrays.
_SIZES = {"head_dim", "hidden_features", "out_features", "num_channels", "use_bias"}
_LEFT_OUT = {*_TRAINING, *_NUMERICS, *_SIZES, "name"}


def differences(model: Any, other: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """The settings in which two models differ: path, that of the first, and that of the second.

    What only training uses, and dtypes, are left out, as are arrays and what follows from them.

    Args:
        model: A model.
        other: Another one, which may have shapes instead of arrays.
        path: Where they are.
    """
    if isinstance(model, _NOISE) or isinstance(other, _NOISE):
        return
    if is_tree(model) and is_tree(other):
        if isinstance(model, type(other)):
            yield from _of_items(_settings(model, other), _settings(other, model), path, ".{}")
        else:
            yield path, type(model).__name__, type(other).__name__
    elif isinstance(model, dict) and isinstance(other, dict):
        yield from _of_items(model, other, path, "[{!r}]")
    elif isinstance(model, list | tuple) and isinstance(other, list | tuple):
        pair = dict(enumerate(model)), dict(enumerate(other))
        yield from _of_items(*pair, path, "[{}]")
    elif not (_has_arrays(model) or _has_arrays(other) or _same(model, other)):
        yield path, _written(model), _written(other)


def _of_items(
    items: dict[Any, Any], others: dict[Any, Any], path: str, step: str
) -> Iterator[tuple[str, str, str]]:
    for name in items | others:
        word = str(name)
        if not (word in _LEFT_OUT or word.startswith("_") or word.endswith("_init")):
            inside = f"{path}{step.format(name)}"
            yield from differences(items.get(name), others.get(name), inside)


def _settings(tree: Any, other: Any) -> dict[str, Any]:
    """The fields of a Tree, with the arguments of a layer that one of two such layers was given."""
    fields = public_fields(tree)
    if isinstance(tree, FlaxLayer):
        del fields["arguments"]
        given = dict(tree.arguments.pairs) | dict(other.arguments.pairs)
        fields |= {name: getattr(tree, name) for name in given}
    return fields


def _has_arrays(value: Any) -> bool:
    return any(hasattr(leaf, "shape") for leaf in jax.tree.leaves(value))


def _same(a: Any, b: Any) -> bool:
    if type(a) in (int, float) and type(b) in (int, float):
        return a == b
    return same_program(a, b)


def _written(value: Any) -> str:
    if is_tree(value):
        return type(value).__name__
    return getattr(value, "__name__", None) or repr(value)
