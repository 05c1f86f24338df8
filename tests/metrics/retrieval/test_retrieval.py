"""Retrieval metrics over options and edge cases."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics as sk

import jax_metrics as jm
from jax_metrics.metrics.retrieval import RetrievalMetric

rng = np.random.default_rng(0)
QUERIES, DOCUMENTS = 8, 6
TARGET = rng.integers(0, 2, (QUERIES, DOCUMENTS))
TARGET[1:, 0], TARGET[0], TARGET[1] = 1, 0, 1
PREDS = rng.permutation(TARGET.size).reshape(TARGET.shape).astype(np.float32)
INDEXES = np.broadcast_to(5 * np.arange(QUERIES)[:, None], TARGET.shape)
SHUFFLED = rng.permutation(TARGET.size)
FLAT = {
    "target": TARGET.reshape(-1)[SHUFFLED],
    "preds": PREDS.reshape(-1)[SHUFFLED],
    "indexes": INDEXES.reshape(-1)[SHUFFLED],
}
FUNCTIONS = [
    jm.metrics.retrieval_auroc,
    jm.metrics.retrieval_average_precision,
    jm.metrics.retrieval_dcg,
    jm.metrics.retrieval_f1_score,
    jm.metrics.retrieval_fall_out,
    jm.metrics.retrieval_hit_rate,
    jm.metrics.retrieval_normalized_dcg,
    jm.metrics.retrieval_precision,
    jm.metrics.retrieval_precision_recall_curve,
    jm.metrics.retrieval_r_precision,
    jm.metrics.retrieval_recall,
    jm.metrics.retrieval_recall_at_fixed_precision,
    jm.metrics.retrieval_reciprocal_rank,
]


def assert_close(actual, expected, rtol=1e-5):
    actual, expected = (np.hstack([*x]) if isinstance(x, tuple) else x for x in (actual, expected))
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_documents_in_any_order_have_the_value_of_whole_queries(function):
    options = {"max_k": 5} if "max_k" in function.__signature__.parameters else {}
    assert_close(function(**FLAT, **options), function(TARGET, PREDS, **options))
    options["aggregation"] = "median"
    assert_close(function(**FLAT, **options), function(TARGET, PREDS, **options))


@pytest.mark.slow
@pytest.mark.parametrize(("action", "empty"), [("neg", 0), ("pos", 1), ("skip", None)])
def test_queries_without_relevant_documents(action, empty):
    options = {"empty_target_action": action, "top_k": 2}
    values = [t[np.argsort(-p)[:2]].mean() for t, p in zip(TARGET, PREDS, strict=True)]
    values = values[1:] if empty is None else [empty, *values[1:]]
    assert_close(jm.metrics.retrieval_precision(TARGET, PREDS, **options), np.mean(values))
    assert_close(jm.metrics.retrieval_precision(**FLAT, **options), np.mean(values))


@pytest.mark.slow
def test_empty_queries_as_invalid_values():
    options = {"empty_target_action": "error", "top_k": 2}
    with pytest.raises(ValueError, match="target has queries without a relevant document"):
        jm.metrics.retrieval_precision(TARGET, PREDS, **options)
    assert np.isfinite(jm.metrics.retrieval_precision(TARGET[1:], PREDS[1:], **options))
    assert np.isnan(jm.metrics.retrieval_precision(**FLAT, **options))
    # For the fall-out it is a query without irrelevant documents.
    with pytest.raises(ValueError, match="for a metric of irrelevant ones without such a document"):
        jm.metrics.retrieval_fall_out(TARGET, PREDS, empty_target_action="error")


def test_ties_and_grades_as_in_scikit_learn():
    target = rng.integers(0, 4, (QUERIES, DOCUMENTS))
    preds = rng.integers(0, 3, (QUERIES, DOCUMENTS)).astype(np.float32)
    for ignore_ties in (False, True):
        options = {"ignore_ties": ignore_ties}
        # Then the first of equal scores is to rank first.
        given = (target, preds - ignore_ties * np.arange(DOCUMENTS) / 100)
        actual = jm.metrics.retrieval_normalized_dcg(target, preds, top_k=3, **options)
        assert_close(actual, sk.ndcg_score(*given, k=3, **options))
        actual = jm.metrics.retrieval_dcg(target, preds, top_k=3, log_base=3, **options)
        assert_close(actual, sk.dcg_score(*given, k=3, log_base=3, **options))
    gains = 2.0**target - 1
    actual = jm.metrics.retrieval_normalized_dcg(target, preds, gain="exponential")
    assert_close(actual, sk.ndcg_score(gains, preds))
    binary = np.where(np.arange(DOCUMENTS) == 0, 1, np.minimum(target, 1))
    binary[:, 1] = 0
    expected = [sk.roc_auc_score(t, p) for t, p in zip(binary, preds, strict=True)]
    assert_close(jm.metrics.retrieval_auroc(binary, preds), np.mean(expected))
    partial = [sk.roc_auc_score(t, p, max_fpr=0.4) for t, p in zip(binary, preds, strict=True)]
    assert_close(jm.metrics.retrieval_auroc(binary, preds, max_fpr=0.4), np.mean(partial))


@pytest.mark.slow
def test_ignored_and_masked_documents_are_excluded():
    ignored = np.where(PREDS > 30, -1, TARGET)
    expected = jm.metrics.retrieval_average_precision(TARGET, PREDS, mask=ignored >= 0)
    actual = jm.metrics.retrieval_average_precision(ignored, PREDS, ignore_index=-1)
    assert_close(actual, expected)
    values = []
    for target, preds in zip(ignored, PREDS, strict=True):
        keep = target >= 0
        if keep.any():
            empty = not (target[keep] > 0).any()
            values.append(0 if empty else sk.average_precision_score(target[keep], preds[keep]))
    assert_close(actual, np.mean(values))


@pytest.mark.slow
def test_aggregations():
    values = [sk.average_precision_score(t, p) for t, p in zip(TARGET[1:], PREDS[1:], strict=True)]
    values.append(0)
    expected = {"median": np.median(values), "min": min(values), "max": max(values)}
    for aggregation, value in expected.items():
        metric = jm.metrics.RetrievalMAP(aggregation=aggregation, max_queries=QUERIES)
        assert np.isnan(metric.compute())
        assert_close(metric(target=TARGET, preds=PREDS), value)
    quantile = functools.partial(jnp.nanquantile, q=0.25)
    actual = jm.metrics.retrieval_average_precision(TARGET, PREDS, aggregation=quantile)
    assert_close(actual, np.quantile(values, 0.25))


@pytest.mark.slow
def test_weights_count_in_the_median_as_repetitions_do():
    weight = np.resize([0, 2, 1, 3], QUERIES)
    plain = jm.metrics.RetrievalMAP(aggregation="median", max_queries=4 * QUERIES)
    flat = jm.metrics.RetrievalMAP(aggregation="median", capacity=TARGET.size)
    expected = jm.copy(plain).update(target=TARGET.repeat(weight, 0), preds=PREDS.repeat(weight, 0))
    indexes = np.broadcast_to(np.arange(QUERIES)[:, None], TARGET.shape)
    given = {"target": TARGET, "preds": PREDS, "sample_weight": weight}
    for metric in (plain.update(**given), flat.update(**given, indexes=indexes)):
        assert_close(metric.compute(), expected.compute())
    assert not np.isclose(expected.compute(), plain.reset()(target=TARGET, preds=PREDS))
    curve = jm.metrics.RetrievalPrecisionRecallCurve(
        max_k=2, aggregation="median", max_queries=QUERIES
    )
    assert curve(**given).recall.shape == (2,)


@pytest.mark.slow
def test_overflow_is_not_silent():
    metric = jm.metrics.RetrievalMRR(capacity=TARGET.size)
    assert np.isnan(metric.compute()) and not metric.overflowed
    metric.update(**FLAT)
    assert np.isfinite(metric.compute())
    metric.update(**{name: value[:1] for name, value in FLAT.items()})
    assert metric.overflowed and np.isnan(metric.compute())
    metric = jm.metrics.RetrievalMRR(aggregation="median", max_queries=QUERIES - 1)
    metric.update(target=TARGET, preds=PREDS)
    assert metric.overflowed and np.isnan(metric.compute())
    assert not jm.metrics.RetrievalMRR().overflowed


@pytest.mark.slow
def test_the_weight_of_a_query_is_the_largest_of_its_documents():
    weight = rng.uniform(1, 2, QUERIES)
    expected = jm.metrics.retrieval_reciprocal_rank(TARGET, PREDS, sample_weight=weight)
    flat = np.repeat(weight, DOCUMENTS)
    flat[::DOCUMENTS] /= 2
    actual = jm.metrics.retrieval_reciprocal_rank(**FLAT, sample_weight=flat[SHUFFLED])
    assert_close(actual, expected)


@pytest.mark.slow
def test_more_ranks_than_documents():
    target, preds = np.array([[1, 0, 1]]), np.array([[0.9, 0.5, 0.1]])
    curve = jm.metrics.retrieval_precision_recall_curve(target, preds, max_k=5)
    assert_close(curve.precision, [1, 1 / 2, 2 / 3, 2 / 4, 2 / 5])
    adaptive = jm.metrics.retrieval_precision_recall_curve(target, preds, max_k=5, adaptive_k=True)
    assert_close(adaptive.precision, [1, 1 / 2, 2 / 3, 2 / 3, 2 / 3])
    assert_close(adaptive.recall, [1 / 2, 1 / 2, 1, 1, 1])
    for adaptive_k, expected in ((False, 2 / 5), (True, 2 / 3)):
        options = {"top_k": 5, "adaptive_k": adaptive_k}
        assert_close(jm.metrics.retrieval_precision(target, preds, **options), expected)
    none = jm.metrics.retrieval_recall_at_fixed_precision(0 * target, preds)
    assert_close(none, (0, 3))


@pytest.mark.slow
def test_extreme_scores():
    target = np.array([[0, 1, 0, 1]])
    preds = np.array([[-np.inf, -0.0, 0.0, np.inf]], np.float32)
    assert jm.metrics.retrieval_reciprocal_rank(target, preds) == 1
    assert_close(jm.metrics.retrieval_auroc(target, preds), 0.875)
    masked = np.array([[True, False, True, False]])
    assert jm.metrics.retrieval_hit_rate(target, preds, mask=masked, top_k=2) == 0


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda m: m.RetrievalMAP(empty_target_action="no"), "empty_target_action must be one of"),
        (lambda m: m.RetrievalMAP(aggregation="no"), "aggregation must be one of"),
        (lambda m: m.RetrievalMAP(aggregation="median"), "Give `max_queries`"),
        (lambda m: m.RetrievalMAP(top_k=0), "top_k must be at least 1, or None"),
        (lambda m: m.RetrievalMAP(capacity=0), "capacity of at least 1"),
        (lambda m: m.RetrievalAUROC(max_fpr=0), "max_fpr must be greater than 0 and at most 1"),
        (lambda m: m.RetrievalDCG(gain="no"), "gain must be one of 'linear', 'exponential'"),
        (lambda m: m.RetrievalDCG(log_base=1), "log_base must be greater than 1, but is 1"),
        (lambda m: m.RetrievalPrecisionRecallCurve(max_k=0), "max_k must be at least 1, but is 0"),
        (
            lambda m: m.RetrievalRecallAtFixedPrecision(min_precision=2.0, max_k=3),
            "min_precision must lie between 0 and 1",
        ),
    ],
)
def test_unknown_options(make, text):
    with pytest.raises(ValueError, match=text):
        make(jm.metrics)


def test_a_base_has_no_score():
    with pytest.raises(TypeError, match="RetrievalMetric must define `score`"):
        RetrievalMetric().update(target=TARGET, preds=PREDS)
    with pytest.raises(ValueError, match="with the documents of a query along the last axis"):
        jm.metrics.retrieval_recall(1, 0.5)
    with pytest.raises(TypeError, match="has no argument 'topk'"):
        jm.metrics.retrieval_recall(TARGET, PREDS, topk=3)
