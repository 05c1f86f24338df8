"""Metrics of groups."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import AUROC, ByGroup

rng = np.random.default_rng(0)


def test_groups_of_lists():
    metric = ByGroup(jm.metrics.Mean(), num_groups=2)
    metric.update([1.0, 2.0, 3.0], groups=[0, 1, 1], mask=[True, True, False])
    assert metric.compute().tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("dtype", "invalid"),
    [("float32", np.nan), ("int32", -(2**31)), ("int8", -128), ("uint8", 255)],
)
def test_an_invalid_group_in_traced_code_is_visible(dtype, invalid):
    metric = ByGroup(jm.metrics.Max(dtype=dtype), num_groups=2)
    values = jnp.array([3, 9, 5, 2], dtype)
    update = jax.jit(lambda m, groups: jm.copy(m).update(values, groups=groups).compute())
    assert update(metric, jnp.array([0, 1, 1, 0])).tolist() == [3, 9]
    np.testing.assert_array_equal(update(metric, jnp.array([0, 7, 1, 1])), [invalid] * 2)


@pytest.mark.slow
def test_groups_with_names_masks_and_several_values():
    target, preds = rng.integers(0, 2, 30), rng.uniform(size=30).astype(np.float32)
    groups, mask = rng.integers(0, 3, 30), rng.random(30) < 0.8
    metric = ByGroup(AUROC(capacity=64), num_groups=4, labels=["a", "b", "c", "none"])
    for part in (slice(0, 15), slice(15, 30)):
        metric.update(target=target[part], preds=preds[part], groups=groups[part], mask=mask[part])
    values = metric.compute()
    for index, name in enumerate("abc"):
        chosen = (groups == index) & mask
        expected = jm.metrics.auroc(target[chosen], preds[chosen])
        assert values[name] == pytest.approx(float(expected), rel=1e-6)
    assert np.isnan(values["none"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: ByGroup(jm.metrics.Mean(), num_groups=2),
        lambda: jm.metrics.Running(ByGroup(jm.metrics.Mean(), num_groups=2), window=2),
        lambda: jm.metrics.Fairness(num_groups=2),
    ],
    ids=["ByGroup", "Running", "fairness"],
)
def test_a_metric_that_takes_groups_itself_is_refused(make):
    with pytest.raises(
        ValueError, match="ByGroup takes `groups` for itself, but a .* number their"
    ):
        ByGroup(make(), num_groups=3)
