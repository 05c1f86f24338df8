"""Metrics that cannot be traced, alone and inside other metrics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import Total
from jax_metrics.testing import check_metric

WORDS = ["to", "be", "or", "not"]


class Letters(jm.Metric):
    """The mean number of letters of words, which cannot be traced."""

    jittable = False
    higher_is_better = True

    def __init__(self, **options):
        super().__init__(**options)
        self.letters, self.words = Total(), Total()

    def update(self, *, words):
        self.letters += sum(map(len, words))
        self.words += len(words)

    def compute(self):
        return np.divide(float(self.letters.value), float(self.words.value))


class Counted(jm.metrics.Precision):
    """A metric that checks its labels."""

    jittable = False


class Values(jm.Metric):
    """The sum of values, computed by NumPy."""

    jittable = False

    def __init__(self):
        self.total = Total()

    def update(self, values):
        if np.isnan(values).any():
            raise ValueError("values are NaN")
        self.total += np.sum(values).item()

    def compute(self):
        return np.asarray(self.total.value)


class Largest(Values):
    """The largest sum of a batch, which depends on how examples are split."""

    total: jax.Array = jm.metrics.state("max")

    def __init__(self):
        self.total = jnp.array(-jnp.inf)

    def update(self, values, sample_weight=None):
        self.total = jnp.maximum(self.total, values.sum())

    def compute(self):
        return self.total


def test_a_single_metric():
    metric = Letters().update(words=WORDS)
    assert metric.compute() == 9 / 4
    assert metric(words=["question"]) == 8
    assert metric.compute() == 17 / 5
    other = metric.batch_updates(words=["a"])
    assert metric.merge_state(other).compute() == 18 / 6
    assert jm.metrics.functional(Letters)(WORDS) == 9 / 4
    assert metric.reset().update(words=["a"]).compute() == 1
    with pytest.raises(jax.errors.TracerArrayConversionError):
        jax.jit(lambda x: Values().update(x).compute())(jnp.ones(3))


@pytest.mark.parametrize(
    "make", [lambda m: m, lambda m: jm.metrics.Metrics([m]), jm.metrics.MinMax]
)
def test_a_broken_rule_raises_by_name(make):
    metric = make(Counted()).update(target=np.array([1, 1]), preds=np.array([1, 0]))
    wrong = {"target": np.array([7]), "preds": np.array([1])}
    before = metric.compute()
    for call in (metric.update, metric):
        with pytest.raises(ValueError, match="target has labels outside of 0 to 1"):
            call(**wrong)
    assert metric.compute() == before
    with pytest.raises(ValueError, match="target has labels outside of 0 to 1"):
        jm.metrics.functional(Counted)(**wrong)


def test_traced_arguments_make_the_value_nan():
    update = jax.jit(lambda target: Counted().update(target=target, preds=jnp.ones(1, int)))
    assert update(jnp.array([1])).compute() == 1
    assert np.isnan(update(jnp.array([7])).compute())


def test_the_harness_leaves_out_what_is_traced():
    bad = [({"values": np.full(8, np.nan)}, ValueError, "values are NaN")]
    arguments = {"values": np.arange(8.0)}
    check_metric(Values(), arguments, reference=lambda values: 28, bad=bad)
    with pytest.raises(AssertionError, match="differs from the reference"):
        check_metric(Values(), arguments, reference=lambda values: 29, bad=bad)


def test_the_harness_splits_and_repeats_examples():
    arguments = {"values": np.arange(8.0)}
    with pytest.raises(AssertionError, match="weights differ from repetitions"):
        check_metric(Largest(), arguments)
    with pytest.raises(AssertionError, match="in turn"):
        check_metric(Largest(), arguments, repetition=False)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda m: jm.metrics.Metrics([m]), {"letters": 2.5}),
        (lambda m: jm.metrics.Metrics({"a": {"b": m}}), {"a/b": 2.5}),
        (lambda m: 2 * m + 1, 6),
        (lambda m: jm.metrics.Running(m, window=1), 3),
        (lambda m: jm.metrics.MinMax(m), {"raw": 2.5, "min": 2, "max": 2.5}),
        (lambda m: jm.metrics.Multitask({"a": m}), None),
        (lambda m: jm.metrics.Transformed(m, words=lambda words: words * 2), 2.5),
        (lambda m: jm.metrics.LossAndLogs(metrics=m), (0, {"loss": 0}, {"letters": 2.5})),
    ],
)
def test_inside_other_metrics(make, expected):
    metric = make(Letters())
    assert not metric.jittable
    given = {"words": ["to", "be"]}, {"words": ["not", "her"]}
    if isinstance(metric, jm.metrics.Multitask):
        given, expected = tuple({"words": {"a": one["words"]}} for one in given), {"a": 2.5}
    metric.update(**given[0])
    metric(**given[1])
    actual = metric.compute()
    assert jax.tree.structure(actual) == jax.tree.structure(expected)
    np.testing.assert_allclose(jax.tree.leaves(actual), jax.tree.leaves(expected))


def test_next_to_a_compiled_metric():
    metrics = jm.metrics.Metrics([Letters(), jm.metrics.Mean()])
    metrics.update(words=WORDS, values=jnp.array([1.0, 2.0]))
    assert metrics.compute() == {"letters": 2.25, "mean": 1.5}
    with pytest.raises(ValueError, match="does not fit"):
        metrics.update(words=["change"], values=jnp.ones(2), mask=jnp.ones(3, bool))
    assert metrics.compute() == {"letters": 2.25, "mean": 1.5}  # the first one has not changed


def test_a_tracker_takes_it():
    tracker = jm.metrics.Tracker(Letters())
    for words in (["long"], ["no"]):
        tracker.increment()
        tracker.update(words=words)
    assert tracker.best() == (4.0, 0)


def test_no_bootstrap_without_weights():
    with pytest.raises(ValueError, match="Letters takes no `sample_weight`; it takes words"):
        jm.metrics.BootStrapper(Letters())
