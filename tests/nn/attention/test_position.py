import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = np.random.default_rng(0).normal(size=(2, 7, 3, 8)).astype(np.float32)


def rotated(x, positions, size, base, interleaved):
    """Each pair as a complex number that is turned, in float64."""
    x = x.astype(np.float64)
    half = size // 2
    pairs = [(2 * i, 2 * i + 1) if interleaved else (i, i + half) for i in range(half)]
    result = x.copy()
    for i, (a, b) in enumerate(pairs):
        angle = positions * base ** (-2 * i / size)
        turned = (x[..., a] + 1j * x[..., b]) * np.exp(1j * angle)[..., None]
        result[..., a], result[..., b] = turned.real, turned.imag
    return result


@pytest.mark.slow
@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize(("fraction", "size"), [(1.0, 8), (0.5, 4), (0.25, 2)])
@pytest.mark.parametrize("base", [100.0, 10_000.0])
def test_rope_against_complex_numbers(interleaved, fraction, size, base):
    rope = jm.nn.RotaryEmbedding(base, fraction=fraction, interleaved=interleaved)
    for positions in (np.arange(7), np.array([[5, 1, 0, 9, 2, 2, 100], np.arange(7)])):
        expected = rotated(X, positions, size, base, interleaved)
        np.testing.assert_allclose(rope(X, positions), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(rope(X), rope(X, np.arange(7)))
    np.testing.assert_array_equal(rope(X, 3), rope(X, np.arange(3, 10)))
    np.testing.assert_array_equal(rope(X[0]), rope(X)[0])


@pytest.mark.slow
def test_products_depend_on_the_distance_only():
    rope = jm.nn.RotaryEmbedding()

    def products(offset):
        return jnp.einsum("bqhd,bkhd->bhqk", rope(X, offset), rope(2 * X[:, ::-1], offset))

    np.testing.assert_allclose(products(0), products(50), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_rope_in_half_precision_has_exact_angles():
    x = jnp.ones((1, 2000, 1, 8))
    exact = jm.nn.RotaryEmbedding()(x)
    half = jm.nn.RotaryEmbedding()(x.astype(jnp.bfloat16))
    assert half.dtype == jnp.bfloat16
    np.testing.assert_allclose(half.astype(jnp.float32), exact, atol=0.01)


def test_offset_may_be_traced():
    rope = jm.nn.RotaryEmbedding()
    np.testing.assert_allclose(jax.jit(rope)(X, 3), rope(X, 3), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("features", [6, 7])
def test_sinusoidal_against_the_paper(features):
    x = np.zeros((2, 5, features), np.float32)
    expected = np.zeros((5, features))
    for p in range(5):
        for i in range(features):
            angle = p / 10_000 ** ((i - i % 2) / features)
            expected[p, i] = np.cos(angle) if i % 2 else np.sin(angle)
    layer = jm.nn.SinusoidalPositionEmbedding()
    np.testing.assert_allclose(layer(x)[1], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer(x[:, :2], 3)[0], expected[3:], rtol=1e-4, atol=1e-6)
    assert layer(jnp.zeros((3, 4), jnp.bfloat16)).dtype == jnp.bfloat16
    assert layer(jnp.zeros((2, 0, features))).shape == (2, 0, features)


@pytest.mark.parametrize("features", [6, 5])
def test_sinusoidal_in_halves_with_the_last_wavelength(features):
    layer = jm.nn.SinusoidalPositionEmbedding(100.0, interleaved=False, endpoint=True)
    angles = np.arange(4)[:, None] / 100.0 ** np.array([0, 0.5, 1])
    expected = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)[:, :features]
    np.testing.assert_allclose(layer(jnp.zeros((4, features))), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_learned():
    x = jnp.ones((2, 5, 4))
    layer = jm.nn.LearnedPositionEmbedding(8).init(0, x)
    np.testing.assert_array_equal(layer(x), 1 + layer.embedding[:5][None].repeat(2, 0))
    places = jnp.array([[7, 0, 1, 1, 2], [0, 1, 2, 3, 4]])
    np.testing.assert_array_equal(layer(x, places), 1 + layer.embedding[places])
    for positions in (jnp.array(5), jnp.array([0, -1, -8, 8, 1]), np.array(-2, np.int8)):
        places = np.asarray(positions) + (np.arange(5) if positions.ndim == 0 else 0)
        outside = jnp.isnan(layer(x, positions)).all((0, 2))  # not known before it runs
        np.testing.assert_array_equal(outside, (places < 0) | (places > 7))
    twice = layer(jnp.ones((2, 10, 4)), jnp.arange(10) // 2)  # more inputs than positions
    np.testing.assert_array_equal(twice, 1 + layer.embedding[:5].repeat(2, 0)[None].repeat(2, 0))
    half = jm.nn.LearnedPositionEmbedding(8, dtype=jnp.bfloat16).init(0, x)
    assert half(x).dtype == jnp.bfloat16 and half.embedding.dtype == jnp.float32


def learned():
    return jm.nn.LearnedPositionEmbedding(4).init(0, jnp.ones((4, 2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.nn.RotaryEmbedding(fraction=1.5), "a `fraction` from 0 to 1; got 10000.0 and"),
        (lambda: jm.nn.RotaryEmbedding(fraction=0.4)(X), "pairs of features.* is 3"),
        (lambda: jm.nn.RotaryEmbedding()(X[0, 0]), r"expects `\[batch..., length, heads, head"),
        (lambda: jm.nn.RotaryEmbedding()(X, np.arange(3)), r"the shape \[..., 7\]; got \(3,\)"),
        (lambda: jm.nn.SinusoidalPositionEmbedding(0), "`base` must be above 0; got 0"),
        (lambda: jm.nn.SinusoidalPositionEmbedding()(X[0, 0, 0]), "length, features"),
        (lambda: learned()(jnp.ones((5, 2))), "has 4 positions, from 0; got .* goes to 4"),
        (lambda: learned()(jnp.ones((2, 2)), 3), "goes to 4"),
        (lambda: learned()(jnp.ones((2, 2)), np.int64(3)), "goes to 4"),
        (lambda: learned()(jnp.ones((2, 2)), -1), "positions from 0; got `positions=-1`"),
        (lambda: learned()(jnp.ones((2, 3))), "was initialized for 2 features"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_positions_are_integers():
    with pytest.raises(TypeError, match="`positions` needs integers; got float32"):
        jm.nn.RotaryEmbedding()(X, 1.5)
