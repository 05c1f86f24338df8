"""Metrics of curves, probabilities and order against those of torchmetrics, Keras and torcheval."""

import numpy as np
import pytest

import jax_metrics as jm

pytest.importorskip("torch")

rng = np.random.default_rng(0)
N, C = 120, 3
KINDS = {
    # None scores exactly 1: the binned curve of torchmetrics does not start at (0, 0).
    "binary": (rng.integers(0, 2, N), rng.integers(0, 20, N) / 20, {}),
    "multiclass": (rng.integers(0, C, N), rng.dirichlet(np.ones(C), N), {"num_classes": C}),
    "multilabel": (rng.integers(0, 2, (N, C)), rng.uniform(size=(N, C)), {"num_labels": C}),
}
# How many thresholds there are: ours by number or capacity, theirs by number or None.
CURVES = {"exact": ({"capacity": N}, None), "binned": ({"thresholds": 11}, 11)}


@pytest.fixture
def torchmetrics():
    pytest.importorskip("torch")
    return pytest.importorskip("torchmetrics").functional.classification


@pytest.fixture
def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs with another backend.")
    return keras


def assert_close(found, expected, rtol=1e-5):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=rtol, atol=1e-6)


def of_torch(module, name, kind, **options):
    """Their value for the arguments of a kind; scores in float32, as ours."""
    torch = pytest.importorskip("torch")
    target, preds, sizes = KINDS[kind]
    function = getattr(module, f"{kind}_{name}")
    return function(torch.tensor(np.float32(preds)), torch.tensor(target), **sizes, **options)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["auroc", "average_precision"])
def test_areas(torchmetrics, name, kind, curve):
    target, preds, sizes = KINDS[kind]
    ours, theirs = CURVES[curve]
    for average in ["macro", "weighted", None] if sizes else ["macro"]:
        options = {"average": average} if sizes else {}
        expected = of_torch(torchmetrics, name, kind, thresholds=theirs, **options)
        found = getattr(jm.metrics, name)(target, preds, average=average, **sizes, **ours)
        assert_close(found, expected)


@pytest.mark.parametrize("max_fpr", [0.1, 0.5])
def test_partial_area(torchmetrics, max_fpr):
    target, preds, _ = KINDS["binary"]
    expected = of_torch(torchmetrics, "auroc", "binary", max_fpr=max_fpr)
    assert_close(jm.metrics.auroc(target, preds, max_fpr=max_fpr, capacity=N), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_curves(torchmetrics, kind):
    target, preds, sizes = KINDS[kind]
    found = jm.metrics.roc(target, preds, **sizes, thresholds=11)
    fpr, tpr, thresholds = of_torch(torchmetrics, "roc", kind, thresholds=11)
    for ours, theirs in zip(found, (fpr, tpr, thresholds), strict=True):
        assert_close(ours[..., 1:], theirs)  # the first point is that of infinity
    found = jm.metrics.precision_recall_curve(target, preds, **sizes, thresholds=11)
    expected = of_torch(torchmetrics, "precision_recall_curve", kind, thresholds=11)
    for ours, theirs in zip(found, expected, strict=True):
        theirs = np.asarray(theirs)
        assert_close(ours, np.where(np.isnan(theirs), 1, theirs))  # of nothing: theirs is NaN


FIXED = [
    ("recall_at_fixed_precision", "min_precision"),
    ("precision_at_fixed_recall", "min_recall"),
    ("sensitivity_at_specificity", "min_specificity"),
    ("specificity_at_sensitivity", "min_sensitivity"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("least", [0.3, 0.6])
@pytest.mark.parametrize(("name", "option"), FIXED)
def test_one_rate_where_another_is_held(torchmetrics, name, option, least, kind):
    target, preds, sizes = KINDS[kind]
    value, _ = of_torch(torchmetrics, name, kind, thresholds=None, **{option: least})
    found = getattr(jm.metrics, name)(target, preds, capacity=N, **sizes, **{option: least})
    assert_close(found.value, value)


def test_equal_errors(torchmetrics):
    target, preds, _ = KINDS["binary"]
    # Theirs is the mean of both errors at the nearest point; ours lies on the line between two.
    assert_close(
        jm.metrics.eer(target, preds, capacity=N), of_torch(torchmetrics, "eer", "binary"), rtol=0.1
    )


@pytest.mark.parametrize("kind", KINDS)
def test_log_auc(torchmetrics, kind):
    target, preds, sizes = KINDS[kind]
    options = {"average": None} if sizes else {}
    expected = of_torch(torchmetrics, "logauc", kind, fpr_range=(0.05, 0.5), **options)
    found = jm.metrics.log_auc(
        target, preds, fpr_range=(0.05, 0.5), average=None, capacity=N, **sizes
    )
    assert_close(found, expected, rtol=1e-3)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("bins", [5, 15])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_calibration_error(torchmetrics, kind, bins, norm):
    target, preds, sizes = KINDS[kind]
    preds = preds * 0.9 + 0.033 if kind == "binary" else preds
    torch = pytest.importorskip("torch")
    function = getattr(torchmetrics, f"{kind}_calibration_error")
    expected = function(
        torch.tensor(np.float32(preds)), torch.tensor(target), n_bins=bins, norm=norm, **sizes
    )
    found = jm.metrics.calibration_error(target, preds, num_bins=bins, norm=norm, **sizes)
    assert_close(found, expected, rtol=1e-4)


@pytest.mark.parametrize("squared", [False, True])
def test_hinge_loss(torchmetrics, squared):
    torch = pytest.importorskip("torch")
    target, preds, sizes = KINDS["multiclass"]
    arguments = torch.tensor(np.float32(preds)), torch.tensor(target)
    expected = torchmetrics.multiclass_hinge_loss(*arguments, **sizes, squared=squared)
    assert_close(jm.metrics.hinge_loss(target, preds, **sizes, squared=squared), expected)
    each = torchmetrics.multiclass_hinge_loss(
        *arguments, **sizes, squared=squared, multiclass_mode="one-vs-all"
    )
    found = jm.metrics.hinge_loss(target, preds, **sizes, squared=squared, strategy="one-vs-all")
    assert_close(found, np.sum(np.asarray(each)))
    target, preds, _ = KINDS["binary"]
    expected = of_torch(torchmetrics, "hinge_loss", "binary", squared=squared)
    assert_close(jm.metrics.hinge_loss(target, preds, squared=squared), expected)


RANKING = [
    ("coverage_error", "coverage_error"),
    ("label_ranking_average_precision", "ranking_average_precision"),
    ("label_ranking_loss", "ranking_loss"),
]


@pytest.mark.parametrize(("ours", "theirs"), RANKING)
def test_ranking(torchmetrics, ours, theirs):
    target, preds, _ = KINDS["multilabel"]
    expected = of_torch(torchmetrics, theirs, "multilabel")
    assert_close(getattr(jm.metrics, ours)(target, preds), expected)


def test_where_the_numbers_differ(torchmetrics):
    """What the guides say of the differences."""
    torch = pytest.importorskip("torch")

    def both(ours, theirs, target, preds, own=None, **options):
        value = theirs(torch.tensor(preds), torch.tensor(target), **options)
        found = ours(np.array(target), np.array(preds), **(own or options))
        return pytest.approx((float(found), float(value)), rel=1e-5)

    area, their_area = jm.metrics.auroc, torchmetrics.binary_auroc
    target, preds = [1, 0, 0, 1], [1.0, 0.0, 1.0, 0.0]
    assert (0.5, 0.375) == both(area, their_area, target, preds, thresholds=5)
    target, preds = [1, 0, 1, 0, 0, 0], [0.9, 0.9, 0.1, 0.1, 0.1, 0.1]
    eer, their_eer = jm.metrics.eer, torchmetrics.binary_eer
    assert (0.4, 0.375) == both(eer, their_eer, target, preds, own={"capacity": 6})
    error, their_error = jm.metrics.calibration_error, torchmetrics.binary_calibration_error
    for norm, expected in {"l1": (0.45, 0.45), "max": (0.45, 0.9)}.items():
        own, options = {"num_bins": 2, "norm": norm}, {"n_bins": 2, "norm": norm}
        assert expected == both(error, their_error, [1, 0], [1.0, 0.9], own=own, **options)


# -- Keras ----------------------------------------------------------------------------------------


def test_keras_area(keras):
    rng = np.random.default_rng(1)
    # Scores between the thresholds, whose ends Keras moves outward by 1e-7.
    target, preds = rng.integers(0, 2, N), rng.uniform(0.01, 0.99, N)
    weight = rng.uniform(0.5, 2, N)
    metric = keras.metrics.AUC(num_thresholds=51)
    metric.update_state(target, preds, sample_weight=weight)
    found = jm.metrics.auroc(target, preds, sample_weight=weight, thresholds=51)
    assert_close(found, metric.result(), rtol=1e-4)


def interpolated_area(target, preds):
    """The interpolated area of Keras over 200 thresholds, in float64."""
    thresholds = np.concatenate([[-1e-7], np.arange(1, 199) / 199, [1 + 1e-7]])
    above = preds > thresholds[:, None]
    tp, said = above[:, target == 1].sum(1), above.sum(1)
    slope = -np.diff(tp) / np.maximum(-np.diff(said), 1)
    offset = tp[1:] - slope * said[1:]
    ratio = np.where(said[1:] > 0, said[:-1] / np.maximum(said[1:], 1), 1)
    return (slope * (-np.diff(tp) + offset * np.log(ratio))).sum() / target.sum()


@pytest.mark.parametrize("method", ["interpolation", "minoring", "majoring"])
def test_keras_precision_recall_area(keras, method):
    rng = np.random.default_rng(0)
    for share in (0.02, 0.3, 0.9):
        target = (rng.uniform(size=400) < share).astype(int)
        preds = np.float32(0.98 * rng.uniform(size=400) + 0.01 * target)
        metric = keras.metrics.AUC(curve="PR", num_thresholds=200, summation_method=method)
        metric.update_state(target, preds)
        found = jm.metrics.average_precision(target, preds, thresholds=200, summation_method=method)
        # The offsets of Keras cancel: with few positives its float32 is off by some 1e-4, and by
        # how much depends on the processor.
        rtol = 2e-3 if method == "interpolation" else 2e-6
        np.testing.assert_allclose(found, float(metric.result()), rtol=rtol)
        if method == "interpolation":
            exact = interpolated_area(target, preds)
            np.testing.assert_allclose(found, exact, rtol=2e-6)


def test_keras_log_loss(keras):
    rng = np.random.default_rng(1)
    target, preds, _ = KINDS["multiclass"]
    metric = keras.metrics.SparseCategoricalCrossentropy()
    metric.update_state(target, preds)
    assert_close(jm.metrics.log_loss(target, preds, num_classes=C), metric.result(), rtol=1e-4)
    target, preds = rng.integers(0, 2, N), rng.uniform(0.01, 0.99, N)
    metric = keras.metrics.BinaryCrossentropy()
    metric.update_state(target, preds)
    assert_close(jm.metrics.log_loss(target, preds), metric.result(), rtol=1e-4)


@pytest.mark.parametrize(
    ("theirs", "name", "option"),
    [
        ("RecallAtPrecision", "recall_at_fixed_precision", "min_precision"),
        ("PrecisionAtRecall", "precision_at_fixed_recall", "min_recall"),
        ("SensitivityAtSpecificity", "sensitivity_at_specificity", "min_specificity"),
        ("SpecificityAtSensitivity", "specificity_at_sensitivity", "min_sensitivity"),
    ],
)
def test_keras_rates(keras, theirs, name, option):
    rng = np.random.default_rng(1)
    target, preds = np.arange(N) % 2, rng.uniform(0.01, 0.99, N)
    metric = getattr(keras.metrics, theirs)(0.45, num_thresholds=51)
    metric.update_state(target, preds)
    found = getattr(jm.metrics, name)(target, preds, thresholds=51, **{option: 0.45})
    assert_close(found.value, metric.result())


def test_torcheval_formulas():
    """Normalized entropy and calibration as torcheval writes them down."""
    rng = np.random.default_rng(1)
    target, preds, weight = rng.integers(0, 2, N), rng.uniform(size=N), rng.uniform(size=N)
    crossentropy = -(target * np.log(preds) + (1 - target) * np.log(1 - preds))
    share = (weight * target).sum() / weight.sum()
    baseline = -share * np.log(share) - (1 - share) * np.log(1 - share)
    expected = (weight * crossentropy).sum() / weight.sum() / baseline
    assert_close(jm.metrics.normalized_entropy(target, preds, sample_weight=weight), expected)
    expected = (weight * preds).sum() / (weight * target).sum()
    assert_close(jm.metrics.weighted_calibration(target, preds, sample_weight=weight), expected)
    expected = (weight * target).sum() / weight.sum()
    assert_close(jm.metrics.click_through_rate(target, sample_weight=weight), expected)
