"""Wrappers: metrics of metrics."""

import jax.numpy as jnp
import numpy as np
import scipy.stats

from jax_metrics.metrics import (
    Accuracy,
    BootStrapper,
    ByGroup,
    Classwise,
    ConfidenceInterval,
    Mean,
    MeanSquaredError,
    MinMax,
    Multioutput,
    Multitask,
    PairedComparison,
    Precision,
    Running,
    RunningMean,
    RunningSum,
    Transformed,
)

rng = np.random.default_rng(0)
VALUES = {"values": rng.normal(size=16)}
OUTPUTS = {"target": rng.normal(size=(16, 3)), "preds": rng.normal(size=(16, 3))}
HOLES = {name: np.where(rng.random((16, 3)) < 0.2, np.nan, x) for name, x in OUTPUTS.items()}
CLASSES = {"target": rng.integers(0, 3, 16), "preds": rng.integers(0, 3, 16)}
GROUPS = np.arange(16) % 3
TASKS = {
    "target": {"a": rng.normal(size=16), "b": rng.integers(0, 2, 16)},
    "preds": {"a": rng.normal(size=16), "b": rng.uniform(size=16)},
}


def mse(target, preds):
    return np.nanmean((target - preds) ** 2, axis=0)


def precisions(target, preds):
    return {f"p_{c}": np.mean(target[preds == c] == c) for c in range(3)}


def of_tasks(target, preds):
    predicted = preds["b"] > 0.5
    return {"a": mse(target["a"], preds["a"]), "b": np.mean(target["b"][predicted])}


def accuracy_by_group(target, preds, groups):
    return np.array([np.mean((target == preds)[groups == group]) for group in range(3)])


def wilson(target, preds):
    correct = int((target == preds).sum())
    interval = scipy.stats.binomtest(correct, len(target)).proportion_ci(method="wilson")
    return {"value": correct / len(target), "lower": interval.low, "upper": interval.high}


# Left to the slow run: several hundred states.
SIBLINGS = {PairedComparison}

CASES = [
    {
        "metric": Running(MeanSquaredError(num_outputs=3), window=2),
        "arguments": OUTPUTS,
        "reference": mse,
        "splits": False,
    },
    {
        "metric": RunningMean(window=3),
        "arguments": VALUES,
        "reference": lambda values: values.mean(),
        "splits": False,
    },
    {
        "metric": RunningSum(window=3),
        "arguments": VALUES,
        "reference": lambda values: values.sum(),
        "splits": False,
    },
    {
        "metric": MinMax(Mean()),
        "arguments": VALUES,
        "reference": lambda values: dict.fromkeys(["raw", "min", "max"], values.mean()),
        "splits": False,
        "padding": False,
    },
    {
        "metric": BootStrapper(MeanSquaredError(), num_bootstraps=4, quantile=(0.1, 0.9), raw=True),
        "arguments": OUTPUTS,
        "splits": False,
        "padding": False,
        "repetition": False,
    },
    {
        "metric": BootStrapper(Mean(), sampling="multinomial"),
        "arguments": VALUES,
        "splits": False,
        "padding": False,
        "repetition": False,
    },
    {
        "metric": Classwise(Precision(num_classes=3, average=None), prefix="p_"),
        "arguments": CLASSES,
        "reference": precisions,
    },
    {
        "metric": Multioutput(MeanSquaredError(), num_outputs=3, remove_nans=True),
        "arguments": HOLES,
        "reference": mse,
        "bad": [
            ({"preds": np.zeros((16, 2))}, ValueError, "does not have num_outputs=3 along axis -1"),
        ],
    },
    {
        "metric": Multitask({"a": MeanSquaredError(), "b": Precision()}),
        "arguments": TASKS,
        "reference": of_tasks,
        "bad": [({"preds": {"a": TASKS["preds"]["a"]}}, ValueError, "no entry for the task 'b'")],
    },
    {
        "metric": Transformed(MeanSquaredError(num_outputs=3), preds=jnp.negative),
        "arguments": OUTPUTS,
        "reference": lambda target, preds: mse(target, -preds),
    },
    {
        "metric": ByGroup(Accuracy(num_classes=3), num_groups=3),
        "arguments": {**CLASSES, "groups": GROUPS},
        "reference": accuracy_by_group,
        "bad": [
            ({"groups": GROUPS + 1}, ValueError, "groups must lie between 0 and 2"),
            ({"groups": GROUPS[:5]}, ValueError, "do not fit a batch of 16 examples"),
        ],
    },
    {
        "metric": ConfidenceInterval(Accuracy(num_classes=3), method="wilson"),
        "arguments": CLASSES,
        "reference": wilson,
        "bad": [
            ({"sample_weight": np.ones(16)}, TypeError, "sample_weight"),
        ],
    },
    {
        "metric": ConfidenceInterval(MeanSquaredError(), num_bootstraps=4),
        "arguments": OUTPUTS,
        "splits": False,
        "padding": False,
        "repetition": False,
    },
    {
        "metric": PairedComparison(Accuracy(num_classes=3), num_samples=4),
        "arguments": {**CLASSES, "baseline": CLASSES["preds"][::-1].copy()},
        "splits": False,
        "padding": False,
        "repetition": False,
    },
]
