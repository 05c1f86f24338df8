"""The ways to take examples in that all have to lead to one value, as one traced function.

Each way alone would be a program of its own, and to make a program costs far more than to run it.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.metrics import Metric
from jax_metrics.tree import copy

Arrays = Mapping[str, Any]
Order = tuple["int | Order", "int | Order"]

PARTS = 4
_NOTHING = PARTS
BACKWARD = "merged the other way round"
MERGERS: dict[str, Order] = {
    "merged": (((0, 1), 2), 3),
    "merged in another order": ((0, 1), (2, 3)),
    "merged with nothing": ((((((_NOTHING, 0), 1), _NOTHING), 2), 3), _NOTHING),
    BACKWARD: (((3, 2), 1), 0),
}


def in_one_go(metric: Metric, inputs: Arrays) -> tuple[Any, dict[str, Metric]]:
    """The value of a call, and the metric after it and once it is reset."""
    called = copy(metric)
    value = called(**inputs)
    return value, {"called": called, "reset": copy(called).reset()}


def in_parts(metric: Metric, inputs: Arrays) -> dict[str, Metric]:
    """The metric after updates with parts of the examples."""
    parts = jax.tree.map(lambda x: x.reshape(PARTS, -1, *x.shape[1:]), inputs)
    empty = metric.neutral()

    def update(metric: Metric, part: Arrays) -> tuple[Metric, None]:
        return copy(metric).update(**part), None

    apart = jax.vmap(lambda part: copy(metric).batch_updates(**part))(parts)
    each = [jax.tree.map(lambda x, i=i: x[i], apart) for i in range(PARTS)]
    return {
        "scanned": jax.lax.scan(update, empty, parts)[0],
        "mapped and reduced": copy(apart).reduce(),
        **_merged([*each, empty]),
    }


def _merged(metrics: list[Metric]) -> dict[str, Metric]:
    """The metrics merged in every order of MERGERS, by a loop, in which one merger is compiled."""
    steps: dict[tuple[int, int], int] = {}

    def place(order: int | Order) -> int:
        """Where the result of an order is found among the metrics and the results of the steps."""
        if isinstance(order, int):
            return order
        pair = place(order[0]), place(order[1])
        return steps.setdefault(pair, len(metrics) + len(steps))

    found = {name: place(order) for name, order in MERGERS.items()}
    room = [metrics[-1]] * len(steps)
    known = _stacked([*metrics, *room])

    def step(known: Any, one: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[Any, None]:
        left, right, at = one
        first, second = (jax.tree.map(lambda x, i=i: x[i], known) for i in (left, right))
        merged = copy(first).merge_state(second)
        return jax.tree.map(lambda x, new: x.at[at].set(new), known, merged), None

    pairs = jnp.array([[*pair, at] for pair, at in steps.items()])
    known, _ = jax.lax.scan(step, known, (pairs[:, 0], pairs[:, 1], pairs[:, 2]))
    return {name: jax.tree.map(lambda x, at=at: x[at], known) for name, at in found.items()}


def values(metrics: dict[str, Metric]) -> dict[str, Any]:
    """The value of each; if traced by a loop, in which `compute` is compiled once."""
    if not all(metric.jittable for metric in metrics.values()):
        return {name: metric.compute() for name, metric in metrics.items()}
    found = jax.lax.map(lambda metric: metric.compute(), _stacked(list(metrics.values())))
    return {name: jax.tree.map(lambda x, i=i: x[i], found) for i, name in enumerate(metrics)}


def _stacked(trees: list[Any]) -> Any:
    """One tree of many, which lie along a new leading axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
