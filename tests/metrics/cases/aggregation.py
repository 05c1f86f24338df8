"""Metrics of plain values."""

import numpy as np

from jax_metrics.metrics import (
    Cat,
    Expression,
    LastValue,
    Max,
    Mean,
    Min,
    Reduce,
    StandardError,
    Std,
    Sum,
    Throughput,
    Variance,
)

rng = np.random.default_rng(0)
VALUES = {"values": rng.normal(size=(16, 3))}
FAR = {"values": 1e6 + rng.normal(size=16).round(2)}
WORK = {"count": rng.integers(1, 9, 16), "seconds": rng.uniform(1, 2, 16)}


def mean(values, sample_weight=None):
    return np.average(values.mean(-1), weights=sample_weight)


def total(values, sample_weight=1.0):
    return (values.sum(-1) * sample_weight).sum()


def over_batch_size(values, sample_weight=1.0):
    return total(values, sample_weight) / values.size


def variance(values, sample_weight=None, ddof=0):
    values = values.astype(np.float32).astype(float).reshape(len(values), -1)
    weight = np.ones(len(values)) if sample_weight is None else sample_weight
    weight = np.repeat(weight, values.shape[1])
    deviation = values.ravel() - np.average(values.ravel(), weights=weight)
    return (weight * deviation**2).sum() / (weight.sum() - ddof)


def std(values, sample_weight=None):
    return np.sqrt(variance(values, sample_weight, ddof=1))


CASES = [
    {"metric": Mean(), "arguments": VALUES, "reference": mean},
    {"metric": Sum(), "arguments": VALUES, "reference": total},
    {"metric": Max(), "arguments": VALUES, "reference": lambda values: values.max()},
    {"metric": Min(), "arguments": VALUES, "reference": lambda values: values.min()},
    {"metric": Variance(), "arguments": FAR, "reference": variance},
    {"metric": Std(ddof=1), "arguments": VALUES, "reference": std},
    {
        "metric": StandardError(),
        "arguments": VALUES,
        "reference": lambda values: std(values) / np.sqrt(values.size),
    },
    {
        "metric": LastValue(),
        "arguments": VALUES,
        "reference": lambda values: values.ravel()[-1],
        "order": False,
        "repetition": False,
    },
    {
        "metric": Cat(32, shape=(3,)),
        "arguments": VALUES,
        "reference": lambda values: (np.vstack([values, np.zeros((16, 3))]), 16, False),
        "order": False,
        "repetition": False,
    },
    {"metric": Reduce(), "arguments": VALUES, "reference": over_batch_size, "repetition": False},
    {"metric": Reduce("mean_over_weights"), "arguments": VALUES, "reference": mean},
    {
        "metric": Throughput(),
        "arguments": WORK,
        "reference": lambda count, seconds: count.sum() / seconds.sum(),
        "bad": [({"seconds": -WORK["seconds"]}, ValueError, "seconds must not be negative")],
    },
    {
        "metric": Max() - 2 * Mean(),
        "arguments": VALUES,
        "reference": lambda values: values.max() - 2 * values.mean(),
    },
    {
        "metric": Expression(abs, Min()),
        "arguments": VALUES,
        "reference": lambda values: abs(values.min()),
    },
]
