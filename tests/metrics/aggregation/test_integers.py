"""Integers are summed exactly and never truncated or rounded in silence."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import metrics
from jax_metrics.metrics import Total

DTYPES = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32]


class OwnTotal(jm.Metric):
    def __init__(self):
        self.total = Total()

    def update(self, values, mask=None):
        values = values if mask is None else jnp.where(mask, values, 0)
        self.total += Total.sum(values)

    def compute(self):
        return self.total.value


def ends(dtype, count):
    limits = np.iinfo(dtype)
    return np.random.default_rng(0).integers(limits.min, limits.max, count, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [3, 2**17 + 5])
def test_sums_of_integers_are_exact(dtype, count):
    values = ends(dtype, 2 * count).reshape(count, 2)
    totals = jax.jit(lambda x: Total.sum(x, (0,)))(values)
    assert [int(totals[0]), int(totals[1])] == values.astype(np.int64).sum(0).tolist()
    assert int(Total.sum(values)) == values.astype(np.int64).sum()


def test_sums_of_booleans_are_exact():
    assert int(Total.sum(jnp.ones((3, 2), bool))) == 6


@pytest.mark.quick_cases(8)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("masked", [pytest.param(False, marks=pytest.mark.slow), True])
@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (metrics.Mean(), np.mean),
        (metrics.Sum(), np.sum),
        (metrics.Reduce("sum_over_batch_size"), np.mean),
        (OwnTotal(), np.sum),
    ],
)
def test_metrics_that_add_integers(dtype, masked, metric, reference):
    values = ends(dtype, 1000)
    mask = np.arange(1000) % 3 != 0 if masked else np.ones(1000, bool)
    value = metric.batch_updates(values, **({"mask": mask} if masked else {})).compute()
    np.testing.assert_allclose(value, reference(values[mask].astype(np.float64)), rtol=1e-6)


@pytest.mark.slow
def test_means_of_large_integers():
    values = jnp.array([1_700_000_000, 1_700_000_060])
    assert float(metrics.Mean()(values=values)) == np.float32(1_700_000_030)
    weighted = metrics.Mean()(values=values, sample_weight=jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(weighted, 1_700_000_045, rtol=1e-6)
    assert float(metrics.Sum()(values=jnp.full(1000, 3_000_000))) == 3e9
    throughput = metrics.Throughput().update(count=jnp.full(3, 2**30), seconds=1.0)
    assert float(throughput.compute()) == 3 * 2**30


@pytest.mark.parametrize("value", [3_000_000_000, -(2**47) + 1, np.int64(-(2**31) - 1)])
def test_totals_take_long_integers_of_python_and_numpy(value):
    total = Total() + value
    assert int(total) == value
    assert int(Total.sum(np.array([value, -value + 5]))) == 5


@pytest.mark.parametrize(
    "call",
    [
        lambda x: metrics.Sum()(x),
        lambda x: metrics.Metrics([metrics.Sum()]).update(values={"a": x, "b": None}),
        lambda x: metrics.Accuracy().update(target=x, preds=np.ones(2, int)),
        lambda x: metrics.accuracy(x, np.ones(2, int)),
    ],
)
@pytest.mark.parametrize("integer", [2**32 + 1, -(2**31) - 1])
def test_integers_of_numpy_that_jax_would_truncate_are_refused(call, integer):
    with pytest.raises(OverflowError, match=rf"holds the int64 {integer}, which JAX would trunc"):
        call(np.array([1, integer]))


def test_losses_round_long_integers_of_numpy():
    loss = jm.losses.absolute_error(np.array([2**40]), np.array([2**40 + 2**20]))
    assert float(loss[0]) == 2**20


@pytest.mark.parametrize("integer", [2**24 + 1, -(2**24) - 1, 2**31 - 1])
def test_integers_are_kept_exactly_with_an_integer_dtype(integer):
    values = jnp.array([integer, 7])
    high, low = (m(dtype=jnp.int32).update(values) for m in (metrics.Max, metrics.Min))
    assert int(high.compute()) == max(integer, 7)
    assert int(low.compute()) == min(integer, 7)
    assert int(high.merge_state(high.neutral()).compute()) == max(integer, 7)
    assert metrics.Cat(2, dtype=jnp.int32)(values).values.tolist() == [integer, 7]
    last = metrics.LastValue(dtype=jnp.int32)
    assert int(last.compute()) == 0
    last.update(values[::-1])
    assert int(last.compute()) == int(last.merge_state(last.neutral()).compute()) == integer
    masked = metrics.Max(dtype=jnp.int32)(values, mask=jnp.array([False, True]))
    assert int(masked) == 7


@pytest.mark.parametrize("integer", [2**24, 2**25, -(2**31), 7 * 2**27])
def test_floats_keep_the_integers_that_they_hold_exactly(integer):
    assert float(metrics.Max()(jnp.array([integer]))) == integer


@pytest.mark.parametrize(
    "metric", [metrics.Max(), metrics.Min(), metrics.Cat(2), metrics.LastValue()]
)
def test_floats_refuse_integers_that_they_would_round(metric):
    values = jnp.array([2**24 + 1, 5])
    with pytest.raises(ValueError, match="holds integers that float32 would round"):
        metric.update(values)
    traced, _ = jax.jit(lambda metric, x: (metric.update(x).compute(), metric))(metric, values)
    assert np.isnan(jax.tree.leaves(traced)[0]).all()
    metric.batch_updates(values, mask=jnp.array([False, True]))


def test_an_integer_dtype_refuses_floats():
    with pytest.raises(TypeError, match="keeps integers that fit into it, but values are float32"):
        metrics.Max(dtype=jnp.int32)(jnp.ones(2))
