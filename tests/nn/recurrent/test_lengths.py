"""Padded sequences: lengths under both names, their range, NaN in padding."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5, 4)), jnp.float32)
LENGTHS = jnp.array([5, 3, 0])
VALID = jnp.arange(5) < LENGTHS[:, None]
PADDED = jnp.where(VALID[..., None], X, jnp.nan)
LAYERS = {
    "RNN": lambda: nn.RNN(nn.GRUCell(3), return_carry=True),
    "RNN reversed": lambda: nn.RNN(nn.LSTMCell(3), reverse=True, return_carry=True),
    "Bidirectional": lambda: nn.Bidirectional(
        nn.RNN(nn.SimpleCell(3)), nn.RNN(nn.MGUCell(3)), return_carry=True
    ),
    "LSTM": lambda: nn.LSTM(3, return_sequences=True, return_state=True),
    "GRU": lambda: nn.GRU(3, bidirectional=True),
    "SimpleRNN": lambda: nn.SimpleRNN(3),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_nan_in_padding_reaches_nothing(name):
    layer = LAYERS[name]().init(0, X)

    @jax.jit
    def run(params, x):
        outputs = layer.merge(params)(x, lengths=LENGTHS)
        return sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(outputs)), outputs

    step = jax.value_and_grad(run, (0, 1), has_aux=True)
    params = layer.filter(jm.Parameter)
    (_, outputs), gradients = step(params, PADDED)
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves((outputs, gradients)))
    clean = jnp.where(VALID[..., None], X, 0)
    (_, expected), _ = step(params, clean)
    for value, other in zip(jax.tree.leaves(outputs), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(value, other, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
def test_both_names_are_accepted(name):
    layer = LAYERS[name]().init(0, X)
    outputs, others = layer(X, lengths=LENGTHS), layer(X, seq_lengths=np.asarray(LENGTHS))
    assert all(map(lambda a, b: (a == b).all(), jax.tree.leaves(outputs), jax.tree.leaves(others)))
    with pytest.raises(ValueError, match="two names of the same argument. Pass `lengths` only"):
        layer(X, lengths=LENGTHS, seq_lengths=LENGTHS)


@pytest.mark.slow
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("lengths", [[6, 3, 0], [5, -1, 0]])
def test_lengths_beyond_the_time_axis_are_refused(name, lengths):
    layer = LAYERS[name]().init(0, X)
    with pytest.raises(ValueError, match=r"expects `lengths` from 0 to 5, .* got \["):
        layer(X, lengths=jnp.array(lengths))


@pytest.mark.parametrize("name", LAYERS)
def test_traced_lengths_are_clipped(name):
    layer = LAYERS[name]().init(0, X)
    run = jax.jit(lambda lengths: layer(X, lengths=lengths))
    outputs, expected = run(jnp.array([9, 3, -2])), run(LENGTHS)
    for value, other in zip(jax.tree.leaves(outputs), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(value, other, atol=1e-6)


@pytest.mark.slow
def test_a_sequence_without_steps_keeps_the_initial_carry():
    layer = LAYERS["RNN"]().init(0, X)
    first = jnp.full((3, 3), 0.5)
    carry, _ = layer(X, initial_carry=first, lengths=LENGTHS)
    assert (carry[2] == 0.5).all() and (carry[:2] != 0.5).all()


@pytest.mark.slow
def test_time_major_lengths_are_those_of_the_first_axis():
    layer = nn.RNN(nn.GRUCell(3), time_major=True).init(0, X)
    layer(X, lengths=jnp.full(5, 3))
    with pytest.raises(ValueError, match="from 0 to 3"):
        layer(X, lengths=jnp.full(5, 4))


@pytest.mark.slow
@pytest.mark.parametrize("time_major", [False, True])
def test_several_batch_axes(time_major):
    layer = nn.RNN(nn.LSTMCell(3), return_carry=True, time_major=time_major).init(0, X)
    x, lengths = X.reshape(3, 1, 5, 4).repeat(2, 1), jnp.stack([LENGTHS, LENGTHS[::-1]], axis=1)
    carry, y = layer(jnp.moveaxis(x, 2, 0) if time_major else x, lengths=lengths)
    y = jnp.moveaxis(y, 0, 2) if time_major else y
    for column in range(2):
        single = X.swapaxes(0, 1) if time_major else X
        expected, outputs = layer(single, lengths=lengths[:, column])
        outputs = outputs.swapaxes(0, 1) if time_major else outputs
        np.testing.assert_allclose(carry[0][:, column], expected[0], atol=1e-6)
        np.testing.assert_allclose(y[:, column], outputs, atol=1e-6)


@pytest.mark.slow
def test_no_batch_axis():
    layer = nn.RNN(nn.GRUCell(3), return_carry=True).init(0, X[0])
    carry, y = layer(X[0], lengths=3)
    assert carry.shape == (3,) and (carry == y[2]).all()


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit])
def test_lengths_that_are_no_integers_are_refused(name, transform):
    layer = LAYERS[name]().init(0, X)
    run = transform(lambda lengths: layer(X, lengths=lengths))
    with pytest.raises(TypeError, match="expects `lengths` that are integers, .* float32. Write"):
        run(jnp.array([5, 2.5, 0]))
    with pytest.raises(TypeError, match="of a mask, `mask.sum"):
        run(VALID[:, 0])
