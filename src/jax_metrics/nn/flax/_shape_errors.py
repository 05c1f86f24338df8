"""The inputs that a layer was initialized for, derived from a parameter that does not fit."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax.errors import ScopeParamShapeError

from jax_metrics.nn.flax._flax_call import WrongShape

_MISMATCH = re.compile(r'parameter "(\w+)" in .* generate shape \((.*?)\), .* has shape \((.*?)\)')


def parse_shape_error(error: Exception) -> WrongShape | None:
    """The shapes in a message of Flax, from modules that do not run in our scope."""
    match = _MISMATCH.search(str(error)) if isinstance(error, ScopeParamShapeError) else None
    if match is None:
        return None
    needed, shape = (tuple(map(int, re.findall(r"\d+", match[group]))) for group in (2, 3))
    return WrongShape((match[1],), shape, needed)


def explain_shape(wrong: WrongShape, inputs: Iterable[Any]) -> str:
    """The end of the message, after the layer's name.

    Args:
        wrong: Which parameter has which shape, and should have which one.
        inputs: The arguments of the call.
    """
    name = "/".join(wrong.path)
    shapes = (
        f"`{name}` has the shape {list(wrong.shape)}, and these inputs need {list(wrong.needed)}"
    )
    for x in jax.tree.leaves(list(inputs)):
        shape = jnp.shape(x) if hasattr(x, "shape") else ()
        if (features := _features(wrong, shape)) is not None:
            return f"was initialized for inputs [..., {features}]; got {list(shape)}. Its {shapes}."
    return (
        f"was initialized for other inputs or arguments: its {shapes}. Call it with inputs like "
        "those of `init`, or initialize it again."
    )


def explain_vectors(fields: Mapping[str, Any], inputs: Iterable[Any]) -> str | None:
    """The same for a layer with one number for each feature, such as a normalization.

    Args:
        fields: The fields of the layer.
        inputs: The arguments of the call.
    """
    arrays = {name: value for name, value in fields.items() if isinstance(value, jax.Array)}
    sizes = {value.shape for value in arrays.values()}
    x = next((x for x in inputs if hasattr(x, "shape")), None)
    if len(sizes) != 1 or len(size := sizes.pop()) != 1 or x is None or x.shape[-1:] == size:
        return None
    name = next(iter(arrays))
    message = f"was initialized for inputs [..., {size[0]}]; got {list(x.shape)}."
    return f"{message} Its `{name}` has the shape {list(size)}."


def _features(wrong: WrongShape, shape: tuple[int, ...]) -> int | None:
    """The last axis of the inputs that the parameter was made for, if only that differs."""
    if not shape or len(wrong.shape) != len(wrong.needed):
        return None
    pairs = [(n, m) for n, m in zip(wrong.shape, wrong.needed, strict=True) if n != m]
    if len(pairs) != 1 or not pairs[0][1] or shape[-1] % pairs[0][1]:
        return None
    return pairs[0][0] * (shape[-1] // pairs[0][1])
