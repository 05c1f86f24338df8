import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm

X = jnp.asarray(np.random.default_rng(0).normal(size=(1, 6, 2, 8)), jnp.float32)
FREQUENCIES = 500_000.0 ** -(np.arange(0, 64, 2) / 64)


def test_linear_scaling_is_that_of_positions():
    rope = jm.nn.RotaryEmbedding(scaling=jm.nn.LinearRotaryScaling(2.0))
    plain = jm.nn.RotaryEmbedding()
    np.testing.assert_allclose(rope(X, 2 * jnp.arange(6)), plain(X), rtol=1e-5, atol=1e-6)


def test_llama3_scales_long_waves_only():
    scaling = jm.nn.Llama3RotaryScaling(8.0, 1.0, 4.0, 8192)
    expected = []
    for frequency in FREQUENCIES:  # the cases of the reference implementation
        wave = 2 * np.pi / frequency
        if wave < 8192 / 4:
            expected.append(frequency)
        elif wave > 8192:
            expected.append(frequency / 8)
        else:
            smooth = (8192 / wave - 1) / (4 - 1)
            expected.append((1 - smooth) * frequency / 8 + smooth * frequency)
    found = scaling(jnp.asarray(FREQUENCIES, jnp.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert len({round(e / f, 3) for e, f in zip(expected, FREQUENCIES, strict=True)}) > 3


def test_equal_scalings_are_one_program():
    one, other = (jm.nn.RotaryEmbedding(scaling=jm.nn.Llama3RotaryScaling(8.0)) for _ in range(2))
    assert jm.equal(one, other)
    assert not jm.equal(one, jm.nn.RotaryEmbedding(scaling=jm.nn.Llama3RotaryScaling(4.0)))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: jm.nn.LinearRotaryScaling(0.0), ValueError, "a positive number for `factor`"),
        (lambda: jm.nn.LinearRotaryScaling("2"), TypeError, "a number for `factor`; got '2'"),
        (
            lambda: jm.nn.Llama3RotaryScaling(2.0, original_length=1.5),
            TypeError,
            "an integer for `original_length`; got 1.5",
        ),
        (
            lambda: jm.nn.Llama3RotaryScaling(2.0, 4.0, 4.0),
            ValueError,
            "expects `low_frequency_factor` below `high_frequency_factor`; got 4.0 and 4.0",
        ),
        (
            lambda: jm.nn.RotaryEmbedding(scaling=2.0),
            TypeError,
            "RotaryEmbedding expects a function for `scaling`; got 2.0",
        ),
    ],
)
def test_mistakes(make, error, message):
    with pytest.raises(error, match=message):
        make()
