"""Metrics of groups."""

import numpy as np

from jax_metrics.metrics import Fairness, GroupStatRates

rng = np.random.default_rng(0)
GROUPS = {
    "target": rng.integers(0, 2, 32),
    "preds": rng.uniform(size=32),
    "groups": np.arange(32) % 2,
}
BAD = [
    ({"target": np.full(32, 2)}, ValueError, "target has labels outside of 0 to 1"),
    ({"groups": np.full(32, 2)}, ValueError, "groups must lie between 0 and 1"),
    ({"groups": np.zeros(8, int)}, ValueError, "groups of shape (8,) do not fit a target"),
]


def rates(target, preds, groups, sample_weight=None):
    weight = np.ones(len(target)) if sample_weight is None else sample_weight
    predicted, rows = preds > 0.5, []
    for group in (0, 1):
        own = weight * (groups == group)
        cells = (target & predicted, ~target & predicted, ~target & ~predicted, target & ~predicted)
        rows.append([(own * cell).sum() / own.sum() for cell in np.array(cells, bool)])
    return np.array(rows)


def reference_rates(target, preds, groups, sample_weight=None):
    return rates(target == 1, preds, groups, sample_weight)


def reference_fairness(target, preds, groups, sample_weight=None):
    tp, fp, _, fn = rates(target == 1, preds, groups, sample_weight).T
    ratios = {"demographic_parity": tp + fp, "equal_opportunity": tp / (tp + fn)}
    return {name: ratio.min() / ratio.max() for name, ratio in ratios.items()}


CASES = [
    {
        "metric": GroupStatRates(num_groups=2),
        "arguments": GROUPS,
        "reference": reference_rates,
        "bad": BAD,
    },
    {
        "metric": Fairness(num_groups=2),
        "arguments": GROUPS,
        "reference": reference_fairness,
        "bad": BAD,
    },
]
