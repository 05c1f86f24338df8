"""Every wrapper merges the states of devices, with `sync`, and of a mapped axis, with `reduce`."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec

import jax_metrics as jm
from jax_metrics.metrics import (
    BootStrapper,
    ByGroup,
    Classwise,
    ConfidenceInterval,
    Max,
    Mean,
    MeanSquaredError,
    Metric,
    MinMax,
    Multioutput,
    Multitask,
    PairedComparison,
    Precision,
    Running,
    RunningMean,
    RunningSum,
    Transformed,
    wrappers,
)

rng = np.random.default_rng(0)
VALUES = {"values": rng.normal(size=8).astype(np.float32)}
OUTPUTS = dict(zip(("target", "preds"), rng.normal(size=(2, 8, 3)).astype(np.float32), strict=True))
CLASSES = dict(zip(("target", "preds"), rng.integers(0, 3, (2, 8)), strict=True))
OUTCOMES = {"values": np.arange(8) % 3 == 0}
PAIRED = {**OUTPUTS, "baseline": OUTPUTS["target"]}
TASKS = {name: {"a": value} for name, value in OUTPUTS.items()}

# Of each: the metric, the batch, and whether the order and number of updates makes no difference.
CASES = [
    (Classwise(Precision(num_classes=3, average=None)), CLASSES, True),
    (Multioutput(MeanSquaredError(), num_outputs=3), OUTPUTS, True),
    (Multitask({"a": MeanSquaredError()}), TASKS, True),
    (Transformed(MeanSquaredError(), preds=jnp.negative), OUTPUTS, True),
    (MinMax(Max()), VALUES, False),
    (Running(Max(), window=4), VALUES, True),
    (RunningMean(window=4), VALUES, True),
    (RunningSum(window=5), VALUES, True),
    (ByGroup(Mean(), num_groups=2), {**VALUES, "groups": np.arange(8) % 2}, True),
    (ConfidenceInterval(Mean(), method="wilson"), OUTCOMES, True),
    (PairedComparison(MeanSquaredError(), num_samples=2), PAIRED, False),
    (BootStrapper(Mean(), num_bootstraps=3, raw=True), VALUES, False),
    (BootStrapper(Mean(), num_bootstraps=3, raw=True, key=jax.random.PRNGKey(0)), VALUES, False),
]
DEVICES = 4


def name_of(case):
    return type(case).__name__ if isinstance(case, Metric) else ""


def test_every_wrapper_is_here():
    classes = {cls for cls in vars(wrappers).values() if inspect.isclass(cls)}
    metrics = {cls for cls in classes if issubclass(cls, Metric)}  # a Tracker is none
    assert metrics == {type(metric) for metric, _, _ in CASES}


@functools.cache
def mesh():
    return jax.make_mesh((DEVICES,), ("batch",), axis_types=(AxisType.Auto,))


def assert_merged(metric, merged, batch, exact):
    """The merged metric is like the given one, has seen the batch, and can be used on."""
    assert jax.tree.structure(merged) == jax.tree.structure(metric)
    before, after = ([(x.shape, x.dtype) for x in jax.tree.leaves(m)] for m in (metric, merged))
    assert before == after
    expected = jax.tree.leaves(metric.batch_updates(**batch).compute())
    values = jax.tree.leaves(merged.compute())
    for value, other in zip(values, expected, strict=True):
        assert np.isfinite(value).all()
        if exact:
            np.testing.assert_allclose(value, other, rtol=1e-5)
    again = jm.copy(merged).update(**batch)
    assert jax.tree.structure(again) == jax.tree.structure(metric)


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "batch", "exact"), CASES, ids=name_of)
def test_sync(metric, batch, exact):
    split, whole = PartitionSpec("batch"), PartitionSpec()

    @jax.jit
    @functools.partial(jax.shard_map, mesh=mesh(), in_specs=(whole, split), out_specs=whole)
    def update(metric, batch):
        return jm.copy(metric).merge_state(metric.batch_updates(**batch).sync("batch"))

    assert_merged(metric, update(metric, batch), batch, exact)


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "batch", "exact"), CASES, ids=name_of)
def test_reduce(metric, batch, exact):
    parts = jax.tree.map(lambda x: x.reshape(DEVICES, -1, *x.shape[1:]), batch)
    update = jax.jit(lambda parts: jax.vmap(lambda part: metric.batch_updates(**part))(parts))
    assert_merged(metric, update(parts).reduce(), batch, exact)


@pytest.mark.slow
def test_merged_bootstraps_draw_anew():
    metric = BootStrapper(Mean(), num_bootstraps=3, raw=True)
    drawn = []
    for _ in range(3):
        batch = metric.batch_updates(**VALUES)
        drawn.append(np.asarray(batch.compute()["raw"]))
        metric.merge_state(batch)
    assert not np.allclose(drawn[0], drawn[1]) and not np.allclose(drawn[1], drawn[2])


def test_the_smallest_and_largest_of_all_devices():
    minmax = jax.vmap(lambda x: MinMax(Mean()).update(x))(jnp.array([3.0, 1.0, 8.0])).reduce()
    assert {name: float(value) for name, value in minmax.compute().items()} == {
        "raw": 4.0,
        "min": 1.0,
        "max": 8.0,
    }
