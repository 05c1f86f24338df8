"""A differential fuzz: every metric and every loss against formulas in float64.

For each, options, shapes and dtypes are drawn, then arguments that are hard on it: ties, constants,
offsets, extreme scores, absent classes, weights and masks. The value of each way to update - at
once, in batches, scanned, merged, reduced, padded, with empty batches - must be that of a formula
that is written anew in NumPy, and where scikit-learn, SciPy or an installed PyTorch has the same
function, the formula must have its value. A failing case is reduced to few rows and plain numbers
and printed as code.

The suite runs one seed. To look for faults with others, and see what is found at once:

    FUZZ_SEEDS=100:200 FUZZ_WAYS=3 FUZZ_CASES=20 python -m pytest -m slow -s --tb=no tests/fuzz

A hundred seeds take some hours. `JAX_DISABLE_MOST_OPTIMIZATIONS=0` fuzzes optimized programs.
"""

import inspect
import os
import zlib

import fuzz_aggregation
import fuzz_curves
import fuzz_labels
import fuzz_loss_boxes
import fuzz_loss_classes
import fuzz_loss_numbers
import fuzz_loss_vectors
import fuzz_moments
import fuzz_regression
import fuzz_scores
import fuzz_wrappers
import jax
import numpy as np
import pytest
from fuzz_check import check_subject
from fuzz_loss_check import check_loss_subject

from jax_metrics import losses, metrics

METRIC_FAMILIES = (
    fuzz_aggregation,
    fuzz_regression,
    fuzz_moments,
    fuzz_labels,
    fuzz_scores,
    fuzz_curves,
    fuzz_wrappers,
)
LOSS_FAMILIES = (fuzz_loss_numbers, fuzz_loss_classes, fuzz_loss_vectors, fuzz_loss_boxes)
METRICS, LOSSES = (
    {name: make for family in families for name, make in family.FAMILY.items()}
    for families in (METRIC_FAMILIES, LOSS_FAMILIES)
)
NOT_FUZZED = {
    "BootStrapper": "its samples are random",
    "AuxLosses": "the mean of batches of what a module logs, not of examples",
    "AuxMetrics": "as AuxLosses",
    "MultilabelConfusionMatrix": "the counts of StatScores in another shape",
}
# Folders whose metrics are compared with other libraries over draws in tests of their own.
NOT_FUZZED_FOLDERS = {
    "audio",
    "clustering",
    "detection",
    "image",
    "multimodal",
    "nominal",
    "retrieval",
    "shape",
    "text",
}
NOT_FUZZED |= dict.fromkeys(
    ("IoU", "BinaryIoU", "OneHotIoU", "OneHotMeanIoU"), "MeanIoU of some classes, or read otherwise"
)
NOT_FUZZED |= dict.fromkeys(
    ("GeneralizedDiceScore", "HausdorffDistance"), "images, which tests/metrics draws"
)
NOT_FUZZED |= {
    "ByGroup": "the metric of each group of examples",
    "ConfidenceInterval": "its samples are random",
    "PairedComparison": "its samples are random",
    "Poisson": "the loss of that name, which is fuzzed",
    "ConfusionMatrixAtThresholds": "the counts of StatScores at each threshold",
    "BestThreshold": "ties of float32 choose another threshold",
}
BASES = {"Metric", "Composite", "Counting", "Curve", "CurveScore", "MeanOf"}
LOSS_BASES = {"Loss", "Reduction", "Terms"}

FIRST, LAST = (int(seed) for seed in os.environ.get("FUZZ_SEEDS", "0:1").split(":"))
CASES, WAYS = (
    int(os.environ.get(f"FUZZ_{name}", least)) for name, least in (("CASES", "6"), ("WAYS", "1"))
)


def generator(name, seed):
    """The source of randomness of a test, and room for its programs."""
    if name in ("Mean", "Confusion", "MeanSquaredError"):  # now and then
        jax.clear_caches()
    print(f"{name}, seed {seed}", flush=True)
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


@pytest.mark.slow
@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_metric(name, seed):
    rng = generator(name, seed)
    check_subject(METRICS[name](rng), rng, cases=CASES, ways=WAYS)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(FIRST, LAST))
def test_loss(name, seed):
    rng = generator(name, seed)
    check_loss_subject(LOSSES[name](rng), rng, cases=CASES)


def classes_of(module, bases):
    return {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and any(base.__name__ in bases for base in value.__mro__)
    } - bases


def test_everything_is_fuzzed():
    left_out = {
        name
        for name in classes_of(metrics, BASES)
        if getattr(metrics, name).__module__.split(".")[2] in NOT_FUZZED_FOLDERS
    }
    assert classes_of(metrics, BASES) - left_out == METRICS.keys() | NOT_FUZZED.keys()
    # Its kernel has no examples; its values are those of Crossentropy.
    assert classes_of(losses, LOSS_BASES) - {"LinearCrossentropy"} == LOSSES.keys()
