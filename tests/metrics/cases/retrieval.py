"""Metrics of documents that are ranked for queries."""

import numpy as np
from sklearn.metrics import average_precision_score, dcg_score, ndcg_score, roc_auc_score

from jax_metrics.metrics import (
    RetrievalAUROC,
    RetrievalDCG,
    RetrievalF1Score,
    RetrievalFallOut,
    RetrievalHitRate,
    RetrievalMAP,
    RetrievalMRR,
    RetrievalNormalizedDCG,
    RetrievalPrecision,
    RetrievalPrecisionRecallCurve,
    RetrievalRecall,
    RetrievalRecallAtFixedPrecision,
    RetrievalRPrecision,
)

rng = np.random.default_rng(0)
SCORES = rng.permutation(32 * 6).reshape(32, 6) / 8.0
TARGET = rng.integers(0, 2, (32, 6))
TARGET[:, 0], TARGET[:, 1] = 1, 0
BINARY = {"target": TARGET, "preds": SCORES}
GRADED = {"target": rng.integers(0, 4, (32, 6)), "preds": SCORES.round()}
FLAT = {"target": TARGET[:, 0] ^ (np.arange(32) % 3 == 0), "preds": SCORES[:, 0]}
FLAT["indexes"] = np.arange(32) * 3 % 7
BAD = [
    ({"target": np.full((32, 6), 2)}, ValueError, "target must be 1 for relevant documents"),
    ({"preds": np.full((32, 6), np.nan)}, ValueError, "preds must be numbers, but some are NaN"),
    ({"preds": SCORES[:, :5]}, ValueError, "must have the same shape"),
    ({"indexes": TARGET}, ValueError, "needs a `capacity` for `indexes`"),
    ({"sample_weight": np.ones((32, 6))}, ValueError, "one number for each query"),
]
BAD_FLAT = [
    ({"indexes": None}, ValueError, "with a capacity needs `indexes`"),
    ({"indexes": np.zeros(8, int)}, ValueError, "must have the shape of target"),
    ({"indexes": np.full(32, 2**31 - 1)}, ValueError, "indexes must be smaller than 2**31 - 1"),
    ({"indexes": np.zeros(32)}, TypeError, "indexes must hold ids"),
]


def mean_of(score):
    """The weighted mean of a function of the relevance of documents in their order."""

    def reference(target, preds, sample_weight=None):
        order = np.argsort(-preds, kind="stable")
        ranked = np.take_along_axis(target, order, -1)
        return np.average([score(one) for one in ranked], weights=sample_weight, axis=0)

    return reference


def mean_of_pairs(score):
    """The weighted mean of a function of targets and scores."""

    def reference(target, preds, sample_weight=None):
        values = [score(t, p) for t, p in zip(target, preds, strict=True)]
        return np.average(values, weights=sample_weight)

    return reference


def by_query(score):
    """The mean of a function of targets and scores over queries in any order."""

    def reference(target, preds, indexes):
        groups = [indexes == index for index in np.unique(indexes)]
        return np.mean([score(target[one], preds[one]) for one in groups if target[one].any()])

    return reference


def curve(ranked):
    hits = np.cumsum(ranked)[:4]
    return hits / np.arange(1, 5), hits / ranked.sum()


def curve_of(target, preds, sample_weight=None):
    precision, recall = mean_of(curve)(target, preds, sample_weight)
    return precision, recall, np.arange(1, 5)


def best_recall(target, preds, sample_weight=None):
    precision, recall, top_k = curve_of(target, preds, sample_weight)
    return max((r, k) for p, r, k in zip(precision, recall, top_k, strict=True) if p >= 0.5)


def row(function, **options):
    return lambda target, preds: function(target[None], preds[None], **options)


def case(metric, arguments, reference, bad=(), **options):
    return {
        "metric": metric,
        "arguments": arguments,
        "reference": reference,
        "bad": bad,
        **options,
    }


CASES = [
    case(RetrievalMAP(), BINARY, mean_of_pairs(average_precision_score), BAD),
    case(RetrievalMRR(top_k=3), BINARY, mean_of(lambda r: r[:3].any() / (1 + r.argmax()))),
    case(RetrievalPrecision(top_k=4), BINARY, mean_of(lambda r: r[:4].mean())),
    case(RetrievalRecall(top_k=2), BINARY, mean_of(lambda r: r[:2].sum() / r.sum())),
    case(RetrievalF1Score(top_k=2), BINARY, mean_of(lambda r: 2 * r[:2].sum() / (2 + r.sum()))),
    case(RetrievalHitRate(top_k=2), BINARY, mean_of(lambda r: r[:2].any())),
    case(RetrievalFallOut(top_k=3), BINARY, mean_of(lambda r: (1 - r)[:3].sum() / (1 - r).sum())),
    case(RetrievalRPrecision(), BINARY, mean_of(lambda r: r[: r.sum()].mean())),
    case(RetrievalAUROC(), BINARY, mean_of_pairs(roc_auc_score)),
    case(
        RetrievalNormalizedDCG(capacity=40, empty_target_action="skip"),
        FLAT,
        by_query(row(ndcg_score)),
        [*BAD_FLAT, ({"target": np.full(32, -1)}, ValueError, "finite and not negative")],
        repetition=False,
    ),
    case(RetrievalNormalizedDCG(top_k=4), GRADED, mean_of_pairs(row(ndcg_score, k=4))),
    case(RetrievalDCG(top_k=4), GRADED, mean_of_pairs(row(dcg_score, k=4))),
    case(RetrievalPrecisionRecallCurve(max_k=4), BINARY, curve_of, BAD[:1]),
    case(RetrievalRecallAtFixedPrecision(min_precision=0.5, max_k=4), BINARY, best_recall, BAD[:1]),
    case(
        RetrievalAUROC(capacity=40, empty_target_action="skip"),
        FLAT,
        by_query(lambda t, p: 0 if t.all() else roc_auc_score(t, p)),
        repetition=False,
    ),
    case(
        RetrievalMRR(aggregation="max"),
        BINARY,
        lambda target, preds: 1.0,
    ),
    case(
        RetrievalMAP(aggregation="median", max_queries=64),
        BINARY,
        lambda target, preds: np.median(
            [average_precision_score(t, p) for t, p in zip(target, preds, strict=True)]
        ),
    ),
]
# All but the first share `RetrievalMetric` and `Ranked` with it.
SIBLINGS = {
    RetrievalAUROC,
    RetrievalDCG,
    RetrievalF1Score,
    RetrievalFallOut,
    RetrievalHitRate,
    RetrievalMRR,
    RetrievalPrecision,
    RetrievalPrecisionRecallCurve,
    RetrievalRecall,
    RetrievalRecallAtFixedPrecision,
    RetrievalRPrecision,
}
