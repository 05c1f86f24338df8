"""Recurrent layers against those of PyTorch and Keras, with the same weights."""

import jax
import numpy as np
import pytest

import jax_metrics as jm

pytest.importorskip("torch")

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
LAYERS = ["GRU", "LSTM", "SimpleRNN"]
# The gates, in the order in which the other library has them side by side.
TORCH_GATES = {"GRU": "rzn", "LSTM": "ifgo", "SimpleRNN": [""]}
KERAS_GATES = {"GRU": "zrn", "LSTM": "ifgo", "SimpleRNN": [""]}
LENGTHS = np.array([6, 1, 4])


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def model(name, x, **options):
    """A layer with biases that are not zero."""
    return getattr(jm.nn, name)(4, bias_init=jm.initializers.normal(1.0), **options).init(0, x)


def gates(cell, side, names):
    """The kernels and biases of a cell, for its inputs or its carry; no bias is a zero one."""
    fields = [f"{side}{name}" for name in names]
    found = [getattr(cell, {"if": "if_", "in": "in_"}.get(f, f)) for f in fields]
    biases = [gate["bias"] if "bias" in gate else np.zeros(cell.features) for gate in found]
    return [np.asarray(gate["kernel"]) for gate in found], [np.asarray(bias) for bias in biases]


def arrays(state):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state)]


# -- PyTorch --------------------------------------------------------------------------------------


def torch_twin(torch, name, ours):
    options = {"nonlinearity": "tanh"} if name == "SimpleRNN" else {}
    theirs = getattr(torch.nn, name.removeprefix("Simple"))(
        3, 4, ours.num_layers, batch_first=True, bidirectional=ours.bidirectional, **options
    )
    directions = ["", "_reverse"] if ours.bidirectional else [""]
    places = [f"l{layer}{end}" for layer in range(ours.num_layers) for end in directions]
    with torch.no_grad():
        for cell, place in zip(ours.cells, places, strict=True):
            for side, their_side in (("i", "ih"), ("h", "hh")):
                kernels, biases = gates(cell, side, TORCH_GATES[name])
                weight = torch.from_numpy(np.concatenate(kernels, axis=1).T.copy())
                getattr(theirs, f"weight_{their_side}_{place}").copy_(weight)
                bias = torch.from_numpy(np.concatenate(biases))
                getattr(theirs, f"bias_{their_side}_{place}").copy_(bias)
    return theirs


def torch_state(torch, name, state):
    """The carry of each cell, stacked as PyTorch has them: outputs before memories."""
    leaves = arrays(state)
    if name != "LSTM":
        return torch.from_numpy(np.stack(leaves))
    memories, outputs = leaves[::2], leaves[1::2]
    return torch.from_numpy(np.stack(outputs)), torch.from_numpy(np.stack(memories))


def assert_same_state(torch, name, ours, theirs):
    expected = torch_state(torch, name, ours)
    pairs = zip(expected, theirs, strict=True) if name == "LSTM" else [(expected, theirs)]
    for own, other in pairs:
        np.testing.assert_allclose(own, other.detach(), **CLOSE)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("given", [False, True])
def test_layers_of_torch(torch, name, num_layers, bidirectional, given):
    x = random(3, 6, 3)
    ours = model(
        name,
        x,
        num_layers=num_layers,
        bidirectional=bidirectional,
        return_sequences=True,
        return_state=True,
    )
    theirs = torch_twin(torch, name, ours)
    state = None
    if given:
        state = jax.tree.map(lambda leaf: random(*leaf.shape, seed=leaf.size), ours(x)[1])
    first = None if state is None else torch_state(torch, name, state)
    expected, last = theirs(torch.from_numpy(x), first)
    y, after = ours(x, state)
    np.testing.assert_allclose(y, expected.detach(), **CLOSE)
    assert_same_state(torch, name, after, last)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("how", ["lengths", "mask"])
def test_padded_sequences_of_torch(torch, name, num_layers, bidirectional, how):
    x = random(3, 6, 3)
    ours = model(
        name,
        x,
        num_layers=num_layers,
        bidirectional=bidirectional,
        return_sequences=True,
        return_state=True,
    )
    rnn = torch.nn.utils.rnn
    packed = rnn.pack_padded_sequence(
        torch.from_numpy(x), torch.from_numpy(LENGTHS), batch_first=True, enforce_sorted=False
    )
    outputs, last = torch_twin(torch, name, ours)(packed)
    expected, _ = rnn.pad_packed_sequence(outputs, batch_first=True)
    valid = {"lengths": LENGTHS, "mask": np.arange(6) < LENGTHS[:, None]}
    y, after = ours(x, **{how: valid[how]})
    np.testing.assert_allclose(y, expected.detach(), **CLOSE)
    assert_same_state(torch, name, after, last)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_of_torch(torch, name, bidirectional):
    x = random(3, 6, 3)
    ours = model(name, x, bidirectional=bidirectional, return_sequences=True)
    inputs = torch.from_numpy(x.copy()).requires_grad_()
    (torch_twin(torch, name, ours)(inputs)[0] ** 2).sum().backward()
    gradient = jax.grad(lambda x: (ours(x) ** 2).sum())(x)
    np.testing.assert_allclose(gradient, inputs.grad, rtol=1e-3, atol=1e-5)


# -- Keras ----------------------------------------------------------------------------------------


def keras_weights(name, cell):
    kernels, biases = gates(cell, "i", KERAS_GATES[name])
    recurrent, recurrent_biases = gates(cell, "h", KERAS_GATES[name])
    bias = np.stack([np.concatenate(biases), np.concatenate(recurrent_biases)])
    # Keras has two biases in the GRU alone.
    bias = bias if name == "GRU" else bias.sum(0)
    return [np.concatenate(kernels, axis=1), np.concatenate(recurrent, axis=1), bias]


def keras_twin(keras, name, ours):
    options = {
        "return_sequences": ours.return_sequences,
        "return_state": ours.return_state,
        "go_backwards": ours.go_backwards,
    }
    theirs = getattr(keras.layers, name)(4, **options)
    if ours.bidirectional:
        theirs = keras.layers.Bidirectional(theirs)
    theirs.build((3, 6, 3))
    theirs.set_weights([w for cell in ours.cells for w in keras_weights(name, cell)])
    return theirs


def keras_states(name, state, bidirectional):
    """The states as Keras lists them: outputs before memories."""
    cells = state if bidirectional else (state,)
    order = [(carry[1], carry[0]) if name == "LSTM" else (carry,) for carry in cells]
    return [np.asarray(leaf) for leaves in order for leaf in leaves]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize(
    ("go_backwards", "bidirectional"),  # not both: Keras then swaps its two layers
    [(False, False), (False, True), (True, False)],
)
@pytest.mark.parametrize("given", [False, True])
def test_layers_of_keras(keras, name, return_sequences, go_backwards, bidirectional, given):
    x = random(3, 6, 3)
    ours = model(
        name,
        x,
        return_sequences=return_sequences,
        return_state=True,
        go_backwards=go_backwards,
        bidirectional=bidirectional,
    )
    theirs = keras_twin(keras, name, ours)
    state = None
    if given:
        state = jax.tree.map(lambda leaf: random(*leaf.shape, seed=1), ours(x)[1])
    first = None if state is None else keras_states(name, state, bidirectional)
    expected, *last = theirs(x, initial_state=first)
    y, after = ours(x, state)
    np.testing.assert_allclose(y, expected, **CLOSE)
    for own, other in zip(keras_states(name, after, bidirectional), last, strict=True):
        np.testing.assert_allclose(own, other, **CLOSE)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("go_backwards", [False, True])
def test_masks_of_keras(keras, name, go_backwards):
    x = random(3, 6, 3)
    mask = np.array([[1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 0, 0], [0, 0, 1, 0, 1, 1]], bool)
    ours = model(name, x, return_sequences=True, return_state=True, go_backwards=go_backwards)
    expected, *last = keras_twin(keras, name, ours)(x, mask=mask)
    y, after = ours(x, mask=mask)
    # At a masked step Keras repeats an output, where ours is zero.
    there = mask[:, ::-1] if go_backwards else mask
    np.testing.assert_allclose(np.asarray(y)[there], np.asarray(expected)[there], **CLOSE)
    assert (np.asarray(y)[~there] == 0).all()
    for own, other in zip(keras_states(name, after, False), last, strict=True):
        np.testing.assert_allclose(own, other, **CLOSE)
