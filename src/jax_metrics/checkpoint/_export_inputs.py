"""Inputs of exported programs: described with open sizes, and checked in a call."""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.export
import numpy as np

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.module import Inputs


def symbolic_inputs(
    inputs: Inputs, shapes: Any, constraints: Sequence[str]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The shapes and dtypes of the arguments, with named axes.

    Args:
        inputs: The arguments, or their shapes.
        shapes: As in `jm.export`.
        constraints: As in `jm.export`.

    Raises:
        CheckpointError: If an input is not an array, or a shape does not fit.
    """
    given = (inputs.args, inputs.kwargs)
    for path, leaf in jax.tree_util.tree_leaves_with_path(given):
        if not hasattr(leaf, "shape") and not isinstance(leaf, bool | int | float | complex):
            raise CheckpointError(
                f"{_place(path)} is {leaf!r}, but the inputs of an exported program are arrays. "
                "Export a module whose `__call__` sets it."
            )
    described = jax.tree.map(_description, given)
    if shapes is None:
        return described
    if isinstance(shapes, str):
        texts = jax.tree.map(lambda leaf: shapes if leaf.shape else "", described)
    else:
        each = Inputs.from_value(shapes)
        texts = (each.args, each.kwargs)
    try:
        symbolic = jax.export.symbolic_args_specs(described, texts, constraints)
    except ValueError as error:
        raise CheckpointError(
            f"`shapes` or `constraints` do not fit the inputs {signature(*described)}: {error}"
        ) from error
    for path, leaf, new in _pairs(described, symbolic):
        if len(leaf.shape) != len(new.shape):
            raise CheckpointError(
                f"`shapes` has {len(new.shape)} axes for {_place(path)}, which has the shape "
                f"{leaf.shape}. Write a string for each input if they differ."
            )
    return symbolic


def _description(leaf: Any) -> jax.ShapeDtypeStruct:
    if not isinstance(leaf, jax.ShapeDtypeStruct):
        leaf = jax.typeof(leaf)
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)


def check_inputs(expected: tuple[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Compares the arguments of a call with the description of those that were exported.

    Args:
        expected: What `symbolic_inputs` returned.
        args: Positional arguments.
        kwargs: Keyword arguments.

    Raises:
        ValueError: If structure, shapes or dtypes differ. It lists all of them.
    """
    received = (args, kwargs)
    if jax.tree.structure(received) != jax.tree.structure(expected):
        raise ValueError(
            f"The exported program takes {signature(*expected)}; got {signature(*received)}."
        )
    lines = []
    sizes: dict[str, tuple[int, str]] = {}
    for path, wanted, leaf in _pairs(expected, received):
        now, place = jax.typeof(leaf), _place(path)
        if wanted.dtype != now.dtype or not _fits(wanted.shape, now.shape):
            lines.append(f"{place}: expected {_shown(wanted)}, got {_shown(now)}")
            continue
        for name, size in zip(map(str, wanted.shape), now.shape, strict=True):
            first, where = sizes.setdefault(name, (size, place))
            if first != size:
                lines.append(f"{place}: `{name}` is {size}, but {first} in {where}")
    if lines:
        raise ValueError("The inputs do not fit the exported program:\n" + "\n".join(lines))


def _fits(wanted: Sequence[Any], now: Sequence[Any]) -> bool:
    return len(wanted) == len(now) and all(
        jax.export.is_symbolic_dim(one) or one == other
        for one, other in zip(wanted, now, strict=True)
    )


def signature(args: Any, kwargs: Any) -> str:
    """The arguments of a call, with dtypes and shapes in the place of arrays."""
    shown_args, shown_kwargs = jax.tree.map(_Shown, (args, kwargs))
    return repr(Inputs(*shown_args, **shown_kwargs)).removeprefix("Inputs")


class _Shown:
    def __init__(self, leaf: Any):
        self.text = _shown(leaf) if hasattr(leaf, "dtype") else repr(leaf)

    def __repr__(self) -> str:
        return self.text


def _shown(leaf: Any) -> str:
    return f"{leaf.dtype}[{', '.join(map(str, np.shape(leaf)))}]"


def _pairs(first: Any, second: Any) -> Iterator[tuple[Any, Any, Any]]:
    leaves = jax.tree_util.tree_leaves_with_path(first)
    for (path, one), other in zip(leaves, jax.tree.leaves(second), strict=True):
        yield path, one, other


def _place(path: Any) -> str:
    """Such as `input 0['ids']`, or `input mask`."""
    _, argument, *rest = path
    return (
        f"input {jax.tree_util.keystr((argument,), simple=True)}{jax.tree_util.keystr(tuple(rest))}"
    )
