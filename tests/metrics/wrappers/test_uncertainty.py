"""Intervals, comparisons of models, and best thresholds."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

import jax_metrics as jm
from jax_metrics.metrics import (
    AUROC,
    Accuracy,
    BestThreshold,
    ByGroup,
    ConfidenceInterval,
    F1Score,
    MeanSquaredError,
    PairedComparison,
    Precision,
    best_threshold,
)

rng = np.random.default_rng(0)


def outcomes(correct, total):
    return {"target": np.ones(total, int), "preds": (np.arange(total) < correct).astype(int)}


@pytest.mark.parametrize("method", ["wilson", "exact"])
@pytest.mark.parametrize("level", [0.8, 0.99, 1 - 1e-9])
def test_intervals_of_proportions_are_those_of_scipy(method, level):
    counts = [(k, n) for n in (1, 2, 9, 100, 10**4, 10**6) for k in {0, 1, n // 3, n - 1, n}]
    k, n = np.array(counts).T
    formula = getattr(jm.metrics.wrappers, f"{method}_interval")
    lower, upper = jax.jit(formula, static_argnums=2)(k, n, level)
    for index in range(len(counts)):
        expected = scipy.stats.binomtest(*map(int, counts[index])).proportion_ci(level, method)
        # The formula of Wilson is computed in float32, and cancels next to 0.
        rel, abs = (1e-6, 1e-12) if method == "exact" else (1e-4, 1e-7)
        assert lower[index] == pytest.approx(expected.low, rel=rel, abs=abs)
        assert upper[index] == pytest.approx(expected.high, rel=rel, abs=abs)


@pytest.mark.parametrize("method", ["wilson", "exact"])
def test_a_metric_with_its_interval(method):
    metric = ConfidenceInterval(Accuracy(), method=method, level=0.9)
    for part in ((7, 10), (15, 20)):
        metric.update(**outcomes(*part))
    value = metric.compute()
    expected = scipy.stats.binomtest(22, 30).proportion_ci(0.9, method)
    assert value["value"] == pytest.approx(22 / 30)
    assert value["lower"] == pytest.approx(expected.low, rel=1e-5)
    assert value["upper"] == pytest.approx(expected.high, rel=1e-5)


def test_each_class_has_an_interval():
    target, preds = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    metric = Precision(num_classes=3, average=None)
    value = ConfidenceInterval(metric, method="wilson")(target=target, preds=preds)
    for label in range(3):
        found = target[preds == label] == label
        expected = scipy.stats.binomtest(found.sum(), len(found)).proportion_ci(method="wilson")
        assert value["lower"][label] == pytest.approx(expected.low, rel=1e-5)


def test_there_is_no_interval_before_the_first_example():
    value = ConfidenceInterval(jm.metrics.Mean(), method="exact").compute()
    assert np.isnan(value["lower"]) and np.isnan(value["upper"])


@pytest.mark.slow
@pytest.mark.parametrize("method", ["wilson", "exact"])
def test_intervals_of_proportions_take_outcomes_without_weights(method):
    interval = ConfidenceInterval(jm.metrics.Mean(), method=method)
    with pytest.raises(ValueError, match="values must be 0 or 1"):
        interval.update(np.array([0, 2.0, 3.0]))
    with pytest.raises(TypeError, match="takes 'sample_weight'"):
        interval.update(np.ones(3), np.ones(3))
    masked = jm.copy(interval).update(np.array([0, 1.0, 3.0]), mask=np.arange(3) < 2).compute()
    share = jm.copy(interval).update(0.5, mask=np.arange(3) < 2).compute()  # the mean of a batch
    expected = scipy.stats.binomtest(1, 2).proportion_ci(method=method)
    for value in (masked, share):
        assert value["lower"] == pytest.approx(expected.low, rel=1e-5)
        assert value["upper"] == pytest.approx(expected.high, rel=1e-5)
    traced = jax.jit(lambda x: jm.copy(interval).update(x).compute())(jnp.array([0.0, 2, 3]))
    assert all(np.isnan(end) for end in traced.values())


@pytest.mark.parametrize(
    ("metric", "arguments"),
    [
        (
            jm.metrics.Mean().rename_arguments(values="loss", mask="valid", sample_weight="w"),
            "loss",
        ),
        (jm.metrics.Mean(on="a"), "values"),
        (jm.metrics.Mean().index_into(values=("a", "b")), "values"),
    ],
)
def test_the_interval_of_a_renamed_or_indexed_mean(metric, arguments):
    values, valid = np.array([0, 1.0, 3.0]), np.arange(3) < 2
    path = {"values": ("a", "b")}.get(arguments, ()) if metric.on is None else ("a",)
    for key in reversed(path):
        values = {key: values}
    mask = "valid" if arguments == "loss" else "mask"
    interval = ConfidenceInterval(metric, method="wilson")
    assert list(interval.signature.parameters) == [arguments, mask]
    value = interval(**{arguments: values, mask: valid})
    expected = scipy.stats.binomtest(1, 2).proportion_ci(method="wilson")
    assert value["lower"] == pytest.approx(expected.low, rel=1e-5)
    with pytest.raises(ValueError, match="values must be 0 or 1"):
        interval.update(**{arguments: values})


@pytest.mark.slow
def test_bootstraps_read_arguments_as_the_metric_does():
    """A renamed mask, weights by position, and a list; the other array has another length."""
    values = np.array([1.0, 2.0, 100.0])
    metric = jm.metrics.Mean().rename_arguments(mask="valid")
    drawn = [
        jm.metrics.BootStrapper(metric, num_bootstraps=20, raw=True, sampling="multinomial")
        .update(**given)
        .compute()["raw"]
        for given in ({"values": values, "valid": values < 50}, {"values": values[:2].tolist()})
    ]
    assert not np.isnan(drawn[0]).any() and set(np.unique(drawn[0])) <= {1.0, 1.5, 2.0}
    assert set(np.unique(drawn[1])) <= {1.0, 1.5, 2.0}
    weighted = jm.metrics.BootStrapper(jm.metrics.Mean(on="b"), num_bootstraps=20, raw=True)
    weighted.update({"a": np.ones(7), "b": values}, np.array([1.0, 0.0, 0.0]))
    raw = weighted.compute()["raw"]
    assert set(raw[~np.isnan(raw)].tolist()) == {1.0}


QUERY = np.repeat(np.arange(6), 3)
FOUND = {"target": np.tile([0, 1, 0], 6), "preds": np.tile([0.9, 0.8, 0.3], 6).astype(np.float32)}


@pytest.mark.slow
def test_bootstraps_of_documents_draw_queries():
    """In each query the second document is relevant, so each sample has the same value."""
    recall = jm.metrics.RetrievalRecall(top_k=2, capacity=18)
    interval = ConfidenceInterval(recall, num_bootstraps=20)
    order = np.random.default_rng(1).permutation(18)  # parts of queries in each batch
    for part in np.split(order, 2):
        interval.update(**{n: x[part] for n, x in FOUND.items()}, indexes=QUERY[part])
    assert interval.compute() == {"value": 1, "lower": 1, "upper": 1}
    rows = {name: x.reshape(6, 3) for name, x in FOUND.items()}
    mask = np.arange(6) < 5
    interval = ConfidenceInterval(recall, num_bootstraps=20)
    interval.update(**rows, indexes=QUERY.reshape(6, 3), mask=mask, sample_weight=np.ones(6))
    assert interval.compute()["lower"] == 1
    multinomial = jm.metrics.BootStrapper(recall, sampling="multinomial")
    with pytest.raises(ValueError, match='documents of a query in `indexes` .* sampling="poisson"'):
        multinomial.update(**FOUND, indexes=QUERY)


MEDIAN = jm.metrics.RetrievalMRR(aggregation=jnp.nanmedian, max_queries=4)
SUM_OVER_BATCH_SIZE = jm.metrics.Losses(jm.losses.MeanSquaredError())


@pytest.mark.parametrize(
    ("wrapper", "metric", "name"),
    [
        (ConfidenceInterval, MEDIAN, "RetrievalMRR"),
        (PairedComparison, MEDIAN, "RetrievalMRR"),
        (ConfidenceInterval, jm.metrics.Cat(4), "Cat"),
        (ConfidenceInterval, jm.metrics.LastValue() + 1, "LastValue"),
        (ConfidenceInterval, jm.metrics.Reduce(), "Reduce"),
        (ConfidenceInterval, jm.metrics.LossAndLogs(SUM_OVER_BATCH_SIZE), "Losses"),
        (
            ConfidenceInterval,
            jm.metrics.Metrics([jm.metrics.KLDivergence(reduction="none", capacity=4)]),
            "KLDivergence",
        ),
    ],
)
def test_metrics_where_weights_are_not_repetitions_are_refused(wrapper, metric, name):
    with pytest.raises(ValueError, match=f"but to this {name}, .* `weights_repeat` is False"):
        wrapper(metric)


@pytest.mark.slow
def test_the_bootstrap_of_a_median_counts_repetitions():
    """The spread of a median of 0 and 1: it is their mean where both are drawn equally often."""
    target, preds = np.array([[1, 0], [0, 1]]), np.array([[0.9, 0.1], [0.9, 0.1]])
    metric = jm.metrics.RetrievalPrecision(top_k=1, aggregation="median", max_queries=2)
    strapped = jm.metrics.BootStrapper(metric, num_bootstraps=50, raw=True)
    raw = strapped(target=target, preds=preds)["raw"]
    share = [(raw == value).mean() for value in (0.0, 0.5, 1.0)]
    # Of two Poisson numbers, one is larger than the other with a probability of 0.35.
    assert all(0.2 < each < 0.5 for each in share[::2]) and 0.05 < share[1] < 0.35


@pytest.mark.slow
def test_comparisons_of_documents_swap_queries():
    """Swapped document by document, the models would lose the order of the documents."""
    comparison = PairedComparison(jm.metrics.RetrievalMRR(capacity=18), num_samples=20)
    order = np.random.default_rng(1).permutation(18)
    for part in np.split(order, 2):
        given = {name: x[part] for name, x in FOUND.items()}
        comparison.update(**given, baseline=given["preds"] * 2, indexes=QUERY[part])
    value = comparison.compute()
    assert value["difference"] == value["lower"] == value["upper"] == 0
    assert value["p_value"] == 1 and value["model"] == 0.5


@pytest.mark.slow
def test_the_bootstrap_agrees_with_the_spread_of_the_mean():
    values = rng.normal(size=400).astype(np.float32)
    metric = ConfidenceInterval(jm.metrics.Mean(), num_bootstraps=500)
    value = metric.update(values).compute()
    error = values.std(ddof=1) / np.sqrt(400)
    assert value["value"] == pytest.approx(values.mean(), abs=1e-6)
    width = float(value["upper"] - value["lower"])
    assert width == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert value["lower"] < values.mean() < value["upper"]


@pytest.mark.parametrize(
    "metric, options, message",
    [
        (Accuracy(), {"level": 1.0}, "level must lie between 0 and 1, but is 1.0"),
        (Accuracy(), {"method": "normal"}, "method"),
        (F1Score(), {"method": "wilson"}, "F1Score is not one"),
        (MeanSquaredError(), {"method": "exact"}, "MeanSquaredError is not one"),
        (Precision(num_classes=3), {"method": "wilson"}, "average='macro'"),
    ],
)
def test_mistakes_of_intervals(metric, options, message):
    with pytest.raises(ValueError, match=message):
        ConfidenceInterval(metric, **options)


@pytest.mark.slow
def test_the_permutation_test_is_the_sign_test_for_accuracy():
    """Only examples where one model alone is correct matter, each a toss of a coin."""
    target = np.ones(40, int)
    model, baseline = np.ones(40, int), np.ones(40, int)
    model[:4], baseline[4:16] = 0, 0
    comparison = PairedComparison(Accuracy(), num_samples=400)
    for part in (slice(0, 20), slice(20, 40)):
        comparison.update(target=target[part], preds=model[part], baseline=baseline[part])
    value = comparison.compute()
    expected = scipy.stats.binomtest(12, 16).pvalue
    assert value["p_value"] == pytest.approx(expected, abs=4 * np.sqrt(expected / 400))
    assert value["difference"] == pytest.approx(8 / 40)
    assert value["model"] == pytest.approx(0.9) and value["baseline"] == pytest.approx(0.7)
    spread = np.sqrt((16 / 40 - 0.2**2) / 40)
    assert value["lower"] == pytest.approx(0.2 - 1.96 * spread, abs=0.05)
    assert value["upper"] == pytest.approx(0.2 + 1.96 * spread, abs=0.05)


@pytest.mark.slow
def test_a_model_does_not_differ_from_itself():
    x = rng.normal(size=(2, 30)).astype(np.float32)
    comparison = PairedComparison(MeanSquaredError(), num_samples=20)
    value = comparison(target=x[0], preds=x[1], baseline=x[1])
    assert value["difference"] == 0 and value["p_value"] == 1
    assert value["lower"] == value["upper"] == 0


@pytest.mark.slow
def test_permutations_without_a_value_do_not_make_a_difference_rare():
    """Swapping one of two impulses makes one model constant, whose correlation is undefined."""
    target = rng.normal(size=12).astype(np.float32)
    preds, baseline = np.eye(12, dtype=np.float32)[[3, 7]]
    comparison = PairedComparison(jm.metrics.PearsonCorrCoef(), num_samples=20)
    value = comparison(target=target, preds=preds, baseline=baseline)
    assert value["difference"] != 0 and value["p_value"] == 1


@pytest.mark.slow
def test_scores_can_be_compared_by_any_metric():
    target = rng.integers(0, 2, 64)
    good = target + rng.normal(size=64)
    bad = rng.normal(size=64)
    scores = [jax.nn.sigmoid(jnp.asarray(x, jnp.float32)) for x in (good, bad)]
    comparison = PairedComparison(AUROC(thresholds=32), num_samples=100)
    value = comparison(target=target, preds=scores[0], baseline=scores[1])
    assert value["p_value"] < 0.05 and 0 < value["lower"] < value["difference"]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: PairedComparison(jm.metrics.Mean()), "needs a metric that takes `preds`"),
        (lambda: PairedComparison(Accuracy(), num_samples=0), "num_samples must be at least 1"),
        (lambda: PairedComparison(Accuracy(), level=2), "level must lie between 0 and 1"),
        (
            lambda: PairedComparison(Accuracy(), num_samples=1)(
                target=np.zeros(3, int), preds=np.zeros(3, int), baseline=np.zeros(2, int)
            ),
            "preds have 3 examples and baseline has 2 examples",
        ),
        (
            lambda: PairedComparison(
                Precision(num_classes=2, average=None), num_samples=1
            ).compute(),
            r"has values of shape \(2,\). Choose an `average`",
        ),
        (
            lambda: PairedComparison(jm.metrics.Metrics([Accuracy()]), num_samples=1).compute(),
            "a value of the metric is a dict. Choose one of its numbers",
        ),
        (lambda: ByGroup(Accuracy(), num_groups=0), "num_groups must be at least 1"),
        (
            lambda: ByGroup(jm.metrics.Mean(), num_groups=2).update(3.0, groups=[0]),
            "ByGroup needs examples, along the first axis",
        ),
        (lambda: ByGroup(Accuracy(), num_groups=2, labels=["a"]), "1 labels for 2 groups"),
        (
            lambda: ByGroup(Accuracy(), num_groups=2, labels="xx"),
            "labels must differ .* 'x' is rep",
        ),
        (lambda: ByGroup(jm.metrics.Throughput(), num_groups=2), "Throughput takes no `mask`"),
        (lambda: BestThreshold(criterion="recall"), "criterion"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def criteria(tp, fp, positive, negative):
    tn, fn = negative - fp, positive - tp
    cov = tp * tn - fp * fn
    spread = np.sqrt(float((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))
    return {
        "accuracy": (tp + tn) / (positive + negative),
        "balanced_accuracy": (tp / positive + tn / negative) / 2,
        "f1": 2 * tp / (2 * tp + fp + fn),
        "matthews": cov / spread if spread else 0.0,
        "youden": tp / positive - fp / negative,
    }


@pytest.mark.slow
@pytest.mark.parametrize("criterion", ["accuracy", "balanced_accuracy", "f1", "matthews", "youden"])
def test_the_best_threshold_is_that_of_all_scores(criterion):
    target = rng.integers(0, 2, 50)
    preds = (rng.integers(0, 33, 50) / 32).astype(np.float32)
    found = []
    for threshold in [np.inf, *np.unique(preds)[::-1]]:
        above = preds >= threshold
        tp, fp = int((above & (target == 1)).sum()), int((above & (target == 0)).sum())
        found.append(criteria(tp, fp, target.sum(), 50 - target.sum())[criterion])
    point = best_threshold(target, preds, criterion=criterion)
    assert point.value == pytest.approx(max(found), rel=1e-5)
    above = preds >= point.threshold
    tp, fp = int((above & (target == 1)).sum()), int((above & (target == 0)).sum())
    at = criteria(tp, fp, target.sum(), 50 - target.sum())[criterion]
    assert at == pytest.approx(max(found), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("criterion", ["balanced_accuracy", "matthews", "youden"])
def test_the_highest_of_equally_good_thresholds_is_not_chosen_by_rounding(criterion):
    for seed in range(12):
        draw = np.random.default_rng(seed)
        target = np.resize([0, 1, 1], 30)
        preds = (draw.integers(0, 33, 30) / 32).astype(np.float32)
        thresholds = [np.inf, *np.unique(preds)[::-1]]
        exact = []
        for threshold in thresholds:
            tp, fp = (int(((preds >= threshold) & (target == label)).sum()) for label in (1, 0))
            youden = Fraction(tp, 20) - Fraction(fp, 10)
            if criterion == "matthews" and tp + fp not in (0, 30):  # the square, with its sign
                youden *= abs(youden) / Fraction((tp + fp) * (30 - tp - fp))
            exact.append(youden)
        best = float(thresholds[exact.index(max(exact))])
        assert best_threshold(target, preds, criterion=criterion).threshold == best, seed


def test_predicting_none_is_best_where_nothing_is_better():
    target, preds = np.array([1, 1, 1, 0, 0, 0]), np.array([0.1, 0.3, 0.3, 0.2, 0.4, 0.4])
    point = best_threshold(target, preds.astype(np.float32), criterion="youden")
    assert point.value == 0 and point.threshold == np.inf


@pytest.mark.slow
def test_a_criterion_of_ones_own_and_a_target_of_one_class():
    metric = BestThreshold(criterion=lambda points: points.tpr - 5 * points.fpr, capacity=8)
    target, preds = np.array([0, 1, 0, 1]), np.array([0.1, 0.4, 0.5, 0.8], np.float32)
    assert metric(target=target, preds=preds).threshold == pytest.approx(0.8)
    assert np.isnan(best_threshold(np.ones(3, int), preds[:3]).threshold)
