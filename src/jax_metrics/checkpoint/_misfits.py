"""Where a state and a tree differ: all of it, in one report."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint._names import Named
from jax_metrics.checkpoint._plain_values import PlainValue
from jax_metrics.checkpoint._state_dict import is_array, is_number
from jax_metrics.checkpoint._tied_names import Tied
from jax_metrics.tree import nearest


class LeftOut(NamedTuple):
    """The names that `load_state_dict` left out with `strict=False`, sorted.

    Args:
        missing: In the tree, but not in the state: kept as they were.
        unexpected: In the state, but not in the tree: ignored.
        misshapen: In both, with different shapes: kept as they were.
        mistyped: In both, with different dtypes, or not an array: kept as they were.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> model, left_out = jm.load_state_dict(model, {"bias": jnp.ones(2)}, strict=False)
        >>> left_out.missing
        ('kernel',)
    """

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshapen: tuple[str, ...]
    mistyped: tuple[str, ...]


class Comparison(NamedTuple):
    """The names that fit, those that do not, and a line of text for each of these."""

    fitting: list[str]
    left_out: LeftOut
    lines: list[str]


def compare(
    leaves: dict[str, Named],
    state: Mapping[str, Any],
    cast: bool,
    ties: Mapping[str, Tied],
    noted: Mapping[str, Tied],
) -> Comparison:
    """Compares the leaves of a tree with a state; the values are not read.

    Args:
        leaves: The leaves of the tree by name.
        state: The state.
        cast: Whether dtypes that can be converted fit.
        ties: The tied positions of the tree; those that the state has, too, have other values.
        noted: The tied positions of the tree that the state was taken from.
    """
    missing = [name for name in leaves if name not in state]
    unexpected = [name for name in state if name not in leaves]
    fitting, misshapen, mistyped, lines = [], [], [], []
    for name in missing:
        lines.append(f"missing: `{name}` ({_described(leaves[name].leaf)}){_tied_by(name, noted)}")
    for name in unexpected:
        if name in ties:
            lines.append(
                f"tied: `{name}`: the tree uses `{ties[name].source}` there, but the state has "
                f"another value ({_described(state[name])})"
            )
            continue
        lines.append(
            f"unexpected: `{name}` ({_described(state[name])}).{nearest(name, missing)}".rstrip(".")
        )
    for name, (_, leaf) in leaves.items():
        if name not in state:
            continue
        value = state[name]
        pair = f"`{name}`: the tree has {_described(leaf)}, the state {_described(value)}"
        plain = isinstance(value, PlainValue)
        if plain and isinstance(leaf, PlainValue):
            fitting.append(name)
            continue
        if plain or isinstance(leaf, PlainValue) or not (is_array(value) or is_number(value)):
            kind = "type"
        elif is_key(_dtype(leaf)) != is_key(_dtype(value)):
            kind = "dtype"
        elif np.shape(leaf) != np.shape(value):
            kind = "shape"
        elif not _same_dtype(leaf, value) and not (cast and castable(value, leaf)):
            kind = "dtype"
        else:
            fitting.append(name)
            continue
        (misshapen if kind == "shape" else mistyped).append(name)
        lines.append(f"{kind}: {pair}")
    groups = (missing, unexpected, misshapen, mistyped)
    return Comparison(fitting, LeftOut(*(tuple(sorted(group)) for group in groups)), lines)


def _tied_by(name: str, noted: Mapping[str, Tied]) -> str:
    if name not in noted:
        return ""
    tied = noted[name]
    by = f" by `{tied.function}`, which only a tree that has the tie knows" if tied.function else ""
    return f", tied to `{tied.source}` in the state{by}"


def castable(value: Any, leaf: Any) -> bool:
    """Whether a cast from one dtype to the other keeps the kind of number.

    Floats become floats or complex numbers, integers any numbers; random keys are not numbers.
    """
    source, target = _dtype(value), _dtype(leaf)
    if is_key(source) or is_key(target):
        return False
    return _rank(source) <= _rank(target)


def is_key(dtype: Any) -> bool:
    """Whether this is the dtype of typed random keys."""
    return jnp.issubdtype(dtype, jax.dtypes.prng_key)


def _rank(dtype: Any) -> int:
    kinds: tuple[Any, ...] = (jnp.bool_, jnp.integer, jnp.floating, jnp.complexfloating)
    of_kind: Callable[[Any], bool] = lambda kind: jnp.issubdtype(dtype, kind)  # noqa: E731
    return [of_kind(kind) for kind in kinds].index(True)


def _dtype(leaf: Any) -> Any:
    dtype = np.asarray(leaf).dtype if is_number(leaf) else leaf.dtype
    return dtype.newbyteorder("=") if getattr(dtype, "byteorder", "=") == ">" else dtype


def _same_dtype(leaf: Any, value: Any) -> bool:
    if is_number(leaf):  # a Python number has a kind, but no width
        return not is_key(_dtype(value)) and _rank(_dtype(leaf)) == _rank(_dtype(value))
    return _dtype(leaf) == _dtype(value)


def _described(value: Any) -> str:
    if is_number(value):
        return f"a Python {type(value).__name__}"
    if isinstance(value, PlainValue):
        return repr(value)
    if is_array(value):
        return f"shape {tuple(value.shape)}, {value.dtype}"
    return f"a {type(value).__name__}"
