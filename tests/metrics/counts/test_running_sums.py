"""Running sums of counts are exact, and those of weights as good as those of a tree."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.metrics.counts import binned_points

rng = np.random.default_rng(0)
BINS = 971


def sums(counts):
    """The counts above each threshold, and all of them: `[..., bins, 2]`."""
    points = jax.jit(binned_points, static_argnums=1)(jnp.asarray(counts), counts.shape[-2] - 1)
    fp = np.concatenate([points.fp, points.negative[..., None]], -1)
    tp = np.concatenate([points.tp, points.positive[..., None]], -1)
    return np.stack([fp, tp], -1)


def expected(counts):
    return np.cumsum(np.float64(counts)[..., ::-1, :], -2)


@pytest.mark.parametrize("shape", [(3, 2), (32, 2), (33, 2), (BINS, 2), (3, BINS, 2)])
def test_counts_are_exact(shape):
    largest = 2**24 // shape[-2]
    for counts in (rng.integers(0, largest, shape), rng.integers(0, 2, shape)):
        np.testing.assert_array_equal(sums(np.float32(counts)), expected(counts))


@pytest.mark.parametrize("precision", ["bfloat16", "highest"])
def test_counts_are_exact_at_any_default_precision(precision):
    counts = rng.integers(0, 2**24 // BINS, (BINS, 2))
    with jax.default_matmul_precision(precision):
        np.testing.assert_array_equal(sums(np.float32(counts)), expected(counts))


@pytest.mark.parametrize("kind", ["even", "uniform", "heavy", "sparse"])
def test_sums_of_weights_are_rounded_seldom(kind):
    shape = (4, BINS, 2)
    counts = {
        "even": np.full(shape, 0.1),
        "uniform": rng.random(shape),
        "heavy": np.exp(3 * rng.normal(size=shape)),
        "sparse": rng.random(shape) * (rng.random(shape) < 0.05),
    }[kind].astype(np.float32)
    np.testing.assert_allclose(sums(counts), expected(counts), rtol=8e-7)


def test_a_class_does_not_touch_another():
    counts = np.float32(rng.integers(0, 9, (3, BINS, 2)))
    counts[1] = np.nan
    np.testing.assert_array_equal(sums(counts)[[0, 2]], expected(counts)[[0, 2]])
    assert np.isnan(sums(counts)[1]).all()


def test_classes_over_devices():
    counts = np.float32(rng.integers(0, 9, (4, BINS, 2)))
    mesh = jax.make_mesh((4,), ("classes",), devices=jax.devices()[:4])
    sharding = jax.NamedSharding(mesh, jax.P("classes"))
    points = jax.jit(lambda counts: binned_points(counts, None))(jax.device_put(counts, sharding))
    np.testing.assert_array_equal(points.tp, expected(counts)[:, :-1, 1])
    np.testing.assert_array_equal(points.fp, expected(counts)[:, :-1, 0])
