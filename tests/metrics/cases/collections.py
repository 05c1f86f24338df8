"""Collections of losses and metrics."""

import numpy as np

from jax_metrics.losses import MeanAbsoluteError, MeanSquaredError
from jax_metrics.metrics import AuxLosses, AuxMetrics, LossAndLogs, Losses, Mean, Metrics
from jax_metrics.metrics import MeanSquaredError as MSE

rng = np.random.default_rng(0)
PAIR = {"target": rng.normal(size=16), "preds": rng.normal(size=16)}
ALL = {**PAIR, "values": rng.normal(size=16)}
LOSSES = [MeanSquaredError(), MeanAbsoluteError(weight=2, reduction="mean_over_weights")]


def losses(target, preds):
    difference = target - preds
    return {
        "mean_squared_error": (difference**2).mean(),
        "mean_absolute_error": 2 * abs(difference).mean(),
    }


def metrics(target, preds, values):
    return {"val/mse": ((target - preds) ** 2).mean(), "val/in/mean": values.mean()}


def report(target, preds):
    values = losses(target, preds)
    loss = sum(values.values())
    return loss, {"loss": loss, **values}, {"mean_squared_error": values["mean_squared_error"]}


CASES = [
    {
        "metric": Metrics({"mse": MSE(), "in": [Mean()]}, prefix="val/"),
        "arguments": ALL,
        "reference": metrics,
    },
    {"metric": Losses(LOSSES), "arguments": PAIR, "reference": losses, "repetition": False},
    {
        "metric": LossAndLogs(LOSSES, MSE()),
        "arguments": PAIR,
        "reference": report,
        "repetition": False,
    },
    {
        "metric": AuxLosses(["a"]),
        "arguments": {"aux_losses": {"a": rng.normal(size=16)}},
        "reference": lambda aux_losses: {"a": aux_losses["a"].mean()},
        "bad": [({"aux_losses": {"b": np.ones(16)}}, ValueError, "Nothing is logged as 'a'")],
    },
    {
        "metric": AuxMetrics(["a"]),
        "arguments": {"aux_metrics": {"a": rng.normal(size=16)}},
        "reference": lambda aux_metrics: {"a": aux_metrics["a"].mean()},
    },
]
