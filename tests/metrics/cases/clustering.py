"""Metrics of clusters."""

import numpy as np
import sklearn.metrics as sk
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix

from jax_metrics.metrics import (
    AdjustedMutualInfoScore,
    AdjustedRandScore,
    CalinskiHarabaszScore,
    ClusterAccuracy,
    CompletenessScore,
    DaviesBouldinScore,
    DunnIndex,
    FowlkesMallowsIndex,
    HomogeneityScore,
    MutualInfoScore,
    NormalizedMutualInfoScore,
    PairConfusionMatrix,
    RandScore,
    SilhouetteScore,
    VMeasureScore,
)

rng = np.random.default_rng(0)
TARGET = np.arange(32) % 3
PREDS = np.where(rng.random(32) < 0.7, TARGET, rng.integers(0, 4, 32))
LABELS = {"target": TARGET, "preds": PREDS}
DATA = {
    "data": (np.eye(4)[TARGET] * 3 + rng.normal(size=(32, 4)) + 50).round(1),
    "labels": TARGET,
}
SIZES = {"num_classes": 3, "num_clusters": 5}
KEPT = {"capacity": 64, "num_clusters": 4, "num_features": 4}
BAD = [
    ({"target": np.full(32, 3)}, ValueError, "target has labels outside of 0 to 2"),
    ({"preds": np.full(32, 5)}, ValueError, "preds has labels outside of 0 to 4"),
    ({"preds": np.zeros(32)}, TypeError, "preds must hold labels"),
    ({"preds": np.zeros(31, int)}, ValueError, "must have the same shape"),
]
BAD_DATA = [
    ({"labels": np.full(32, 4)}, ValueError, "labels has labels outside of 0 to 3"),
    ({"labels": np.zeros(31, int)}, ValueError, "one cluster for each row of data"),
    ({"data": np.full((32, 4), np.inf)}, ValueError, "data must hold finite numbers"),
    ({"data": np.zeros((32, 3))}, ValueError, "must be [batch, num_features=4]"),
]


def accuracy(target, preds):
    matrix = contingency_matrix(target, preds)
    rows, columns = linear_sum_assignment(-matrix)
    return matrix[rows, columns].sum() / matrix.sum()


def dunn(data, labels):
    clusters = [data[labels == label] for label in np.unique(labels)]
    centers = [cluster.mean(0) for cluster in clusters]
    between = [np.linalg.norm(a - b) for i, a in enumerate(centers) for b in centers[:i]]
    pairs = zip(clusters, centers, strict=True)
    return min(between) / max(np.linalg.norm(x - c, axis=1).max() for x, c in pairs)


def case(metric, reference, arguments=LABELS, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        # scikit-learn calls the target `labels_true`.
        "reference": lambda **given: reference(*given.values()),
        "bad": bad,
        **options,
    }


CASES = [
    case(AdjustedMutualInfoScore(**SIZES), sk.adjusted_mutual_info_score, bad=BAD),
    case(AdjustedRandScore(**SIZES), sk.adjusted_rand_score),
    case(ClusterAccuracy(**SIZES), accuracy),
    case(CompletenessScore(**SIZES), sk.completeness_score),
    case(FowlkesMallowsIndex(**SIZES), sk.fowlkes_mallows_score),
    case(HomogeneityScore(**SIZES), sk.homogeneity_score),
    case(MutualInfoScore(**SIZES), sk.mutual_info_score),
    case(
        NormalizedMutualInfoScore(average_method="geometric", **SIZES),
        lambda target, preds: sk.normalized_mutual_info_score(
            target, preds, average_method="geometric"
        ),
    ),
    case(PairConfusionMatrix(**SIZES), sk.pair_confusion_matrix),
    case(RandScore(**SIZES), sk.rand_score),
    case(VMeasureScore(**SIZES), sk.v_measure_score),
    case(
        CalinskiHarabaszScore(num_clusters=4, num_features=4),
        sk.calinski_harabasz_score,
        DATA,
        BAD_DATA,
    ),
    case(SilhouetteScore(**KEPT), sk.silhouette_score, DATA, BAD_DATA, rtol=3e-5),
    case(DaviesBouldinScore(**KEPT), sk.davies_bouldin_score, DATA),
    case(DunnIndex(**KEPT), dunn, DATA),
]
# They share the contingency matrix with `CramersV`, the rows with `SilhouetteScore`, or the state
# of `Variance`.
SIBLINGS = {
    AdjustedMutualInfoScore,
    AdjustedRandScore,
    CalinskiHarabaszScore,
    ClusterAccuracy,
    CompletenessScore,
    DaviesBouldinScore,
    DunnIndex,
    FowlkesMallowsIndex,
    HomogeneityScore,
    MutualInfoScore,
    NormalizedMutualInfoScore,
    PairConfusionMatrix,
    RandScore,
    VMeasureScore,
}
