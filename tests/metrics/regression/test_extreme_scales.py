"""Scores that do not depend on the unit are right for numbers from 1e-30 to 1e30."""

import jax
import numpy as np
import pytest
from sklearn import metrics as sk

from jax_metrics import metrics as jm
from jax_metrics.losses import triplet_margin

SCALES = [1e-30, 1e-19, 1e-8, 1.0, 1e8, 1e19, 1e30]
rng = np.random.default_rng(0)
TARGET = rng.gamma(2, size=24)
PREDS = TARGET * np.exp(0.3 * rng.normal(size=24))
WEIGHT = rng.uniform(size=24)
SPREAD = np.std(TARGET)
RMSE = np.sqrt(np.mean((TARGET - PREDS) ** 2))
COVARIANCE = np.cov(TARGET, PREDS, ddof=0)
CCC = 2 * COVARIANCE[0, 1] / (np.trace(COVARIANCE) + (TARGET - PREDS).mean() ** 2)

SCORES = {
    "r2": (jm.R2Score(), sk.r2_score(TARGET, PREDS)),
    "explained": (jm.ExplainedVariance(), sk.explained_variance_score(TARGET, PREDS)),
    "pearson": (jm.PearsonCorrCoef(), np.corrcoef(TARGET, PREDS)[0, 1]),
    "concordance": (jm.ConcordanceCorrCoef(), CCC),
    "relative": (jm.RelativeSquaredError(squared=False), RMSE / SPREAD),
    **{
        f"normalized by {name}": (
            jm.NormalizedRootMeanSquaredError(normalization=name),
            RMSE / size,
        )
        for name, size in {"mean": TARGET.mean(), "range": np.ptp(TARGET), "std": SPREAD}.items()
    },
    "d2": (jm.D2TweedieScore(power=0, capacity=24), sk.r2_score(TARGET, PREDS)),
    "d2 gamma": (
        jm.D2TweedieScore(power=2, capacity=24),
        sk.d2_tweedie_score(TARGET, PREDS, power=2),
    ),
    **{
        f"d2 of power {power}": (
            jm.D2TweedieScore(power=power, capacity=24),
            sk.d2_tweedie_score(TARGET, PREDS, power=power),
        )
        for power in (-4.5, -3, 3, 8)
    },
}


def split(metric, target, preds, **options):
    for part in (slice(0, 7), slice(7, 24)):
        given = {name: value[part] for name, value in options.items()}
        metric.update(target=target[part], preds=preds[part], **given)
    return metric.compute()


@pytest.mark.slow
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", SCORES)
def test_scores_do_not_depend_on_the_unit(name, scale):
    metric, expected = SCORES[name]
    metric = metric.neutral()
    target, preds = np.float32(TARGET * scale), np.float32(PREDS * scale)
    np.testing.assert_allclose(split(metric, target, preds), expected, rtol=3e-6)
    whole = metric.batch_updates(target=target, preds=preds)
    np.testing.assert_allclose(whole.compute(), expected, rtol=3e-6)


@pytest.mark.slow
@pytest.mark.parametrize("scale", SCALES)
def test_errors_in_the_unit_itself(scale):
    target, preds = np.float32(TARGET * scale), np.float32(PREDS * scale)
    weighted = np.sqrt(np.average((TARGET - PREDS) ** 2, weights=WEIGHT))
    value = split(jm.RootMeanSquaredError(), target, preds, sample_weight=WEIGHT)
    np.testing.assert_allclose(value / scale, weighted, rtol=3e-6)
    outputs = np.stack([target, np.float32(TARGET)], -1), np.stack([preds, np.float32(PREDS)], -1)
    both = jm.root_mean_squared_error(*outputs, num_outputs=2)
    np.testing.assert_allclose(np.asarray(both) / [scale, 1], RMSE, rtol=3e-6)
    std = jm.Std().update(target[:7]).update(target[7:]).compute()
    np.testing.assert_allclose(std / scale, SPREAD, rtol=3e-6)
    error = jm.StandardError(ddof=0)(target)
    np.testing.assert_allclose(error / scale, SPREAD / np.sqrt(24), rtol=3e-6)
    distance = jm.minkowski_distance(target, preds, p=2)
    np.testing.assert_allclose(distance / scale, RMSE * np.sqrt(24), rtol=3e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_opposite_numbers(scale):
    target, preds = np.arange(1.0, 5) * scale, np.arange(4.0, 0, -1) * scale
    np.testing.assert_allclose(jm.concordance_corrcoef(target, preds), -1, rtol=1e-6)
    assert jm.concordance_corrcoef(target, preds) >= -1
    np.testing.assert_allclose(jm.pearson_corrcoef(target, preds), -1, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("multioutput", ["raw_values", "variance_weighted", "uniform_average"])
def test_outputs_of_very_different_units(multioutput):
    units = np.array([1e-30, 1.0, 1e25])
    options = {"num_outputs": 3, "multioutput": multioutput}
    target, preds = TARGET[:, None] * units, PREDS[:, None] * units
    expected = sk.r2_score(TARGET, PREDS)
    np.testing.assert_allclose(jm.r2_score(target, preds, **options), expected, rtol=3e-6)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_masked_rows_of_another_unit(scale):
    target, preds = np.float32(TARGET * scale), np.float32(PREDS * scale)
    mask = np.arange(24) % 3 != 0
    target[~mask], preds[~mask] = 1e10, -1e10
    value = split(jm.R2Score(), target, preds, mask=mask)
    np.testing.assert_allclose(value, sk.r2_score(TARGET[mask], PREDS[mask]), rtol=3e-6)


@pytest.mark.slow
def test_batches_of_different_units():
    small, large = np.float32(TARGET * 1e-25), np.float32(TARGET * 1e25)
    for first, second in ((small, large), (large, small)):
        std = jm.Std().update(first).update(second).compute()
        both = np.concatenate([first, second]).astype(np.float64)
        np.testing.assert_allclose(std, both.std(), rtol=3e-6)
        rmse = jm.RootMeanSquaredError()
        for part in (first, second):
            rmse.update(target=part, preds=0 * part)
        np.testing.assert_allclose(rmse.compute(), np.sqrt((both**2).mean()), rtol=3e-6)


@pytest.mark.slow
def test_extreme_scales_in_scans_and_over_devices():
    target = np.float32(TARGET * 1e-25).reshape(4, 6)
    preds = np.float32(PREDS * 1e-25).reshape(4, 6)

    def update(metric, batch):
        return metric.update(target=batch[0], preds=batch[1])

    for metric, expected in (SCORES["r2"], (jm.RootMeanSquaredError(), RMSE * 1e-25)):
        start, batches = metric.neutral(), (target, preds)
        scanned, _ = jax.lax.scan(lambda m, b: (update(m, b), None), start, batches)
        np.testing.assert_allclose(scanned.compute(), expected, rtol=3e-6)
        stacked = jax.vmap(update, (None, 0))(start, batches)
        np.testing.assert_allclose(stacked.reduce().compute(), expected, rtol=3e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e-19, 1.0, 1e19, 1e30])
@pytest.mark.parametrize("p", [2.0, 3.0])
def test_distances_of_vectors(scale, p):
    anchor, positive, negative = rng.normal(size=(3, 4, 5))
    near, far = (np.linalg.norm(anchor - x, p, axis=-1) for x in (positive, negative))
    inputs = (np.float32(x * scale) for x in (anchor, positive, negative))
    loss = triplet_margin(next(inputs), next(inputs), negative=next(inputs), p=p, margin=0.0)
    np.testing.assert_allclose(loss / scale, np.maximum(near - far, 0), rtol=1e-5, atol=1e-6)
