"""Metrics of a batch that is split: their state is summed once, and nothing else is sent."""

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jax_metrics as jm
from jax_metrics.testing import collectives

mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
preds = jnp.linspace(0, 1, 64).reshape(16, 4)
target = jnp.arange(16) % 4


@pytest.mark.parametrize(
    ("metric", "preds"),
    [
        (jm.metrics.Accuracy(), preds),
        (jm.metrics.Mean(), None),
        (jm.metrics.MeanSquaredError(), preds[:, 0]),
    ],
    ids=["accuracy", "mean", "squared error"],
)
def test_only_the_state_is_summed(metric, preds):
    def update(metric, target, preds):
        arguments = {"values": target} if preds is None else {"target": target, "preds": preds}
        return metric.update(**arguments)

    metric = jm.sharding.shard(metric, mesh, {})
    split = NamedSharding(mesh, PartitionSpec("data"))
    arrays = jax.device_put((target, preds), split)
    found = collectives(jax.jit(update), metric, *arrays)
    assert found.counts == {"all-reduce": 1}
    assert found.bytes <= sum(leaf.nbytes for leaf in jax.tree.leaves(metric))
    updated = jax.jit(update)(metric, *arrays)
    assert jnp.allclose(updated.compute(), update(metric.copy(), target, preds).compute())
