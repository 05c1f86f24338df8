"""Every exported metric passes the public harness, on the cases that the folder `cases` holds."""

import inspect
import runpy
from pathlib import Path

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import (
    Composite,
    Counting,
    Curve,
    CurveScore,
    MeanOf,
    Metric,
    RetrievalMetric,
    TextMetric,
)
from jax_metrics.testing import check_metric

# Each file has a list CASES of the arguments of `check_metric`, as dicts, and may have SIBLINGS.
FILES = sorted((Path(__file__).parent / "cases").glob("*.py"))
LOADED = [runpy.run_path(str(file)) for file in FILES]
CASES = [case for names in LOADED for case in names["CASES"]]
BASES = {Metric, Composite, Counting, Curve, CurveScore, MeanOf, RetrievalMetric, TextMetric}
METRICS = {
    cls
    for cls in vars(jm.metrics).values()
    if inspect.isclass(cls) and issubclass(cls, Metric) and cls not in BASES
}


def name_of(case):
    return type(case["metric"]).__name__


# These share state and most of the code with another class, whose case tells nearly as much.
SIBLINGS = {
    jm.metrics.AUC,
    jm.metrics.AveragePrecision,
    jm.metrics.BalancedAccuracy,
    jm.metrics.BestThreshold,
    jm.metrics.BrierScore,
    jm.metrics.CalibrationError,
    jm.metrics.ClassificationReport,
    jm.metrics.ClickThroughRate,
    jm.metrics.CohenKappa,
    jm.metrics.ConcordanceCorrCoef,
    jm.metrics.ConfusionMatrixAtThresholds,
    jm.metrics.ContinuousRankedProbabilityScore,
    jm.metrics.CosineSimilarity,
    jm.metrics.CoverageError,
    jm.metrics.CriticalSuccessIndex,
    jm.metrics.D2AbsoluteErrorScore,
    jm.metrics.D2BrierScore,
    jm.metrics.D2LogLossScore,
    jm.metrics.D2PinballScore,
    jm.metrics.D2TweedieScore,
    jm.metrics.DET,
    jm.metrics.DiceScore,
    jm.metrics.EER,
    jm.metrics.ExactMatch,
    jm.metrics.ExplainedVariance,
    jm.metrics.F1Score,
    jm.metrics.Fairness,
    jm.metrics.FBetaScore,
    jm.metrics.GroupStatRates,
    jm.metrics.HammingDistance,
    jm.metrics.HingeLoss,
    jm.metrics.InfoLM,
    jm.metrics.JaccardIndex,
    jm.metrics.JensenShannonDivergence,
    jm.metrics.KendallRankCorrCoef,
    jm.metrics.KLDivergence,
    jm.metrics.LabelRankingAveragePrecision,
    jm.metrics.LabelRankingLoss,
    jm.metrics.LogAUC,
    jm.metrics.LogCoshError,
    jm.metrics.LogLoss,
    jm.metrics.LossAndLogs,
    jm.metrics.Losses,
    jm.metrics.MatthewsCorrCoef,
    jm.metrics.MaxError,
    jm.metrics.MeanAbsoluteError,
    jm.metrics.MeanAbsolutePercentageError,
    jm.metrics.MeanPinballLoss,
    jm.metrics.MeanSquaredLogarithmicError,
    jm.metrics.MedianAbsoluteError,
    jm.metrics.Min,
    jm.metrics.MinkowskiDistance,
    jm.metrics.Multitask,
    jm.metrics.NegativeLikelihoodRatio,
    jm.metrics.NegativePredictiveValue,
    jm.metrics.NormalizedEntropy,
    jm.metrics.NormalizedRootMeanSquaredError,
    jm.metrics.PearsonCorrCoef,
    jm.metrics.Poisson,
    jm.metrics.PositiveLikelihoodRatio,
    jm.metrics.Precision,
    jm.metrics.PrecisionAtFixedRecall,
    jm.metrics.PrecisionRecallCurve,
    jm.metrics.R2Score,
    jm.metrics.Recall,
    jm.metrics.RecallAtFixedPrecision,
    jm.metrics.Reduce,
    jm.metrics.RelativeSquaredError,
    jm.metrics.RetrievalNormalizedDCG,
    jm.metrics.ROC,
    jm.metrics.RootMeanSquaredError,
    jm.metrics.RootMeanSquaredLogarithmicError,
    jm.metrics.RunningMean,
    jm.metrics.RunningSum,
    jm.metrics.SensitivityAtSpecificity,
    jm.metrics.SilhouetteScore,
    jm.metrics.SpearmanCorrCoef,
    jm.metrics.Specificity,
    jm.metrics.SpecificityAtSensitivity,
    jm.metrics.StandardError,
    jm.metrics.StatScores,
    jm.metrics.Std,
    jm.metrics.Sum,
    jm.metrics.SymmetricMeanAbsolutePercentageError,
    jm.metrics.Throughput,
    jm.metrics.TokenEditDistance,
    jm.metrics.TweedieDevianceScore,
    jm.metrics.WeightedCalibration,
    jm.metrics.WeightedMeanAbsolutePercentageError,
    jm.metrics.WindowedAUROC,
}
SIBLINGS |= {cls for names in LOADED for cls in names.get("SIBLINGS", ())}
FIRST = {type(case["metric"]): case for case in reversed(CASES)}


@pytest.mark.quick_cases(14)
@pytest.mark.parametrize(
    "case", [case for cls, case in FIRST.items() if cls not in SIBLINGS], ids=name_of
)
def test_metric_on_one_device(case):
    check_metric(**{"sharded": False, **case})


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_metric(case):
    check_metric(**case)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_batch_of_no_examples_is_accepted(case):
    """The slow fuzz compares the values; to trace it is quick."""
    nothing = jax.tree.map(lambda x: np.asarray(x)[:0], case["arguments"])

    def update(metric, nothing):
        return jm.copy(metric).update(**nothing).compute()

    metric = case["metric"]
    value, expected = (
        jax.eval_shape(update, metric, given) if metric.jittable else update(metric, given)
        for given in (nothing, case["arguments"])
    )
    assert jax.tree.structure(value) == jax.tree.structure(expected)


def test_every_metric_has_a_case():
    missing = METRICS - {type(case["metric"]) for case in CASES}
    assert not missing, f"add cases for {sorted(cls.__name__ for cls in missing)}"
