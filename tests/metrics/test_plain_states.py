"""States of the plain kind `MetricState`, and values that are no state at all."""

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Mean, Metrics, MinMax, Multitask, Running, Total, Transformed


class Plain(jm.Metric):
    """A sum that starts from somewhere, in a state that says nothing of how it is merged."""

    a: jax.Array = jm.MetricState.node()

    def __init__(self, start: Any = 0, **options: Any):
        super().__init__(**options)
        self.a = jnp.asarray(start)

    def update(self, *, n):
        self.a = self.a + n

    def compute(self):
        return self.a


class Host(Plain):
    jittable = False


class Counts(jm.Tree):
    seen: jax.Array = jm.MetricState.node()
    total: Total

    def __init__(self):
        self.seen, self.total = jnp.array(0), Total()


class Nested(jm.Metric):
    """The same in lists, and in a Tree inside."""

    parts: list[jax.Array] = jm.MetricState.node()
    counts: Counts

    def __init__(self):
        self.parts, self.counts = [jnp.array(0)], Counts()

    def update(self, *, n):
        self.parts = [self.parts[0] + n]
        self.counts.seen = self.counts.seen + n
        self.counts.total = self.counts.total + n

    def compute(self):
        return (self.parts[0] + self.counts.seen + self.counts.total.value) / 3


@pytest.mark.parametrize("make", [Plain, Host, Nested], ids=lambda cls: cls.__name__)
def test_calls_and_resets(make):
    metric = make()
    assert metric(n=2) == 2 and metric.compute() == 2
    assert metric(n=3) == 3 and metric.compute() == 5
    assert metric.update(n=1).compute() == 6
    assert metric.batch_updates(n=7).compute() == 7
    same = pickle.loads(pickle.dumps(jm.copy(metric)))
    assert same.compute() == 6 and same.reset().compute() == 0 and metric.compute() == 6
    assert metric.reset() is metric and metric.compute() == 0


@pytest.mark.parametrize(
    "wrap",
    [
        lambda metric: Metrics([metric, Mean()]),
        lambda metric: Metrics({"inner": Metrics([metric])}),
        lambda metric: metric - Mean(),
        MinMax,
        lambda metric: Transformed(metric, n=lambda n: n),
        lambda metric: Multitask({"task": metric}),
    ],
)
def test_inside_other_metrics(wrap):
    metric = wrap(Plain(5, name="a"))
    arguments: dict[str, Any] = {"n": 2}
    if "values" in metric.signature.parameters:
        arguments["values"] = jnp.zeros(2)
    before = jax.tree.leaves(metric)
    first = jax.tree.leaves(metric(**arguments))
    assert first[0] == 7 and jax.tree.leaves(metric(**arguments))[0] == 7
    assert jax.tree.leaves(metric.compute())[0] == 9
    np.testing.assert_array_equal(jax.tree.leaves(metric.reset())[0], before[0])


def test_it_begins_with_what_init_left_under_transformations():
    metrics = jax.vmap(Plain)(jnp.arange(3))
    updated = jax.jit(lambda metrics: jax.vmap(lambda metric: metric.update(n=10))(metrics))(
        metrics
    )
    np.testing.assert_array_equal(updated.compute(), [10, 11, 12])
    np.testing.assert_array_equal(updated.reset().compute(), [0, 1, 2])
    scanned, values = jax.lax.scan(lambda m, n: (m, m(n=n)), Plain(5), jnp.arange(3))
    np.testing.assert_array_equal(values, [5, 6, 7])
    assert scanned.compute() == 8
    donated = jax.jit(lambda metric: metric.update(n=1), donate_argnums=0)(Plain(5))
    assert donated.compute() == 6 and donated.reset().compute() == 5


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        ("merge_state", lambda metric: metric.merge_state(jm.copy(metric))),
        ("merge_state", lambda metric: metric + metric),
        ("reduce", lambda metric: metric.reduce()),
        ("sync", lambda metric: jax.vmap(lambda x: metric.sync("i"), axis_name="i")(jnp.ones(2))),
    ],
)
@pytest.mark.parametrize(
    ("metric", "field"),
    [
        (Plain(), "Plain.a"),
        (Host(), "Host.a"),
        (Nested(), "Nested.parts"),
        (Metrics([Mean(), Plain()]), "Plain.a"),
        (MinMax(Plain()), "Plain.a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_needs_a_reduction_raises(metric, field, verb, call):
    name = field.partition(".")[2]
    message = (
        rf"{field} is declared as `MetricState.node\(\)`, .*`{verb}` cannot merge it.*"
        rf"`{name}: jax.Array = jm.metrics.state\(\"sum\"\)`"
    )
    with pytest.raises(TypeError, match=message):
        call(metric)


def test_a_window_merges_its_updates():
    with pytest.raises(TypeError, match="`Running` cannot merge it"):
        Running(Plain(), window=2)


class Counter(jm.Metric):
    """A metric that keeps what is no state."""

    weights: jax.Array = jm.node()

    def __init__(self, change):
        self.change = change
        self.n, self.log, self.flag = 0, [], False
        self.weights = jnp.ones(2)
        self.total = Total()

    def update(self, *, values):
        self.change(self)
        self.total += values.sum()

    def compute(self):
        return self.total.value


class HostCounter(Counter):
    jittable = False


def count(metric):
    metric.n += 1


def append(metric):
    metric.log.append(1)


def add(metric):
    metric.other = 3


def weigh(metric):
    metric.weights = metric.weights + 1


def nothing(metric):
    metric.n, metric.log, metric.flag = 0, [], False


@pytest.mark.parametrize("cls", [Counter, HostCounter])
@pytest.mark.parametrize("run", ["update", "__call__", "traced"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (count, r"`update` of \w+ changed n from 0 to 1.*self.n = jm.metrics.Total\(\)"),
        (append, r"changed log from \(?\[?.* to .*1"),
        (add, "changed other from nothing to 3"),
        (weigh, r"assigned weights, an array that is not a state.*jm.metrics.state\(\"sum\"\)"),
    ],
)
def test_what_would_be_lost_raises(cls, run, change, message):
    metric = cls(change)
    call = getattr(metric, run, jax.jit(lambda values: jm.copy(metric).update(values=values)))
    with pytest.raises(TypeError, match=message):
        call(values=jnp.ones(2))
    assert metric.compute() == 0


def test_the_same_value_again_is_no_change():
    assert Counter(nothing).update(values=jnp.ones(2)).compute() == 2
