"""One of two processes that try what can go wrong between hosts; run as a script.

Usage: checks_process.py ADDRESS COUNT INDEX FOLDER
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import jax_metrics as jm
from jax_metrics.checkpoint import _step_files


def refused(function, *texts):
    try:
        function()
    except Exception as error:
        for text in texts:
            assert text in str(error), f"{text!r} is not in {type(error).__name__}: {error}"
    else:
        raise AssertionError(f"accepted, without {texts}")


def check_initialize(index):
    jm.sharding.initialize(num_processes=2, process_id=index)
    refused(lambda: jm.sharding.initialize(None, 3), "connected already, with num_processes=2")
    assert jm.sharding.is_main() == (index == 0)
    assert jm.sharding.preempted(1) is False


def check_global_batch(index, split):
    local = {"x": np.arange(4.0) + 4 * index, "y": jnp.arange(4) + 4 * index}
    batch = jm.sharding.global_batch(local, split)
    for value in batch.values():
        assert value.sharding == split
        assert value.shape == (8,) and float(value.sum()) == 28
    refused(lambda: jm.sharding.global_batch(np.ones(3), split), "(3,) in this process")


def check_arrays(index, split):
    arrays = {"x": np.arange(20.0), "y": np.arange(20)}
    refused(lambda: jm.training.batches(arrays, 6, sharding=split), "`size` expected a number")
    for batch in jm.training.batches(arrays, 8, shuffle=0, sharding=split):
        own = [row for shard in batch["y"].addressable_shards for row in shard.data.tolist()]
        assert len(own) == 4 and batch["mask"].shape == (8,)
        assert float((batch["x"] - batch["y"]).sum()) == 0

    def first(**options):
        arguments = {"arrays": arrays, "size": 8, "sharding": split, **options}
        next(iter(jm.training.batches(**arguments)))

    other = {**arrays, "y": np.arange(20) + index}
    refused(lambda: first(arrays=other), "differ in the arrays; in process")
    shorter = {name: value[index:] for name, value in arrays.items()}
    refused(lambda: first(arrays=shorter), "differ in the number of examples, the arrays;")
    refused(lambda: first(shuffle=index), "differ in `shuffle`;")
    whole = jm.training.batches(arrays, 8)  # each process for itself
    assert [batch["y"].shape for batch in whole] == [(8,)] * 3


def check_loaders(index, split):
    parts = [{"y": np.arange(4) + 10 * index}, {"y": np.arange(3 - index)}]
    found = list(jm.training.batches(parts, 4, sharding=split))
    assert [int(batch["mask"].sum()) for batch in found] == [8, 5]
    assert int(found[0]["y"].sum()) == 52
    more = parts + parts[:index]
    refused(
        lambda: next(iter(jm.training.batches(more, 4, sharding=split))),
        f"differ in the number of batches; in process {index}: {2 + index}.",
    )


def check_metrics(split):
    numbers = np.random.default_rng(0)
    data = {"x": numbers.random((20, 4), np.float32), "y": numbers.integers(0, 4, 20)}
    for metric, arguments in [
        (jm.metrics.ConfusionMatrix(num_classes=4), lambda x, y: (y, x)),
        (jm.metrics.R2Score(), lambda x, y: (y.astype("float32"), x[:, 0])),
        (jm.metrics.AUROC(), lambda x, y: (y > 1, x[:, 0])),
        (jm.metrics.SpearmanCorrCoef(capacity=24), lambda x, y: (y.astype("float32"), x[:, 0])),
    ]:
        results = []
        for sharding in (None, split):  # without `jit`: values are checked too
            metric = metric.reset()
            for batch in jm.training.batches(data, 8, sharding=sharding):
                target, preds = arguments(batch["x"], batch["y"])
                metric.update(target=target, preds=preds, mask=batch["mask"])
            results.append(np.asarray(metric.compute()))
        np.testing.assert_allclose(*results, rtol=1e-5)


def check_shard(mesh):
    # A whole model on each host, with a typed key and an optimizer that has one, goes to the mesh.
    model = jm.Sequential(jm.Linear(8), jm.Dropout(0.5)).init(0, np.ones((1, 4)))
    optimizer = jm.Optimizer(
        optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(1)), optax.sgd(0.1))
    )
    both = jm.sharding.shard((model, optimizer.init(model)), mesh, {...: None})
    kinds = [jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in jax.tree.leaves(both)]
    assert sum(kinds) == 2
    assert all(leaf.sharding.mesh == mesh for leaf in jax.tree.leaves(both))
    optimizer = optimizer.init(both[0])  # follows the model
    assert all(leaf.sharding.mesh == mesh for leaf in jax.tree.leaves(optimizer))
    again = jm.sharding.shard(both, mesh, {...: None})
    assert jm.equal(jax.tree.map(gathered, again), jax.tree.map(gathered, both))


def gathered(leaf):
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf)


def check_checkpoints(index, split, folder):
    spread = jm.sharding.global_batch(np.arange(4.0) + 4 * index, split)
    keys = jax.jit(lambda: jax.random.split(jax.random.key(0), 4), out_shardings=split)()
    half = spread.astype(jnp.float8_e4m3)
    items = {"spread": spread, "keys": keys, "half": half, "own": np.arange(3), "epoch": 2}
    with jm.Checkpointer(folder / "run", best=("loss", "min"), keep=1) as checkpoints:
        for step, loss in [(1, 1.0), (2, 3.0), (3, 2.0)]:
            checkpoints.save(step, **items, values={"loss": loss})
        assert checkpoints.steps() == [1, 3]
        restored = checkpoints.restore(items, step="best")
        for name in ("spread", "keys", "half"):
            assert restored[name].sharding == split and restored[name].dtype == items[name].dtype
        assert jnp.array_equal(restored["spread"], spread) and jnp.array_equal(
            restored["half"], half
        )
        assert jnp.array_equal(jax.random.key_data(restored["keys"]), jax.random.key_data(keys))
        assert restored["own"].tolist() == [0, 1, 2] and restored["epoch"] == 2
        like = {"spread": jax.ShapeDtypeStruct((8,), jnp.float32)}
        assert checkpoints.restore(like)["spread"].tolist() == list(range(8))  # on one device
        cast = jax.ShapeDtypeStruct((8,), jnp.bfloat16, sharding=split)
        restored = checkpoints.restore({"spread": cast}, cast=True)["spread"]
        assert jnp.array_equal(restored, spread.astype(jnp.bfloat16))
        checkpoints.delete(1)
        assert checkpoints.steps() == [3]

        write_part = _step_files.write_part
        if index == 1:
            _step_files.write_part = fail
        checkpoints.save(4, **items, values={"loss": 0.0})
        text = "the disk of process 1 is full" if index == 1 else "there is no part of process 1"
        refused(checkpoints.wait, "Step 4 could not be saved", text)
        _step_files.write_part = write_part
        checkpoints.save(5, **items, values={"loss": 4.0})
        assert checkpoints.steps() == [3, 5]
        text = "is in use by another Checkpointer" if index == 0 else "Process 0 could not use"
        refused(lambda: jm.Checkpointer(folder / "run"), text)
    text = "is not the folder that process 0 uses" if index == 1 else "Process 1 could not use"
    refused(lambda: jm.Checkpointer(folder / f"own-{index}"), text)
    if index == 0:  # readers do not wait for others
        with jm.Checkpointer(folder / "run", read_only=True) as checkpoints:
            assert checkpoints.restore()["spread"].tolist() == list(range(8))
    refused(lambda: jm.save(folder / f"{index}.safetensors", spread), "is spread over several")


def fail(*arguments):
    raise OSError("the disk of process 1 is full")


def main(address, count, index, folder):
    index = int(index)
    jm.sharding.initialize(address, int(count), index)
    mesh = jax.make_mesh((4,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.NamedSharding(mesh, jax.P("data"))
    check_initialize(index)
    check_global_batch(index, split)
    check_arrays(index, split)
    check_loaders(index, split)
    check_shard(mesh)
    check_checkpoints(index, split, Path(folder))
    check_metrics(split)
    print("all checks passed")


if __name__ == "__main__":
    main(*sys.argv[1:])
