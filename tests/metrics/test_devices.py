"""Counts over several devices and processes equal those on one device, exactly."""

import functools
import json
import socket
import subprocess
import sys
import textwrap

import jax
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jax_metrics as jm

rng = np.random.default_rng(0)
SIZE, CLASSES = 4096, 5
BATCH = {
    "target": rng.integers(0, CLASSES, SIZE),
    "preds": rng.normal(size=(SIZE, CLASSES)).astype(np.float32),
    "mask": rng.random(SIZE) < 0.9,
}


def metrics():
    return jm.metrics.Metrics(
        {
            "micro": jm.metrics.Precision(num_classes=CLASSES, average="micro"),
            "classes": jm.metrics.Precision(num_classes=CLASSES, average=None),
            "far": jm.metrics.Transformed(
                jm.metrics.Variance(), values=lambda x: 1e6 + x
            ).rename_arguments(values="preds"),
        }
    )


EXPECTED = metrics().update(**BATCH).compute()


def assert_same(values):
    np.testing.assert_array_equal(values["micro"], EXPECTED["micro"])
    np.testing.assert_array_equal(values["classes"], EXPECTED["classes"])
    np.testing.assert_allclose(values["far"], EXPECTED["far"], rtol=1e-5)


def spread(axis_type, batch=BATCH):
    mesh = jax.make_mesh((8,), ("batch",), axis_types=(axis_type,))
    return jax.device_put(batch, NamedSharding(mesh, PartitionSpec("batch")))


@pytest.mark.slow
@pytest.mark.parametrize("axis_type", [AxisType.Auto, AxisType.Explicit])
def test_a_batch_on_eight_devices(axis_type):
    batch = spread(axis_type)
    assert_same(metrics().update(**batch).compute())
    step = jax.jit(lambda metrics, batch: metrics.update(**batch))
    assert_same(step(metrics(), batch).compute())
    evaluated = metrics()
    assert_same(evaluated(**batch))
    assert_same(evaluated.compute())


@pytest.mark.slow
def test_a_bad_label_on_one_of_eight_devices():
    target = BATCH["target"].copy()
    target[SIZE // 2] = 9
    batch = spread(AxisType.Explicit, {"target": target, "preds": BATCH["preds"]})
    with pytest.raises(ValueError, match="target has labels outside of 0 to 4"):
        metrics().update(**batch)


def test_each_device_counts_its_own():
    mesh = jax.make_mesh((8,), ("batch",), axis_types=(AxisType.Auto,))
    whole, split = PartitionSpec(), PartitionSpec("batch")

    @jax.jit
    @functools.partial(jax.shard_map, mesh=mesh, in_specs=(whole, split), out_specs=whole)
    def update(metrics, batch):
        return metrics.batch_updates(**batch).sync("batch")

    assert_same(update(metrics(), BATCH).compute())


PROCESS = textwrap.dedent(
    """
    import json, sys
    import jax
    rank, address = int(sys.argv[1]), sys.argv[2]
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, num_processes=2, process_id=rank)
    import numpy as np
    from jax.experimental import multihost_utils
    from jax.sharding import NamedSharding, PartitionSpec
    import jax_metrics as jm

    rng = np.random.default_rng(0)
    target = rng.integers(0, 5, 4096)
    preds = rng.normal(size=(4096, 5)).astype(np.float32)
    mesh = jax.make_mesh((jax.device_count(),), ("batch",))
    sharding = NamedSharding(mesh, PartitionSpec("batch"))

    def shard(x):
        own = np.split(x, 2)[rank]
        return jax.make_array_from_process_local_data(sharding, own, x.shape)

    metric = jm.metrics.Precision(num_classes=5, average=None)
    step = jax.jit(lambda metric, **batch: metric.update(**batch))
    for _ in range(3):
        metric = step(metric, target=shard(target), preds=shard(preds))
    value = metric.compute()
    print(json.dumps([float(x) for x in np.asarray(value.addressable_data(0))]))
    print(json.dumps([int(x) for x in np.asarray(metric.outcomes[0].high.addressable_data(0))]))
    """
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.slow
def test_two_processes(environment):
    address = f"127.0.0.1:{free_port()}"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(rank), address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(2),
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=240) for process in processes]
    metric = jm.metrics.Precision(num_classes=CLASSES, average=None)
    for _ in range(3):
        metric.update(target=BATCH["target"], preds=BATCH["preds"])
    for process, (out, err) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, err
        value, counts = map(json.loads, out.splitlines()[-2:])
        np.testing.assert_array_equal(np.float32(value), metric.compute())
        np.testing.assert_array_equal(counts, metric.outcomes[0].high)
