"""The state of an optimizer for a model that has changed: kept for what stayed, else fresh."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer
from jax.tree_util import GetAttrKey

from jax_metrics.module import place
from jax_metrics.optim._flat import Flat
from jax_metrics.optim._state_layout import path_at
from jax_metrics.optim._state_nodes import nodes_of

Keys = tuple[Any, ...]
_GRADIENTS = GetAttrKey("acc_grads")


def carried_over(fresh: Any, old: Any, params: Flat, is_new: Callable[[str], bool]) -> Any:
    """A fresh state with the values of the old one wherever they fit.

    A group in which no parameter keeps its state starts fresh as a whole; so does one with L-BFGS
    in which any does not, because its history is that of all parameters together. Hyperparameters
    are kept in any case. `optax.MultiSteps` with a parameter that keeps no state begins to
    accumulate anew, because it divides the gradients of all by one number of steps.

    Args:
        fresh: The state for the changed parameters.
        old: The state so far.
        params: The changed parameters by path.
        is_new: Whether the parameter at a path starts fresh in any case.
    """
    before = dict(jax.tree_util.tree_leaves_with_path(old))
    kept: dict[Keys, list[bool]] = {}  # by group: whether each state of a parameter is kept
    begun: set[Keys] = set()  # where state of a parameter begins
    for keys, leaf in jax.tree_util.tree_leaves_with_path(fresh):
        if (path := path_at(keys, params)) is not None:
            fits = _fits(before.get(keys), leaf) and not is_new(path)
            kept.setdefault(_group_of(keys), []).append(fits)
            begun |= set() if fits else {keys}
    new_groups = {group for group, fits in kept.items() if not any(fits)}
    present = {keys for keys, _ in jax.tree_util.tree_leaves_with_path(fresh)}
    for keys, _ in nodes_of(fresh, optax.ScaleByLBFGSState):
        group = _group_of(keys)
        gone = any(_group_of(keys) == group and keys not in present for keys in before)
        if gone or not all(kept.get(group, ())):
            new_groups.add(group)

    anew = {
        (*keys, part)
        for keys, _ in nodes_of(fresh, optax.MultiStepsState)
        if any(new[: len(keys) + 1] == (*keys, _GRADIENTS) for new in begun)
        for part in (_GRADIENTS, GetAttrKey("mini_step"))
    }

    def carry(keys: Keys, leaf: Any) -> Any:
        path = path_at(keys, params)
        is_setting = GetAttrKey("hyperparams") in keys
        if (path is not None and is_new(path)) or not _fits(before.get(keys), leaf):
            return leaf
        if _group_of(keys) in new_groups and not is_setting:
            return leaf
        if any(keys[: len(part)] == part for part in anew):
            return leaf
        return _where_fresh_is(leaf, before[keys])

    return jax.tree_util.tree_map_with_path(carry, fresh)


def _group_of(keys: Keys) -> Keys:
    """The keys that lead to the state of the innermost group of `optax.partition`."""
    ends = [at + 2 for at, key in enumerate(keys) if key == GetAttrKey("inner_states")]
    return keys[: ends[-1]] if ends else ()


def _fits(before: Any, leaf: Any) -> bool:
    return (
        before is not None
        and jnp.shape(before) == jnp.shape(leaf)
        and jnp.result_type(before) == jnp.result_type(leaf)
    )


def _where_fresh_is(leaf: Any, before: Any) -> Any:
    """The old value on the devices of the fresh one, if those were chosen."""
    if isinstance(leaf, Tracer) or isinstance(before, Tracer) or not isinstance(leaf, jax.Array):
        return before
    if not leaf.committed or leaf.sharding.is_equivalent_to(before.sharding, leaf.ndim):
        return before
    return place(before, leaf.sharding)
