"""Metrics of predicted numbers against those of TorchMetrics and Keras, over grids of options."""

import numpy as np
import pytest

from jax_metrics import metrics as jm

pytest.importorskip("torch")

rng = np.random.default_rng(0)
N, K = 24, 3
TARGET = rng.gamma(2, size=(N, K))
PREDS = TARGET * rng.uniform(0.4, 2.5, size=(N, K))
WEIGHT = rng.uniform(0.5, 2, N)
SHARES = TARGET / TARGET.sum(-1, keepdims=True), PREDS / PREDS.sum(-1, keepdims=True)


def assert_close(found, expected, rtol=1e-5):
    np.testing.assert_allclose(found, np.asarray(expected), rtol=rtol, atol=1e-6)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def peer(torch):
    return pytest.importorskip("torchmetrics.functional")


@pytest.fixture
def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("Keras runs with another backend.")
    return keras


ERRORS = [
    ("mean_squared_error", "mean_squared_error", {}, {}),
    ("root_mean_squared_error", "mean_squared_error", {}, {"squared": False}),
    ("mean_absolute_error", "mean_absolute_error", {}, {}),
    ("mean_absolute_percentage_error", "mean_absolute_percentage_error", {}, {}),
    (
        "symmetric_mean_absolute_percentage_error",
        "symmetric_mean_absolute_percentage_error",
        {},
        {},
    ),
    (
        "weighted_mean_absolute_percentage_error",
        "weighted_mean_absolute_percentage_error",
        {},
        {},
    ),
    ("mean_squared_logarithmic_error", "mean_squared_log_error", {}, {}),
    ("log_cosh_error", "log_cosh_error", {}, {}),
    *(("minkowski_distance", "minkowski_distance", {"p": p}, {"p": p}) for p in (1, 2, 3.5)),
    *(
        ("tweedie_deviance_score", "tweedie_deviance_score", {"power": p}, {"power": p})
        for p in (-1.0, 0.0, 1.0, 1.5, 2.0, 3.0)
    ),
    (
        "critical_success_index",
        "critical_success_index",
        {"threshold": 1.5},
        {"threshold": 1.5},
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "options", "their_options"), ERRORS)
def test_torchmetrics_errors(torch, peer, ours, theirs, options, their_options):
    target, preds = TARGET.ravel(), PREDS.ravel()
    if not hasattr(peer, theirs):
        peer = pytest.importorskip("torchmetrics.functional.regression")
    expected = getattr(peer, theirs)(torch.tensor(preds), torch.tensor(target), **their_options)
    assert_close(getattr(jm, ours)(target, preds, **options), expected)


OUTPUTS = [
    *(
        ("r2_score", "r2_score", {"multioutput": m}, {"multioutput": m})
        for m in ("raw_values", "uniform_average", "variance_weighted")
    ),
    ("r2_score", "r2_score", {"adjusted": 4}, {"adjusted": 4}),
    *(
        ("explained_variance", "explained_variance", {"multioutput": m}, {"multioutput": m})
        for m in ("raw_values", "uniform_average", "variance_weighted")
    ),
    ("pearson_corrcoef", "pearson_corrcoef", {}, {}),
    ("spearman_corrcoef", "spearman_corrcoef", {}, {}),
    *(
        ("kendall_rank_corrcoef", "kendall_rank_corrcoef", {"variant": v}, {"variant": v})
        for v in "bc"
    ),
    *(
        (
            "normalized_root_mean_squared_error",
            "normalized_root_mean_squared_error",
            {"normalization": n},
            {"normalization": n, "num_outputs": K},
        )
        for n in ("mean", "range", "std", "l2")
    ),
    ("mean_squared_error", "mean_squared_error", {}, {"num_outputs": K}),
    ("mean_absolute_error", "mean_absolute_error", {}, {"num_outputs": K}),
]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("ours", "theirs", "options", "their_options"), OUTPUTS)
def test_torchmetrics_outputs(torch, peer, ours, theirs, options, their_options, ties):
    target, preds = (x.round() if ties else x for x in (TARGET, PREDS))
    if not hasattr(peer, theirs):
        peer = pytest.importorskip("torchmetrics.functional.regression")
    expected = getattr(peer, theirs)(torch.tensor(preds), torch.tensor(target), **their_options)
    assert_close(getattr(jm, ours)(target, preds, num_outputs=K, **options), expected)


@pytest.mark.parametrize("squared", [False, True])
def test_torchmetrics_relative_squared_error(torch, peer, squared):
    # Theirs is the mean of the outputs.
    expected = peer.relative_squared_error(
        torch.tensor(PREDS), torch.tensor(TARGET), squared=squared
    )
    assert_close(
        jm.relative_squared_error(TARGET, PREDS, num_outputs=K, squared=squared).mean(), expected
    )


@pytest.mark.parametrize("ties", [False, True])
def test_torchmetrics_kendall_a(torch, peer, ties):
    # Theirs leaves tied pairs out, which makes it Goodman and Kruskal's gamma.
    target, preds = (x[:, 0].round() if ties else x[:, 0] for x in (TARGET, PREDS))
    expected = peer.kendall_rank_corrcoef(torch.tensor(preds), torch.tensor(target), variant="a")
    signs = np.sign(target[:, None] - target) * np.sign(preds[:, None] - preds)
    assert_close(signs.sum() / (signs**2).sum(), expected)
    found = jm.kendall_rank_corrcoef(target, preds, variant="a")
    assert_close(found, signs.sum() / (N * (N - 1)))
    assert ties != np.isclose(found, expected)


def test_torchmetrics_concordance(torch, peer):
    # Theirs divides variances and covariance by n - 1, but not the difference of the means.
    target, preds = TARGET[:, 0], PREDS[:, 0]
    expected = peer.concordance_corrcoef(torch.tensor(preds), torch.tensor(target))
    (a, c), (_, b) = np.cov(target, preds, ddof=1)
    assert_close(2 * c / (a + b + (target.mean() - preds.mean()) ** 2), expected)
    (a, c), (_, b) = np.cov(target, preds, ddof=0)
    found = jm.concordance_corrcoef(target, preds)
    assert_close(found, 2 * c / (a + b + (target.mean() - preds.mean()) ** 2))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_torchmetrics_rows(torch, peer, reduction):
    target, preds = SHARES
    expected = peer.cosine_similarity(
        torch.tensor(preds), torch.tensor(target), reduction=reduction
    )
    assert_close(jm.cosine_similarity(target, preds, reduction=reduction), expected)
    for log_prob in (False, True):
        ours = (np.log(target), np.log(preds)) if log_prob else (target, preds)
        theirs = [torch.tensor(x) for x in ours]
        options = {"log_prob": log_prob, "reduction": reduction}
        assert_close(jm.kl_divergence(*ours, **options), peer.kl_divergence(*theirs, **options))
        regression = pytest.importorskip("torchmetrics.functional.regression")
        expected = regression.jensen_shannon_divergence(*theirs, **options)
        assert_close(jm.jensen_shannon_divergence(*ours, **options), expected)


def test_torchmetrics_ranked_probability(torch):
    regression = pytest.importorskip("torchmetrics.functional.regression")
    target, preds = TARGET[:, 0], rng.normal(size=(N, 7))
    expected = regression.continuous_ranked_probability_score(
        torch.tensor(preds), torch.tensor(target)
    )
    assert_close(jm.continuous_ranked_probability_score(target, preds), expected)


KERAS = [
    ("MeanSquaredError", jm.MeanSquaredError, {}, 1),
    ("RootMeanSquaredError", jm.RootMeanSquaredError, {}, 1),
    ("MeanAbsoluteError", jm.MeanAbsoluteError, {}, 1),
    ("MeanAbsolutePercentageError", jm.MeanAbsolutePercentageError, {}, 0.01),
    ("MeanSquaredLogarithmicError", jm.MeanSquaredLogarithmicError, {}, 1),
    ("LogCoshError", jm.LogCoshError, {}, 1),
    ("CosineSimilarity", jm.CosineSimilarity, {}, 1),
    ("R2Score", jm.R2Score, {"num_outputs": K}, 1),
]


@pytest.mark.parametrize(("name", "metric", "options", "scale"), KERAS)
@pytest.mark.parametrize("weighted", [False, True])
def test_keras(keras, name, metric, options, scale, weighted):
    theirs, ours = getattr(keras.metrics, name)(), metric(**options)
    target, preds = np.float32(TARGET), np.float32(PREDS)
    for part in (slice(0, 7), slice(7, N)):
        weight = {"sample_weight": np.float32(WEIGHT[part])} if weighted else {}
        theirs.update_state(target[part], preds[part], **weight)
        ours.update(target=target[part], preds=preds[part], **weight)
    assert_close(ours.compute(), scale * np.asarray(theirs.result()), rtol=2e-5)


def test_keras_kl_divergence(keras):
    theirs = keras.metrics.KLDivergence()
    theirs.update_state(*map(np.float32, SHARES))
    assert_close(jm.kl_divergence(*SHARES), theirs.result())


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("PearsonCorrelation", jm.pearson_corrcoef),
        ("ConcordanceCorrelation", jm.concordance_corrcoef),
    ],
)
def test_keras_correlations_are_means_of_rows(keras, name, metric):
    target, preds = np.float32([[1, 2], [3, 4]]), np.float32([[1, 2], [4, 3]])
    theirs = getattr(keras.metrics, name)()
    theirs.update_state(target, preds)
    rows = [metric(t, p) for t, p in zip(target, preds, strict=True)]
    assert_close(np.mean(rows), theirs.result())
    assert abs(theirs.result()) < 1e-6
    assert_close(metric(target.ravel(), preds.ravel()), 0.8)
