"""Mean errors against scikit-learn and formulas in float64."""

import jax
import numpy as np
import pytest
from scipy.special import xlogy
from sklearn import metrics as sk

from jax_metrics import metrics as jm

rng = np.random.default_rng(1)
TARGET = rng.gamma(2, size=(24, 3))
PREDS = TARGET * rng.uniform(0.3, 3, size=(24, 3))
WEIGHT = rng.uniform(0, 2, 24)
MASK = rng.random(24) < 0.6


def log_cosh(target, preds):
    return np.log(np.cosh(preds - target))


def symmetric(target, preds):
    return 2 * np.abs(target - preds) / (np.abs(target) + np.abs(preds))


def elementwise(values):
    def score(target, preds, sample_weight=None, multioutput="uniform_average"):
        means = np.average(values(target, preds), axis=0, weights=sample_weight)
        return means if multioutput == "raw_values" else means.mean()

    return score


def of_columns(score, **options):
    """Applies a score of one output to several."""

    def scores(target, preds, sample_weight=None, multioutput="uniform_average"):
        if target.ndim > 1 and multioutput == "raw_values":
            pairs = zip(target.T, preds.T, strict=True)
            return [score(t, p, sample_weight=sample_weight, **options) for t, p in pairs]
        if target.ndim > 1 and sample_weight is not None:
            sample_weight = np.repeat(sample_weight, target.shape[1])
        return score(target.ravel(), preds.ravel(), sample_weight=sample_weight, **options)

    return scores


def pinball(alpha):
    def score(*args, **kwargs):
        return sk.mean_pinball_loss(*args, alpha=alpha, **kwargs)

    return score


def tweedie(power):
    return of_columns(sk.mean_tweedie_deviance, power=power)


def weighted_share(target, preds, sample_weight=None):
    weight = 1 if sample_weight is None else sample_weight
    return (np.abs(target - preds) * weight).sum() / (np.abs(target) * weight).sum()


ERRORS = [
    (jm.mean_squared_error, {}, sk.mean_squared_error),
    (jm.mean_absolute_error, {}, sk.mean_absolute_error),
    (jm.mean_absolute_percentage_error, {}, sk.mean_absolute_percentage_error),
    (jm.symmetric_mean_absolute_percentage_error, {}, elementwise(symmetric)),
    (jm.weighted_mean_absolute_percentage_error, {}, of_columns(weighted_share)),
    (jm.mean_squared_logarithmic_error, {}, sk.mean_squared_log_error),
    (jm.log_cosh_error, {}, elementwise(log_cosh)),
    (jm.mean_pinball_loss, {"alpha": 0.1}, pinball(0.1)),
    *(
        (jm.tweedie_deviance_score, {"power": power}, tweedie(power))
        for power in (-1, 0, 1, 1.2, 1.9, 2, 2.5, 3)
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [None, 3])
@pytest.mark.parametrize(("metric", "options", "reference"), ERRORS)
def test_grid(metric, options, reference, outputs):
    multioutput = "uniform_average" if outputs is None else "raw_values"
    actual = metric(TARGET, PREDS, num_outputs=outputs, **options)
    expected = reference(TARGET, PREDS, multioutput=multioutput)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    target = np.where(MASK[:, None], TARGET, np.nan)
    actual = metric(target, PREDS, num_outputs=outputs, sample_weight=WEIGHT, mask=MASK, **options)
    weight = WEIGHT * MASK
    expected = reference(TARGET, PREDS, sample_weight=weight, multioutput=multioutput)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize(("metric", "options", "_"), ERRORS)
def test_no_rows_and_nan_rows_give_nan(metric, options, _):
    assert np.isnan(metric(TARGET, PREDS, mask=np.zeros(24, bool), **options))
    preds = PREDS.copy()
    preds[3, 1] = np.nan
    actual = metric(TARGET, preds, num_outputs=3, **options)
    assert np.isnan(actual).tolist() == [False, True, False]


def test_percentage_errors_of_targets_that_are_zero():
    target, preds = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1e-9, 2.0])
    expected = (0 + 1e-9 / 1e-7 + 1) / 3
    actual = jm.mean_absolute_percentage_error(target, preds)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    actual = jm.mean_absolute_percentage_error(target, preds, epsilon=1e-3)
    np.testing.assert_allclose(actual, 1 / 3, rtol=1e-5)
    assert jm.symmetric_mean_absolute_percentage_error(target, 0 * target) == np.float32(2 / 3)
    assert jm.weighted_mean_absolute_percentage_error(target[:2], preds[:2]) == np.inf
    assert np.isnan(jm.weighted_mean_absolute_percentage_error(target[:2], target[:2]))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_logarithmic_error_of_numbers_close_together_and_far_apart(scale):
    target = np.float32(scale * TARGET)
    for preds in (target * np.float32(1.001), target * np.float32(1e9), -0.9 + 0 * target):
        expected = ((np.log1p(np.float64(target)) - np.log1p(np.float64(preds))) ** 2).mean()
        actual = jm.mean_squared_logarithmic_error(target, preds)
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize("power", [1, 1.5, 2, 3])
@pytest.mark.parametrize("ratio", [1e-9, 0.1, 0.6, 0.9999, 1.0001, 1.4, 1.7, 10, 1e9])
def test_deviance_of_numbers_close_together_and_far_apart(power, ratio):
    # By a series: at a ratio of 1.0001 all digits of the usual formula cancel in float32.
    target = np.float32([3.0, 1e4])
    preds = np.float32(target * ratio)
    t, p = np.longdouble(target), np.longdouble(preds)
    if power == 1:
        expected = 2 * (t * np.log(t / p) - t + p)
    elif power == 2:
        expected = 2 * (np.log(p / t) + t / p - 1)
    else:
        a = 2 - power
        expected = 2 * (t**a / (-(1 - a) * a) + t * p ** (a - 1) / (1 - a) + p**a / a)
    actual = jm.tweedie_deviance_score(target, preds, power=power)
    np.testing.assert_allclose(actual, float(expected.mean()), rtol=1e-5)


def test_deviance_of_zero_and_negative_targets():
    preds = np.array([0.5, 2.0])
    for power in (1, 1.5):
        actual = jm.tweedie_deviance_score(np.zeros(2), preds, power=power)
        expected = sk.mean_tweedie_deviance(np.zeros(2), preds, power=power)
        np.testing.assert_allclose(actual, expected, rtol=1e-5)
    target = np.array([-3.0, 0.0])
    actual = jm.tweedie_deviance_score(target, preds, power=-1)
    np.testing.assert_allclose(actual, sk.mean_tweedie_deviance(target, preds, power=-1), rtol=1e-5)
    assert xlogy(0, 0) == jm.tweedie_deviance_score(preds, preds, power=1) == 0


BAD_OPTIONS = [
    (jm.MeanAbsoluteError, {"num_outputs": 0}, "num_outputs must be greater than 0"),
    (jm.MeanAbsolutePercentageError, {"epsilon": 0}, "epsilon must be greater than 0"),
    (jm.MeanPinballLoss, {"alpha": 2}, "alpha must lie between 0 and 1"),
    (jm.TweedieDevianceScore, {"power": 0.5}, "power=0.5 has no distribution"),
    (jm.D2TweedieScore, {"power": 0.5, "capacity": 4}, "power=0.5 has no distribution"),
    (jm.D2PinballScore, {"alpha": -1, "capacity": 4}, "alpha must lie between 0 and 1"),
    (jm.MinkowskiDistance, {"p": 0.5}, "p must be 1 or more, but is 0.5"),
    (jm.MinkowskiDistance, {"p": np.nan}, "p must be 1 or more, but is nan"),
    (jm.CosineSimilarity, {"reduction": "max"}, "reduction must be one of 'mean', 'sum', 'none'"),
    (jm.CosineSimilarity, {"reduction": "none"}, "got capacity=None: .*needs a capacity"),
    (
        jm.KLDivergence,
        {"capacity": 4},
        "reduction='mean'. got capacity=4: .*leave the capacity out",
    ),
    (jm.R2Score, {"adjusted": -1}, "adjusted must be 0 or a number of regressors, but is -1"),
    (jm.R2Score, {"multioutput": "mean"}, "multioutput must be one of 'raw_values'"),
    (jm.MeanSquaredError, {"multioutput": "mean"}, "multioutput must be one of 'raw_values'"),
    (jm.R2Score, {"multioutput": [1.0, 2.0]}, r"num_outputs=None outputs, but its shape is \[2\]"),
    (
        jm.MeanAbsoluteError,
        {"num_outputs": 3, "multioutput": [1.0, 2.0]},
        r"or a weight for each of num_outputs=3 outputs, but its shape is \[2\]",
    ),
    *(
        (jm.R2Score, {"num_outputs": 2, "multioutput": weights}, "finite, not negative, and not")
        for weights in ([-1, 2], [0, 0], [np.inf, 1])
    ),
    (
        jm.NormalizedRootMeanSquaredError,
        {"normalization": "max"},
        "normalization must be one of 'mean', 'range'",
    ),
    (jm.KendallRankCorrCoef, {"capacity": 4, "variant": "d"}, "variant must be one of 'a', 'b'"),
    (jm.SpearmanCorrCoef, {"capacity": 4, "alternative": "both"}, "alternative must be one of"),
    (jm.SpearmanCorrCoef, {"capacity": 0}, "needs a capacity of at least 1; got 0"),
]


@pytest.mark.parametrize(("metric", "options", "text"), BAD_OPTIONS)
def test_invalid_options(metric, options, text):
    with pytest.raises(ValueError, match=text):
        metric(**options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (jm.root_mean_squared_error, sk.root_mean_squared_error),
        (jm.r2_score, sk.r2_score),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (
                (jm.root_mean_squared_logarithmic_error, sk.root_mean_squared_log_error),
                (jm.mean_absolute_percentage_error, sk.mean_absolute_percentage_error),
                (jm.explained_variance, sk.explained_variance_score),
            )
        ),
    ],
)
def test_outputs_become_one(metric, reference):
    for multioutput in ([0.5, 0, 3], np.array([1.0, 2, 3]), "uniform_average"):
        actual = metric(TARGET, PREDS, num_outputs=3, multioutput=multioutput)
        expected = reference(TARGET, PREDS, multioutput=multioutput)
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.parametrize("p", [1, 1.5, 2, 4])
def test_minkowski(p):
    expected = (np.abs(TARGET - PREDS) ** p * WEIGHT[:, None]).sum() ** (1 / p)
    actual = jm.minkowski_distance(TARGET, PREDS, p=p, sample_weight=WEIGHT)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    assert jm.MinkowskiDistance(p=p).compute() == 0


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_minkowski_of_powers_that_overflow(scale):
    metric = jm.MinkowskiDistance(p=8)
    for part in (slice(0, 10), slice(10, 24)):
        metric.update(target=scale * TARGET[part], preds=scale * PREDS[part])
    expected = scale * ((TARGET - PREDS) ** 8).sum() ** (1 / 8)
    np.testing.assert_allclose(metric.compute(), expected, rtol=1e-5)
    metric.update(target=np.zeros(3), preds=np.array([1.0, np.inf, np.inf]))
    assert metric.compute() == np.inf
    assert np.isnan(metric.update(target=np.zeros(1), preds=np.array([np.nan])).compute())


def test_minkowski_of_an_infinite_power():
    metric, included = jm.MinkowskiDistance(p=np.inf), np.where(MASK, 2, 0)
    assert metric.compute() == 0
    metric.update(target=TARGET[:10], preds=PREDS[:10], sample_weight=included[:10])
    metric.update(target=TARGET[10:], preds=PREDS[10:], sample_weight=included[10:])
    expected = np.abs(TARGET - PREDS)[MASK].max()
    np.testing.assert_allclose(metric.compute(), expected, rtol=1e-6)
    assert np.isnan(metric.update(target=np.zeros(1), preds=np.array([np.nan])).compute())


def test_max_error():
    expected = np.abs(TARGET - PREDS)[MASK].max(0)
    np.testing.assert_allclose(
        jm.max_error(TARGET, PREDS, mask=MASK, num_outputs=3), expected, rtol=1e-6
    )
    np.testing.assert_allclose(
        jm.max_error(TARGET, PREDS, sample_weight=1.0 * MASK), expected.max(), rtol=1e-6
    )
    assert np.isnan(jm.MaxError().compute())
    assert np.isnan(jm.max_error(np.array([1.0, np.nan]), np.zeros(2)))
    assert jm.max_error(np.ones(2), np.ones(2)) == 0


@pytest.mark.parametrize("offset", [0, 1e6])
def test_ranked_probability(offset):
    target = np.float32(TARGET[:, 0] + offset)
    preds = np.float32(rng.normal(size=(24, 9)) + offset)
    preds[:12] = preds[:12].round()  # ties, some of them with the target
    target[:12] = target[:12].round()
    t, p = np.float64(target), np.float64(preds)
    pairs = np.abs(p[:, :, None] - p[:, None, :]).mean((1, 2))
    expected = np.abs(p - t[:, None]).mean(-1) - pairs / 2
    actual = jm.continuous_ranked_probability_score(target, preds)
    np.testing.assert_allclose(actual, expected.mean(), rtol=1e-5)
    actual = jm.continuous_ranked_probability_score(target, preds, sample_weight=WEIGHT)
    np.testing.assert_allclose(actual, np.average(expected, weights=WEIGHT), rtol=1e-5)
    actual = jm.continuous_ranked_probability_score(target, preds[:, :1])
    np.testing.assert_allclose(actual, np.abs(t - p[:, 0]).mean(), rtol=1e-5)


@pytest.mark.parametrize("offset", [0, 1e6])
def test_fair_ranked_probability(offset):
    target = np.float32(TARGET[:, 0] + offset)
    preds = np.float32(rng.normal(size=(24, 9)) + offset)
    t, p = np.float64(target), np.float64(preds)
    pairs = np.abs(p[:, :, None] - p[:, None, :]).sum((1, 2)) / (9 * 8)
    expected = (np.abs(p - t[:, None]).mean(-1) - pairs / 2).mean()
    actual = jm.continuous_ranked_probability_score(target, preds, fair=True)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)


def test_fair_ranked_probability_of_one_member():
    with pytest.raises(ValueError, match=r"must have two or more, but are \[2, 1\]"):
        jm.continuous_ranked_probability_score(np.zeros(2), np.zeros((2, 1)), fair=True)


def test_poisson():
    target = np.floor(TARGET)
    expected = np.average(PREDS - target * np.log(PREDS + 1e-7), axis=0, weights=WEIGHT)
    options = {"sample_weight": WEIGHT, "num_outputs": 3}
    np.testing.assert_allclose(jm.poisson(target, PREDS, **options), expected, rtol=1e-5)
    actual = jm.poisson(target, np.log(PREDS), log_rate=True, **options)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    assert jm.poisson(np.array([0, 2]), np.array([0.0, 1.0])) == 0.5
    assert jm.poisson(np.array([1]), np.array([0.0])) == np.inf


@pytest.mark.slow
def test_values_of_rows():
    rows = {"target": TARGET.reshape(4, 6, 3), "preds": PREDS.reshape(4, 6, 3)}
    t, p = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (TARGET, PREDS))
    expected = (t * p).sum(-1)
    actual = jm.cosine_similarity(**rows, reduction="none")
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    metric = jm.CosineSimilarity(reduction="none", capacity=24)
    for part in (slice(0, 10), slice(10, 24)):
        metric.update(target=TARGET[part], preds=PREDS[part], mask=MASK[part])
    kept = expected[MASK]
    np.testing.assert_allclose(metric.compute()[: len(kept)], kept, rtol=1e-5)
    assert np.isnan(metric.compute()[len(kept) :]).all()
    metric.update(target=TARGET, preds=PREDS)
    assert metric.overflowed
    assert np.isnan(metric.compute()).all()
    assert not jm.CosineSimilarity().overflowed


@pytest.mark.slow
@pytest.mark.parametrize("metric", [jm.kl_divergence, jm.jensen_shannon_divergence])
def test_divergences_of_rows(metric):
    target, preds = TARGET[:5], PREDS[:5]
    each = metric(target, preds, reduction="none")
    expected = [metric(t[None], p[None]) for t, p in zip(target, preds, strict=True)]
    np.testing.assert_allclose(each, expected, rtol=1e-5)


@pytest.mark.parametrize("shape", [(), (24, 0)])
def test_ranked_probability_without_members(shape):
    with pytest.raises(ValueError, match="'members'"):
        jm.continuous_ranked_probability_score(np.zeros(shape[:-1]), np.zeros(shape))


def test_critical_success():
    target, preds = TARGET[:, 0] > 1, PREDS[:, 0] > 1
    expected = sk.jaccard_score(target, preds, sample_weight=WEIGHT)
    actual = jm.critical_success_index(TARGET[:, 0], PREDS[:, 0], threshold=1, sample_weight=WEIGHT)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    none = jm.CriticalSuccessIndex(threshold=1e9, zero_division=np.nan)
    assert np.isnan(none(target=TARGET, preds=PREDS))
    assert jm.critical_success_index(TARGET, PREDS, threshold=1e9) == 0
    assert jm.critical_success_index([1.0], [1.0], threshold=1) == 1


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


@pytest.mark.parametrize("log_prob", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_divergences(log_prob, reduction):
    target, preds = softmax(TARGET), softmax(PREDS)
    target[0], target[1] = [0, 0.25, 0.75], [0, 1, 0]
    middle = (target + preds) / 2
    kl = (xlogy(target, target) - xlogy(target, preds)).sum(-1)
    js = (xlogy(target, target) + xlogy(preds, preds) - 2 * xlogy(middle, middle)).sum(-1) / 2
    with np.errstate(divide="ignore"):
        given = (np.log(target), np.log(preds)) if log_prob else (3 * target, 5 * preds)
    for metric, values in ((jm.kl_divergence, kl), (jm.jensen_shannon_divergence, js)):
        actual = metric(*given, log_prob=log_prob, reduction=reduction, sample_weight=WEIGHT)
        expected = (values * WEIGHT).sum() / (WEIGHT.sum() if reduction == "mean" else 1)
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


@pytest.mark.slow
def test_divergence_of_probability_zero():
    target, preds = np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])
    assert jm.kl_divergence(target, preds) == np.inf
    assert jm.kl_divergence(preds, target) == np.float32(np.log(2))
    with pytest.raises(ValueError, match="not all 0"):
        jm.kl_divergence(target, 0 * preds)
    traced = jax.jit(jm.kl_divergence)(target, -preds)
    assert np.isnan(traced)
    assert np.isnan(jm.KLDivergence().compute())
    assert jm.KLDivergence(reduction="sum").compute() == 0


def test_cosine_similarity():
    cosine = (TARGET * PREDS).sum(-1) / np.linalg.norm(TARGET, axis=-1)
    cosine /= np.linalg.norm(PREDS, axis=-1)
    actual = jm.cosine_similarity(TARGET, PREDS * 1e30, sample_weight=WEIGHT)
    np.testing.assert_allclose(actual, np.average(cosine, weights=WEIGHT), rtol=1e-5)
    actual = jm.cosine_similarity(TARGET, -PREDS, mask=MASK, reduction="sum")
    np.testing.assert_allclose(actual, -cosine[MASK].sum(), rtol=1e-5)
    assert jm.cosine_similarity(TARGET, 0 * PREDS) == 0
