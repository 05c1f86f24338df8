"""A broken rule raises its message eagerly, and gives NaN in traced code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics._checks import Rule, check_rules, with_outcome
from jax_metrics.metrics.counts import _checked, checked_bincount, checked_sum

VALUES = jnp.array([1, 0, 1, 1])
FINE = Rule(jnp.ones(4, bool), "all is well.")
SECOND = Rule(jnp.array([True, False, True, True]), "the second one is not allowed.")
WHOLE = Rule(jnp.array(False), "nothing is allowed.")


def with_checks(f):
    """The function as a program that returns the message of the first broken rule."""
    program = jax.jit(with_outcome(f, per_rule=True))
    return lambda: program()[1].message()


class Asked(jm.Metric):
    """Counts values, and how often each kind of program was traced."""

    traced = 0

    def __init__(self):
        self.seen = jm.metrics.Total()

    def update(self, values, allowed):
        Asked.traced += 1
        fault = jm.metrics.check(values < 9, "values must be below 9.")
        fault += jm.metrics.check(allowed, "it must be allowed.")
        self.seen = self.seen + values.sum() + fault

    def compute(self):
        return self.seen.value


@pytest.mark.parametrize(
    ("values", "allowed", "message"),
    [(10, True, "below 9"), (1, False, "allowed"), (10, False, "below 9")],
)
def test_the_first_broken_rule_is_named(values, allowed, message):
    metric = Asked().update(jnp.array(2), jnp.array(True))
    with pytest.raises(ValueError, match=message):
        metric.update(jnp.array(values), jnp.array(allowed))
    with pytest.raises(ValueError, match=message):
        metric(jnp.array(values), jnp.array(allowed))
    assert float(metric.compute()) == 2


def test_the_second_program_is_compiled_only_for_a_broken_rule():
    Asked.traced = 0
    metric = Asked()
    for _ in range(3):
        metric.update(jnp.arange(3), jnp.array(True))
    assert Asked.traced == 1
    for _ in range(2):
        with pytest.raises(ValueError, match="allowed"):
            metric.update(jnp.arange(3), jnp.array(False))
    assert Asked.traced == 2


def test_a_traced_metric_that_breaks_a_rule_is_nan():
    update = jax.jit(lambda metric, *args: metric.update(*args))
    assert np.isnan(update(Asked(), jnp.array(10), jnp.array(True)).compute())
    assert float(update(Asked(), jnp.array(8), jnp.array(True)).compute()) == 8


@pytest.mark.parametrize("rules", [[FINE], [FINE, FINE]])
def test_no_rule_is_broken(rules):
    total, fault = checked_sum(VALUES, rules)
    assert (int(total), float(fault), total.dtype) == (3, 0, jnp.int32)
    counts, fault = checked_bincount(VALUES, jnp.ones(4), 2, rules)
    assert (counts.tolist(), float(fault)) == ([1, 3], 0)
    assert float(check_rules([*rules, Rule(jnp.array(True), "")])) == 0


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("rules", [[SECOND], [FINE, SECOND], [SECOND, FINE]])
@pytest.mark.parametrize(
    "checking",
    [
        lambda rules: checked_sum(VALUES, rules),
        lambda rules: checked_sum(VALUES.astype(float), rules),
        lambda rules: checked_bincount(VALUES, VALUES, 2, rules),
        lambda rules: checked_bincount(jnp.zeros((4, 3), int), -jnp.ones((4, 3)), 2, rules),
        lambda rules: (None, check_rules([*rules, Rule(jnp.array(True), "")])),
    ],
)
def test_a_broken_rule_is_found_while_computing(checking, rules):
    assert np.isnan(checking(rules)[1])
    assert np.isnan(jax.jit(lambda: checking(rules))()[1])
    assert "the second one" in with_checks(lambda: checking(rules))()


def test_rules_of_different_shapes():
    assert "nothing" in with_checks(lambda: check_rules([FINE, WHOLE]))()
    assert (
        "the second one"
        in with_checks(lambda: check_rules([WHOLE._replace(holds=jnp.array(True)), SECOND]))()
    )


def test_more_values_than_a_float_counts(monkeypatch):
    monkeypatch.setattr(_checked, "_EXACT", 3)
    total, fault = checked_sum(VALUES, [FINE])
    assert (int(total), float(fault)) == (3, 0)
    assert np.isnan(checked_sum(VALUES, [SECOND])[1])
    assert "the second one" in with_checks(lambda: checked_sum(VALUES, [SECOND]))()


def test_a_weight_that_is_nan_breaks_no_rule():
    batch = {"target": jnp.array([0, 1]), "preds": jnp.array([0, 1])}
    accuracy = jm.metrics.Accuracy(num_classes=2)
    value = accuracy.update(**batch, sample_weight=jnp.array([1.0, jnp.nan])).compute()
    assert np.isnan(value)


def test_a_metric_within_another_names_the_rule_too():
    metrics = jm.metrics.Metrics([Asked(), jm.metrics.MinMax(Asked())])
    metrics.update(jnp.arange(3), jnp.array(True))
    with pytest.raises(ValueError, match="below 9"):
        metrics.update(jnp.array(10), jnp.array(True))
    assert [float(x) for x in metrics.compute().values()] == [3, 3, 3, 3]


def test_a_metric_made_of_constants_within_traced_code():
    @jax.jit
    def accuracy():
        return jm.metrics.accuracy(np.array([0, 1]), np.array([0, 0]), num_classes=2)

    assert float(accuracy()) == 0.5
