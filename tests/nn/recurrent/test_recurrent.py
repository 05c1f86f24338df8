import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 5, 4)), jnp.float32)
LENGTHS = jnp.array([5, 3])


def assert_same(ours, theirs):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    assert all(map(lambda a, b: (a == b).all(), jax.tree.leaves(ours), jax.tree.leaves(theirs)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reverse": True, "return_carry": True},
        {"reverse": True, "keep_order": True, "unroll": 2},
        {"time_major": True},
        {"variable_broadcast": ["params"], "split_rngs": {"params": False}},
    ],
    ids=str,
)
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["all", "lengths"])
def test_rnn_is_that_of_linen(options, lengths):
    if options.get("time_major") and lengths is not None:
        lengths = jnp.array([2, 1, 2, 1, 2])
    layer = nn.RNN(nn.GRUCell(3), **options).init(0, X)
    module = linen.RNN(linen.GRUCell(3), **options)
    assert layer.variables["params"].keys() == {"cell"}
    assert_same(
        layer(X, seq_lengths=lengths), module.apply(layer.variables, X, seq_lengths=lengths)
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"initial_carry": jnp.ones((2, 3)), "return_carry": True},
        {"init_key": jax.random.key(1)},
        {"reverse": True, "keep_order": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_a_call_may_say(options):
    layer = nn.RNN(nn.GRUCell(3, carry_init=jm.initializers.normal(1.0))).init(0, X)
    module = linen.RNN(linen.GRUCell(3, carry_init=jax.nn.initializers.normal(1.0)))
    assert_same(layer(X, **options), module.apply(layer.variables, X, **options))


@pytest.mark.slow
def test_bidirectional_is_that_of_linen():
    merge = jnp.add
    options = {"merge_fn": merge, "time_major": False, "return_carry": True}
    layer = nn.Bidirectional(nn.RNN(nn.LSTMCell(3)), nn.RNN(nn.LSTMCell(3)), **options)
    module = linen.Bidirectional(
        linen.RNN(linen.LSTMCell(3)), linen.RNN(linen.LSTMCell(3)), **options
    )
    layer = layer.init(0, X)
    assert_same(layer.variables, module.init(jax.random.key(0), X))
    assert_same(
        layer(X, seq_lengths=LENGTHS), module.apply(layer.variables, X, seq_lengths=LENGTHS)
    )


def test_the_cell_holds_its_parameters():
    layer = nn.RNN(nn.LSTMCell(3)).init(0, X)
    names = dict(layer.named_parameters())
    assert names[".cell.if_['kernel']"].shape == (4, 3)
    assert layer.cell.initialized and layer.cell.hi["bias"].shape == (3,)
    carry, y = layer.cell(layer.cell.initialize_carry(0, (2, 4)), X[:, 0])
    assert jnp.allclose(y, layer(X)[:, 0], atol=1e-6)


def test_a_cell_that_was_made_before_keeps_its_parameters():
    cell = nn.GRUCell(3).init(7, (jnp.zeros((2, 3)), X[:, 0]))
    layer = nn.RNN(cell).init(0, X)
    assert_same(layer.cell, cell)


@pytest.mark.slow
def test_another_cell_is_another_program():
    small, large = (nn.RNN(nn.GRUCell(n)).init(0, X) for n in (2, 3))
    assert (small(X).shape[-1], large(X).shape[-1]) == (2, 3)


def test_two_directions_need_two_networks():
    rnn = nn.RNN(nn.GRUCell(3))
    with pytest.raises(jm.SharingError, match="forward_rnn and at .backward_rnn"):
        nn.Bidirectional(rnn, rnn).init(0, X)


def test_a_cell_must_be_a_layer():
    with pytest.raises(TypeError, match="RNN expected a layer of Flax for `cell`.*got GRUCell"):
        nn.RNN(linen.GRUCell(3))


def test_num_feature_axes_and_carries():
    cell = nn.ConvLSTMCell(3, (3, 3))
    assert cell.num_feature_axes == 3 and nn.GRUCell(3).num_feature_axes == 1
    c, h = cell.initialize_carry(jax.random.key(0), (2, 6, 6, 1))
    assert c.shape == h.shape == (2, 6, 6, 3)


class Dropping(linen.RNNCellBase):
    """A cell with dropout and an average, to see modes, keys and state inside of a layer."""

    rate: float
    deterministic: bool | None = None

    @linen.compact
    def __call__(self, carry, x):
        seen = self.variable("batch_stats", "seen", lambda: jnp.zeros(()))
        if not self.deterministic and not self.is_initializing():
            seen.value += 1
        y = linen.Dropout(self.rate, deterministic=self.deterministic)(x + carry)
        return y, y

    def initialize_carry(self, rng, input_shape):
        return jnp.zeros(input_shape)

    num_feature_axes = 1


class DroppingCell(nn.RNNCellBase, flax_class=Dropping):
    rng: jax.Array = jm.Rng.node(init=False)
    seen: jax.Array = jm.BatchStats.node(init=False)
    rate: float
    deterministic: bool | None = None


@pytest.mark.slow
def test_mode_keys_and_state_reach_the_cell():
    split = {"params": False, "dropout": True}
    layer = nn.RNN(DroppingCell(0.5), variable_axes={"batch_stats": 0}, split_rngs=split).init(0, X)
    key = layer.cell.rng
    assert jnp.allclose(layer.eval()(X), jnp.cumsum(X, 1), atol=1e-5)
    assert layer.cell.seen.tolist() == [0] * 5
    first = layer(X)
    assert layer.cell.seen.tolist() == [1] * 5
    assert not (layer.cell.rng == key).all()
    assert not (first == layer(X)).all()
    frozen = layer.at[".cell"].apply(lambda cell: cell.freeze())
    assert jnp.allclose(frozen(X), jnp.cumsum(X, 1), atol=1e-5)
    assert frozen.cell.seen.tolist() == [2] * 5
