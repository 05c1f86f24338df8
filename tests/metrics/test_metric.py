import functools
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import AxisType, PartitionSpec

import jax_metrics as jm
from jax_metrics.metrics import Accumulator, Max, Mean, Min, Sum, Total, check, state

VALUES = np.random.default_rng(0).normal(size=64).astype(np.float32)
METRICS = {Mean: np.mean, Sum: np.sum, Max: np.max, Min: np.min}


@pytest.fixture(params=METRICS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def value_of(cls, values=VALUES):
    return METRICS[cls](values.astype(np.float64))


def test_update_changes_the_metric_and_returns_it(cls):
    metric = cls()
    assert metric.update(VALUES[:40]) is metric
    assert metric.update(VALUES[40:]) is metric
    np.testing.assert_allclose(metric.compute(), value_of(cls), rtol=1e-6)


@pytest.mark.slow
@settings(max_examples=12)  # each has shapes of its own to compile
@given(cuts=st.lists(st.integers(1, 63), max_size=4, unique=True).map(sorted))
def test_any_split_gives_the_same(cuts):
    for cls in METRICS:
        parts = [part for part in np.split(VALUES, cuts)]
        merged = functools.reduce(lambda a, b: a + b, [cls().update(part) for part in parts])
        np.testing.assert_allclose(merged.compute(), value_of(cls), rtol=1e-6)


def test_calling_gives_the_value_of_the_batch(cls):
    metric = cls()
    np.testing.assert_allclose(metric(VALUES[:40]), value_of(cls, VALUES[:40]), rtol=1e-6)
    np.testing.assert_allclose(metric(VALUES[40:]), value_of(cls, VALUES[40:]), rtol=1e-6)
    np.testing.assert_allclose(metric.compute(), value_of(cls), rtol=1e-6)


def test_jit_scan_and_vmap(cls):
    batches = VALUES.reshape(8, 8)
    jitted = jax.jit(lambda metric, values: metric.update(values))(cls(), VALUES)
    scanned, _ = jax.lax.scan(lambda metric, x: (metric.update(x), None), cls(), batches)
    mapped = jax.vmap(lambda x: cls().update(x))(batches)
    for metric in (jitted, scanned, mapped.reduce()):
        np.testing.assert_allclose(metric.compute(), value_of(cls), rtol=1e-6)
    assert jax.tree.structure(scanned) == jax.tree.structure(cls())
    reset = mapped.reset()
    assert all(leaf.shape[0] == 8 for leaf in jax.tree.leaves(reset))


def test_sync_over_devices(cls):
    mesh = jax.make_mesh((8,), ("batch",), axis_types=(AxisType.Auto,))
    replicated, split = PartitionSpec(), PartitionSpec("batch")

    @jax.jit
    @functools.partial(jax.shard_map, mesh=mesh, in_specs=(replicated, split), out_specs=replicated)
    def update(metric, values):
        return metric + metric.batch_updates(values).sync("batch")

    metric = update(cls(), VALUES[:32])
    metric = update(metric, VALUES[32:])
    np.testing.assert_allclose(metric.compute(), value_of(cls), rtol=1e-6)


def test_a_masked_value_may_be_anything(cls):
    padded = np.concatenate([VALUES, [np.nan, np.inf]]).astype(np.float32)
    mask = np.arange(66) < 64
    np.testing.assert_allclose(cls().update(padded, mask=mask).compute(), value_of(cls), rtol=1e-6)
    before = cls().update(VALUES)
    after = cls().update(VALUES).update(padded, mask=np.zeros(66, bool))
    np.testing.assert_array_equal(before.compute(), after.compute())


def test_weights():
    weight = np.arange(64, dtype=np.float32)
    expected = np.average(VALUES.astype(np.float64), weights=weight)
    np.testing.assert_allclose(
        Mean().update(VALUES, sample_weight=weight).compute(), expected, 1e-5
    )


def test_reset_merge_and_pickle(cls):
    metric = cls().update(VALUES)
    same = pickle.loads(pickle.dumps(metric))
    assert jax.tree.structure(same) == jax.tree.structure(metric)
    np.testing.assert_array_equal(same.compute(), metric.compute())
    assert metric.merge_state(cls()) is metric
    np.testing.assert_array_equal(same.compute(), metric.compute())
    np.testing.assert_array_equal(metric.reset().compute(), cls().compute())


@pytest.mark.slow
def test_an_eager_update_is_traced_once():
    traces = []

    class Counting(jm.Metric):
        def __init__(self):
            self.seen = Total()

        def update(self, values):
            traces.append(values)
            self.seen += values.size

        def compute(self):
            return self.seen.value

    metric = Counting()
    for _ in range(3):
        metric.update(VALUES)
    assert len(traces) == 1 and metric.compute() == 3 * 64


class Labels(jm.Metric):
    def __init__(self):
        self.largest = Total()

    def update(self, labels):
        check(labels < 3, "labels must be below 3")
        self.largest += labels.sum()

    def compute(self):
        return self.largest.value


def test_a_failed_check_changes_nothing():
    metric = Labels().update(jnp.array([1, 2]))
    for bad in (metric.update, metric):
        with pytest.raises(ValueError, match="labels must be below 3"):
            bad(jnp.array([1, 7]))
    assert metric.compute() == 3
    assert jax.jit(lambda m, x: m.update(x))(Labels(), jnp.array([7])).compute() == 7


def test_names_and_logs():
    assert Mean().compute_logs().keys() == {"mean"}
    assert (
        Mean(name="loss").update(VALUES).compute_logs()["loss"] == Mean().update(VALUES).compute()
    )


def test_a_state_with_a_merge_function_of_its_own():
    class Bits(jm.Metric):
        bits: jax.Array = state(jnp.bitwise_or, neutral=jnp.zeros_like)

        def __init__(self):
            self.bits = jnp.array(0)

        def update(self, values):
            self.bits |= values

        def compute(self):
            return self.bits

    assert (Bits().update(jnp.array(1)) + Bits().update(jnp.array(4))).compute() == 5
    assert Bits().update(jnp.array(3)).reset().compute() == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: state("median"), ValueError, "Unknown reduction 'median'"),
        (lambda: state(jnp.add), ValueError, "needs `neutral="),
        (
            lambda: Mean().merge_state(Sum()),
            ValueError,
            "can only be merged with a metric of the same class; got a Sum",
        ),
        (lambda: jm.Metric().update(1), TypeError, "must define `update`"),
        (lambda: jm.Metric().compute(), TypeError, "must define `compute`"),
        (lambda: Accumulator().neutral(), TypeError, "must define `neutral`"),
        (lambda: Accumulator().merged(Accumulator()), TypeError, "must define `merged`"),
        (lambda: Mean().update(VALUES, mask=VALUES), TypeError, "mask must be boolean"),
        (
            lambda: Mean().update(VALUES, sample_weight=np.ones(3)),
            ValueError,
            r"sample_weight of shape \(3,\) does not fit values of shape \(64,\)",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
