import itertools

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import jax_metrics as jm


def windows(x, window, strides, pads, dilation, fill):
    """The values of each window, in float64: `[places..., values, channels]`."""
    x = np.pad(np.asarray(x, np.float64), [*pads, (0, 0)], constant_values=fill)
    extent = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    places = [range(0, n - e + 1, s) for n, e, s in zip(x.shape[:-1], extent, strides, strict=True)]
    result = [
        x[tuple(slice(i, i + e, d) for i, e, d in zip(place, extent, dilation, strict=True))]
        for place in itertools.product(*places)
    ]
    values = np.stack([r.reshape(-1, x.shape[-1]) for r in result])
    return values.reshape(*map(len, places), -1, x.shape[-1])


def expected(kind, x, window, strides, pads, dilation):
    if kind == "max":
        return windows(x, window, strides, pads, dilation, -np.inf).max(-2)
    values = windows(x, window, strides, pads, dilation, 0)
    if kind == "avg":
        return values.mean(-2)
    if kind == "lp":
        return (np.abs(values) ** 3).sum(-2) ** (1 / 3)
    return values.sum(-2) / windows(np.ones_like(x), window, strides, pads, dilation, 0).sum(-2)


@st.composite
def cases(draw):
    kind = draw(st.sampled_from(["max", "avg", "valid", "lp"]))
    axes = draw(st.integers(1, 3))
    window = [draw(st.integers(1, 3)) for _ in range(axes)]
    strides = [draw(st.integers(1, 3)) for _ in range(axes)]
    dilation = [draw(st.integers(1, 2)) if kind == "max" else 1 for _ in range(axes)]
    extent = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    pads = [(draw(st.integers(0, e - 1)), draw(st.integers(0, e - 1))) for e in extent]
    spatial = [draw(st.integers(e, e + 3)) for e in extent]
    x = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(*spatial, 2))
    return kind, x.astype(np.float32), window, strides, pads, dilation


@pytest.mark.slow
@settings(max_examples=30)
@given(cases())
def test_pooling_against_float64(case):
    kind, x, window, strides, pads, dilation = case
    layer = {
        "max": lambda: jm.nn.MaxPool(window, strides, padding=pads, window_dilation=dilation),
        "avg": lambda: jm.nn.AvgPool(window, strides, padding=pads),
        "valid": lambda: jm.nn.AvgPool(window, strides, padding=pads, count_include_pad=False),
        "lp": lambda: jm.nn.LPPool(3, window, strides=strides, padding=pads),
    }[kind]()
    wanted = expected(kind, x, window, strides, pads, dilation)
    np.testing.assert_allclose(layer(x), wanted, rtol=2e-5, atol=1e-6)


def test_strides_are_the_window_and_the_batch_may_have_any_axes():
    x = jnp.arange(48.0).reshape(2, 3, 8, 1)
    y = jm.nn.AvgPool((4,))(x)
    assert y.shape == (2, 3, 2, 1)
    np.testing.assert_array_equal(jm.nn.AvgPool(4)(x[0, 0]), y[0, 0])


def test_same_padding_rounds_up():
    x = jnp.arange(5.0)[:, None]
    assert jm.nn.MaxPool(2, padding="same")(x).ravel().tolist() == [1, 3, 4]
    y = jm.nn.AvgPool(2, padding="SAME", count_include_pad=False)(x)
    assert y.ravel().tolist() == [0.5, 2.5, 4]


@pytest.mark.slow
@pytest.mark.parametrize("dilation", [1, 2])
def test_gradient_of_max_goes_to_the_first_of_the_largest(dilation):
    x = jnp.array([1.0, 1.0, 5.0, 5.0, 5.0])[:, None]
    pool = jm.nn.MaxPool(2, 1, window_dilation=dilation)
    gradient = jax.grad(lambda x: pool(x).sum())(x).ravel()
    assert gradient.sum() == pool(x).size and gradient[:2].max() <= 1


@pytest.mark.parametrize("dtype", [jnp.int8, jnp.int32, jnp.bool_])
def test_max_keeps_integers(dtype):
    x = jnp.array([[0], [1], [1], [0]], dtype)
    y = jm.nn.MaxPool(2, padding=1)(x)
    assert y.dtype == dtype and y.ravel().tolist() == [0, 1, 0]


def test_max_shows_nan():
    x = jnp.array([1.0, jnp.nan, 3.0, 4.0])[:, None]
    for dilation in (1, 2):
        y = jm.nn.MaxPool(2, 1, window_dilation=dilation)(x)
        assert jnp.isnan(y).any()


def test_averages_of_integers_and_of_half_precision():
    assert jm.nn.AvgPool(2)(jnp.array([[1], [2]])).tolist() == [[1.5]]
    y = jm.nn.AvgPool(4096)(jnp.full((4096, 1), 1.1, jnp.bfloat16))
    assert y.dtype == jnp.bfloat16 and float(y[0, 0]) == float(jnp.bfloat16(1.1))


@pytest.mark.parametrize("p", [0.5, 1, 2])
def test_norm_has_no_nan_in_its_gradient(p):
    pool = jm.nn.LPPool(p, 2)
    x = jnp.array([0.0, 0.0, 3.0, 0.0])[:, None]
    gradient = jax.grad(lambda x: pool(x).sum())(x).ravel()
    np.testing.assert_allclose(gradient, [0, 0, 1, 0], rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jm.nn.MaxPool(()), "positive integer for each spatial axis"),
        (lambda: jm.nn.MaxPool((2, 0)), "positive integer for each spatial axis"),
        (lambda: jm.nn.MaxPool((2, 2), (1, 1, 1)), "`strides` needs one positive integer"),
        (lambda: jm.nn.MaxPool(2, padding="FULL"), "'SAME', 'VALID' or numbers; got 'FULL'"),
        (lambda: jm.nn.MaxPool((2, 2), padding=[1]), "each of the 2 spatial axes an integer or"),
        (lambda: jm.nn.AvgPool(2, padding=2), "less than the window"),
        (lambda: jm.nn.AvgPool(2, padding=-1), "at least 0"),
        (lambda: jm.nn.LPPool(0, 2), "finite number above 0; got 0"),
        (lambda: jm.nn.AvgPool((2, 2))(jnp.ones((4, 3))), "expects 2 spatial axes"),
        (lambda: jm.nn.AvgPool(4)(jnp.ones((3, 1))), "do not fit into"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
