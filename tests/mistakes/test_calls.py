"""Calls with wrong inputs, and errors of other libraries within calls."""

from typing import Any

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from mistake_cases import IMAGES, SEQUENCE, WIDE, Net, X, assert_told

import jax_metrics as jm
from jax_metrics import nn

HEADS = [jnp.ones((2, 5, 2, 4))] * 3


class Product(jm.Module):
    """A user's own layer, with an error of JAX in it."""

    def __init__(self):
        self.layer = jm.Linear(2)

    def __call__(self, x):
        return self.layer(x) @ x


def initialized(layer: jm.Module, inputs: Any = X) -> jm.Module:
    return layer.init(0, inputs)


def scores(x, mask):
    layer = initialized(nn.SelfAttention(2), SEQUENCE)
    return layer(x, mask)


CALLS = [
    (lambda m, s: s(WIDE), ValueError, ".layers[0] (Linear) was initialized for inputs [..., 3]"),
    (lambda m, s: s(WIDE), ValueError, "got [4, 7]"),
    (lambda m, s: jax.jit(s)(WIDE), ValueError, "was initialized for inputs [..., 3]; got [4, 7]"),
    (lambda m, s: m.layers[1](WIDE), TypeError, "BatchNorm was initialized for inputs [..., 2]"),
    (lambda m, s: s.layers[0]("abc"), TypeError, "expects arrays, but input 0 is a str ('abc')"),
    (lambda m, s: s.layers[0](object()), TypeError, "input 0 is a object"),
    (lambda m, s: s.layers[0]({"a": X}), Exception, "Linear failed for the inputs dict"),
    (lambda m, s: s(X, X), TypeError, "(Linear) failed for the inputs float32[4,3], float32[4,3]"),
    (
        lambda m, s: initialized(jm.LayerNorm())(WIDE),
        ValueError,
        "LayerNorm was initialized for inputs [..., 3]; got [4, 7]",
    ),
    (
        lambda m, s: initialized(jm.Conv(2, (3, 3)), IMAGES)(jnp.ones((1, 3, 4, 4))),
        ValueError,
        "Conv was initialized for inputs [..., 3]; got [1, 3, 4, 4]",
    ),
    (
        lambda m, s: initialized(jm.Conv(4, (3, 3), feature_group_count=2), jnp.ones((1, 4, 4, 4)))(
            jnp.ones((1, 4, 4, 6))
        ),
        ValueError,
        "was initialized for inputs [..., 4]; got [1, 4, 4, 6]",
    ),
    (
        lambda m, s: initialized(nn.GroupedQueryAttention(2), SEQUENCE)(SEQUENCE[..., :2]),
        ValueError,
        ".query (Linear) was initialized for inputs [..., 4]; got [2, 5, 2]",
    ),
    (
        lambda m, s: initialized(nn.MultiHeadAttention(2), SEQUENCE)(SEQUENCE[..., :2]),
        ValueError,
        "MultiHeadAttention was initialized for",
    ),
    (
        lambda m, s: initialized(jm.Embed(5, 2), np.array([1]))(X),
        ValueError,
        "Embed expects integers, which number its vectors; got float32. Write `x.astype(int)`",
    ),
    (
        lambda m, s: initialized(jm.MLP([3, 2]))(WIDE),
        ValueError,
        ".linear (Linear) was initialized for inputs [..., 3]",
    ),
    (lambda m, s: Product().init(0, X), TypeError, "dot_general requires"),  # and a note
    (lambda m, s: jm.MaxPool(2)(IMAGES), ValueError, "`window_shape=(2, 2)`"),
    (lambda m, s: jm.Conv(2, 3).init(0, IMAGES), ValueError, "`kernel_size=(3, 3)`"),
    (lambda m, s: nn.DepthwiseConv(3).init(0, IMAGES), ValueError, "`kernel_size=(3, 3)`"),
    (lambda m, s: scores(SEQUENCE, jnp.zeros((5, 5))), TypeError, "Write `mask == 0` for an add"),
    (lambda m, s: scores(SEQUENCE, np.ones((5, 5), int)), TypeError, "`mask.astype(bool)` for one"),
    (
        lambda m, s: initialized(nn.GroupedQueryAttention(2), SEQUENCE)(
            SEQUENCE, padding_mask=np.ones((2, 5))
        ),
        TypeError,
        "GroupedQueryAttention expects booleans for `padding_mask`",
    ),
    (
        lambda m, s: nn.TransformerEncoderLayer(2).init(
            0, jm.Inputs(SEQUENCE, mask=jnp.zeros((5, 5)))
        ),
        TypeError,
        ".self_attention (GroupedQueryAttention) expects booleans for `mask`",
    ),
    (
        lambda m, s: nn.MultiHeadAttention(2).init(
            0, jm.Inputs(SEQUENCE, mask=linen.make_causal_mask(SEQUENCE[..., 0]))
        ),
        TypeError,
        "MultiHeadAttention expects booleans for `mask`",
    ),
    (lambda m, s: m.layers[1](X[:, :2], mask=np.ones(4)), TypeError, "BatchNorm expects booleans"),
    (
        lambda m, s: nn.GlobalAvgPool()(SEQUENCE, mask=np.ones((2, 5))),
        TypeError,
        "GlobalAvgPool expects booleans for `mask`",
    ),
    (
        lambda m, s: jm.GRU(2).init(0, jm.Inputs(SEQUENCE, mask=np.ones((2, 5)))),
        TypeError,
        "GRU expects booleans for `mask`",
    ),
    (
        lambda m, s: nn.dot_product_attention(*HEADS, mask=jnp.zeros((5, 5))),
        TypeError,
        "dot_product_attention expects booleans for `mask`",
    ),
    (
        lambda m, s: nn.dot_product_attention_weights(*HEADS[1:], mask=jnp.zeros((5, 5))),
        TypeError,
        "Scores to add are the argument `bias`",
    ),
    (
        lambda m, s: nn.combine_masks(jnp.ones((5, 5), bool), jnp.zeros((5, 5))),
        TypeError,
        "combine_masks expects booleans for `masks[1]`, True where a value counts; got fl",
    ),
    (
        lambda m, s: initialized(nn.WeightNorm(jm.Linear(2)))(WIDE),
        ValueError,
        "WeightNorm was initialized for inputs [..., 3]; got [4, 7]",
    ),
    (lambda m, s: jm.Linear(2).init(0, jnp.ones(())), ValueError, "an axis of features, [..., fea"),
    (
        lambda m, s: jm.Conv(2, (3, 3)).init(0, X),
        ValueError,
        "Conv expects 2 spatial axes and th",
    ),
    (lambda m, s: nn.Bilinear(2).init(0, X), TypeError, "needs `x2` in a call, which takes x1, x2"),
    (lambda m, s: nn.LSTMCell(2).init(0, X), TypeError, "LSTMCell needs `inputs` in a call, which"),
    (
        lambda m, s: s.freeze(".layers[0]"),
        TypeError,
        "applies to the whole module; got '.lay",
    ),
    (lambda m, s: s.train("no"), TypeError, "`train` takes True or False"),
    (
        lambda m, s: s.tabulate((4, 3)),
        TypeError,
        "`tabulate(inputs)` called the Sequential with",
    ),
    (lambda m, s: s["relu"], TypeError, "The layers of Sequential are read by number or slice"),
    (lambda m, s: s(X, train=True), TypeError, "The mode is part of the model: `model.train()`"),
    (lambda m, s: s(X, rngs={}), TypeError, "Random keys are part of the model"),
    (lambda m, s: s.apply({"params": {}}, X), TypeError, "To call a model write `model(x)`"),
    (lambda m, s: s.summary(), AttributeError, "Write `print(model.tabulate(inputs))`"),
    (lambda m, s: s.predict(X), AttributeError, "Sequential has no method `predict`"),
    (lambda m, s: s.fit(X, X), AttributeError, "`jm.training.fit(model, optimizer, loss, data, e"),
    (lambda m, s: s.evaluate(X, X), AttributeError, "Write `jm.training.evaluate(model, loss, da"),
    (lambda m, s: s.compile("adam"), AttributeError, "`jm.training.fit` takes the optimizer, the"),
    (lambda m, s: s.cuda(), AttributeError, "JAX uses the GPU by itself"),
    (lambda m, s: s.half(), AttributeError, "`model.map(lambda p: p.astype(jnp.float16), jm.Para"),
    (lambda m, s: s.cpu(), AttributeError, "Write `jax.device_put(model, jax.devices('cpu')[0])`"),
    (lambda m, s: s.num_parameters(), AttributeError, "Write `jm.num_parameters(model)`"),
    (lambda m, s: jm.Linear.forward, AttributeError, "Linear has no method `forward`"),
    (lambda m, s: s.forward(X), AttributeError, "Sequential has no method `forward`. Call the mod"),
    (lambda m, s: s.state_dict(), AttributeError, "Write `jm.state_dict(model)`"),
    (lambda m, s: s.load_state_dict({}), AttributeError, "Write `model = jm.load_state_dict(model"),
    (lambda m, s: jm.metrics.Mean().forward(X), AttributeError, "Mean has no method `forward`"),
    (lambda m, s: jm.metrics.Mean().reset_states(), AttributeError, "It is `metric.reset()`"),
]


@pytest.mark.parametrize(("call", "kind", "text"), CALLS)
def test_calls(call, kind, text, model, sequential):
    assert_told(lambda: call(model.eval(), sequential), kind, text)


def test_an_error_of_flax_is_the_cause(sequential):
    with pytest.raises(ValueError, match="was initialized for inputs") as told:
        sequential(WIDE)
    assert type(told.value.__cause__).__name__ == "ScopeParamShapeError"


def test_an_error_in_code_of_the_user_gets_a_note():
    with pytest.raises(TypeError) as told:
        jm.Sequential(Product()).init(0, X)
    notes = told.value.__notes__
    assert "Raised in .layers[0] (Product), called with float32[4,3]." in notes
    assert sum(note.startswith("Raised in") for note in notes) == 1


def test_an_own_error_of_the_user_stays():
    error = KeyError("own")

    def fails(x):
        raise error

    with pytest.raises(KeyError) as told:
        jm.Sequential(fails)(X)
    assert told.value is error


def test_an_error_of_the_library_stays(model):
    with pytest.raises(RuntimeError) as told:
        Net()(X)
    assert told.value.__cause__ is None and not hasattr(told.value, "__notes__")
