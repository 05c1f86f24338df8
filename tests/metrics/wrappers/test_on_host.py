"""Bootstraps, comparisons and groups of metrics of strings, and of others that run on the host."""

import jax
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.metrics import (
    BLEUScore,
    BootStrapper,
    ByGroup,
    CharErrorRate,
    ConfidenceInterval,
    EditDistance,
    Mean,
    MeanAbsoluteError,
    Metrics,
    Multitask,
    PairedComparison,
    Running,
    TextExactMatch,
    Transformed,
    WordErrorRate,
)
from jax_metrics.metrics.audio._by_package import WithoutReference

rng = np.random.default_rng(0)
TARGET = [" ".join(rng.choice(list("abcd"), 6)) for _ in range(24)]


def corrupted(fraction):
    def word(given):
        return rng.choice(list("abcd")) if rng.random() < fraction else given

    return [" ".join(map(word, text.split())) for text in TARGET]


PREDS, BASELINE = corrupted(0.3), corrupted(0.6)


def distances(preds):
    """The edits of each prediction."""
    pairs = zip(TARGET, preds, strict=True)
    return np.array([float(EditDistance()(target=t, preds=p)) for t, p in pairs])


@pytest.mark.parametrize("sampling", ["poisson", "multinomial"])
def test_samples_of_strings_are_those_of_their_distances(sampling):
    options = {"num_bootstraps": 20, "raw": True, "sampling": sampling, "key": 3}
    of_strings = BootStrapper(EditDistance(), **options)
    of_numbers = BootStrapper(Mean(), **options)
    values = distances(PREDS)
    weight, mask = rng.integers(0, 3, 24), rng.random(24) < 0.8
    for part in (slice(0, 10), slice(10, 24)):
        given = {"sample_weight": weight[part], "mask": mask[part]}
        of_strings.update(target=TARGET[part], preds=PREDS[part], **given)
        of_numbers.update(values[part], **given)
    found, expected = of_strings.compute(), of_numbers.compute()
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5), found, expected)
    assert np.ptp(found["raw"]) > 0


def test_a_comparison_of_strings_is_that_of_their_distances():
    options = {"num_samples": 50, "key": 5}
    found = PairedComparison(EditDistance(), **options)(
        target=TARGET, preds=PREDS, baseline=BASELINE
    )
    expected = PairedComparison(MeanAbsoluteError(), **options)(
        target=np.zeros(24), preds=distances(PREDS), baseline=distances(BASELINE)
    )
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5), found, expected)
    assert found["difference"] < 0 and found["p_value"] < 0.1


def test_merged_samples_of_strings_cover_all_examples():
    parts = []
    for key, part in enumerate((slice(0, 10), slice(10, 24))):
        metric = ConfidenceInterval(WordErrorRate(), num_bootstraps=200, key=key)
        parts.append(metric.update(target=TARGET[part], preds=PREDS[part]))
    value = parts[0].merge_state(parts[1]).compute()
    assert value["value"] == pytest.approx(float(WordErrorRate()(target=TARGET, preds=PREDS)))
    pairs = zip(TARGET, PREDS, strict=True)  # of six words each
    rates = np.array([float(WordErrorRate()(target=t, preds=p)) for t, p in pairs])
    spread = 1.96 * rates.std() / np.sqrt(24)
    assert value["upper"] - value["lower"] == pytest.approx(2 * spread, rel=0.25)


@pytest.mark.parametrize(
    "metric",
    [
        BLEUScore(),
        Metrics([WordErrorRate(), CharErrorRate()]),
        WordErrorRate() - CharErrorRate(),
        jm.metrics.ROUGEScore(rouge_keys="rouge1"),
        jm.metrics.CHRFScore(),
    ],
    ids=lambda metric: metric.name,
)
def test_any_metric_of_strings_has_an_interval(metric):
    value = ConfidenceInterval(metric, num_bootstraps=30).update(target=TARGET, preds=PREDS)
    value = value.compute()
    plain = metric.batch_updates(target=TARGET, preds=PREDS).compute()
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-6), value["value"], plain)
    ordered = jax.tree.map(
        lambda low, x, high: bool(low < x < high), value["lower"], plain, value["upper"]
    )
    assert all(jax.tree.leaves(ordered)), value


@pytest.mark.parametrize("method", ["wilson", "exact"])
def test_the_proportion_of_exact_matches(method):
    found = ConfidenceInterval(TextExactMatch(), method=method)
    found = found(target=TARGET, preds=[*TARGET[:18], *["?"] * 6])
    expected = ConfidenceInterval(jm.metrics.Accuracy(), method=method)
    expected = expected(target=np.ones(24, int), preds=(np.arange(24) < 18).astype(int))
    assert found == expected


def test_groups_of_strings():
    groups = np.arange(24) % 3
    rates = ByGroup(WordErrorRate(), num_groups=3, labels=["a", "b", "c"])
    values = rates(target=TARGET, preds=PREDS, groups=groups)
    for group, value in enumerate(values.values()):
        part = {"target": TARGET[group::3], "preds": PREDS[group::3]}
        assert value == pytest.approx(float(WordErrorRate()(**part)))


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (BootStrapper(WordErrorRate(), num_bootstraps=3, std=False), {}),
        (Running(WordErrorRate(), window=2), {}),
        (Multitask({"task": WordErrorRate()}), {"task": None}),
        (Transformed(WordErrorRate(), preds=lambda ids: [PREDS[i] for i in ids]), {}),
    ],
    ids=["random", "window", "tasks", "transformed"],
)
def test_wrappers_of_metrics_of_strings_are_wrapped(metric, arguments):
    preds = list(range(6)) if isinstance(metric, Transformed) else PREDS[:6]
    given = {"target": TARGET[:6], "preds": preds}
    if arguments:
        given = {name: dict.fromkeys(arguments, value) for name, value in given.items()}
    plain = metric.batch_updates(**given).compute()
    grouped = ByGroup(metric, num_groups=2)(**given, groups=np.ones(6, int))
    strapped = BootStrapper(metric, num_bootstraps=2, raw=True).update(**given)
    for x, y, z in zip(
        *map(jax.tree.leaves, (plain, grouped, strapped.copies.values())), strict=True
    ):
        np.testing.assert_allclose(y[1], x, rtol=1e-6)
        assert np.shape(z) == (3, *np.shape(x)) and np.isfinite(z).all()


class Longest(jm.Metric):
    """The mean length of strings, read by code that knows nothing of copies."""

    jittable = False

    def __init__(self):
        self.total, self.weight = jm.metrics.Total(), jm.metrics.Total()

    def update(self, *, preds, sample_weight=None):
        weight = np.ones(len(preds)) if sample_weight is None else np.asarray(sample_weight)
        assert weight.shape == (len(preds),)
        self.total += float(weight @ [len(text) for text in preds])
        self.weight += float(weight.sum())

    def compute(self):
        return self.total.value / self.weight.value


def test_a_metric_of_ones_own_is_updated_copy_by_copy():
    texts = ["a" * n for n in range(1, 13)]
    options = {"num_bootstraps": 10, "raw": True}
    found = BootStrapper(Longest(), **options)(preds=texts)
    expected = BootStrapper(Mean(), **options)(np.arange(1.0, 13))
    np.testing.assert_allclose(found["raw"], expected["raw"], rtol=1e-6)
    comparison = PairedComparison(Longest(), num_samples=20)
    value = comparison(preds=texts, baseline=[text + "a" for text in texts])
    for name in ("difference", "lower", "upper"):
        assert value[name] == pytest.approx(-1, rel=1e-6)


class Loudness(WithoutReference):
    """The sum of each signal, read as a package would."""

    def value_of(self, signal):
        return signal.sum()


def test_samples_of_signals_are_those_of_their_values():
    signals = rng.normal(size=(12, 5)).astype(np.float32)
    weight, mask = rng.integers(0, 3, 12), rng.random(12) < 0.8
    given = {"sample_weight": weight, "mask": mask}
    options = {"num_bootstraps": 10, "raw": True}
    found = BootStrapper(Loudness(fs=8000), **options)(signals, **given)
    expected = BootStrapper(Mean(), **options)(signals.sum(-1), **given)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4), found, expected)


@pytest.mark.parametrize(
    "metric",
    [
        EditDistance(reduction="none", capacity=24),
        jm.metrics.CHRFScore(return_sentence_level_score=True, capacity=24),
    ],
)
def test_scores_of_each_string_have_no_interval(metric):
    with pytest.raises(ValueError, match="is not the same as two examples"):
        ConfidenceInterval(metric)
