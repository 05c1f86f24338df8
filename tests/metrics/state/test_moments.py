import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jax_metrics.metrics import Moments, Std

update = jax.jit(lambda moments, *batch: moments.updated(*batch))


def pair(offset, count=2000, seed=0):
    rng = np.random.default_rng(seed)
    x = (offset + rng.normal(size=count)).astype(np.float32)
    y = (x + 0.5 * rng.normal(size=count)).astype(np.float32)
    return np.stack([x, y], axis=-1)


def reference(values, weight=None):
    weight = np.ones(len(values)) if weight is None else weight.astype(np.float64)
    values = values.astype(np.float64)
    centred = values - np.average(values, axis=0, weights=weight)
    return np.einsum("n,ni,nj->ij", weight, centred, centred)


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e6, 1e7])
@pytest.mark.parametrize("batches", [1, 7])
def test_products_survive_an_offset(offset, batches):
    values = pair(offset)
    moments = Moments(2)
    for batch in np.array_split(values, batches):
        moments = update(moments, batch)
    np.testing.assert_allclose(moments.products, reference(values), rtol=1e-5)
    mean = np.asarray(moments.mean, np.float64) + np.asarray(moments.residual, np.float64)
    np.testing.assert_allclose(mean, values.astype(np.float64).mean(0), rtol=1e-9, atol=1e-7)


def test_weights_and_zero_weights():
    values = pair(1e4)
    weight = np.random.default_rng(1).integers(0, 3, len(values)).astype(np.float32)
    hidden = np.where(weight[:, None] == 0, np.nan, values)
    moments = update(Moments(2), hidden, weight)
    np.testing.assert_allclose(moments.products, reference(values, weight), rtol=1e-5)
    assert float(moments.count.value) == weight.sum()


@pytest.mark.slow
def test_merging_is_associative_with_a_neutral_element():
    a, b, c = (update(Moments(2), pair(1e4, seed=seed)) for seed in range(3))
    left, right = a.merged(b).merged(c), a.merged(b.merged(c))
    np.testing.assert_allclose(left.products, right.products, rtol=1e-6)
    for merged in (a.merged(a.neutral()), a.neutral().merged(a)):
        for got, expected in zip(jax.tree.leaves(merged), jax.tree.leaves(a), strict=True):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.slow
def test_many_outputs_at_once():
    values = np.stack([pair(0.0), pair(1e4, seed=1)], axis=1)
    moments = update(Moments(2, shape=(2,)), jnp.asarray(values))
    for index in range(2):
        expected = reference(values[:, index])
        np.testing.assert_allclose(moments.products[index], expected, rtol=1e-5)


@pytest.mark.parametrize(("count", "weighed"), [(3001, True), (100_003, False)])
def test_equal_numbers_have_no_spread_though_their_mean_is_rounded(count, weighed):
    values = pair(3.3e6, count)
    values[:, 1] = 3.3e6
    weight = np.full(count, 0.3, np.float32) if weighed else None
    moments = update(Moments(2), values, weight)
    spread = moments.products[0, 0]
    np.testing.assert_allclose(spread, reference(values, weight)[0, 0], rtol=1e-5)
    np.testing.assert_allclose(moments.products[:, 1] / spread, 0, atol=1e-11)


@pytest.mark.parametrize("reverse", [False, True])
def test_means_near_zero_beside_a_heavy_batch(reverse):
    values = np.float32([[0.1], [2.0], [0.0], [0.0], [-0.5]])
    weight = np.float32([1e-3, 0.1, 1e4, 1e3, 1e-2])
    order = np.arange(5)[:: -1 if reverse else 1]
    moments = Moments(1)
    for i in order:
        moments = update(moments, values[i : i + 1], weight[i : i + 1])
    expected = np.average(values.astype(float), axis=0, weights=weight.astype(float))
    np.testing.assert_allclose(moments.mean, expected, rtol=1e-5)  # 1.8e-5, of a gap of 2


@pytest.mark.parametrize("value", [1e4, 0.1, -7e6, 3e29, 1e-30])
@pytest.mark.parametrize("weight", [[1e4, 1e4, 1e-2, 1.0], [0.1, 0.2, 0.3, 0.7]])
def test_constants_have_a_variance_of_exactly_0(value, weight):
    values, weight = np.full((4, 2), value, np.float32), np.float32(weight)
    std = Std().update(values, sample_weight=weight)
    assert float(std.compute()) == 0
    std = std.update(values[:1] * 1.5, sample_weight=weight[:1])
    np.testing.assert_allclose(
        std.compute() / abs(value),
        0.5 * np.sqrt(weight[0] * weight.sum()) / (weight[0] + weight.sum()),
        rtol=1e-5,
    )
