"""Classification metrics against those of torchmetrics and Keras, over grids of options."""

import jax
import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

rng = np.random.default_rng(0)
N, C, L = 64, 5, 3
BINARY = (rng.integers(0, 2, N), rng.uniform(size=N))
CLASSES = (rng.integers(0, C, N), rng.dirichlet(np.ones(C), N))
LABELS = (rng.integers(0, 2, (N, L)), rng.uniform(size=(N, L)))
GROUPS = np.arange(N) % 3
AVERAGES = ["micro", "macro", "weighted", None]
SAMPLE_WEIGHT = rng.uniform(0.5, 2, N)


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.fixture
def peer():
    """The value that a function of torchmetrics gives."""
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")

    def value(name, target, preds, *args, **options):
        arrays = [torch.tensor(np.asarray(one)) for one in (preds, target, *args)]
        return getattr(functional, name)(*arrays, **options)

    return value


@pytest.fixture
def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs with another backend.")
    return keras


# -- torchmetrics ---------------------------------------------------------------------------------

SCORES = [
    ("accuracy", jm.accuracy, {}),
    ("precision", jm.precision, {}),
    ("recall", jm.recall, {}),
    ("f1_score", jm.f1_score, {}),
    ("fbeta_score", jm.fbeta_score, {"beta": 2.0}),
    ("specificity", jm.specificity, {}),
    ("negative_predictive_value", jm.negative_predictive_value, {}),
    ("hamming_distance", jm.hamming_distance, {}),
    ("jaccard_index", jm.jaccard_index, {}),
]
NAMES = [name for name, _, _ in SCORES]


@pytest.mark.parametrize("ignore_index", [None, 0, -1])
@pytest.mark.parametrize(("name", "score", "options"), SCORES, ids=NAMES)
def test_binary(peer, name, score, options, ignore_index):
    target, preds = BINARY
    if ignore_index == -1:
        target = np.where(np.arange(N) % 4 == 0, -1, target)
    options = {**options, "ignore_index": ignore_index, "threshold": 0.4}
    assert_close(score(target, preds, **options), peer(f"binary_{name}", target, preds, **options))


@pytest.mark.parametrize("ignore_index", [None, -1])
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("name", "score", "options"), SCORES, ids=NAMES)
def test_classes(peer, name, score, options, average, ignore_index):
    target, preds = CLASSES
    if ignore_index == -1:
        target = np.where(np.arange(N) % 4 == 0, -1, target)
    options = {**options, "average": average, "num_classes": C, "ignore_index": ignore_index}
    assert_close(
        score(target, preds, **options), peer(f"multiclass_{name}", target, preds, **options)
    )


@pytest.mark.parametrize("ignore_index", [None, -1])
@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize(("name", "score", "options"), SCORES, ids=NAMES)
def test_labels(peer, name, score, options, average, ignore_index):
    target, preds = LABELS
    if ignore_index == -1:
        target = np.where(np.arange(N * L).reshape(N, L) % 4 == 0, -1, target)
    options = {**options, "average": average, "num_labels": L, "ignore_index": ignore_index}
    assert_close(
        score(target, preds, **options), peer(f"multilabel_{name}", target, preds, **options)
    )


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("average", ["micro", "macro", None])
@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1_score"])
def test_top_k(peer, name, average, k):
    options = {"average": average, "num_classes": C, "top_k": k}
    assert_close(
        getattr(jm, name)(*CLASSES, **options), peer(f"multiclass_{name}", *CLASSES, **options)
    )


@pytest.mark.parametrize("average", ["micro", None])
def test_stat_scores(peer, average):
    assert_close(jm.stat_scores(*BINARY), peer("binary_stat_scores", *BINARY))
    options = {"num_classes": C, "average": average}
    assert_close(
        jm.stat_scores(*CLASSES, **options), peer("multiclass_stat_scores", *CLASSES, **options)
    )
    options = {"num_labels": L, "average": average}
    assert_close(
        jm.stat_scores(*LABELS, **options), peer("multilabel_stat_scores", *LABELS, **options)
    )


@pytest.mark.parametrize("average", ["micro", "macro", None])
@pytest.mark.parametrize("name", ["recall", "f1_score", "accuracy"])
def test_each_example_by_vmap(peer, name, average):
    target, preds = rng.integers(0, 3, (8, 10)), rng.integers(0, 3, (8, 10))
    options = {"num_classes": 3, "average": average}
    found = jax.vmap(lambda *arrays: getattr(jm, name)(*arrays, **options))(target, preds)
    expected = peer(f"multiclass_{name}", target, preds, multidim_average="samplewise", **options)
    assert_close(found, expected)


def test_exact_match(peer):
    options = {"num_classes": 2}
    target = rng.integers(0, 2, (N, 2))
    preds = rng.integers(0, 2, (N, 2))
    found = jm.exact_match(target, preds, **options)
    assert_close(found, peer("multiclass_exact_match", target, preds, **options))
    assert_close(
        jm.exact_match(*LABELS, num_labels=L), peer("multilabel_exact_match", *LABELS, num_labels=L)
    )


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_confusion_matrix(peer, normalize):
    for kind, arrays, size in (
        ("binary", BINARY, {}),
        ("multiclass", CLASSES, {"num_classes": C}),
        ("multilabel", LABELS, {"num_labels": L}),
    ):
        options = {**size, "normalize": normalize}
        expected = peer(f"{kind}_confusion_matrix", *arrays, **options)
        assert_close(jm.confusion_matrix(*arrays, **options), expected)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa(peer, weights):
    assert_close(jm.cohen_kappa(*BINARY, weights=weights), peer("binary_cohen_kappa", *BINARY))
    options = {"num_classes": C, "weights": weights}
    assert_close(
        jm.cohen_kappa(*CLASSES, **options), peer("multiclass_cohen_kappa", *CLASSES, **options)
    )


def test_matthews_corrcoef(peer):
    for kind, arrays, size in (
        ("binary", BINARY, {}),
        ("multiclass", CLASSES, {"num_classes": C}),
        ("multilabel", LABELS, {"num_labels": L}),
    ):
        expected = peer(f"{kind}_matthews_corrcoef", *arrays, **size)
        assert_close(jm.matthews_corrcoef(*arrays, **size), expected)


def test_fairness(peer):
    expected = peer("binary_groups_stat_rates", *BINARY, GROUPS, num_groups=3)
    found = jm.group_stat_rates(*BINARY, groups=GROUPS, num_groups=3)
    assert_close(found, np.stack([np.asarray(expected[f"group_{i}"]) for i in range(3)]))
    expected = peer("binary_fairness", *BINARY, GROUPS)
    found = jm.fairness(*BINARY, groups=GROUPS, num_groups=3)
    names = {"demographic_parity": "DP", "equal_opportunity": "EO"}
    for name, short in names.items():
        (value,) = [value for key, value in expected.items() if key.startswith(short)]
        assert_close(found[name], value)


# -- Keras ----------------------------------------------------------------------------------------

KERAS = [
    ("SparseCategoricalAccuracy", {}, jm.Accuracy(), CLASSES),
    ("BinaryAccuracy", {"threshold": 0.4}, jm.Accuracy(threshold=0.4), BINARY),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 2},
        jm.Accuracy(num_classes=C, top_k=2),
        CLASSES,
    ),
    ("Precision", {}, jm.Precision(), BINARY),
    ("Recall", {"thresholds": 0.3}, jm.Recall(threshold=0.3), BINARY),
    ("Precision", {}, jm.Precision(num_labels=L, average="micro"), LABELS),
    (
        "MeanIoU",
        {"num_classes": C, "sparse_y_pred": False, "dtype": "float32"},
        jm.JaccardIndex(num_classes=C),
        CLASSES,
    ),
    ("BinaryIoU", {"target_class_ids": [1], "dtype": "float32"}, jm.JaccardIndex(), BINARY),
    ("F1Score", {"threshold": 0.5, "average": "macro"}, jm.F1Score(num_labels=L), LABELS),
    (
        "FBetaScore",
        {"beta": 2.0, "threshold": 0.5, "average": "weighted"},
        jm.FBetaScore(beta=2.0, num_labels=L, average="weighted"),
        LABELS,
    ),
]


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning")  # by Keras
@pytest.mark.parametrize("weight", [None, SAMPLE_WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize(("name", "options", "metric", "arrays"), KERAS)
def test_keras(keras, name, options, metric, arrays, weight):
    theirs = getattr(keras.metrics, name)(**options)
    target, preds = arrays
    given = weight
    if weight is not None and target.ndim == 1 and "IoU" not in name and "Categ" not in name:
        target, preds, given = target[:, None], preds[:, None], weight[:, None]
    theirs.update_state(target, preds, sample_weight=given)
    found = metric.batch_updates(target=arrays[0], preds=arrays[1], sample_weight=weight).compute()
    assert_close(found, theirs.result())


# -- what the guide says of where numbers differ --------------------------------------------------


def test_torchmetrics_guesses_logits_by_batch(peer):
    ones, low, high = np.array([1, 1]), np.array([0.2, 0.9]), np.array([0.2, 1.9])
    assert_close(peer("binary_accuracy", ones, low), 0.5)
    assert_close(peer("binary_accuracy", ones, high), 1)
    assert_close(jm.accuracy(ones, low), 0.5)
    assert_close(jm.accuracy(ones, low, from_logits=True), 1)


def test_torchmetrics_counts_examples_that_are_ignored_as_matches(peer):
    target, preds = np.array([[0, 1], [-1, -1]]), np.array([[0, 0], [1, 1]])
    options = {"num_classes": 2, "ignore_index": -1}
    assert_close(peer("multiclass_exact_match", target, preds, **options), 0.5)
    assert_close(jm.exact_match(target, preds, **options), 0)


def test_torchmetrics_gives_constant_predictions_a_correlation(peer):
    ones, some = np.array([1, 1, 1]), np.array([1, 0, 1])
    assert_close(peer("binary_matthews_corrcoef", ones, ones), 1)
    np.testing.assert_allclose(peer("binary_matthews_corrcoef", ones, some), 0.408248, 1e-4)
    assert_close(jm.matthews_corrcoef(ones, ones), 0)
    assert_close(jm.matthews_corrcoef(ones, some), 0)


def test_torchmetrics_gives_a_class_without_targets_a_distance(peer):
    target, preds = np.array([0, 1, 0, 1]), np.array([0, 1, 1, 1])
    options = {"num_classes": 3, "average": None}
    assert_close(peer("multiclass_hamming_distance", target, preds, **options), [0.5, 0, 1])
    assert_close(jm.hamming_distance(target, preds, **options), [0.5, 0, 0])
