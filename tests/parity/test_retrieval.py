"""Retrieval metrics against those of TorchMetrics and torcheval, over grids of options."""

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

rng = np.random.default_rng(0)
SIZES = [5, 9, 1, 7, 3, 6]
INDEXES = np.repeat([3, 0, 8, 5, 2, 9], SIZES)
TARGET = rng.integers(0, 2, INDEXES.size)
TARGET[INDEXES == 5] = 0
TARGET[INDEXES == 2] = 1
GRADES = rng.integers(0, 4, INDEXES.size)
# Probabilities: TorchMetrics takes documents with scores up to 0 for irrelevant, and rounds those
# above 1 to the same probability before it computes an AUROC.
PREDS = (rng.permutation(INDEXES.size) + 1).astype(np.float32) / 64
ACTIONS = ["neg", "pos", "skip"]
CUTOFFS = [{}, {"top_k": 1}, {"top_k": 4}, {"top_k": 20}]
CLASSES = [
    ("RetrievalAUROC", CUTOFFS),
    ("RetrievalFallOut", CUTOFFS),
    ("RetrievalHitRate", CUTOFFS),
    ("RetrievalMAP", CUTOFFS),
    ("RetrievalMRR", CUTOFFS),
    ("RetrievalNormalizedDCG", CUTOFFS),
    ("RetrievalPrecision", [*CUTOFFS, {"top_k": 20, "adaptive_k": True}]),
    ("RetrievalRecall", CUTOFFS),
    ("RetrievalRPrecision", [{}]),
]
SNAKE = {
    "FallOut": "fall_out",
    "HitRate": "hit_rate",
    "MAP": "average_precision",
    "MRR": "reciprocal_rank",
    "NormalizedDCG": "normalized_dcg",
    "RPrecision": "r_precision",
}
GRID = [(name, options) for name, grid in CLASSES for options in grid]


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def peer(torch):
    retrieval = pytest.importorskip("torchmetrics.retrieval")

    def value(name, target, preds, **options):
        metric = getattr(retrieval, name)(**options)
        arrays = [torch.tensor(np.asarray(x)) for x in (preds, target)]
        return metric(*arrays, indexes=torch.tensor(INDEXES))

    return value


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("name", "options"), GRID)
def test_documents_with_indexes(peer, name, options, action):
    target = GRADES if name == "RetrievalNormalizedDCG" else TARGET
    options = {**options, "empty_target_action": action}
    metric = getattr(jm, name)(capacity=64, **options)
    found = metric(target=target, preds=PREDS, indexes=INDEXES)
    assert_close(found, peer(name, target, PREDS, **options))


@pytest.mark.parametrize("aggregation", ["mean", "min", "max"])
@pytest.mark.parametrize("ignore_index", [None, -1])
def test_aggregations_and_ignored_documents(peer, aggregation, ignore_index):
    target = TARGET if ignore_index is None else np.where(rng.random(TARGET.size) < 0.2, -1, TARGET)
    options = {"aggregation": aggregation, "ignore_index": ignore_index}
    metric = jm.RetrievalMRR(capacity=64, **options)
    found = metric(target=target, preds=PREDS, indexes=INDEXES)
    assert_close(found, peer("RetrievalMRR", target, PREDS, **options))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("adaptive_k", [False, True])
@pytest.mark.parametrize("max_k", [1, 4, 12])
def test_curves(peer, max_k, adaptive_k, action):
    options = {"max_k": max_k, "adaptive_k": adaptive_k, "empty_target_action": action}
    arguments = {"target": TARGET, "preds": PREDS, "indexes": INDEXES}
    found = jm.RetrievalPrecisionRecallCurve(capacity=64, **options)(**arguments)
    for one, other in zip(
        found, peer("RetrievalPrecisionRecallCurve", TARGET, PREDS, **options), strict=True
    ):
        assert_close(one, other)
    for min_precision in (0.0, 0.5, 0.9):
        options["min_precision"] = min_precision
        found = jm.RetrievalRecallAtFixedPrecision(capacity=64, **options)(**arguments)
        expected = peer("RetrievalRecallAtFixedPrecision", TARGET, PREDS, **options)
        assert_close(found, [float(x) for x in expected])


@pytest.mark.parametrize(("name", "options"), GRID)
def test_a_single_query(torch, name, options):
    functional = pytest.importorskip("torchmetrics.functional.retrieval")
    names = {"RetrievalMAP": "average_precision", "RetrievalMRR": "reciprocal_rank"}
    snake = {"FallOut": "fall_out", "HitRate": "hit_rate", "RPrecision": "r_precision"}
    short = name.removeprefix("Retrieval")
    short = names.get(
        name, snake.get(short, short.lower().replace("normalizeddcg", "normalized_dcg"))
    )
    rows = slice(5, 14)
    expected = getattr(functional, f"retrieval_{short}")(
        torch.tensor(PREDS[rows]), torch.tensor(TARGET[rows]), **options
    )
    found = getattr(jm, f"retrieval_{short}")(TARGET[rows], PREDS[rows], **options)
    assert_close(found, expected)


def test_ties_of_graded_documents(peer):
    preds = np.float32(rng.integers(1, 4, PREDS.size) / 4)
    metric = jm.RetrievalNormalizedDCG(capacity=64)
    found = metric(target=GRADES, preds=preds, indexes=INDEXES)
    assert_close(found, peer("RetrievalNormalizedDCG", GRADES, preds))


def test_classes_as_documents(torch):
    torcheval = pytest.importorskip("torcheval.metrics.functional")
    scores, labels = rng.normal(size=(16, 5)).astype(np.float32), rng.integers(0, 5, 16)
    target = np.eye(5, dtype=int)[labels]
    given = torch.tensor(scores), torch.tensor(labels)
    for k in (1, 3):
        expected = torcheval.reciprocal_rank(*given, k=k).mean()
        assert_close(jm.retrieval_reciprocal_rank(target, scores, top_k=k), expected)
        assert_close(
            jm.retrieval_hit_rate(target, scores, top_k=k), torcheval.hit_rate(*given, k=k).mean()
        )
    single = torch.tensor(scores[0]), torch.tensor(TARGET[:5])
    expected = torcheval.retrieval_precision(*single, k=3)
    assert_close(jm.retrieval_precision(TARGET[:5], scores[0], top_k=3), expected)
