"""Metrics of clusters over options and edge cases."""

import jax
import numpy as np
import pytest
import sklearn.metrics as sk

import jax_metrics as jm
from jax_metrics.metrics._contingency import ContingencyMetric
from jax_metrics.metrics.clustering._information import expected_mutual_information
from jax_metrics.metrics.clustering._kept_data import KeptData

rng = np.random.default_rng(0)
PAIRS = [
    (jm.metrics.rand_score, sk.rand_score),
    (jm.metrics.adjusted_rand_score, sk.adjusted_rand_score),
    (jm.metrics.fowlkes_mallows_index, sk.fowlkes_mallows_score),
    (jm.metrics.mutual_info_score, sk.mutual_info_score),
    (jm.metrics.normalized_mutual_info_score, sk.normalized_mutual_info_score),
    (jm.metrics.adjusted_mutual_info_score, sk.adjusted_mutual_info_score),
    (jm.metrics.homogeneity_score, sk.homogeneity_score),
    (jm.metrics.completeness_score, sk.completeness_score),
    (jm.metrics.v_measure_score, sk.v_measure_score),
    (jm.metrics.pair_confusion_matrix, sk.pair_confusion_matrix),
]
LABELS = {
    "the same": ([7, 7, -2, -2, 5, 5], [0, 0, 1, 1, 2, 2]),
    "one class": ([1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2]),
    "one cluster": ([0, 0, 1, 1, 2, 2], [4, 4, 4, 4, 4, 4]),
    "one of both": ([0] * 6, [0] * 6),
    "all apart": (list(range(6)), list(range(6))),
    "independent": ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2]),
}


def assert_close(actual, expected, rtol=1e-5, atol=1e-6):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize(("function", "reference"), PAIRS, ids=lambda f: f.__name__)
def test_special_partitions(function, reference):
    for target, preds in LABELS.values():
        assert_close(function(target, preds), reference(target, preds))
    for clusters in (2, 7):
        target, preds = rng.integers(0, 4, 200), rng.integers(0, clusters, 200)
        preds = np.where(rng.random(200) < 0.5, target, preds)
        assert_close(function(target, preds), reference(target, preds))


@pytest.mark.slow
@pytest.mark.parametrize("average_method", ["arithmetic", "geometric", "min", "max"])
def test_average_methods(average_method):
    target, preds = rng.integers(0, 3, 60), rng.integers(0, 4, 60)
    options = {"average_method": average_method}
    value = jm.metrics.normalized_mutual_info_score(target, preds, **options)
    assert_close(value, sk.normalized_mutual_info_score(target, preds, **options))


@pytest.mark.parametrize(
    "metric",
    [
        jm.metrics.TheilsU(num_classes=31),
        *(
            jm.metrics.NormalizedMutualInfoScore(
                num_classes=31, num_clusters=31, average_method=method
            )
            for method in ("arithmetic", "geometric", "min", "max")
        ),
    ],
)
def test_scores_of_one_partition_are_at_most_1(metric):
    labels = np.arange(31)  # whose information is rounded to more than its entropy
    assert 1 - 1e-5 < float(metric(target=labels, preds=labels)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(10, 30, 60), (1000, 2000, 3000), (200_000, 500_000, 300_000)])
def test_expected_mutual_information(sizes):
    from sklearn.metrics.cluster import expected_mutual_information as reference

    rows = np.array(sizes)
    columns = rows[::-1] + np.array([5, -3, -2])
    matrix = np.outer(rows, columns) / rows.sum()
    matrix = np.float32(matrix.round())
    matrix[0, 0] += rows.sum() - matrix.sum()
    exact = matrix.astype(np.int64)
    expected = reference(exact, int(exact.sum()))
    assert_close(expected_mutual_information(matrix), expected, rtol=2e-5, atol=0)


def test_counts_that_a_float_would_round():
    metric = jm.metrics.AdjustedRandScore(num_classes=2)
    target, preds = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    metric.update(target=target, preds=preds, sample_weight=np.full(4, 2.0**22))
    # Of so many examples, those of a pair are as good as drawn independently.
    assert_close(metric.compute(), (6 / 16 - 5 / 16) / (9 / 16 - 5 / 16))
    pairs = jm.metrics.rand_score(target, preds, sample_weight=np.full(4, 2.0**22))
    assert_close(pairs, 10 / 16)


@pytest.mark.slow
def test_weights_repeat_examples():
    target, preds = rng.integers(0, 3, 20), rng.integers(0, 3, 20)
    weight = rng.integers(0, 4, 20)
    repeated = (np.repeat(x, weight) for x in (target, preds))
    value = jm.metrics.adjusted_mutual_info_score(target, preds, sample_weight=weight)
    assert_close(value, sk.adjusted_mutual_info_score(*repeated))
    with pytest.raises(ValueError, match="sample_weight must hold whole numbers"):
        jm.metrics.adjusted_mutual_info_score(target, preds, sample_weight=weight + 0.5)


def test_labels_of_any_kind_outside_of_traced_code():
    assert jm.metrics.rand_score(["a", "b", "a"], ["y", "x", "y"]) == 1
    target, preds = np.array([0, 1, 1]), np.array([1, 0, 0])
    traced = jax.jit(lambda t, p: jm.metrics.rand_score(t, p, num_classes=2))
    assert traced(target, preds) == 1
    with pytest.raises(TypeError, match=r"labels of target must be given .* `num_classes=`"):
        jax.jit(jm.metrics.rand_score)(target, preds)
    with pytest.raises(TypeError, match="rand_score got `target` both by position"):
        jm.metrics.rand_score(target, preds, target=target)


DATA = rng.normal(size=(40, 3)) + 4 * np.eye(3)[np.arange(40) % 3]
CLUSTERS = np.arange(40) % 3


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-25, 1.0, 1e25])
def test_data_of_any_scale(scale):
    data = (DATA * scale).astype(np.float32)
    for function, reference in (
        (jm.metrics.calinski_harabasz_score, sk.calinski_harabasz_score),
        (jm.metrics.davies_bouldin_score, sk.davies_bouldin_score),
        (jm.metrics.silhouette_samples, sk.silhouette_samples),
    ):
        assert_close(function(data, CLUSTERS), reference(DATA, CLUSTERS), rtol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("offset", [1e4, -1e6])
def test_data_far_from_the_origin(offset):
    data, clusters = np.float32(np.tile(DATA, (500, 1)) + offset), np.tile(CLUSTERS, 500)
    exact = np.float64(data) - offset
    value = jm.metrics.CalinskiHarabaszScore(num_clusters=3, num_features=3)
    for part in np.split(np.arange(len(data)), 4):
        value.update(data=data[part], labels=clusters[part])
    assert_close(value.compute(), sk.calinski_harabasz_score(exact, clusters))
    value = jm.metrics.davies_bouldin_score(data, clusters)
    assert_close(value, sk.davies_bouldin_score(exact, clusters))


@pytest.mark.slow
def test_silhouettes_far_from_the_origin():
    data = np.float32(DATA + 1e4)
    value = jm.metrics.silhouette_score(data, CLUSTERS, distance="manhattan")
    exact = np.float64(data)
    assert_close(value, sk.silhouette_score(exact, CLUSTERS, metric="manhattan"))


@pytest.mark.slow
def test_data_without_two_clusters():
    for function in (jm.metrics.calinski_harabasz_score, jm.metrics.silhouette_samples):
        assert np.isnan(function(DATA[:4], [0, 0, 0, 0])).all()
        assert np.isnan(function(DATA[:4], [0, 1, 2, 3])).all()
    alone = jm.metrics.silhouette_samples(DATA[:4], [0, 1, 1, 1])
    assert_close(alone, sk.silhouette_samples(DATA[:4], [0, 1, 1, 1]))
    same = np.array([[0.0], [0.0], [3.0], [3.0]])
    assert jm.metrics.calinski_harabasz_score(same, [0, 0, 1, 1]) == 1
    assert jm.metrics.dunn_index(same, [0, 0, 1, 1]) == np.inf


@pytest.mark.slow
@pytest.mark.parametrize("p", [1, 2, 3, np.inf])
def test_norms_of_the_dunn_index(p):
    centers = [DATA[CLUSTERS == i].mean(0) for i in range(3)]
    between = [np.linalg.norm(centers[i] - centers[j], p) for i, j in ((0, 1), (0, 2), (1, 2))]
    within = max(np.linalg.norm(x - centers[i], p) for x, i in zip(DATA, CLUSTERS, strict=True))
    assert_close(jm.metrics.dunn_index(DATA, CLUSTERS, p=p), min(between) / within)


@pytest.mark.slow
def test_overflow_is_not_silent():
    metric = jm.metrics.DaviesBouldinScore(capacity=40, num_clusters=3, num_features=3)
    assert np.isnan(metric.compute())
    metric.update(data=DATA, labels=CLUSTERS)
    assert np.isfinite(metric.compute()) and not metric.overflowed
    metric.update(data=DATA[:1], labels=CLUSTERS[:1])
    assert metric.overflowed and np.isnan(metric.compute())


KEPT = {"capacity": 4, "num_clusters": 2, "num_features": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda m: m.RandScore(num_classes=0), "num_classes must be at least 1, but is 0"),
        (lambda m: m.RandScore(num_classes=2, num_clusters=0), "num_clusters must be at least 1"),
        (lambda m: m.VMeasureScore(num_classes=2, beta=-1.0), "beta must not be negative"),
        (
            lambda m: m.NormalizedMutualInfoScore(num_classes=2, average_method="no"),
            "average_method must be one of",
        ),
        (lambda m: m.DunnIndex(p=0.5, **KEPT), "p must be a number, 1 or more, but is 0.5"),
        (lambda m: m.SilhouetteScore(distance="no", **KEPT), "distance must be one of"),
        (
            lambda m: m.CalinskiHarabaszScore(num_clusters=2, num_features=0),
            "num_features must be at least 1",
        ),
    ],
)
def test_unknown_options(make, text):
    with pytest.raises(ValueError, match=text):
        make(jm.metrics)


def test_bases_have_no_score():
    with pytest.raises(TypeError, match="ContingencyMetric must define `score`"):
        ContingencyMetric(2, 2).compute()
    with pytest.raises(TypeError, match="KeptData must define `score`"):
        KeptData(**KEPT).compute()
