"""Metrics of plain values."""

import numpy as np

from jax_metrics.metrics import Max, Mean, Min, Sum

VALUES = {"values": np.random.default_rng(0).normal(size=(16, 3))}


def mean(values, sample_weight=None):
    return np.average(values.mean(-1), weights=sample_weight)


def total(values, sample_weight=1.0):
    return (values.sum(-1) * sample_weight).sum()


CASES = [
    {"metric": Mean(), "arguments": VALUES, "reference": mean},
    {"metric": Sum(), "arguments": VALUES, "reference": total},
    {"metric": Max(), "arguments": VALUES, "reference": lambda values: values.max()},
    {"metric": Min(), "arguments": VALUES, "reference": lambda values: values.min()},
    {
        "metric": Max() - 2 * Mean(),
        "arguments": VALUES,
        "reference": lambda values: values.max() - 2 * values.mean(),
    },
]
