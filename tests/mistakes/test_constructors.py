"""Wrong arguments of layers."""

import pytest
from mistake_cases import Net, X, assert_told

import jax_metrics as jm
from jax_metrics import nn

INFERRED = "The size of the inputs is not given: `init` infers it"
CONSTRUCTORS = [
    (lambda: jm.Linear(3, 4), TypeError, "Linear takes only `features` by position; got 3, 4"),
    (lambda: jm.Linear(3, 4), TypeError, INFERRED),
    (lambda: jm.Conv(3, 16, 3), TypeError, "only `features`, `kernel_size` by position; got 3, 16"),
    (lambda: jm.Conv(3, 16, 3), TypeError, INFERRED),
    (lambda: jm.BatchNorm(16), TypeError, "BatchNorm takes no arguments by position; got 16"),
    (lambda: jm.LayerNorm(16), TypeError, "Give others by name: epsilon, dtype"),
    (lambda: nn.RMSNorm(16), TypeError, INFERRED),
    (lambda: nn.InstanceNorm(16), TypeError, INFERRED),
    (lambda: nn.GroupNorm(8, 16), TypeError, "only `num_groups` by position; got 8, 16"),
    (lambda: nn.LSTMCell(3, 4), TypeError, INFERRED),
    (lambda: jm.LSTM(3, 4), TypeError, "LSTM takes only `features` by position"),
    (lambda: nn.MultiHeadAttention(16, 2), TypeError, "only `num_heads` by position; got 16, 2"),
    (lambda: nn.PReLU(0.1), TypeError, "PReLU takes no arguments by position"),
    (lambda: nn.SeparableConv(3, 16, 3), TypeError, "`kernel_size` by position; got 3, 16, 3"),
    (lambda: jm.MaxPool(2, 2, "SAME"), TypeError, "Give others by name: padding"),
    (lambda: jm.MLP(64, 1), TypeError, "as in `MLP([64, 1])`"),
    (lambda: jm.MLP([64], 1), TypeError, "MLP expects a function for `activation`; got 1"),
    (lambda: jm.MLP(["64"]), TypeError, "MLP expects an integer for `features[0]`; got '64'"),
    (lambda: jm.Linear("10"), TypeError, "Linear expects an integer for `features`; got '10'"),
    (lambda: jm.Linear(2.0), TypeError, "Linear expects an integer for `features`; got 2.0"),
    (lambda: jm.Linear(True), TypeError, "Linear expects an integer for `features`; got True"),
    (lambda: jm.Linear(-1), ValueError, "a positive integer for `features`; got -1"),
    (lambda: jm.Linear(2, use_bias=3), TypeError, "True or False for `use_bias`; got 3"),
    (lambda: jm.Linear(2, dtype="flaot32"), TypeError, "a dtype for `dtype`, such as `jnp.float32"),
    (lambda: jm.Conv(2, "33"), TypeError, "an integer or a sequence for `kernel_size`; got '33'"),
    (lambda: jm.LayerNorm(epsilon=16), ValueError, "a small number for `epsilon`, such as 1e-6"),
    (lambda: jm.BatchNorm(momentum=16), ValueError, "a number from 0 to 1 for `momentum`; got 16"),
    (lambda: jm.BatchNorm(use_running_average=16), TypeError, "True or False for `use_running_av"),
    (lambda: jm.Dropout(50), ValueError, "`rate` is a probability, from 0 to 1; got 50"),
    (lambda: jm.Dropout("0.5"), TypeError, "Dropout expects a number for `rate`; got '0.5'"),
    (lambda: jm.Dropout(0.5, rng_collection=1), TypeError, "a string for `rng_collection`; got 1"),
    (lambda: nn.GroupedQueryAttention("8"), TypeError, "an integer for `num_heads`; got '8'"),
    (lambda: jm.GRU(3, num_layers=0), ValueError, "a positive integer for `num_layers`; got 0"),
    (lambda: jm.Linear(in_features=3), TypeError, "Linear has no argument `in_features`. Did you"),
    (lambda: jm.Linear(4, bias=False), TypeError, "Did you mean `use_bias`?"),
    (lambda: jm.GlobalAvgPool(keepdim=True), TypeError, "Did you mean `keepdims`?"),
    (lambda: jm.Linear(), TypeError, "Linear needs `features`, as in `Linear(features=...)`"),
    (lambda: jm.Embed(10), TypeError, "as in `Embed(num_embeddings=..., features=...)`"),
    (lambda: jm.Linear(X), TypeError, "make the layer first and call it"),
    (lambda: jm.Flatten(1), TypeError, "Flatten.name is the name of the module, a string"),
    # Layers that are not adapted from Flax
    (lambda: nn.Bilinear(3, 3, 2), TypeError, INFERRED),
    (lambda: jm.GRU(3, 4), TypeError, INFERRED),
    (
        lambda: nn.TransformerEncoderLayer(512, 8),
        TypeError,
        "`num_heads` by position; got 512, 8",
    ),
    (
        lambda: nn.TransformerEncoder(16, 2),
        TypeError,
        "expected a layer, as in `Transformer",
    ),
    (lambda: nn.Bilinear("2"), TypeError, "Bilinear expects an integer for `features`; got '2'"),
    (lambda: nn.Bilinear(2, use_bias=3), TypeError, "True or False for `use_bias`; got 3"),
    (lambda: jm.GRU(3, stateful=2), TypeError, "GRU expects True or False for `stateful`; got 2"),
    (lambda: jm.LSTM(3, dropout="0.1"), TypeError, "LSTM expects a number for `dropout`; got '0."),
    (lambda: jm.GlobalAvgPool(keepdims=2), TypeError, "True or False for `keepdims`; got 2"),
    (lambda: nn.AvgPool(2, count_include_pad=2), TypeError, "for `count_include_pad`; got 2"),
    (lambda: nn.GaussianNoise("1"), TypeError, "GaussianNoise expects a number for `stddev`"),
    (lambda: nn.FeedForward(-3), ValueError, "a positive integer for `hidden_features`; got -3"),
    (lambda: nn.FeedForward(activation="relu"), TypeError, "Write `jax.nn.relu`, without quotes"),
    (lambda: nn.Reshape("4"), TypeError, "Reshape expects an integer or a sequence for `shape`"),
    (lambda: nn.Upsample("2"), TypeError, "a number or a sequence for `scale_factor`; got '2'"),
    (lambda: nn.LoRA(jm.Linear(2), "4"), TypeError, "LoRA expects an integer for `rank`; got '4'"),
    (lambda: nn.Stack(jm.Linear(2), 2, "all"), ValueError, "There is no policy"),
    (lambda: nn.RotaryEmbedding(interleaved=2), TypeError, "True or False for `interleaved`"),
    (lambda: nn.TransformerDecoderLayer(2, norm_first=2), TypeError, "for `norm_first`; got 2"),
    # Sizes of windows, and functions by name
    (lambda: jm.Conv(3, 0), ValueError, "Conv expects a positive integer for `kernel_size`; got 0"),
    (lambda: jm.Conv(3, (3, 0)), ValueError, "positive integers for `kernel_size`; got (3, 0)"),
    (lambda: jm.Conv(3, 3, strides=0), ValueError, "a positive integer for `strides`; got 0"),
    (lambda: jm.Linear(3, kernel_init="zeros"), TypeError, "such as `jm.initializers.zeros`"),
    (lambda: nn.GRUCell(3, gate_fn="sigmoid"), TypeError, "Write `jax.nn.sigmoid`, without quotes"),
    (lambda: jm.Sequential(jm.Linear), TypeError, "got the class Linear at position 0. Create"),
    (lambda: jm.Sequential({jm.Linear(2)}), TypeError, "needs layers in an order, as in `Sequen"),
    (lambda: jm.Sequential({"a": jm.Linear(2)}), TypeError, "`Sequential([a, b])`; got a dict"),
    (lambda: nn.Residual(jm.Linear), TypeError, "got the class Linear. Create an object"),
    (
        lambda: jm.Sequential(jm.Linear(2), 3),
        TypeError,
        "got 3 at position 1, which cannot be called",
    ),
    (lambda: nn.Stack(jm.Linear, 2), TypeError, "Stack expected a module, as in"),
    (lambda: jm.Optimizer(Net()), TypeError, "Optimizer wraps an optax transformation"),
]


@pytest.mark.parametrize(("make", "kind", "text"), CONSTRUCTORS)
def test_constructors(make, kind, text):
    assert_told(make, kind, text)
