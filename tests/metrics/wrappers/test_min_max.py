"""`MinMax` of metrics with several values, of integers and of strings."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Classwise, Max, MinMax, Precision

RECALLS = jm.metrics.Recall(num_classes=2, average=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "metric",
    [
        RECALLS,
        Classwise(RECALLS, labels="ba"),
        jm.metrics.Metrics({"z": Classwise(RECALLS), "a": Precision()}),
        jm.metrics.ROC(thresholds=3),
    ],
)
def test_the_extremes_of_several_values(metric):
    target, batches = np.array([0, 1, 1]), np.array([[1, 0, 1], [1, 1, 1], [0, 1, 1]])
    if isinstance(metric, jm.metrics.ROC):
        batches = batches.astype(np.float32)
    minmax, one, values = MinMax(metric), jm.copy(metric), []
    scanned, _ = jax.lax.scan(
        lambda m, preds: (m.update(target=target, preds=preds), None), minmax, batches
    )
    for preds in batches:
        minmax.update(target=target, preds=preds)
        values.append(one.update(target=target, preds=preds).compute())
    merged = jm.copy(minmax).merge_state(MinMax(metric))
    for found in (each.compute() for each in (minmax, scanned, merged)):
        for name, choose in (("min", np.nanmin), ("max", np.nanmax)):
            expected = jax.tree.map(lambda *x, choose=choose: choose(np.stack(x), 0), *values)
            jax.tree.map(np.testing.assert_allclose, found[name], expected)
        if isinstance(found["raw"], dict):
            assert list(found["raw"]) == list(found["min"]) == list(found["max"])


def test_the_extremes_of_a_dict_of_a_metric_of_strings():
    minmax = MinMax(jm.metrics.ROUGEScore(rouge_keys="rouge1"))
    minmax.update(target=["a b"], preds=["a c"]).update(target=["a b"], preds=["a b"])
    found = minmax.compute()
    assert found["min"]["rouge1_recall"] == 0.5 and found["max"]["rouge1_recall"] == 0.75


def test_the_extremes_of_integers():
    minmax = MinMax(Max(dtype="int32"))
    assert minmax.compute()["min"] == 2**31 - 1
    minmax.update(np.array([2**30 + 1])).update(np.array([2**30 + 3]))
    assert [int(x) for x in minmax.compute().values()] == [2**30 + 3, 2**30 + 1, 2**30 + 3]
