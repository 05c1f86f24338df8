"""The bounds of metrics whose options change them; `check_metric` compares them with values."""

import pytest

from jax_metrics.metrics import (
    Accuracy,
    BalancedAccuracy,
    BERTScore,
    BootStrapper,
    ByGroup,
    Classwise,
    CohenKappa,
    ConfidenceInterval,
    ConfusionMatrix,
    ContinuousRankedProbabilityScore,
    CosineSimilarity,
    JensenShannonDivergence,
    Mean,
    MeanSquaredError,
    Metrics,
    MinMax,
    Multioutput,
    Multitask,
    NormalizedRootMeanSquaredError,
    Precision,
    ProcrustesDisparity,
    Running,
    SpatialDistortionIndex,
    StructuralSimilarityIndexMeasure,
    Transformed,
)

BASELINE = {"tokenizer": str.split, "encoder": len, "baseline": (0.5, 0.5, 0.5)}


@pytest.mark.parametrize(
    ("metric", "bounds"),
    [
        (Mean(), (None, None)),
        (BalancedAccuracy(adjusted=True), (-1, 1)),
        (CohenKappa(weights=((0, 1), (2, 0))), (None, 1)),
        (ConfusionMatrix(normalize="true"), (0, 1)),
        (ContinuousRankedProbabilityScore(fair=True), (None, None)),
        (NormalizedRootMeanSquaredError(), (None, None)),
        (NormalizedRootMeanSquaredError(normalization="std"), (0, None)),
        (BERTScore(**BASELINE), (None, 1)),
        (CosineSimilarity(reduction="sum"), (None, None)),
        (JensenShannonDivergence(reduction="sum"), (0, None)),
        (ProcrustesDisparity(reduction="sum"), (0, None)),
        (SpatialDistortionIndex(num_channels=2, reduction="sum"), (0, None)),
        (StructuralSimilarityIndexMeasure(data_range=1.0, reduction="sum"), (None, None)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_options_change_the_bounds(metric, bounds):
    assert metric.bounds == bounds


@pytest.mark.parametrize(
    "metric",
    [
        BootStrapper(Accuracy(), std=False),
        ByGroup(Accuracy(), num_groups=2),
        Classwise(Accuracy(num_classes=3, average=None)),
        ConfidenceInterval(Accuracy(), method="wilson"),
        Metrics([Accuracy(), Precision()]),
        MinMax(Accuracy()),
        Multioutput(Accuracy(), num_outputs=2),
        Multitask({"a": Accuracy(), "b": Precision()}),
        Running(Accuracy()),
        Transformed(Accuracy(), preds=abs),
    ],
    ids=lambda metric: type(metric).__name__,
)
def test_wrappers_have_the_bounds_of_their_metric(metric):
    assert metric.bounds == (0, 1)


def test_different_bounds_and_spreads_are_not_passed_on():
    assert Metrics([Accuracy(), MeanSquaredError()]).bounds == (None, None)
    assert BootStrapper(Accuracy()).bounds == (None, None)
