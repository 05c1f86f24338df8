"""With x64 enabled metrics compute in float64, without it in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import metrics

rng = np.random.default_rng(0)
TARGET, PREDS = rng.normal(size=(2, 32)) + 3
LABELS = rng.integers(0, 3, 32)
SCORES = rng.dirichlet(np.ones(3), 32)
BINARY, PROBABILITIES = rng.integers(0, 2, 32), rng.uniform(size=32)
ERROR = TARGET - PREDS

# Of each: how to make it, its arguments, and the value.
CASES = {
    "Mean": (metrics.Mean, {"values": TARGET}, np.mean(TARGET)),
    "Max": (metrics.Max, {"values": TARGET}, np.max(TARGET)),
    "Variance": (metrics.Variance, {"values": TARGET}, np.var(TARGET)),
    "LastValue": (metrics.LastValue, {"values": TARGET}, TARGET[-1]),
    "RunningMean": (metrics.RunningMean, {"values": TARGET}, np.mean(TARGET)),
    "MeanSquaredError": (
        metrics.MeanSquaredError,
        {"target": TARGET, "preds": PREDS},
        np.mean(ERROR**2),
    ),
    "R2Score": (
        metrics.R2Score,
        {"target": TARGET, "preds": PREDS},
        1 - np.sum(ERROR**2) / np.sum((TARGET - TARGET.mean()) ** 2),
    ),
    "BrierScore": (
        metrics.BrierScore,
        {"target": BINARY, "preds": PROBABILITIES},
        np.mean((BINARY - PROBABILITIES) ** 2),
    ),
    "Accuracy": (
        lambda: metrics.Accuracy(num_classes=3),
        {"target": LABELS, "preds": SCORES, "sample_weight": PROBABILITIES},
        np.average(SCORES.argmax(-1) == LABELS, weights=PROBABILITIES),
    ),
    "Losses": (
        lambda: metrics.Losses(jm.losses.MeanSquaredError()),
        {"target": TARGET, "preds": PREDS},
        np.mean(ERROR**2),
    ),
    "AuxLosses": (
        lambda: metrics.AuxLosses(["a"]),
        {"aux_losses": {"a": PREDS}},
        np.mean(PREDS),
    ),
    "Expression": (
        lambda: metrics.Max() - metrics.Min(),
        {"values": TARGET},
        np.max(TARGET) - np.min(TARGET),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("make", "arguments", "expected"), CASES.values(), ids=CASES)
def test_the_value_is_that_in_float64(make, arguments, expected):
    assert {leaf.dtype for leaf in jax.tree.leaves(make()) if leaf.dtype.kind == "f"} == {
        np.dtype(np.float32)
    }
    with jax.enable_x64(True):
        metric = make()
        called = metric(**arguments)
        assert all(x.dtype == np.float64 for x in jax.tree.leaves(metric) if x.dtype.kind == "f")
        for value in jax.tree.leaves([called, metric.compute()]):
            assert value.dtype == np.float64
            np.testing.assert_allclose(value, expected, rtol=1e-12)


def test_a_dtype_of_its_own():
    with jax.enable_x64(True):
        metric = metrics.Mean(dtype=jnp.float32).update(TARGET)
        assert metric.compute().dtype == np.float32 and metrics.Mean().dtype == np.float64
        assert metrics.Total().value.dtype == np.float64
    assert metrics.Mean().dtype == np.float32


def test_integers_of_64_bits():
    with jax.enable_x64(True):
        values = np.array([2**40, 2**40 + 2])
        assert metrics.Mean().update(values).compute() == 2**40 + 1
        assert int(metrics.Sum().update(values).compute()) == 2**41 + 2
