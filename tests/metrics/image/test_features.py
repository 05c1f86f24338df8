"""Distances of features: precision, groups, capacity and sharing."""

import jax
import numpy as np
import pytest
from scipy import linalg

from jax_metrics import metrics

rng = np.random.default_rng(0)
REAL = rng.normal(size=(64, 6)) @ rng.normal(size=(6, 6))
GENERATED = rng.normal(size=(48, 6)) @ rng.normal(size=(6, 6)) + 0.5


def frechet(real, generated):
    covariances = [np.cov(x, rowvar=False) for x in (real, generated)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    gap = real.mean(0) - generated.mean(0)
    return gap @ gap + np.trace(covariances[0] + covariances[1] - 2 * root)


def evaluated(metric, real, generated, parts=4):
    for features, is_real in ((real, True), (generated, False)):
        for part in np.split(features, parts):
            metric.update(images=part, real=is_real)
    return metric


@pytest.mark.parametrize(("offset", "unit"), [(0, 1), (1000, 1), (0, 1e-3), (0, 1e3)])
def test_a_float32_state_is_as_precise_as_float64(offset, unit):
    real, generated = (np.float32(unit * x + offset) for x in (REAL, GENERATED))
    metric = evaluated(metrics.FrechetInceptionDistance(num_features=6), real, generated)
    dtypes = {leaf.dtype for leaf in jax.tree.leaves(metric)}
    assert dtypes == {np.dtype(np.float32)} and metric.compute().dtype == np.float32
    expected = frechet(np.float64(real), np.float64(generated))
    np.testing.assert_allclose(metric.compute(), expected, rtol=1e-5)


@pytest.mark.slow
def test_nearly_equal_distributions():
    """A small difference of large traces."""
    moved = np.float32(REAL + 1e-2)
    metric = evaluated(metrics.FrechetInceptionDistance(num_features=6), np.float32(REAL), moved)
    expected = frechet(np.float64(np.float32(REAL)), np.float64(moved))
    np.testing.assert_allclose(metric.compute(), expected, rtol=1e-5)


@pytest.mark.slow
def test_kernels_in_float64():
    x, y = (np.float32(3 * z + 5)[:48] for z in (REAL, REAL + 0.01))
    kid = metrics.KernelInceptionDistance(num_features=6, capacity=48, subset_size=48, subsets=1)
    kernels = [(np.float64(a) @ np.float64(b).T / 6 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
    within = sum(k.sum() - np.trace(k) for k in kernels[:2]) / (48 * 47)
    found = evaluated(kid, x, y).compute()["mean"]
    np.testing.assert_allclose(found, within - 2 * kernels[2].mean(), rtol=1e-5)


@pytest.mark.slow
def test_too_few_and_too_many_images():
    fid = metrics.FrechetInceptionDistance(num_features=6).update(images=REAL, real=True)
    assert np.isnan(fid.update(images=GENERATED[:1], real=False).compute())
    assert fid.update(images=GENERATED[1:2], real=False).compute() > 0
    kid = metrics.KernelInceptionDistance(num_features=6, capacity=16, subset_size=8, subsets=2)
    evaluated(kid, REAL[:8], GENERATED[:4])
    assert np.isnan(kid.compute()["mean"]) and not kid.overflowed
    kid.update(images=GENERATED[4:20], real=False)
    assert kid.overflowed and np.isnan(kid.compute()["mean"])
    assert kid.directions == {"mean": False, "std": None}


@pytest.mark.slow
def test_subsets_are_drawn_without_repetition():
    """Of all images but one in each subset, the mean is near that of all."""
    options = {"num_features": 6, "capacity": 64}
    every = metrics.KernelInceptionDistance(**options, subset_size=48, subsets=1)
    some = metrics.KernelInceptionDistance(**options, subset_size=47, subsets=50)
    expected = evaluated(every, REAL[:48], GENERATED).compute()["mean"]
    found = evaluated(some, REAL[:48], GENERATED).compute()
    np.testing.assert_allclose(found["mean"], expected, rtol=0.1)
    assert 0 < found["std"] < 0.2 * abs(expected)


def test_splits_are_dealt_in_turn():
    logits = np.float32(rng.normal(size=(10, 6)))
    score = metrics.InceptionScore(num_features=6, splits=2)
    for part in (logits[:3], logits[3:]):
        score.update(images=part)
    p = np.exp(np.float64(logits)) / np.exp(np.float64(logits)).sum(-1, keepdims=True)
    each = [np.exp((q * np.log(q / q.mean(0))).sum(-1).mean()) for q in (p[::2], p[1::2])]
    value = score.compute()
    np.testing.assert_allclose(value["mean"], np.mean(each), rtol=1e-5)
    np.testing.assert_allclose(value["std"], np.std(each, ddof=1), rtol=1e-4)
    assert score.directions == {"mean": True, "std": None}


@pytest.mark.slow
def test_a_shared_network_is_called_once():
    calls = []

    def network(images):
        calls.append(images.shape)
        return images[..., 0]

    share = metrics.FeatureShare(
        {
            "fid": metrics.FrechetInceptionDistance(num_features=6),
            "is": metrics.InceptionScore(num_features=6, splits=2),
        },
        feature=network,
        prefix="test/",
    )
    share.update(images=REAL[..., None], real=True)
    assert calls == [(64, 6, 1)]
    share.update(REAL[..., None] + 1, real=False)
    value = share.compute()
    assert list(value) == ["test/fid", "test/is/mean", "test/is/std"]
    np.testing.assert_allclose(value["test/fid"], 6, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.FrechetInceptionDistance(num_features=0), "num_features must be 1 or"),
        (
            lambda: metrics.KernelInceptionDistance(num_features=2, capacity=9),
            "subset_size must be from 2 to the capacity, 9, but is 1000",
        ),
        (
            lambda: metrics.KernelInceptionDistance(
                num_features=2, capacity=9, subset_size=4, gamma=0
            ),
            "gamma must be greater than 0",
        ),
        (lambda: metrics.InceptionScore(num_features=2, splits=0), "splits must be greater"),
        (
            lambda: metrics.MemorizationInformedFrechetInceptionDistance(
                num_features=2, capacity=4, cosine_distance_eps=2
            ),
            "cosine_distance_eps must be above 0 and at most 1",
        ),
        (
            lambda: metrics.FrechetInceptionDistance(num_features=2, feature=abs).update(
                images=np.ones((3, 4, 4)), real=True
            ),
            "feature must be \\[batch, 2\\].* returned the shape",
        ),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(ValueError, match=message):
        make()
