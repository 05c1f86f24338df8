"""An accumulator of a subclass stays one, and keeps its own fields, whatever is done to it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

import jax_metrics as jm
from jax_metrics.metrics import Buffer, Mean, Moments, Total
from jax_metrics.metrics._checks import Rule
from jax_metrics.metrics.aggregation._last_value import Last
from jax_metrics.metrics.clustering._cluster_moments import ClusterMoments
from jax_metrics.metrics.curves._latest_rows import LatestRows
from jax_metrics.metrics.curves._score_state import BinnedScores, ExactScores
from jax_metrics.metrics.detection._detections import DetectionState
from jax_metrics.metrics.detection._matching import Matches
from jax_metrics.metrics.image._features import FeatureMoments, FeatureRows
from jax_metrics.metrics.regression._minkowski_distance import _PowerSum
from jax_metrics.metrics.retrieval._documents import DocumentBatch, Documents
from jax_metrics.metrics.retrieval._query_values import ExtremeValue, KeptValues, MeanValue
from jax_metrics.metrics.state import (
    Accumulator,
    SquareSum,
    gathered_state,
    merged_states,
    reduced_state,
)
from jax_metrics.metrics.wrappers._copies import Copies
from jax_metrics.metrics.wrappers._samples import Samples
from jax_metrics.metrics.wrappers._update_window import UpdateWindow

ROWS = jnp.ones(2)
MATCHES = Matches(*jnp.ones((2, 1, 2, 1, 1), bool))
MAKE = {
    Total: (lambda cls: cls(1.0), lambda state: state + 2),
    Moments: (lambda cls: cls(1), lambda state: state.updated(ROWS[:, None])),
    Buffer: (lambda cls: cls(4), lambda state: state.extended(ROWS)),
    Last: (lambda cls: cls(), lambda state: state.merged(Last(1.0, True))),
    LatestRows: (lambda cls: cls(4), lambda state: state.extended(ROWS, ROWS > 0)),
    BinnedScores: (
        lambda cls: cls((), 4, jnp.float32),
        lambda state: state.added(ROWS / 2, ROWS, ROWS > 0, [Rule(ROWS > 0, "")]),
    ),
    ExactScores: (
        lambda cls: cls(Buffer(4, (2,)), False),
        lambda state: state.added(ROWS / 2, ROWS, ROWS > 0, []),
    ),
    DetectionState: (
        lambda cls: cls(4, (1, 1), 1, jnp.float32),
        lambda state: state.added(
            *[ROWS[None]] * 3, jnp.ones(1, int), MATCHES, ROWS[None] > 0, jnp.ones((1, 1))
        ),
    ),
    ClusterMoments: (
        lambda cls: cls(2, 1, jnp.float32),
        lambda state: state.updated_by_labels(ROWS[:, None], jnp.arange(2), ROWS),
    ),
    FeatureMoments: (
        lambda cls: cls(1, 1, jnp.float32),
        lambda state: state.updated(ROWS[:, None], ROWS, jnp.array(0)),
    ),
    FeatureRows: (
        lambda cls: cls(4, 1, jnp.float32),
        lambda state: state.extended(ROWS[:, None], ROWS > 0, ROWS),
    ),
    Documents: (
        lambda cls: cls(4, jnp.float32),
        lambda state: state.added(jnp.arange(2), DocumentBatch(ROWS, ROWS, ROWS, ())),
    ),
    MeanValue: (lambda cls: cls((), jnp.float32), lambda state: state.added(ROWS, ROWS)),
    ExtremeValue: (
        lambda cls: cls((), jnp.float32, largest=True),
        lambda state: state.added(ROWS, ROWS),
    ),
    KeptValues: (
        lambda cls: cls(4, (), jnp.float32, "median"),
        lambda state: state.added(ROWS, ROWS),
    ),
    SquareSum: (lambda cls: cls(), lambda state: state.updated(ROWS, ROWS)),
    _PowerSum: (
        lambda cls: cls(2.0, jnp.float32),
        lambda state: state.updated(ROWS, ROWS),
    ),
    Copies: (
        lambda cls: cls(Mean(), 2),
        lambda state: state.updated(lambda metric, x: metric.update(x), ROWS),
    ),
    UpdateWindow: (lambda cls: cls(Mean(), 2), lambda state: state.pushed(Mean())),
    Samples: (
        lambda cls: cls(0, (1, 2), copies=Copies(Mean(), 3)),
        lambda state: state.updated(*state.keys(0, False), False, **state.parts),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("cls", MAKE, ids=lambda cls: cls.__name__)
def test_a_subclass_stays_one(cls):
    sub = type(f"Own{cls.__name__}", (cls,), {})
    make, changed = MAKE[cls]
    state = make(sub)
    state.label = "mine"
    two = jax.tree.map(lambda x: jnp.stack([x, x]), state)
    mesh = jax.make_mesh((2,), ("i",))
    spec = PartitionSpec()
    gather = functools.partial(gathered_state, kind=type(None), axis_name="i")
    together = jax.shard_map(
        lambda one: reduced_state(gather(one), type(None)), mesh=mesh, in_specs=spec, out_specs=spec
    )
    results = {
        "changed": changed(state),
        "neutral": state.neutral(),
        "merged": merged_states(state, state.neutral(), type(None)),
        "reduced": reduced_state(two, type(None)),
        "gathered": jax.jit(together)(state),
        "kept": jm.copy(state),
    }
    for way, result in results.items():
        assert type(result) is sub and result.label == "mine", way
        assert jax.tree.structure(result) == jax.tree.structure(state), way


def test_every_accumulator_is_here():
    def below(cls):
        return {cls}.union(*map(below, cls.__subclasses__()))

    own = {cls for cls in below(Accumulator) if cls.__module__.startswith("jax_metrics.")}
    assert own - {Accumulator} == set(MAKE)


class Clipped(Total):
    """A sum that stops at a limit."""

    def __add__(self, value):
        total = super().__add__(value)
        return total._replace(high=jnp.minimum(total.high, 10), low=jnp.zeros_like(total.low))


def test_a_sum_of_its_own_in_a_metric():
    class Limited(jm.Metric):
        def __init__(self):
            self.total = Clipped()

        def update(self, values):
            self.total += values.sum()

        def compute(self):
            return self.total.value

    values = jnp.full(3, 100.0)
    metric = Limited()
    assert metric(values) == 10 and metric.update(values).compute() == 10
    assert metric.merge_state(Limited().update(values)).compute() == 10
    assert metric.reset().update(values).compute() == 10
    parts = jax.vmap(lambda x: Limited().update(x))(values)
    np.testing.assert_array_equal(parts.reduce().compute(), 10)
