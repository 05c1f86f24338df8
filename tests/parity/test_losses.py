"""Losses against those of PyTorch and Keras, over grids of arguments."""

import itertools

import jax
import numpy as np
import pytest

from jax_metrics import losses, regularizers

pytest.importorskip("torch")

rng = np.random.default_rng(0)
N, K = 6, 4
PREDS = rng.normal(size=(N, K))
TARGET = rng.normal(size=(N, K))
LABELS = rng.integers(0, K, N)
BITS = rng.integers(0, 2, (N, K))
SIGNS = 2 * BITS - 1
WEIGHTS = (0.5, 1.0, 2.0, 3.0)


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


PROBABILITIES, SHARES = softmax(PREDS), softmax(TARGET)
REDUCTIONS = {"none": "none", "sum": "sum", "mean": "sum_over_batch_size"}


def assert_close(found, expected):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=1e-5, atol=1e-6)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs with another backend.")
    return keras


# -- PyTorch, of which the losses are computed in float64 -----------------------------------------

ELEMENTS = [
    ("MSELoss", losses.MeanSquaredError, {}, {}, TARGET),
    ("L1Loss", losses.MeanAbsoluteError, {}, {}, TARGET),
    *(("HuberLoss", losses.Huber, {"delta": d}, {"delta": d}, TARGET) for d in (0.5, 1.0, 2.0)),
    *(("SmoothL1Loss", losses.SmoothL1, {"beta": b}, {"beta": b}, TARGET) for b in (0.5, 2.0)),
    ("SoftMarginLoss", losses.SoftMargin, {}, {}, SIGNS),
    *(
        ("HingeEmbeddingLoss", losses.HingeEmbedding, {"margin": m}, {"margin": m}, SIGNS)
        for m in (0.5, 1.0)
    ),
    ("BCEWithLogitsLoss", losses.Crossentropy, {}, {"binary": True}, BITS),
    ("BCEWithLogitsLoss", losses.Crossentropy, {}, {"binary": True}, SHARES),
    ("PoissonNLLLoss", losses.Poisson, {}, {}, BITS * 3),
]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("row", ELEMENTS, ids=lambda row: row[0])
def test_torch_elements(torch, row, reduction):
    name, ours, theirs, options, target = row
    expected = getattr(torch.nn, name)(reduction=reduction, **theirs)(
        torch.tensor(PREDS), torch.tensor(target, dtype=torch.float64)
    )
    loss = ours(reduction=REDUCTIONS[reduction], **options)
    assert_close(loss(target=target, preds=PREDS), expected)


@pytest.mark.parametrize(
    ("smoothing", "weights", "ignored", "reduction"),
    list(itertools.product([0.0, 0.2], [None, WEIGHTS], [-100, 1], ["none", "sum", "mean"])),
)
def test_torch_crossentropy(torch, smoothing, weights, ignored, reduction):
    expected = torch.nn.CrossEntropyLoss(
        weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
        ignore_index=ignored,
        label_smoothing=smoothing,
        reduction=reduction,
    )(torch.tensor(PREDS), torch.tensor(LABELS))
    loss = losses.Crossentropy(
        label_smoothing=smoothing,
        class_weights=weights,
        ignore_index=ignored,
        reduction="mean_over_weights" if reduction == "mean" else reduction,
    )
    assert_close(loss(target=LABELS, preds=PREDS), expected)


def test_torch_crossentropy_of_probabilities(torch):
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    expected = torch.nn.CrossEntropyLoss(weight=weights, label_smoothing=0.1)(
        torch.tensor(PREDS), torch.tensor(SHARES)
    )
    loss = losses.Crossentropy(class_weights=WEIGHTS, label_smoothing=0.1)
    assert_close(loss(target=SHARES, preds=PREDS), expected)


@pytest.mark.parametrize("epsilon", [0.0, 1e-7])
def test_torch_crossentropy_from_probabilities(torch, epsilon):
    p = 1 / (1 + np.exp(-PREDS))
    expected = torch.nn.BCELoss()(torch.tensor(p), torch.tensor(BITS, dtype=torch.float64))
    loss = losses.Crossentropy(binary=True, from_logits=False, epsilon=epsilon)
    assert_close(loss(target=BITS, preds=p), expected)
    expected = torch.nn.NLLLoss()(torch.tensor(np.log(PROBABILITIES)), torch.tensor(LABELS))
    loss = losses.Crossentropy(from_logits=False, epsilon=epsilon)
    assert_close(loss(target=LABELS, preds=PROBABILITIES), expected)


def test_torch_weight_of_positives(torch):
    target = torch.tensor(BITS, dtype=torch.float64)
    expected = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0))(torch.tensor(PREDS), target)
    assert_close(
        losses.Crossentropy(binary=True, class_weights=(1, 3))(target=BITS, preds=PREDS), expected
    )


@pytest.mark.parametrize("full", [False, True])
def test_torch_gaussian_nll(torch, full):
    var = np.exp(TARGET)
    expected = torch.nn.GaussianNLLLoss(full=full)(*map(torch.tensor, (PREDS, TARGET, var)))
    assert_close(losses.GaussianNLL(full=full)(target=TARGET, preds=PREDS, var=var), expected)


@pytest.mark.parametrize("log_target", [False, True])
def test_torch_kl_divergence(torch, log_target):
    target = np.log(SHARES) if log_target else SHARES
    expected = torch.nn.KLDivLoss(reduction="batchmean", log_target=log_target)(
        torch.tensor(np.log(PROBABILITIES)), torch.tensor(target)
    )
    loss = losses.KLDivergence(log_target=log_target)
    assert_close(loss(target=target, preds=np.log(PROBABILITIES)), expected)


@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_torch_pairs(torch, margin):
    signs = SIGNS[:, 0]
    a, b, target = (torch.tensor(x) for x in (PREDS, TARGET, signs))
    expected = torch.nn.CosineEmbeddingLoss(margin=margin)(a, b, target)
    loss = losses.CosineEmbedding(margin=margin)
    assert_close(loss(target=signs, preds=PREDS, other=TARGET), expected)
    expected = torch.nn.MarginRankingLoss(margin=margin)(a[:, 0], b[:, 0], target)
    loss = losses.MarginRanking(margin=margin)
    assert_close(loss(target=signs, preds=PREDS[:, 0], other=TARGET[:, 0]), expected)


@pytest.mark.parametrize(
    ("p", "margin", "weights"), list(itertools.product([1, 2], [0.5, 1.0], [None, WEIGHTS]))
)
def test_torch_multi_margin(torch, p, margin, weights):
    expected = torch.nn.MultiMarginLoss(
        p=p,
        margin=margin,
        weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
    )(torch.tensor(PREDS), torch.tensor(LABELS))
    loss = losses.MultiMargin(p=p, margin=margin, class_weights=weights)
    assert_close(loss(target=LABELS, preds=PREDS), expected)


def test_torch_multilabel(torch):
    indices = np.full((N, K), -1)
    for row, bits in zip(indices, BITS, strict=True):
        row[: bits.sum()] = np.flatnonzero(bits)
    expected = torch.nn.MultiLabelMarginLoss()(torch.tensor(PREDS), torch.tensor(indices))
    assert_close(losses.MultilabelMargin()(target=BITS, preds=PREDS), expected)
    weights = torch.tensor(WEIGHTS, dtype=torch.float64)
    expected = torch.nn.MultiLabelSoftMarginLoss(weight=weights)(
        torch.tensor(PREDS), torch.tensor(BITS, dtype=torch.float64)
    )
    assert_close(
        losses.MultilabelSoftMargin(class_weights=WEIGHTS)(target=BITS, preds=PREDS), expected
    )


@pytest.mark.parametrize(("p", "swap"), list(itertools.product([1.0, 2.0, 3.0], [False, True])))
def test_torch_triplet(torch, p, swap):
    arrays = {"anchor": PREDS, "positive": TARGET, "negative": PREDS[::-1].copy()}
    expected = torch.nn.TripletMarginLoss(p=p, swap=swap, eps=0.0)(
        *map(torch.tensor, arrays.values())
    )
    assert_close(losses.TripletMargin(p=p, swap=swap)(**arrays), expected)


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_torch_ctc(torch, zero_infinity):
    preds = rng.normal(size=(3, 7, 5))
    target = np.array([[1, 2, 3], [1, 1, 0], [4, 4, 4]])
    lengths = {"target_length": np.array([3, 2, 3]), "preds_length": np.array([7, 5, 4])}
    expected = torch.nn.CTCLoss(zero_infinity=zero_infinity, reduction="none")(
        torch.tensor(preds).log_softmax(-1).transpose(0, 1),
        torch.tensor(target),
        torch.tensor(lengths["preds_length"]),
        torch.tensor(lengths["target_length"]),
    )
    loss = losses.CTC(zero_infinity=zero_infinity, reduction="none")
    assert_close(loss(target=target, preds=preds, **lengths), expected)


@pytest.mark.parametrize("name", ["Crossentropy", "Huber", "SoftMargin", "MultiMargin"])
def test_torch_gradients(torch, name):
    target = {"Huber": TARGET, "SoftMargin": SIGNS}.get(name, LABELS)
    theirs = {"Crossentropy": "CrossEntropyLoss"}.get(name, f"{name}Loss")
    preds = torch.tensor(PREDS, requires_grad=True)
    getattr(torch.nn, theirs)()(preds, torch.tensor(target)).backward()
    found = jax.grad(lambda p: getattr(losses, name)()(target=target, preds=p))(PREDS)
    assert_close(found, preds.grad)


# -- Keras ---------------------------------------------------------------------------------------

ONE_HOT = np.eye(K)[LABELS]
KERAS = [
    ("MeanSquaredError", {}, losses.MeanSquaredError(), TARGET, PREDS),
    ("MeanAbsoluteError", {}, losses.MeanAbsoluteError(), TARGET, PREDS),
    ("MeanAbsolutePercentageError", {}, losses.MeanAbsolutePercentageError(), TARGET, PREDS),
    ("MeanSquaredLogarithmicError", {}, losses.MeanSquaredLogarithmicError(), SHARES, PREDS),
    ("Huber", {"delta": 0.5}, losses.Huber(delta=0.5), TARGET, PREDS),
    ("LogCosh", {}, losses.LogCosh(), TARGET, PREDS),
    ("CosineSimilarity", {}, losses.CosineSimilarity(), TARGET, PREDS),
    ("CosineSimilarity", {"axis": 0}, losses.CosineSimilarity(axis=0), TARGET, PREDS),
    ("Poisson", {}, losses.Poisson(log_rate=False), BITS, SHARES),
    ("Hinge", {}, losses.Hinge(), BITS, PREDS),
    ("SquaredHinge", {}, losses.SquaredHinge(), SIGNS, PREDS),
    ("KLDivergence", {}, losses.KLDivergence(log_preds=False), SHARES, PROBABILITIES),
    *(
        (
            "BinaryCrossentropy",
            {"from_logits": logits, "label_smoothing": smoothing},
            losses.Crossentropy(binary=True, from_logits=logits, label_smoothing=smoothing),
            BITS,
            PREDS if logits else SHARES,
        )
        for logits, smoothing in itertools.product([True, False], [0.0, 0.1])
    ),
    *(
        (
            "CategoricalCrossentropy",
            {"from_logits": logits, "label_smoothing": smoothing},
            losses.Crossentropy(from_logits=logits, label_smoothing=smoothing),
            ONE_HOT,
            PREDS if logits else SHARES,
        )
        for logits, smoothing in itertools.product([True, False], [0.0, 0.1])
    ),
    (
        "SparseCategoricalCrossentropy",
        {"from_logits": True},
        losses.Crossentropy(),
        LABELS,
        PREDS,
    ),
    *(
        (
            "BinaryFocalCrossentropy",
            {
                "from_logits": logits,
                "label_smoothing": smoothing,
                "gamma": 1.5,
                "apply_class_balancing": balanced,
            },
            losses.BinaryFocalCrossentropy(
                from_logits=logits,
                label_smoothing=smoothing,
                gamma=1.5,
                alpha=0.25 if balanced else None,
            ),
            BITS,
            PREDS if logits else SHARES,
        )
        for logits, smoothing, balanced in itertools.product([True, False], [0, 0.1], [True, False])
    ),
    *(
        (
            "CategoricalFocalCrossentropy",
            {"from_logits": logits, "label_smoothing": smoothing, "alpha": 0.5},
            losses.CategoricalFocalCrossentropy(
                from_logits=logits, label_smoothing=smoothing, alpha=0.5
            ),
            ONE_HOT,
            PREDS if logits else SHARES,
        )
        for logits, smoothing in itertools.product([True, False], [0.0, 0.1])
    ),
    *(
        (
            "CategoricalGeneralizedCrossEntropy",
            {"q": q},
            losses.GeneralizedCrossentropy(q=q, from_logits=False),
            LABELS,
            SHARES,
        )
        for q in (0.3, 0.9)
    ),
    *(
        (
            "Circle",
            {"gamma": 8.0, "margin": margin, "remove_diagonal": diagonal},
            losses.Circle(gamma=8.0, margin=margin, remove_diagonal=diagonal),
            LABELS,
            PREDS / np.linalg.norm(PREDS, axis=-1, keepdims=True),
        )
        for margin, diagonal in itertools.product([0.25, 0.4], [True, False])
    ),
    ("CTC", {}, losses.CTC(), np.array([[1, 2], [3, 3]]), rng.normal(size=(2, 5, 4))),
    (
        "Dice",
        {"axis": (1, 2)},
        losses.Dice(binary=True, from_logits=False, smooth=5e-8),
        BITS.reshape(3, 2, 4),
        SHARES.reshape(3, 2, 4),
    ),
    (
        "Tversky",
        {"alpha": 0.7, "beta": 0.3, "axis": (1, 2)},  # the other way round, see below
        losses.Tversky(alpha=0.3, beta=0.7, binary=True, from_logits=False, smooth=1e-7),
        BITS.reshape(3, 2, 4),
        SHARES.reshape(3, 2, 4),
    ),
]


@pytest.mark.parametrize("row", KERAS, ids=lambda row: row[0])
def test_keras(keras, row):
    name, theirs, loss, target, preds = row
    expected = getattr(keras.losses, name)(**theirs)(
        np.asarray(target, "int32" if name == "CTC" else None), np.asarray(preds, "float32")
    )
    assert_close(loss(target=target, preds=preds), expected)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum"])
def test_keras_weights(keras, reduction):
    weight = np.linspace(0.5, 2, N)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    ours = {"mean_with_sample_weight": "mean_over_weights"}.get(reduction, reduction)
    loss = losses.Crossentropy(reduction=ours)
    found = loss(target=LABELS, preds=PREDS, sample_weight=weight)
    assert_close(found, theirs(LABELS, PREDS.astype("float32"), sample_weight=weight))


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_keras_regularizers(keras, mode):
    kernel = PREDS.astype("float32")
    tensor = keras.ops.convert_to_tensor(kernel)  # with numpy arrays Keras mistakes axis 0
    expected = keras.regularizers.OrthogonalRegularizer(0.3, mode=mode)(tensor)
    assert_close(regularizers.Orthogonal(0.3, mode=mode)(parameters=kernel), expected)
    assert_close(regularizers.L1(0.3)(parameters=kernel), keras.regularizers.L1(0.3)(kernel))
    assert_close(regularizers.L2(0.3)(parameters=kernel), keras.regularizers.L2(0.3)(kernel))
    expected = keras.regularizers.L1L2(0.3, 0.2)(kernel)
    assert_close(regularizers.L1L2(0.3, 0.2)(parameters=kernel), expected)


# -- where we differ on purpose, as docs/guide/losses.md says -------------------------------------


def test_impossible_labels(torch, keras):
    target, preds = np.array([1.0]), np.array([0.0])
    bce = torch.nn.BCELoss()(torch.tensor(preds), torch.tensor(target))
    assert float(bce) == 100
    theirs = keras.losses.BinaryCrossentropy()(target, preds.astype("float32"))
    np.testing.assert_allclose(theirs, 16.118, rtol=1e-4)
    ours = losses.Crossentropy(binary=True, from_logits=False)
    np.testing.assert_allclose(ours(target=target, preds=preds), 16.118, rtol=1e-4)
    assert np.isinf(ours.replace(epsilon=0.0)(target=target, preds=preds))


def test_stirling(torch):
    expected = torch.nn.PoissonNLLLoss(full=True)(torch.tensor([0.0]), torch.tensor([2.0]))
    np.testing.assert_allclose(expected, 1 + 0.65181, rtol=1e-4)
    found = losses.Poisson(full=True)(target=np.array([2.0]), preds=np.array([0.0]))
    np.testing.assert_allclose(found, 1 + np.log(2), rtol=1e-6)


def test_categorical_hinge_of_keras(keras):
    theirs = keras.losses.CategoricalHinge()(np.eye(2)[:1], np.array([[-1.0, -3.0]], "float32"))
    assert float(theirs) == 2
    assert float(losses.MulticlassHinge()(target=[0], preds=[[-1.0, -3.0]])) == 0


def test_tversky_of_keras(keras):
    """Keras' alpha weighs what was missed; in the paper, and here, it weighs what is too much."""
    target, preds = np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]], "float32")
    theirs = keras.losses.Tversky(alpha=1.0, beta=0.0)(target, preds)
    ours = losses.Tversky(alpha=1.0, beta=0.0, smooth=0.0, binary=True, from_logits=False)
    np.testing.assert_allclose(theirs, 0, atol=1e-6)
    assert float(ours(target=target, preds=preds)) == 0.5
