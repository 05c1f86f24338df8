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
    Multioutput,
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


@pytest.mark.slow
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


RECALLS = jm.metrics.Recall(num_classes=2, average=None)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_quantile_may_be_an_integer():
    metric = BootStrapper(Mean(), num_bootstraps=3, quantile=np.array([0, 1]), raw=True)
    value = metric(np.arange(50.0))
    assert value["quantile"].tolist() == [value["raw"].min(), value["raw"].max()]


@pytest.mark.slow
def test_bootstraps_draw_anew_for_each_batch():
    metric = BootStrapper(Mean(), num_bootstraps=3, raw=True)
    values = np.arange(50.0)
    first, second = metric(values)["raw"], metric(values)["raw"]
    assert not np.allclose(first, second)
    again = BootStrapper(Mean(), num_bootstraps=3, raw=True)
    np.testing.assert_array_equal(again(values)["raw"], first)


SAMPLINGS = ["poisson", "multinomial"]


@pytest.mark.slow
@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    ("metric", "arguments", "expected"),
    [
        (Mean(), {"values": [3.0]}, {3.0}),
        (Max(), {"values": [3.0, 4.0]}, {3.0, 4.0}),  # minus infinity for nothing
        (jm.metrics.Sum(), {"values": [-1.0]}, {-1.0, -2.0, -3.0, -4.0}),  # 0 for nothing
        (Precision(), {"target": [1], "preds": [1]}, {1.0}),  # 0 for nothing
        (jm.metrics.AUROC(capacity=2), {"target": [0, 1], "preds": [0.2, 0.7]}, {1.0}),
        (jm.metrics.ConfusionMatrix(), {"target": [1], "preds": [0]}, None),
    ],
)
def test_bootstraps_of_few_examples(metric, arguments, expected, sampling):
    bootstraps = BootStrapper(metric, num_bootstraps=30, raw=True, quantile=0.5, sampling=sampling)
    before = bootstraps.compute()
    assert all(np.isnan(leaf).all() for leaf in jax.tree.leaves(before))
    # Masked examples are not drawn.
    mask = np.arange(4) < len(next(iter(arguments.values())))
    padded = {n: np.resize(np.asarray(x), 4) for n, x in arguments.items()}
    found = bootstraps.update(**padded, mask=mask).compute()
    has_value = ~np.isnan(found["raw"].reshape(30, -1)[:, 0])
    assert 0 < has_value.sum() and (sampling == "poisson") <= (has_value.sum() < 30)
    if expected is not None:
        assert set(found["raw"][has_value].tolist()) <= expected
    for name, statistic in (("mean", np.mean), ("quantile", np.median)):
        np.testing.assert_allclose(found[name], statistic(found["raw"][has_value], 0), rtol=1e-6)
    spread = found["raw"][has_value].std(0, ddof=1)
    np.testing.assert_allclose(found["std"], spread, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_bootstraps_of_what_has_no_value_are_nan():
    bootstraps = BootStrapper(jm.metrics.AUROC(capacity=2), num_bootstraps=3)
    value = bootstraps(target=np.zeros(2, int), preds=np.array([0.2, 0.7]))
    assert np.isnan(value["mean"]) and np.isnan(value["std"])
    update = jax.jit(lambda metric, x: jm.copy(metric).update(target=x, preds=x).compute())
    broken = BootStrapper(Precision(), num_bootstraps=20)
    assert np.isnan(update(broken, np.array([0, 1, 7]))["mean"])  # 7 is not in all samples


NOTHING = [
    {"values": np.full(2, np.nan), "mask": np.zeros(2, bool)},
    {"values": np.full(2, np.nan), "sample_weight": np.zeros(2)},
    {"values": np.zeros(0)},
    {"values": []},
]


@pytest.mark.slow
@pytest.mark.parametrize("nothing", NOTHING)
def test_a_batch_without_examples_is_no_update(nothing):
    def values_of(metric, *batches):
        for batch in batches:
            metric.update(**batch)
        return jax.tree.leaves(metric.compute())

    one, two = {"values": np.ones(2)}, {"values": np.full(2, 2.0)}
    for metric in (
        Running(Mean(), window=2),
        RunningSum(window=2),
        Running(Max(), window=1),
        MinMax(Mean()),
        MinMax(Max()),
        MinMax(jm.metrics.Std(ddof=1)),
    ):
        again = jm.copy(metric)
        expected = values_of(metric, one, two)
        assert values_of(again, nothing, one, nothing, two, nothing) == expected, metric


@pytest.mark.parametrize(
    ("metric", "directions"),
    [
        (MeanSquaredError(), False),
        (Mean(), None),
        (Running(Precision()), True),
        (Running(Classwise(RECALLS)), {"recall_0": True, "recall_1": True}),
        (Transformed(MeanSquaredError(), preds=abs), False),
        (MinMax(MeanSquaredError()), dict.fromkeys(["raw", "min", "max"], False)),
        (
            MinMax(jm.metrics.Metrics([MeanSquaredError()])),
            dict.fromkeys(["raw", "min", "max"], {"mean_squared_error": False}),
        ),
        (BootStrapper(MeanSquaredError()), {"mean": False, "std": None}),
        (
            BootStrapper(RECALLS, std=False, quantile=0.5, raw=True),
            dict.fromkeys(["mean", "quantile", "raw"], True),
        ),
        (
            jm.metrics.ConfidenceInterval(jm.metrics.Metrics([Precision()]), num_bootstraps=1),
            dict.fromkeys(["value", "lower", "upper"], {"precision": True}),
        ),
        (
            jm.metrics.ByGroup(jm.metrics.Metrics([Precision()]), num_groups=2, labels="ab"),
            dict.fromkeys("ab", {"precision": True}),
        ),
        (Classwise(RECALLS, labels="ab"), {"recall_a": True, "recall_b": True}),
        (
            Multitask({"a": MeanSquaredError(), "b": Classwise(RECALLS, labels="xy")}),
            {"a": False, "b": {"recall_x": True, "recall_y": True}},
        ),
        (jm.metrics.Multioutput(MeanSquaredError(), num_outputs=2), False),
        (
            jm.metrics.Fairness(num_groups=2),
            dict.fromkeys(["demographic_parity", "equal_opportunity"], True),
        ),
        (
            jm.metrics.Metrics(
                [Classwise(RECALLS), MinMax(MeanSquaredError()), Mean()], prefix="<", postfix=">"
            ),
            {
                "<classwise/recall_0>": True,
                "<classwise/recall_1>": True,
                "<min_max/raw>": False,
                "<min_max/min>": False,
                "<min_max/max>": False,
                "<mean>": None,
            },
        ),
        (jm.metrics.Losses(jm.losses.Huber()), {"huber": False}),
        (
            jm.metrics.LossAndLogs(jm.losses.Huber(), Precision(), ["a"], ["b"]),
            (False, {"loss": False, "huber": False, "a": False}, {"precision": True, "b": None}),
        ),
        (1 - jm.metrics.Accuracy(), False),
        (2 * MeanSquaredError() / 3 + 1, False),
        (-0.5 * jm.metrics.Accuracy(), False),
        (jm.metrics.Accuracy() - MeanSquaredError(), True),
        (jm.metrics.Accuracy() + MeanSquaredError(), None),
        (1 / jm.metrics.Accuracy(), None),
        (abs(jm.metrics.Accuracy()), None),
        (-jm.metrics.Accuracy(), False),
        (jm.metrics.RecallAtFixedPrecision(min_precision=0.5)[0], True),
    ],
)
def test_directions(metric, directions):
    assert metric.directions == directions
    if not isinstance(directions, dict | tuple):
        assert metric.higher_is_better is directions


@pytest.mark.parametrize("wrapper", [Running, lambda metric: Transformed(metric, preds=abs)])
def test_a_wrapper_is_drawn_like_its_metric(wrapper):
    metric = jm.metrics.ConfusionMatrix(num_classes=2)
    assert wrapper(metric).plot_form == "matrix" and wrapper(Precision()).plot_form == "value"


def test_the_tracker_of_nested_values():
    tasks = Multitask({"a": Classwise(RECALLS), "b": MeanSquaredError()})
    tracker = Tracker(jm.metrics.Metrics([tasks, Mean()]), maximize={"mean": False})
    plain = Tracker(tasks)
    for preds, error in (([0, 0], 2.0), ([1, 1], 1.0)):
        batch = {
            "target": {"a": jnp.array([0, 1]), "b": jnp.zeros(1)},
            "preds": {"a": jnp.array(preds), "b": jnp.array([error])},
        }
        tracker.increment()
        plain.increment()
        tracker.update(**batch, values=error)
        plain.update(**batch)
    best, epochs = tracker.best()
    assert best == {
        "multitask/a/recall_0": 1.0,
        "multitask/a/recall_1": 1.0,
        "multitask/b": 1.0,
        "mean": 1.0,
    }
    assert epochs == {**dict.fromkeys(best, 1), "multitask/a/recall_0": 0}
    assert plain.best() == (
        {"a": {"recall_0": 1.0, "recall_1": 1.0}, "b": 1.0},
        {"a": {"recall_0": 0, "recall_1": 1}, "b": 1},
    )


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
            lambda: BootStrapper(Mean(), num_bootstraps=0),
            ValueError,
            "num_bootstraps must be at least 1, but is 0",
        ),
        (
            lambda: BootStrapper(Mean(), quantile=[0.5, 97.5]),
            ValueError,
            "quantile must lie between 0 and 1, but is 97.5",
        ),
        (lambda: BootStrapper(Mean(), quantile=np.nan), ValueError, "quantile must lie between"),
        (lambda: BootStrapper(Mean(), quantile=[[0.5]]), ValueError, "must be a number or a list"),
        (
            lambda: BootStrapper(Mean()).update(3.0),
            ValueError,
            "BootStrapper needs examples, along the first axis of the arguments, but got only",
        ),
        (lambda: Multioutput(Mean(), num_outputs=0), ValueError, "num_outputs must be at least 1"),
        (
            lambda: BootStrapper(Mean()).update(jnp.ones(3), sample_weight=jnp.ones(2)),
            ValueError,
            r"sample_weight of shape \(2,\) does not fit a batch of 3",
        ),
        (
            lambda: BootStrapper(Mean()).update(jnp.ones((3, 2)), mask=jnp.ones((2, 2), bool)),
            ValueError,
            r"mask of shape \(2, 2\) does not fit a batch of 3",
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
        (
            lambda: Classwise(Precision(num_classes=3, average=None), labels=()).compute(),
            ValueError,
            r"of shape \(3,\) and the labels are \(\)",
        ),
        (
            lambda: Classwise(jm.metrics.Metrics([RECALLS])).compute(),
            ValueError,
            "but Metrics returns a dict and the labels are None",
        ),
        (
            lambda: Classwise(RECALLS, labels=["0", 0]),
            ValueError,
            r"labels must differ from each other, .* but '0' is repeated in \['0', '0'\]",
        ),
        (lambda: Multitask({}), ValueError, "Multitask needs at least one task"),
        (lambda: Transformed(Mean(), preds=abs), TypeError, "Mean takes no 'preds'; it takes val"),
        (lambda: Tracker(Mean()).update(1.0), RuntimeError, "call `tracker.increment"),
        (lambda: tracked(Mean()).best(), ValueError, "Whether a higher mean is better is not"),
        (
            lambda: tracked(BootStrapper(Mean()), maximize={"mean": True}).best(),
            ValueError,
            "Whether a higher std is better is not known",
        ),
        (
            lambda: tracked(Cat(2), maximize=True).best(),
            ValueError,
            r"The best of a Collected is not defined; track one of its fields, .*metric\[0\]",
        ),
        (
            lambda: tracked(Cat(2)[0], maximize=True).best(),
            ValueError,
            "is not defined; track a scalar",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def tracked(metric, **options):
    tracker = Tracker(metric, **options)
    tracker.increment()
    return tracker.update(jnp.ones(1))
