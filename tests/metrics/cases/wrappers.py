"""Wrappers: metrics of metrics."""

import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics import (
    BootStrapper,
    Classwise,
    Mean,
    MeanSquaredError,
    MinMax,
    Multioutput,
    Multitask,
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
]
