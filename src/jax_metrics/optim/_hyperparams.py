"""Hyperparameters in the state of an optimizer, which can be read and set between steps."""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import DictKey, GetAttrKey

from jax_metrics.arguments import instead_of
from jax_metrics.optim._settings import Settings
from jax_metrics.optim._transformation import is_transformation
from jax_metrics.tree import as_whole

Keys = tuple[Any, ...]
_OF_64_BITS = (jnp.dtype("float64"), jnp.dtype("complex128"))


def with_hyperparams(
    factory: Callable[..., Any], **hyperparams: Any
) -> optax.GradientTransformationExtraArgs:
    """The transformation `factory(**hyperparams)` with its hyperparameters in the state.

    It is `optax.inject_hyperparams` for floats and schedules; everything else, such as masks and
    integers, is passed on unchanged. `jm.Optimizer(factory, **hyperparams)` uses it.

    Hyperparameters are stored in float32 (in float64 for parameters of float64). In the steps they
    act as Python's floats do, so that 16-bit parameters are trained as without this function.

    Args:
        factory: A function that makes a transformation, such as `optax.adam`.
        **hyperparams: Its arguments.

    Raises:
        TypeError: If the arguments are not those of the function, or it makes no transformation.

    Example:
        >>> import jax.numpy as jnp, optax
        >>> import jax_metrics as jm
        >>> model = jm.Linear(1).init(0, jnp.ones((1, 2)))
        >>> head = jm.optim.with_hyperparams(optax.sgd, learning_rate=0.5)
        >>> chain = optax.chain(optax.clip_by_global_norm(1.0), head)
        >>> optimizer = jm.Optimizer(chain).init(model)
        >>> optimizer.learning_rate = 0.25
        >>> optimizer.learning_rate
        Array(0.25, dtype=float32)
    """
    name = getattr(factory, "__name__", type(factory).__name__)
    signature = inspect.signature(factory)
    try:
        signature.bind(**hyperparams)
    except TypeError as error:
        known = list(signature.parameters)
        unknown = next((key for key in hyperparams if key not in known), "")
        raise TypeError(
            f"`{name}` cannot be called with {', '.join(hyperparams)}: {error}."
            f"{instead_of('Optimizer', unknown, known)} It takes {', '.join(known)}."
        ) from error
    rate = hyperparams.get("learning_rate", 0.0)
    if not callable(rate) and not _is_number(rate):
        raise TypeError(
            f"`{name}` takes a number or a schedule as `learning_rate`; got {rate!r} "
            f"({type(rate).__name__})."
        )
    hyperparams = {key: _as_float(key, value) for key, value in hyperparams.items()}
    made = factory(**hyperparams)
    if not is_transformation(made):
        raise TypeError(
            f"`{name}` must make an optax transformation, as `optax.adam` does; it made a "
            f"{type(made).__name__}."
        )

    def make(**arguments: Any) -> Any:
        return factory(**{key: _as_literal(value) for key, value in arguments.items()})

    # optax reads the arguments from the signature.
    keyword_only = inspect.Parameter.KEYWORD_ONLY
    make.__signature__ = inspect.Signature(
        [inspect.Parameter(key, keyword_only) for key in hyperparams]
    )
    # Tuples, so that two optimizers with the same hyperparameters share their programs.
    given = tuple(hyperparams.items())
    parameters = signature.parameters
    fixed = tuple(key for key, x in given if not _is_settable(key, x, parameters.get(key)))

    def injected(like: Any) -> optax.GradientTransformationExtraArgs:
        is_wide = any(jnp.result_type(leaf) in _OF_64_BITS for leaf in jax.tree.leaves(like))
        dtype = jnp.float64 if is_wide else jnp.float32
        return optax.inject_hyperparams(make, fixed, dtype)(**dict(given))

    def init(params: Any) -> Any:
        return injected(params).init(params)

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        like = updates if params is None else params
        return injected(like).update(updates, state, params, **extra)

    return optax.GradientTransformationExtraArgs(init, update)


def _as_float(name: str, value: Any) -> Any:
    """A float of NumPy, or a learning rate that is an integer, as a float of Python."""
    if isinstance(value, np.floating) or (name == "learning_rate" and as_whole(value) is not None):
        return float(value)
    return value


def _as_literal(value: Any) -> Any:
    """A number with JAX's weak type, which leaves the dtypes of what it is combined with."""
    is_number = isinstance(value, jax.Array) and value.ndim == 0
    if is_number and jnp.issubdtype(value.dtype, jnp.floating):
        return jax.lax.full_like(0.0, value)
    return value


def _is_settable(name: str, value: Any, parameter: inspect.Parameter | None) -> bool:
    if isinstance(value, bool):
        return False
    if callable(value):  # a schedule, or a mask
        annotation = str(parameter.annotation) if parameter is not None else ""
        return name == "learning_rate" or "chedule" in annotation
    if isinstance(value, jax.Array | np.ndarray):
        return jnp.issubdtype(value.dtype, jnp.floating)
    return isinstance(value, float)


def read_hyperparams(state: Any) -> Settings:
    """The hyperparameters in a state by name; those of one name, as a dict by their groups."""
    values = {
        name: {group: value for group, (_, value, _) in found.items()}
        for name, found in _places(state).items()
    }
    return Settings(
        {name: found[""] if [*found] == [""] else Settings(found) for name, found in values.items()}
    )


def state_with(state: Any, name: str, value: Any) -> Any:
    """The state with another value of a hyperparameter that it has.

    Args:
        state: The state.
        name: The hyperparameter.
        value: A number; or, if several groups have it, one for all or a dict by group.

    Raises:
        TypeError: If the value is not a number.
        ValueError: If it is not finite, has a shape, or there is no such group.
        AttributeError: If the hyperparameter follows a schedule.
    """
    found = _places(state)[name]
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in found]
        if unknown:
            groups = ", ".join(map(repr, found)) if [*found] != [""] else "no groups"
            raise ValueError(f"`{name}` has no group {unknown[0]!r}. It has {groups}.")
        wanted = dict(value)
    else:
        wanted = dict.fromkeys(found, value)
    new = {}
    for key, number in wanted.items():
        path, old, scheduled = found[key]
        if scheduled:
            raise AttributeError(
                f"`{name}` follows a schedule, which would replace the value in the next step. To "
                "set it, pass a number in place of the schedule, as in "
                f"`jm.Optimizer(optax.adam, {name}=1e-3)`."
            )
        new[path] = _like(old, number, name)
    return jax.tree_util.tree_map_with_path(lambda path, leaf: new.get(path, leaf), state)


def labels_of(paths: list[Keys]) -> list[str]:
    """A label for each place in a state: empty if it is the only one, else its group or path."""
    if len(paths) == 1:
        return [""]
    groups = [
        "/".join(
            str(key.key)
            for before, key in zip(path, path[1:], strict=False)
            if before == GetAttrKey("inner_states")
        )
        for path in paths
    ]
    return [
        group if group and groups.count(group) == 1 else jax.tree_util.keystr(path)
        for group, path in zip(groups, paths, strict=True)
    ]


def _places(state: Any) -> dict[str, dict[str, tuple[Keys, Any, bool]]]:
    """The path, value, and whether there is a schedule; by name and label."""
    by_name: dict[str, list[tuple[Keys, tuple[Keys, Any, bool]]]] = {}
    for path, node in _injected(state):
        for name, value in node.hyperparams.items():
            scheduled = name in getattr(node, "hyperparams_states", {})
            keys = (*path, GetAttrKey("hyperparams"), DictKey(name))
            by_name.setdefault(name, []).append((path, (keys, value, scheduled)))
    return {
        name: dict(
            zip(labels_of([path for path, _ in found]), (at for _, at in found), strict=True)
        )
        for name, found in by_name.items()
    }


def _injected(state: Any, prefix: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """The states of `inject_hyperparams`, those inside of others too."""
    for path, node in jax.tree_util.tree_leaves_with_path(state, is_leaf=_is_injected):
        if _is_injected(node):
            keys = (*prefix, *path)
            yield keys, node
            yield from _injected(node.inner_state, (*keys, GetAttrKey("inner_state")))


def _is_injected(node: Any) -> bool:
    return hasattr(node, "hyperparams") and hasattr(node, "inner_state")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex | np.generic | np.ndarray | jax.Array)


def _like(old: Any, value: Any, name: str) -> Any:
    """The value with the dtype, shape and sharding of the old one, so that nothing recompiles."""
    dtype = jnp.result_type(value) if _is_number(value) else None
    kinds = (
        (jnp.integer, jnp.floating) if jnp.issubdtype(old.dtype, jnp.floating) else (jnp.integer,)
    )
    if dtype is None or not any(jnp.issubdtype(dtype, kind) for kind in kinds):
        raise TypeError(
            f"`{name}` is a number of the dtype {old.dtype}; got {value!r} "
            f"({type(value).__name__})."
        )
    if jnp.shape(value) not in ((), old.shape):
        raise ValueError(
            f"`{name}` has the shape {old.shape}; got a value of the shape {jnp.shape(value)}."
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"`{name}` must be finite; got {value}.")
    return jnp.full_like(old, value)
