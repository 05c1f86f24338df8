"""Pairwise distances and similarities against SciPy."""

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist

import jax_metrics as jm

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(5, 4)), rng.normal(size=(3, 4))
FUNCTIONS = [
    (jm.metrics.pairwise_cosine_similarity, {}, lambda x, y: 1 - cdist(x, y, "cosine")),
    (jm.metrics.pairwise_euclidean_distance, {}, cdist),
    (jm.metrics.pairwise_linear_similarity, {}, lambda x, y: x @ y.T),
    (jm.metrics.pairwise_manhattan_distance, {}, lambda x, y: cdist(x, y, "cityblock")),
    (
        jm.metrics.pairwise_minkowski_distance,
        {"exponent": 3},
        lambda x, y: cdist(x, y, "minkowski", p=3),
    ),
]


def assert_close(actual, expected, rtol=1e-5):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize(("function", "options", "reference"), FUNCTIONS)
def test_values(function, options, reference):
    assert_close(function(X, Y, **options), reference(X, Y))
    expected = reference(X, X)
    np.fill_diagonal(expected, 0)
    assert_close(function(X, **options), expected)
    total = jax.jit(lambda x, y: function(x, y, reduction="sum", **options))(X, Y)
    assert_close(total, reference(X, Y).sum(-1))


def test_options():
    cosine = jm.metrics.pairwise_cosine_similarity
    assert_close(np.diag(cosine(X, zero_diagonal=False)), 1)
    assert_close(cosine(X, X, zero_diagonal=True, reduction="mean"), cosine(X).mean(-1))
    assert_close(cosine(X, X, reduction="none"), cosine(X, X))
    assert (cosine(np.zeros((1, 4)), Y) == 0).all()
    largest = jm.metrics.pairwise_minkowski_distance(X, Y, exponent=np.inf)
    assert_close(largest, cdist(X, Y, "chebyshev"))


@pytest.mark.slow
def test_extreme_scales_and_offsets():
    near = np.float32(X[:3] + 1e4)
    exact = np.float64(near)
    distance = jm.metrics.pairwise_euclidean_distance
    assert_close(distance(near, near[::-1]), cdist(exact, exact[::-1]))
    for scale in (1e-30, 1e30):
        x, y = np.float32(X * scale), np.float32(Y * scale)
        assert_close(distance(x, y) / scale, cdist(X, Y))
        assert_close(jm.metrics.pairwise_cosine_similarity(x, y), 1 - cdist(X, Y, "cosine"))
    assert distance(X[:0], Y).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda m: m.pairwise_linear_similarity(X, Y[:, :3]), r"but are \[5, 4\] and \[3, 3\]"),
        (lambda m: m.pairwise_linear_similarity(X[0]), r"x and y must be \[n, features\]"),
        (lambda m: m.pairwise_linear_similarity(X, reduction="no"), "reduction must be one of"),
        (lambda m: m.pairwise_minkowski_distance(X, exponent=0.5), "exponent must be a number"),
    ],
)
def test_mistakes(call, text):
    with pytest.raises(ValueError, match=text):
        call(jm.metrics)


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_gradients_of_the_distance_to_itself_are_zero(exponent):
    x = np.array([[0.0, 0.0], [3.0, 4.0]], np.float32)

    def total(x):
        euclidean = 0.0 if exponent != 2 else jm.metrics.pairwise_euclidean_distance(x).sum()
        return euclidean + jm.metrics.pairwise_minkowski_distance(x, exponent=exponent).sum()

    apart = np.array([3.0, 4.0]) ** (exponent - 1)
    expected = 2 * apart / (3.0**exponent + 4.0**exponent) ** (1 - 1 / exponent)
    expected *= 2 if exponent == 2 else 1
    assert_close(jax.grad(total)(x), np.stack([-expected, expected]))
