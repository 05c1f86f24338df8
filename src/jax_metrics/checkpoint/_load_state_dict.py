"""`load_state_dict`: a pytree with the values of a state dict."""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar, overload

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._deferred import Deferred
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._inverse import InvertibleRule, Rule
from jax_metrics.checkpoint._memory import copies
from jax_metrics.checkpoint._misfits import LeftOut, compare, is_key
from jax_metrics.checkpoint._names import Named, named_leaves
from jax_metrics.checkpoint._plain_values import PlainValue
from jax_metrics.checkpoint._rules import rename_all
from jax_metrics.checkpoint._state_dict import check_leaves, is_array, is_number
from jax_metrics.checkpoint._tied_names import Tied, agrees, follow_ties, tied_names
from jax_metrics.module import place
from jax_metrics.tree import map, warn_user

A = TypeVar("A")
_NONE: Mapping[str, Any] = types.MappingProxyType({})
Rename = Mapping[str, str] | Callable[[str], str]


@overload
def load_state_dict(
    tree: A,
    state: Mapping[str, Any],
    *,
    strict: Literal[True] = True,
    rename: Rename | None = None,
    rules: Iterable[Rule] = (),
    cast: bool = False,
    inplace: bool = False,
) -> A: ...
@overload
def load_state_dict(
    tree: A,
    state: Mapping[str, Any],
    *,
    strict: Literal[False],
    rename: Rename | None = None,
    rules: Iterable[Rule] = (),
    cast: bool = False,
    inplace: bool = False,
) -> tuple[A, LeftOut]: ...


@names_arguments
def load_state_dict(
    tree: Any,
    state: Mapping[str, Any],
    *,
    strict: bool = True,
    rename: Rename | None = None,
    rules: Iterable[Rule] = (),
    cast: bool = False,
    inplace: bool = False,
) -> Any:
    """Returns the tree with the values of a state dict; all settings stay as they are.

    Args:
        tree: A module, an optimizer, a metric, or any pytree of them, with values: initialized, or
            the result of `jax.eval_shape`.
        state: Arrays by name, as from `state_dict` or `jm.load`; NumPy arrays and tensors of
            PyTorch, too.
        strict: Whether every name, shape and dtype must fit. If False, what fits is loaded, the
            rest of the tree stays unchanged, and the result is a pair of the tree and a `LeftOut`
            with the names.
        rename: Names for entries of the state: a dict from patterns to patterns, such as
            `{"encoder.{*rest}": "layers.0.{*rest}"}`, or a function from names to names.
        rules: Changes to the state, applied in order, before `rename`: see
            `jm.checkpoint.transpose`, `split`, `merge`, `reshape`, `skip` and `rename`.
        cast: Whether to convert dtypes that differ. Never from floats to integers.
        inplace: Change and return `tree` itself, which must be a Tree.

    Raises:
        CheckpointError: If the state does not fit. It lists everything that is missing or
            unexpected, or has another shape or dtype, and nothing is changed.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Linear(2).init(0, jnp.ones((1, 3)))
        >>> state = {"weight": jnp.ones((3, 2)), "bias": jnp.ones(2)}
        >>> model = jm.load_state_dict(model, state, rename={"weight": "kernel"})
        >>> model.bias
        Array([1., 1.], dtype=float32)
    """
    noted = getattr(state, "ties", {})
    derived = follow_ties(state, noted)
    state = apply_rules({**state, **derived}, rules, rename)
    result, left_out = assign(
        tree, state, strict=strict, cast=cast, noted=noted, derived=derived, inplace=inplace
    )
    return result if strict else (result, left_out)


def assign(
    tree: Any,
    state: Mapping[str, Any],
    *,
    strict: bool,
    cast: bool,
    noted: Mapping[str, Tied] = _NONE,
    derived: Mapping[str, Any] = _NONE,
    inplace: bool = False,
    source: str = "The state",
    read: Callable[[Sequence[str]], Iterable[tuple[str, Any]]] | None = None,
) -> tuple[Any, LeftOut]:
    """As `load_state_dict` with a converted state.

    Args:
        tree: As there.
        state: The converted state.
        strict: As there.
        cast: As there.
        noted: The tied positions of the tree that the state was taken from.
        derived: The values of the state that were not in it, but follow from those.
        inplace: As there.
        source: What the state is, for the beginning of the error.
        read: Yields names of the state with their arrays, which nobody else uses.
    """
    leaves = named_leaves(tree)
    check_leaves(leaves)
    ties = tied_names(tree, leaves)
    made = {id(value) for value in derived.values()}
    state = {
        name: value
        for name, value in state.items()
        if name in leaves or not (id(value) in made or (name in ties and agrees(name, state, ties)))
    }
    comparison = compare(leaves, state, cast, ties, noted)
    if strict and comparison.lines:
        raise CheckpointError(_misfit_message(tree, comparison.lines, source))
    if read is None:
        values = _copied(state, leaves, comparison.fitting)
        loaded = {leaves[name].path: _converted(value, leaves[name]) for name, value in values}
    else:
        loaded = {}
        for name, value in read(comparison.fitting):
            # Transfers that still run would keep their own copies on the host.
            leaf = jax.block_until_ready(_converted(value, leaves[name]))
            loaded[leaves[name].path] = leaf
    for name in comparison.fitting:
        if id(state[name]) in made:
            tied = f" to `{noted[name].source}`" if name in noted else ""
            warn_user(
                f"In the state, `{name}` is tied{tied}, but not in the tree: it gets a copy of "
                "that value, and training will make them differ. Tie them first, with `jm.tie`, to "
                "keep them one."
            )
    result = map(
        lambda info: loaded.get(info.path, info.value), tree, field_info=True, inplace=inplace
    )
    return result, comparison.left_out


def apply_rules(
    state: Mapping[str, Any], rules: Iterable[Rule], rename: Rename | None
) -> dict[str, Any]:
    """The state with its names and layouts converted, and its arrays readable."""
    for rule in rules:
        if not (isinstance(rule, InvertibleRule) or getattr(rule, "renames", False)):
            state = {name: _read(value) for name, value in state.items()}
        state = rule(dict(state))
    return {name: _readable(value) for name, value in rename_all(state, rename).items()}


def _misfit_message(tree: Any, lines: list[str], source: str) -> str:
    """The message about a state that does not fit a tree."""
    return "\n".join(
        [
            f"{source} does not fit the {type(tree).__name__}, which was not changed:",
            *lines,
            "Pass `rename=` or `rules=` for other names and layouts, or `strict=False` to load "
            "what fits.",
        ]
        + ["Pass `cast=True` to convert dtypes."] * any(line.startswith("dtype:") for line in lines)
    )


def _copied(
    state: Mapping[str, Any], leaves: Mapping[str, Named], names: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    """Yields names and values, of which those of NumPy are copies that nobody else uses."""
    foreign = [name for name in names if isinstance(state[name], np.ndarray | Deferred)]

    def dtype_of(name: str) -> Any:
        source, target = state[name].dtype, getattr(leaves[name].leaf, "dtype", None)
        floats = all(jnp.issubdtype(one, jnp.floating) for one in (source, target) if one)
        return target if target is not None and floats else source

    made = copies((state[name], dtype_of(name)) for name in foreign)
    others = set(names).difference(foreign)
    for name in names:
        yield name, state[name] if name in others else next(made)


def _converted(value: Any, named: Named) -> Any:
    """The value as a leaf of the same type, dtype and placement as that in the tree.

    It uses the memory of a value of NumPy, which nobody else may use.

    Raises:
        CheckpointError: If an integer does not fit the dtype of the tree.
    """
    leaf = named.leaf
    if isinstance(leaf, PlainValue):
        return value
    if is_number(leaf):
        return type(leaf)(np.asarray(value).item())
    if not is_key(leaf.dtype) and value.dtype != leaf.dtype:
        _check_range(value, named)
        value = value.astype(leaf.dtype)
    sharding = _placement(leaf)
    if getattr(leaf, "weak_type", False):
        value = _weakly_typed(value)
    if isinstance(value, jax.Array) and not isinstance(leaf, np.ndarray | np.generic):
        return value if sharding is None else place(value, sharding)
    if not isinstance(value, np.ndarray):
        value = np.array(value)
    if isinstance(leaf, np.ndarray | np.generic):
        return value if isinstance(leaf, np.ndarray) else value[()]
    if sharding is None:
        return jax.device_put(value)
    return jax.make_array_from_callback(value.shape, sharding, lambda index: value[index])


def _weakly_typed(value: Any) -> jax.Array:
    """The value with a weak type, on which the dtypes of what is computed from it depend."""
    weak_zero = jnp.asarray(value.dtype.type(0).item())
    return jnp.broadcast_to(weak_zero, value.shape).at[...].set(np.asarray(value))


def _placement(leaf: Any) -> Any:
    """The sharding that a leaf was given on purpose; None where JAX may choose."""
    if isinstance(leaf, Tracer) or not isinstance(leaf, jax.Array | jax.ShapeDtypeStruct):
        return None
    chosen = isinstance(leaf, jax.ShapeDtypeStruct) or leaf.committed
    return leaf.sharding if chosen else None


def _check_range(value: Any, named: Named) -> None:
    dtype = named.leaf.dtype
    if jnp.issubdtype(dtype, jnp.integer) and np.size(value):
        limits = jnp.iinfo(dtype)
        low, high = int(np.min(value)), int(np.max(value))
        if low < limits.min or high > limits.max:
            raise CheckpointError(
                f"At {named.path}: the state has integers from {low} to {high}, which {dtype} "
                f"cannot represent. Give the tree a wider dtype than {dtype}."
            )


def _read(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, Deferred) else value


def _readable(value: Any) -> Any:
    """A foreign array, such as a tensor of PyTorch, as one of NumPy or JAX; others unchanged."""
    if is_array(value) or is_number(value) or not hasattr(value, "__dlpack__"):
        return value
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):  # bfloat16, another device, gradients
        pass
    try:
        return jnp.from_dlpack(value)
    except Exception:  # whatever the other library raises: the report says what it is
        return value
