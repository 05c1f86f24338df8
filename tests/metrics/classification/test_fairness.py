"""Rates of groups: empty groups, masks and invalid arguments."""

import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics import metrics as jm

TARGET = np.array([1, 1, 1, 1, 0, 0, 1, 0])
PREDS = np.array([1, 1, 1, 0, 0, 1, 1, 0])
GROUPS = np.array([0, 0, 0, 0, 0, 0, 2, 2])


def test_rates():
    actual = jm.group_stat_rates(TARGET, PREDS, groups=GROUPS, num_groups=3)
    expected = [[3 / 6, 1 / 6, 1 / 6, 1 / 6], [0, 0, 0, 0], [1 / 2, 0, 1 / 2, 0]]
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


def test_a_group_without_examples_is_left_out():
    actual = jm.fairness(TARGET, PREDS, groups=GROUPS, num_groups=3)
    np.testing.assert_allclose(actual["demographic_parity"], (1 / 2) / (4 / 6), rtol=1e-6)
    np.testing.assert_allclose(actual["equal_opportunity"], 3 / 4, rtol=1e-6)


def test_undefined_values_are_nan():
    for value in jm.Fairness(num_groups=2).compute().values():
        assert np.isnan(value)
    nothing = jm.fairness(TARGET, 0 * PREDS, groups=GROUPS, num_groups=3)
    assert all(np.isnan(value) for value in nothing.values())
    no_positive = jm.fairness(0 * TARGET, PREDS, groups=GROUPS, num_groups=3)
    assert np.isnan(no_positive["equal_opportunity"])


def test_masked_rows_are_harmless():
    mask = np.arange(8) != 5
    spoilt = np.where(mask, GROUPS, 77), np.where(mask, PREDS, np.nan)
    actual = jm.group_stat_rates(TARGET, spoilt[1], groups=spoilt[0], num_groups=3, mask=mask)
    expected = jm.group_stat_rates(TARGET[mask], PREDS[mask], groups=GROUPS[mask], num_groups=3)
    np.testing.assert_allclose(actual, expected, rtol=1e-6)


def test_counts_stay_exact():
    metric = jm.GroupStatRates(num_groups=3)
    metric.matrix = metric.matrix + float(2**32)
    metric.update(target=jnp.asarray(TARGET), preds=jnp.asarray(PREDS), groups=jnp.asarray(GROUPS))
    actual = np.asarray(metric.matrix.high, int) + np.asarray(metric.matrix.low, int) - 2**32
    assert actual.tolist() == [[[1, 1], [1, 3]], [[0, 0], [0, 0]], [[1, 0], [0, 1]]]


def test_invalid_arguments_are_rejected():
    with pytest.raises(ValueError, match="num_groups must be at least 2, but is 1"):
        jm.Fairness(num_groups=1)
    with pytest.raises(TypeError, match="groups must hold ids, integers or booleans"):
        jm.fairness(TARGET, PREDS, groups=GROUPS * 1.0, num_groups=3)
