"""Wrappers of metrics that read out of structures."""

import numpy as np
import pytest

from jax_metrics.metrics import Accuracy, MeanSquaredError, Multioutput, PairedComparison


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "structure"),
    [
        (Accuracy(on="a"), lambda x: {"a": x, "other": np.ones(9), "number": 1.0}),
        (Accuracy(on=0), lambda x: [x, np.ones(9)]),
        (Accuracy().index_into(target=("a", 0), preds=("a", 0)), lambda x: {"a": [x]}),
    ],
)
def test_predictions_in_structures_are_compared_like_plain_ones(metric, structure):
    target = np.arange(12) % 2
    given = {"target": target, "preds": target, "baseline": np.where(target[::-1] > 0, 1, target)}
    expected = PairedComparison(Accuracy(), num_samples=20)(**given)
    comparison = PairedComparison(metric, num_samples=20)
    value = comparison(**{name: structure(x) for name, x in given.items()})
    assert {k: float(v) for k, v in value.items()} == {k: float(v) for k, v in expected.items()}
    with pytest.raises(ValueError, match="preds have 12 examples and baseline has 5 examples"):
        shorter = structure(target[:5])
        comparison.update(target=structure(target), preds=structure(target), baseline=shorter)


@pytest.mark.parametrize("on", ["a", 0])
def test_outputs_in_structures(on):
    target = np.array([[0.0, 1.0], [2.0, np.nan]])
    outputs = Multioutput(MeanSquaredError(on=on), num_outputs=2, remove_nans=True)
    given = [{"a": x, "other": np.ones((2, 3)), "number": 1.0} for x in (target, target + 1)]
    given = given if on == "a" else [[x["a"], x["other"]] for x in given]
    assert outputs(target=given[0], preds=given[1]).tolist() == [1, 1]
    wrong = {"a": np.ones((2, 3))} if on == "a" else [np.ones((2, 3))]
    with pytest.raises(ValueError, match=r"preds of shape \(2, 3\) does not have num_outputs=2"):
        outputs.update(target=given[0], preds=wrong)
