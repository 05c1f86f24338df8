"""Every exported metric passes the public harness, on the cases that the folder `cases` holds."""

import inspect
import runpy
from pathlib import Path

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Composite, Counting, Curve, CurveScore, MeanOf, Metric
from jax_metrics.testing import check_metric

# Each file has a list CASES of the arguments of `check_metric`, as dicts.
FILES = sorted((Path(__file__).parent / "cases").glob("*.py"))
CASES = [case for file in FILES for case in runpy.run_path(str(file))["CASES"]]
BASES = {Metric, Composite, Counting, Curve, CurveScore, MeanOf}
METRICS = {
    cls
    for cls in vars(jm.metrics).values()
    if inspect.isclass(cls) and issubclass(cls, Metric) and cls not in BASES
}


def name_of(case):
    return type(case["metric"]).__name__


# These share state and most of the code with another class, whose case tells nearly as much.
SIBLINGS = {
    jm.metrics.CoverageError,
    jm.metrics.D2TweedieScore,
    jm.metrics.DET,
    jm.metrics.EER,
    jm.metrics.ExplainedVariance,
    jm.metrics.LabelRankingLoss,
    jm.metrics.LogAUC,
    jm.metrics.NegativePredictiveValue,
    jm.metrics.NormalizedRootMeanSquaredError,
    jm.metrics.RecallAtFixedPrecision,
    jm.metrics.RelativeSquaredError,
    jm.metrics.RootMeanSquaredLogarithmicError,
    jm.metrics.StandardError,
    jm.metrics.Std,
}
FIRST = {type(case["metric"]): case for case in reversed(CASES)}


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
