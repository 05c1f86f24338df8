"""Integers that float32 would round are subtracted before they become floats, or refused."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as sk

import jax_metrics as jm
from jax_metrics import losses, metrics
from jax_metrics.arguments import subtract

BASE = 2_000_000_000  # as seconds since 1970; the next float32 is 128 away
STEPS, OTHERS = np.array([1, 2, 3, 9]), np.array([1, 3, 3, 5])
TARGET, PREDS = jnp.asarray(BASE + STEPS), jnp.asarray(BASE + OTHERS)
WEIGHT = np.array([1, 2, 0, 1], np.float32)
KINDS = {
    "int32": (TARGET, PREDS),
    "uint32": (TARGET.astype(jnp.uint32), PREDS.astype(jnp.uint32)),
    "both signs": (-TARGET, -PREDS),
    "floats of a different size": (TARGET, jnp.float32(BASE) + jnp.float32([0, 128, 0, 256])),
}


SCORES = {
    "retrieval": lambda p: metrics.retrieval_reciprocal_rank(np.array([[0, 1]]), p[None]),
    "indexes": lambda p: metrics.RetrievalMRR(capacity=2)(
        target=np.array([0, 1]), preds=p, indexes=np.zeros(2, int)
    ),
    "auroc": lambda p: metrics.auroc(np.array([0, 1]), p, from_logits=True),
    "ranking": lambda p: metrics.label_ranking_average_precision(np.array([[0, 1]]), p[None]),
}


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64])
@pytest.mark.parametrize("metric", SCORES)
def test_scores_that_rounding_would_make_equal_are_refused(metric, dtype):
    f = SCORES[metric]
    scores = np.array([2**24, 2**24 + 1], dtype)
    with pytest.raises(ValueError, match="preds holds integers that float32 would round. Subtract"):
        f(scores)
    assert jnp.isnan(jax.jit(f)(scores))
    assert f(scores - dtype(2**24)) == f(scores + np.array([0, 1], dtype)) == 1


def exact(values):
    return np.asarray(values).astype(np.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
def test_differences(kind, transform):
    target, preds = KINDS[kind]
    found = transform(subtract)(target, preds)
    np.testing.assert_array_equal(found, exact(target) - exact(preds))
    assert found.dtype == jnp.float32


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.int32, np.int64, jnp.int32])
def test_small_integers_and_floats_keep_their_digits(dtype):
    small = np.array([-4, 3, -1, 2**24 - 1, -(2**24)])
    target = jnp.asarray(small) if dtype is jnp.int32 else small.astype(dtype)
    preds = np.float32([-3.7, 3.1, 1e-4, 2**24, -(2**24)])
    np.testing.assert_allclose(subtract(target, preds), small - exact(preds), rtol=1e-7)
    np.testing.assert_allclose(subtract(preds, target), exact(preds) - small, rtol=1e-7)
    spread = metrics.Variance()(jnp.asarray(small[:3]))  # no digits lost below 0
    np.testing.assert_allclose(spread, small[:3].var(), rtol=1e-6)
    r2 = metrics.R2Score()(target=jnp.asarray(small[:3]), preds=preds[:3])
    np.testing.assert_allclose(r2, sk.r2_score(small[:3], exact(preds[:3])), rtol=1e-6)


def test_differences_of_numpy():
    wide = np.array([2**52 + 1, -(2**40) - 1])
    np.testing.assert_array_equal(subtract(wide, wide - 3), [3, 3])
    np.testing.assert_array_equal(subtract(wide.astype(np.uint64)[:1], wide[:1] - 3), [3])
    np.testing.assert_array_equal(subtract(wide, np.float32([2**52, -(2**40)])), [1, -1])
    np.testing.assert_array_equal(subtract(TARGET[0], np.int64(BASE)), 1)
    np.testing.assert_array_equal(subtract(3, 1.5), 1.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        (metrics.MeanSquaredError(), sk.mean_squared_error),
        (metrics.RootMeanSquaredError(), sk.root_mean_squared_error),
        (metrics.MeanAbsoluteError(), sk.mean_absolute_error),
        (metrics.MeanPinballLoss(alpha=0.25), partial(sk.mean_pinball_loss, alpha=0.25)),
        (metrics.R2Score(), sk.r2_score),
        (metrics.ExplainedVariance(), sk.explained_variance_score),
        (metrics.MaxError(), lambda t, p, sample_weight: sk.max_error(t[[0, 1, 3]], p[[0, 1, 3]])),
        (metrics.MedianAbsoluteError(capacity=8), lambda *a, **k: 1),
        (metrics.TweedieDevianceScore(), sk.mean_squared_error),
        (metrics.TweedieDevianceScore(power=1), lambda *a, **k: 4.5 / BASE),
        (metrics.MeanAbsolutePercentageError(), sk.mean_absolute_percentage_error),
        (metrics.MeanSquaredLogarithmicError(), sk.mean_squared_log_error),
        (metrics.PearsonCorrCoef(), None),
        (metrics.ConcordanceCorrCoef(), None),
        (metrics.NormalizedRootMeanSquaredError(normalization="std"), None),
        (metrics.RelativeSquaredError(), None),
    ],
    ids=lambda value: value.name if isinstance(value, jm.Metric) else "",
)
def test_metrics(metric, reference):
    for half in (slice(0, 2), slice(2, 4)):
        metric = metric.update(target=TARGET[half], preds=PREDS[half], sample_weight=WEIGHT[half])
    if reference is None:  # the value does not depend on an offset
        small = {"target": jnp.asarray(STEPS), "preds": jnp.asarray(OTHERS)}
        expected = metric.neutral()(**small, sample_weight=WEIGHT)
    else:
        expected = reference(exact(TARGET), exact(PREDS), sample_weight=WEIGHT)
    np.testing.assert_allclose(metric.compute(), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "value"),
    [
        (losses.MeanSquaredError(), 17 / 4),
        (losses.MeanAbsoluteError(), 5 / 4),
        (losses.Huber(), (0.5 + 3.5) / 4),
        (losses.Quantile(q=1.0), 4 / 4),
        (losses.MeanAbsolutePercentageError(), 100 * 5 / 4 / BASE),
    ],
)
def test_losses(loss, value):
    np.testing.assert_allclose(loss(target=TARGET, preds=PREDS), value, rtol=1e-5)


def test_ensembles():
    members = np.stack([OTHERS, STEPS + 1], -1)
    for fair in (False, True):
        score = partial(metrics.continuous_ranked_probability_score, fair=fair)
        expected = score(STEPS, members)
        np.testing.assert_allclose(score(TARGET, jnp.asarray(BASE + members)), expected, rtol=1e-6)


def test_quantiles():
    loss = losses.quantile(TARGET, jnp.stack([PREDS, TARGET], -1), q=(1.0, 0.5))
    np.testing.assert_array_equal(loss, np.stack([[0, 0, 0, 4], [0] * 4], -1))


COMPARED = [
    metrics.SpearmanCorrCoef,
    metrics.KendallRankCorrCoef,
    metrics.D2AbsoluteErrorScore,
    metrics.D2PinballScore,
    metrics.D2TweedieScore,
]


@pytest.mark.slow
@pytest.mark.parametrize("metric", COMPARED)
def test_rows_of_rounded_integers_are_refused(metric):
    metric = metric(capacity=4)
    with pytest.raises(ValueError, match="preds holds integers that float32 would round. Subtract"):
        metric(target=jnp.asarray(STEPS), preds=PREDS)
    with pytest.raises(ValueError, match="target holds integers"):
        metric(target=TARGET, preds=jnp.asarray(STEPS))
    even = metric(target=TARGET * 0 + 2**30, preds=PREDS, mask=np.zeros(4, bool))
    assert np.isnan(even)  # masked ones are not looked at
    held = jnp.asarray(STEPS) << 25
    np.testing.assert_allclose(metric.neutral()(target=held, preds=held), 1)


@pytest.mark.slow
def test_rounded_integers_whose_offset_matters_may_be_floats():
    score = metrics.D2TweedieScore(power=1, capacity=4)
    with pytest.raises(ValueError, match="target holds integers that float32 would round. Convert"):
        score(target=TARGET, preds=PREDS)
    assert np.isfinite(score(target=jnp.float32(TARGET).at[0].set(1), preds=jnp.float32(PREDS)))


def test_positions_of_rounded_points_are_refused():
    area = partial(metrics.auc, capacity=4)
    with pytest.raises(ValueError, match="x holds integers that float32 would round. Subtract"):
        area(TARGET, jnp.ones(4, int))
    assert float(area(jnp.asarray(STEPS), TARGET)) == 8.0 * BASE


@pytest.mark.slow
def test_the_range_of_rounded_integers_is_refused():
    metric = metrics.NormalizedRootMeanSquaredError(normalization="range")
    with pytest.raises(
        ValueError, match="target holds integers that float32 would round. Subtract"
    ):
        metric(target=TARGET, preds=PREDS)
