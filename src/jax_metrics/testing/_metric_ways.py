"""Different ways to update a metric with the same examples, which must lead to the same value.

They are traced as one function, because compiling one for each costs far more than running it.
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
    """The value of a call, and the metric after the call and after a reset."""
    called = copy(metric)
    value = called(**inputs)
    return value, {"called": called, "reset": copy(called).reset()}


def in_parts(metric: Metric, inputs: Arrays) -> dict[str, Metric]:
    """The metric after updates with parts of the examples."""
    parts = jax.tree.map(lambda x: x.reshape(PARTS, -1, *x.shape[1:]), inputs)
    empty = metric.neutral()
    if not metric.jittable:
        return _on_host([jax.tree.map(lambda x, i=i: x[i], parts) for i in range(PARTS)], empty)

    def update(metric: Metric, part: Arrays) -> tuple[Metric, None]:
        return copy(metric).update(**part), None

    mapped = jax.vmap(lambda part: copy(metric).batch_updates(**part))(parts)
    singles = [jax.tree.map(lambda x, i=i: x[i], mapped) for i in range(PARTS)]
    return {
        "scanned": jax.lax.scan(update, empty, parts)[0],
        "mapped and reduced": copy(mapped).reduce(),
        **_merged([*singles, empty]),
    }


def _on_host(parts: list[Arrays], empty: Metric) -> dict[str, Metric]:
    """A metric that cannot be traced, updated with the parts in turn, and merged in every order."""
    in_turn = copy(empty)
    for part in parts:
        in_turn.update(**part)
    metrics = [*(copy(empty).update(**part) for part in parts), empty]

    def merged(order: int | Order) -> Metric:
        if isinstance(order, int):
            return metrics[order]
        first, second = map(merged, order)
        return copy(first).merge_state(second)

    return {"in turn": in_turn, **{name: merged(order) for name, order in MERGERS.items()}}


def _merged(metrics: list[Metric]) -> dict[str, Metric]:
    """The metrics merged in every order of MERGERS, in a loop, so that merging is compiled once."""
    steps: dict[tuple[int, int], int] = {}

    def index_of(order: int | Order) -> int:
        """The index of the result of an order among the metrics and the results of the steps."""
        if isinstance(order, int):
            return order
        pair = index_of(order[0]), index_of(order[1])
        return steps.setdefault(pair, len(metrics) + len(steps))

    indices = {name: index_of(order) for name, order in MERGERS.items()}
    slots = [metrics[-1]] * len(steps)
    results = _stacked([*metrics, *slots])

    def step(results: Any, row: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[Any, None]:
        left, right, at = row
        first, second = (jax.tree.map(lambda x, i=i: x[i], results) for i in (left, right))
        merged = copy(first).merge_state(second)
        return jax.tree.map(lambda x, new: x.at[at].set(new), results, merged), None

    pairs = jnp.array([[*pair, at] for pair, at in steps.items()])
    results, _ = jax.lax.scan(step, results, (pairs[:, 0], pairs[:, 1], pairs[:, 2]))
    return {name: jax.tree.map(lambda x, at=at: x[at], results) for name, at in indices.items()}


def values(metrics: dict[str, Metric]) -> dict[str, Any]:
    """The value of each metric, computed in a loop if possible: `compute` is then compiled once."""
    if not all(metric.jittable for metric in metrics.values()):
        return {name: metric.compute() for name, metric in metrics.items()}
    stacked = jax.lax.map(lambda metric: metric.compute(), _stacked(list(metrics.values())))
    return {name: jax.tree.map(lambda x, i=i: x[i], stacked) for i, name in enumerate(metrics)}


def _stacked(trees: list[Any]) -> Any:
    """Stacks trees along a new leading axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
