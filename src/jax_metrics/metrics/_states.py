"""The states of a metric: mapping over them, their initial values, and whether they can be merged.

A state is an `Accumulator`, an array declared with `state`, which has a merge rule, or an array of
the plain kind `MetricState`. The initial value of the last kind is what `__init__` assigned.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from jax_metrics.metrics.state import Accumulator, Reduced
from jax_metrics.module import MetricState, TreePart
from jax_metrics.tree import Tree, copy, is_tree, layout_of, node

T = TypeVar("T", bound=Tree)


class Initial(TreePart):
    """The initial values of the states of the plain kind."""


class PlainStates(Tree):
    """The part of a metric that keeps the initial values of its states of the plain kind."""

    # In the order of `plain_states`; absent without such states. A node, so that it goes through
    # `vmap` along with the states.
    _initial: Any = node(kind=Initial)

    def _on_constructed(self) -> None:
        super()._on_constructed()
        values = [vars(owner)[name] for owner, name in plain_states(self, of_metrics_inside=False)]
        if values:
            self._initial = jax.tree.map(_copied, values)


def with_initial_states(tree: T) -> T:
    """Assigns the initial values of plain states, including metrics inside; returns the metric."""
    if "_initial" in vars(tree):
        states = plain_states(tree, of_metrics_inside=False)
        for (owner, name), value in zip(states, vars(tree)["_initial"], strict=True):
            vars(owner)[name] = value
    for part in jax.tree.leaves([vars(tree)[n] for n in layout_of(tree).names], is_leaf=is_tree):
        if is_tree(part) and not isinstance(part, Accumulator):
            with_initial_states(part)
    return tree


def _copied(value: Any) -> Any:
    # A buffer that two leaves share could not be donated.
    return jnp.array(value) if isinstance(value, jax.Array) else value


def map_states(f: Callable[..., Any], tree: T, *others: T) -> T:
    """A copy with a function applied to each of the states; it gets the kind of the field, too."""

    def inner(kind: type, *parts: Any) -> Any:
        if is_tree(parts[0]) and not isinstance(parts[0], Accumulator):
            return map_states(f, *parts)
        return f(*parts, kind)

    result = copy(tree)
    layout = layout_of(tree)
    for name, metadata in zip(layout.names, layout.metadata, strict=True):
        values = [vars(one)[name] for one in (tree, *others)]
        # Bypasses the assignment of attributes, which some Trees forbid.
        vars(result)[name] = jax.tree.map(
            lambda *parts, kind=metadata.kind: inner(kind, *parts), *values, is_leaf=is_tree
        )
    return result


def plain_states(tree: Any, *, of_metrics_inside: bool = True) -> Iterator[tuple[Any, str]]:
    """The Trees and names of all states without a merge rule."""
    layout = layout_of(tree)
    for name, metadata in zip(layout.names, layout.metadata, strict=True):
        parts = jax.tree.leaves(vars(tree)[name], is_leaf=is_tree)
        is_plain = issubclass(metadata.kind, MetricState) and not issubclass(metadata.kind, Reduced)
        if is_plain and any(not is_tree(part) for part in parts):
            yield tree, name
        for part in parts:
            skipped = Accumulator if of_metrics_inside else (Accumulator, PlainStates)
            if is_tree(part) and not isinstance(part, skipped):
                yield from plain_states(part, of_metrics_inside=of_metrics_inside)


def check_mergeable(metric: Any, verb: str) -> None:
    """Checks that all states have a merge rule.

    Raises:
        TypeError: If a state has none.
    """
    for owner, name in plain_states(metric):
        cls = type(owner).__name__
        raise TypeError(
            f"{cls}.{name} is declared as `MetricState.node()`, which has no merge rule, "
            f"so `{verb}` cannot merge it. Declare it with a reduction, as in "
            f'`{name}: jax.Array = jm.metrics.state("sum")`, or use `jm.metrics.Total`.'
        )


def check_kept(before: Any, after: Any) -> None:
    """Checks that an update has changed only states, since any other change would be lost.

    Args:
        before: A copy of the metric from before the update.
        after: The metric after the update.

    Raises:
        TypeError: If it has changed something else.
    """
    old, new = layout_of(before), layout_of(after)
    cls = type(after).__name__
    if old is not new:
        known, now = dict(old.statics()), dict(new.statics())
        for name in (*now, *known):
            if name not in known or name not in now or known[name] is not now[name]:
                _refuse_static(cls, name, known, now)
    for name, metadata in zip(old.names, old.metadata, strict=True):
        value, other = vars(before)[name], vars(after).get(name)
        if metadata.kind is type(None) and isinstance(value, jax.Array) and value is not other:
            raise TypeError(
                f"`update` of {cls} assigned {name}, an array that is not a state, so that calling "
                "and merging the metric would lose it. Declare how it is merged, as in "
                f'`{name}: jax.Array = jm.metrics.state("sum")`.'
            )


def _refuse_static(cls: str, name: str, known: dict[str, Any], now: dict[str, Any]) -> None:
    was, is_now = (repr(values[name]) if name in values else "nothing" for values in (known, now))
    if was == is_now:
        return
    raise TypeError(
        f"`update` of {cls} changed {name} from {was} to {is_now}. It is a plain Python value, "
        "part of the compiled program, and the change would be lost. Keep a state instead: "
        f"`self.{name} = jm.metrics.Total()` in `__init__` and `self.{name} += ...` in `update`."
    )
