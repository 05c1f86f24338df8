import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import (
    BootStrapper,
    Cat,
    Classwise,
    Max,
    Mean,
    MeanSquaredError,
    MinMax,
    Multitask,
    Precision,
    Running,
    RunningMean,
    RunningSum,
    Throughput,
    Tracker,
    Transformed,
)

BATCHES = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)


@pytest.mark.parametrize("window", [1, 3, 7, 10])
def test_running_counts_the_last_updates(window):
    metrics = [RunningMean(window=window), RunningSum(window=window), Running(Max(), window=window)]
    for step, batch in enumerate(BATCHES, 1):
        last = BATCHES[max(0, step - window) : step]
        for metric, expected in zip(metrics, [last.mean(), last.sum(), last.max()], strict=True):
            np.testing.assert_allclose(metric(batch), getattr(batch, metric_of(metric))(), 1e-5)
            np.testing.assert_allclose(metric.compute(), expected, rtol=1e-5)


def metric_of(metric):
    return {RunningMean: "mean", RunningSum: "sum", Running: "max"}[type(metric)]


def test_merging_windows_appends():
    first, second = RunningSum(window=3), RunningSum(window=3)
    for batch in BATCHES[:4]:
        first.update(batch)
    for batch in BATCHES[4:6]:
        second.update(batch)
    np.testing.assert_allclose(first.merge_state(second).compute(), BATCHES[3:6].sum(), rtol=1e-5)
    np.testing.assert_allclose(first.update(BATCHES[6]).compute(), BATCHES[4:7].sum(), rtol=1e-5)


def test_running_in_a_scan():
    metric, _ = jax.lax.scan(lambda m, x: (m.update(x), None), RunningMean(window=2), BATCHES)
    np.testing.assert_allclose(metric.compute(), BATCHES[-2:].mean(), rtol=1e-5)


def test_min_max_over_the_values_after_each_update():
    minmax, means = MinMax(Mean()), []
    for step, batch in enumerate(BATCHES, 1):
        np.testing.assert_allclose(minmax(batch)["raw"], batch.mean(), rtol=1e-5)
        means.append(BATCHES[:step].mean())
    values = minmax.compute()
    assert list(values) == ["raw", "min", "max"]
    np.testing.assert_allclose(
        list(values.values()), [means[-1], min(means), max(means)], rtol=1e-5
    )


@pytest.mark.parametrize("sampling", ["poisson", "multinomial"])
def test_bootstraps_spread_as_theory_says(sampling):
    values = np.random.default_rng(0).normal(3, 2, 2000)
    metric = BootStrapper(
        Mean(), num_bootstraps=400, quantile=[0.05, 0.95], raw=True, sampling=sampling
    )
    for batch in np.split(values, 4):
        metric.update(batch)
    actual, error = metric.compute(), 2 / np.sqrt(2000)
    assert abs(actual["mean"] - values.mean()) < error / 2
    assert abs(actual["std"] / error - 1) < 0.15
    np.testing.assert_allclose(
        actual["quantile"] - values.mean(), [-1.645 * error, 1.645 * error], atol=error / 2
    )
    assert actual["raw"].shape == (400,)


def test_bootstraps_draw_anew_for_each_batch():
    metric = BootStrapper(Mean(), num_bootstraps=3, raw=True)
    values = np.arange(50.0)
    first, second = metric(values)["raw"], metric(values)["raw"]
    assert not np.allclose(first, second)
    again = BootStrapper(Mean(), num_bootstraps=3, raw=True)
    np.testing.assert_array_equal(again(values)["raw"], first)


def test_the_tracker_finds_the_best_epoch():
    tracker = Tracker(MeanSquaredError())
    for error in (3.0, np.nan, 1.0, 2.0):
        tracker.increment()
        value = tracker(target=jnp.zeros(1), preds=jnp.array([error]))
        np.testing.assert_array_equal(value, error**2)
    np.testing.assert_array_equal(tracker.compute_all(), [9, np.nan, 1, 4])
    assert tracker.best() == (1.0, 2) and tracker.compute() == 4
    assert tracker.reset().epochs == 0
    with pytest.raises(RuntimeError, match="No epoch has begun"):
        tracker.compute()


def test_the_tracker_of_a_collection():
    metrics = jm.metrics.Metrics([MeanSquaredError(), Precision()], prefix="val/")
    tracker = Tracker(metrics)
    for target in ([0, 1], [1, 1]):
        tracker.increment()
        tracker.update(target=jnp.array(target), preds=jnp.array([1, 1]))
    best, epochs = tracker.best()
    assert best == {"val/mean_squared_error": 0.0, "val/precision": 1.0}
    assert epochs == {"val/mean_squared_error": 1, "val/precision": 1}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Running(Mean(), window=0), ValueError, "at least 1 update; got window=0"),
        (lambda: BootStrapper(Throughput()), ValueError, "but Throughput takes no `sample_weight`"),
        (lambda: BootStrapper(Mean(), sampling="all"), ValueError, "sampling must be one of"),
        (
            lambda: BootStrapper(Mean()).update(jnp.ones(3), sample_weight=jnp.ones(2)),
            ValueError,
            r"sample_weight of shape \(2,\) does not fit a batch of 3",
        ),
        (
            lambda: Classwise(Precision(num_classes=3)).compute(),
            ValueError,
            "Classwise needs one value for each label, but Precision returns",
        ),
        (
            lambda: Classwise(Precision(num_classes=3, average=None), labels="ab").compute(),
            ValueError,
            r"of shape \(3,\) and the labels are \('a', 'b'\)",
        ),
        (lambda: Multitask({}), ValueError, "Multitask needs at least one task"),
        (lambda: Transformed(Mean(), preds=abs), TypeError, "Mean takes no 'preds'; it takes val"),
        (lambda: Tracker(Mean()).update(1.0), RuntimeError, "call `tracker.increment"),
        (lambda: tracked(Mean()).best(), ValueError, "Whether a higher mean is better is not"),
        (
            lambda: tracked(Cat(2), maximize=True).best(),
            ValueError,
            "is not defined; track a scalar",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def tracked(metric, **options):
    tracker = Tracker(metric[0] if isinstance(metric, Cat) else metric, **options)
    tracker.increment()
    return tracker.update(jnp.ones(1))
