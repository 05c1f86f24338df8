import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jax_metrics as jm
from jax_metrics import nn
from jax_metrics.nn import GRU, LSTM, SimpleRNN

LAYERS = [GRU, LSTM, SimpleRNN]
X = jax.random.normal(jax.random.key(1), (4, 6, 3))
LENGTHS = np.array([6, 4, 1, 0])


def looped(cell, x, state=None):
    """Steps one cell over `x`, `[batch, time, in]`."""
    carry = cell.initialize_carry(0, x[:, 0].shape) if state is None else state
    outputs = []
    for t in range(x.shape[1]):
        carry, y = cell(carry, x[:, t])
        outputs.append(y)
    return jnp.stack(outputs, axis=1), carry


def assert_close(a, b):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), a, b)


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("cls", LAYERS)
@pytest.mark.parametrize("unroll", [1, 3])
def test_equals_looping_the_cell(cls, unroll):
    layer = cls(5, return_sequences=True, return_state=True, unroll=unroll).init(0, X)
    assert_close(layer(X), looped(layer.cells[0], X))
    _, state = looped(layer.cells[0], 2 * X)
    assert_close(layer(X, state), looped(layer.cells[0], X, state))


@pytest.mark.parametrize("cls", LAYERS)
def test_the_first_cell_starts_as_its_flax_twin(cls):
    layer = cls(5).init(42, X)
    cell = layer._cell_class(5)
    cell_layer = cell.init(42, (cell.initialize_carry(0, (4, 3)), X[:, 0]))
    assert_close(layer.cells[0].parameters(), cell_layer.parameters())


@pytest.mark.slow
@pytest.mark.parametrize("cls", LAYERS)
def test_stacked_and_bidirectional(cls):
    options = {"num_layers": 2, "bidirectional": True, "return_state": True}
    layer = cls(5, return_sequences=True, **options).init(0, X)
    y, states = X, []
    for forward, backward in (layer.cells[:2], layer.cells[2:]):
        ahead, first = looped(forward, y)
        behind, second = looped(backward, y[:, ::-1])
        states += [first, second]
        y = jnp.concatenate([ahead, behind[:, ::-1]], axis=-1)
    assert_close(layer(X), (y, tuple(states)))
    last = cls(5, **options).init(0, X)
    assert_close(last(X)[0], jnp.concatenate([y[:, -1, :5], y[:, 0, 5:]], axis=-1))


@pytest.mark.parametrize("cls", LAYERS)
def test_go_backwards_turns_the_sequence_around(cls):
    layer = cls(5, go_backwards=True, return_sequences=True).init(0, X)
    assert_close(layer(X), looped(layer.cells[0], X[:, ::-1])[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "by", "go_backwards"),
    [(GRU, "lengths", False), (LSTM, "mask", True), (SimpleRNN, "lengths", True)],
)
def test_padded_equals_unpadded(cls, by, go_backwards):
    options = {"return_state": True, "bidirectional": True, "num_layers": 2}
    layer = cls(5, return_sequences=True, go_backwards=go_backwards, **options).init(0, X)
    mask = np.arange(6) < LENGTHS[:, None]
    padded = jnp.where(mask[..., None], X, jnp.nan)
    y, states = layer(padded, **({"mask": mask} if by == "mask" else {"lengths": LENGTHS}))
    for i, n in enumerate(LENGTHS):
        if n:
            expected, expected_states = layer(X[i : i + 1, :n])
            steps = slice(6 - n, 6) if go_backwards else slice(0, n)
            assert_close(y[i : i + 1, steps], expected)
            assert_close(jax.tree.map(lambda s, i=i: s[i : i + 1], states), expected_states)
    assert (jnp.where(mask[:, ::-1] if go_backwards else mask, 0, y.sum(-1)) == 0).all()
    loss = lambda p: layer.merge(p)(padded, lengths=LENGTHS)[0].sum()  # noqa: E731
    grads = jax.grad(loss)(layer.parameters())
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))


@pytest.mark.slow
@settings(max_examples=8)
@given(
    st.sampled_from(LAYERS),
    st.integers(1, 3),
    st.integers(1, 5),
    st.lists(st.integers(0, 5), min_size=1, max_size=3),
)
def test_any_lengths(cls, size, time, lengths):
    lengths = np.minimum(lengths, time)
    x = np.random.default_rng(0).normal(size=(len(lengths), time, size)).astype(np.float32)
    layer = cls(2, return_sequences=True, return_state=True).init(0, x)
    y, state = layer(x, lengths=lengths)
    for i, n in enumerate(lengths):
        expected, carry = looped(layer.cells[0], jnp.asarray(x[i : i + 1, :n])) if n else (0, None)
        assert_close(y[i : i + 1, :n], expected if n else y[i : i + 1, :0])
        if n:
            assert_close(jax.tree.map(lambda s, i=i: s[i : i + 1], state), carry)


@pytest.mark.parametrize(("axis", "move"), [(0, (1, 0, 2)), (1, (0, 1, 2)), (-3, (1, 0, 2))])
def test_time_axis(axis, move):
    layer = GRU(5, return_sequences=True).init(0, X)
    other = GRU(5, return_sequences=True, time_axis=axis).init(0, X.transpose(move))
    mask = np.arange(6) < LENGTHS[:, None]
    y = other(X.transpose(move), mask=mask.transpose(move[:2]))
    assert_close(y.transpose(move), layer(X, mask=mask))


@pytest.mark.slow
def test_more_batch_axes_and_none():
    layer = GRU(5).init(0, X)
    assert_close(layer(X.reshape(2, 2, 6, 3)), layer(X).reshape(2, 2, 5))
    assert_close(layer(X[0]), layer(X)[0])
    assert_close(jax.vmap(layer)(X), layer(X))


@pytest.mark.slow
def test_stateful_goes_on_where_it_was():
    layer = LSTM(5, stateful=True, return_sequences=True).init(0, X)
    whole = LSTM(5, return_sequences=True).init(0, X)
    assert (layer.state[0] == 0).all()  # the call of `init` does not count
    step = jax.jit(lambda layer, x: (layer(x), layer))
    first, layer = step(layer, X[:, :2])
    second, layer = step(layer, X[:, 2:4])
    assert_close(jnp.concatenate([first, second], axis=1), whole(X)[:, :4])
    assert len(jax.tree.leaves(layer.caches())) == 2
    assert_close(layer.reset_state()(X), whole(X))
    with pytest.raises(ValueError, match="`state` of the previous call.*layer.state = None"):
        layer(X[:2])


@pytest.mark.slow
def test_dropout_between_layers_in_training_only():
    layer = GRU(5, num_layers=2, dropout=0.5).init(0, X)
    assert not jnp.array_equal(layer(X), layer(X))
    plain = GRU(5, num_layers=2).init(0, X)
    assert_close(layer.eval()(X), plain.merge(plain.parameters()).eval()(X))


@pytest.mark.slow
def test_bfloat16_and_policy():
    half = jnp.bfloat16
    # An orthogonal matrix cannot be made in bfloat16: that is how JAX is.
    stored = {"param_dtype": half, "recurrent_kernel_init": jm.initializers.lecun_normal()}
    for layer in (LSTM(5, dtype=half), LSTM(5, dtype=half, **stored)):
        layer = layer.init(0, X)
        assert layer(X).dtype == layer(X.astype(half)).dtype == half
    model = jm.nn.Policy(jnp.float32, half).apply(GRU(5).init(0, X))
    assert model(X).dtype == half
    assert model.cells[0].hn["kernel"].dtype == jnp.float32


@pytest.mark.slow
def test_shard_map():
    mesh = jax.make_mesh((4,), ("i",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec("i")
    layer = LSTM(5, bidirectional=True).init(0, X)
    split = jax.shard_map(layer, mesh=mesh, in_specs=spec, out_specs=spec)
    assert_close(split(X), layer(X))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: GRU(5, time_axis=-1), "cannot be the `time_axis` of GRU"),
        (lambda: GRU(5, dropout=0.5), "has only one. Set `num_layers`"),
        (lambda: GRU(5).init(0, X[0, 0]), r"expected inputs of shape \[batch..., time, in\]"),
        (lambda: GRU(5).init(0, X)(X, mask=True, lengths=1), "not both"),
        (lambda: GRU(5).init(0, X)(X, lengths=LENGTHS[:2]), r"shape of the batch, \(4,\); got"),
        (lambda: GRU(5).init(0, X)(X, mask=X > 0), r"without features, \(4, 6\); got"),
        (lambda: LSTM(5).init(0, X)(X, jnp.ones(4)), "expected `initial_state` to have the shapes"),
    ],
)
def test_errors(make, text):
    with pytest.raises(ValueError, match=text):
        make()


@pytest.mark.slow
@pytest.mark.parametrize(
    "layer",
    [nn.LSTM(2), nn.GRU(2), nn.SimpleRNN(2), nn.RNN(nn.LSTMCell(2)), nn.RNN(nn.MGUCell(2))]
    + [nn.Bidirectional(nn.RNN(nn.GRUCell(2)), nn.RNN(nn.GRUCell(2)))],
    ids=lambda layer: type(layer).__name__,
)
def test_another_number_of_features(layer):
    message = r"was initialized for inputs \[..., 3\]; got \[1, 4, 5\]"
    with pytest.raises((TypeError, ValueError), match=message):
        layer.init(0, jnp.ones((1, 4, 3)))(jnp.ones((1, 4, 5)))


@pytest.mark.parametrize("cell", [nn.SimpleCell(2), nn.LSTMCell(2), nn.OptimizedLSTMCell(2)])
def test_another_number_of_features_of_a_cell(cell):
    carry = cell.initialize_carry(0, (1, 3))
    cell = cell.init(0, (carry, jnp.ones((1, 3))))
    with pytest.raises((TypeError, ValueError), match=r"initialized for inputs \[..., 3\]; got"):
        cell(carry, jnp.ones((1, 5)))
