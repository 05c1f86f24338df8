"""How to check every layer of `jm.nn`: what it is made of, its inputs, and what it must equal."""

import dataclasses
from collections.abc import Callable
from typing import Any

import cloudpickle
import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np

import jax_metrics as jm
from jax_metrics import nn


def normal(*shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


X = normal(2, 4)
SEQUENCE = normal(2, 5, 4)
IMAGE = normal(2, 6, 6, 4)
MASK = np.tril(np.ones((1, 1, 5, 5), bool))


@dataclasses.dataclass(frozen=True)
class Case:
    """How to check one layer; `inputs` and the rest are as in `check_layer`."""

    make: Callable[[], jm.Module]
    inputs: Any
    twin: Callable[[], linen.Module] | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def linen_case(ours: Any, theirs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Case:
    """A layer and a Flax module, made of the same arguments."""
    options = {
        n: kwargs.pop(n) for n in ("bad_inputs", "bfloat16", "vmap", "sharded") if n in kwargs
    }
    make = lambda: ours(*args, **kwargs)  # noqa: E731
    return Case(make, inputs, lambda: theirs(*args, **kwargs), options)


def cell(ours: Any, theirs: Any, x: jax.Array, *args: Any, **kwargs: Any) -> Case:
    carry = ours(*args, **kwargs).initialize_carry(0, x.shape)
    carry = jax.tree.map(lambda c: normal(*c.shape), carry)
    bad = [((carry, x[0, ..., :3]), Exception, "")]
    return linen_case(ours, theirs, (carry, x), *args, bad_inputs=bad, **kwargs)


def functional(make: Callable[[], jm.Module], reference: Any, *inputs: Any, **options: Any) -> Case:
    return Case(make, inputs, options={"reference": reference, **options})


def last_output(layer: Any, x: jax.Array) -> jax.Array:
    """The output of a one-cell recurrent layer at the last step."""
    (cell,) = layer.cells
    carry = cell.initialize_carry(0, x[:, 0].shape)
    for step in range(x.shape[1]):
        carry, output = cell(carry, x[:, step])
    return output


MHA = linen.MultiHeadDotProductAttention
FP8 = linen.Fp8DirectDotGeneralOp
WRONG_FEATURES = [(normal(2, 7), Exception, "shape")]

CASES: dict[str, list[Case]] = {
    "Linear": [
        linen_case(nn.Linear, linen.Dense, X, 3, bad_inputs=WRONG_FEATURES),
        linen_case(nn.Linear, linen.Dense, SEQUENCE, 3, use_bias=False),
        linen_case(nn.Linear, linen.Dense, X, 3, dot_general_cls=FP8),
    ],
    "LinearGeneral": [
        linen_case(
            nn.LinearGeneral, linen.DenseGeneral, SEQUENCE, (2, 3), bad_inputs=WRONG_FEATURES
        ),
        linen_case(nn.LinearGeneral, linen.DenseGeneral, SEQUENCE, 3, axis=(-2, -1)),
        linen_case(
            nn.LinearGeneral, linen.DenseGeneral, SEQUENCE, 3, batch_dims=(0,), sharded=False
        ),
    ],
    "Einsum": [
        linen_case(
            nn.Einsum,
            linen.Einsum,
            SEQUENCE,
            (4, 2, 3),
            "bti,iho->btho",
            bad_inputs=[(X, Exception, "")],
        ),
    ],
    "Conv": [
        linen_case(nn.Conv, linen.Conv, IMAGE, 3, (3, 3), bad_inputs=[(X, Exception, "")]),
        linen_case(nn.Conv, linen.Conv, SEQUENCE, 4, 3, feature_group_count=2, padding="CAUSAL"),
        linen_case(nn.Conv, linen.Conv, IMAGE, 2, (2, 2), strides=2, padding="CIRCULAR"),
    ],
    "ConvLocal": [
        linen_case(nn.ConvLocal, linen.ConvLocal, SEQUENCE, 3, (3,), padding="VALID"),
    ],
    "ConvTranspose": [
        linen_case(nn.ConvTranspose, linen.ConvTranspose, IMAGE, 3, (3, 3), strides=(2, 2)),
        linen_case(nn.ConvTranspose, linen.ConvTranspose, SEQUENCE, 3, (3,), transpose_kernel=True),
    ],
    "Embed": [
        linen_case(
            nn.Embed,
            linen.Embed,
            np.array([[1, 2], [0, 3]]),
            5,
            3,
            bad_inputs=[(X, ValueError, "integer")],
        ),
    ],
    "BatchNorm": [
        linen_case(nn.BatchNorm, linen.BatchNorm, X, bad_inputs=WRONG_FEATURES),
        linen_case(nn.BatchNorm, linen.BatchNorm, IMAGE, axis=1, momentum=0.5, use_scale=False),
    ],
    "LayerNorm": [linen_case(nn.LayerNorm, linen.LayerNorm, X, bad_inputs=WRONG_FEATURES)],
    "RMSNorm": [linen_case(nn.RMSNorm, linen.RMSNorm, X, bad_inputs=WRONG_FEATURES)],
    "GroupNorm": [
        linen_case(
            nn.GroupNorm,
            linen.GroupNorm,
            IMAGE,
            num_groups=2,
            bad_inputs=[(normal(2, 6, 6, 3), ValueError, "groups")],
        ),
        linen_case(nn.GroupNorm, linen.GroupNorm, SEQUENCE, num_groups=None, group_size=1),
    ],
    "InstanceNorm": [
        linen_case(nn.InstanceNorm, linen.InstanceNorm, IMAGE, bad_inputs=WRONG_FEATURES)
    ],
    "SpectralNorm": [
        Case(
            lambda: nn.SpectralNorm(nn.Conv(3, (3, 3)), n_steps=2),
            IMAGE,
            lambda: linen.SpectralNorm(linen.Conv(3, (3, 3)), n_steps=2),
        )
    ],
    "WeightNorm": [
        Case(lambda: nn.WeightNorm(nn.Linear(3)), X, lambda: linen.WeightNorm(linen.Dense(3))),
        Case(
            lambda: nn.WeightNorm(nn.Linear(3), variable_filter=None, feature_axes=None),
            X,
            lambda: linen.WeightNorm(linen.Dense(3), variable_filter=None, feature_axes=None),
        ),
    ],
    "Dropout": [
        linen_case(nn.Dropout, linen.Dropout, X, 0.5),
        linen_case(nn.Dropout, linen.Dropout, X, 0.5, broadcast_dims=(0,)),
        linen_case(nn.Dropout, linen.Dropout, X, 0.0),
    ],
    "PReLU": [linen_case(nn.PReLU, linen.PReLU, X)],
    "MultiHeadDotProductAttention": [
        linen_case(
            nn.MultiHeadDotProductAttention,
            MHA,
            jm.Inputs(SEQUENCE, normal(2, 3, 4)),
            2,
            dropout_rate=0.5,
            qkv_features=6,
            out_features=3,
            normalize_qk=True,
            bad_inputs=[((SEQUENCE, None, SEQUENCE), ValueError, "inputs_k")],
        ),
    ],
    "MultiHeadAttention": [
        linen_case(
            nn.MultiHeadAttention,
            linen.MultiHeadAttention,
            jm.Inputs(SEQUENCE, mask=MASK, sow_weights=True),
            2,
        ),
    ],
    "SelfAttention": [
        linen_case(nn.SelfAttention, linen.SelfAttention, (SEQUENCE, MASK), 2, use_bias=False),
    ],
    "SimpleCell": [
        cell(nn.SimpleCell, linen.SimpleCell, X, 3),
        cell(nn.SimpleCell, linen.SimpleCell, X, 3, residual=True),
    ],
    "GRUCell": [cell(nn.GRUCell, linen.GRUCell, X, 3)],
    "MGUCell": [
        cell(nn.MGUCell, linen.MGUCell, X, 3),
        cell(nn.MGUCell, linen.MGUCell, X, 3, reset_gate=False),
    ],
    "LSTMCell": [cell(nn.LSTMCell, linen.LSTMCell, X, 3)],
    "OptimizedLSTMCell": [cell(nn.OptimizedLSTMCell, linen.OptimizedLSTMCell, X, 3)],
    "ConvLSTMCell": [cell(nn.ConvLSTMCell, linen.ConvLSTMCell, IMAGE, 3, (3, 3))],
    "RNN": [
        Case(
            lambda: nn.RNN(nn.OptimizedLSTMCell(3), return_carry=True),
            SEQUENCE,
            lambda: linen.RNN(linen.OptimizedLSTMCell(3), return_carry=True),
            {"bad_inputs": [(X[0], Exception, "")]},
        )
    ],
    "Bidirectional": [
        Case(
            lambda: nn.Bidirectional(nn.RNN(nn.SimpleCell(3)), nn.RNN(nn.GRUCell(3))),
            SEQUENCE,
            lambda: linen.Bidirectional(
                linen.RNN(linen.SimpleCell(3)), linen.RNN(linen.GRUCell(3))
            ),
        )
    ],
    "Sequential": [
        functional(
            lambda: nn.Sequential(nn.Linear(3), jax.nn.relu),
            lambda model, x: jax.nn.relu(x @ model.layers[0].kernel + model.layers[0].bias),
            X,
            bad_inputs=WRONG_FEATURES,
            pickler=cloudpickle,
        )
    ],
    "Lambda": [
        functional(lambda: nn.Lambda(jnp.tanh), lambda _, x: jnp.tanh(x), X, pickler=cloudpickle)
    ],
    "MLP": [
        functional(
            lambda: nn.MLP([3, 2]),
            lambda m, x: (
                jax.nn.relu(x @ m.linear.kernel + m.linear.bias) @ m.linear2.kernel + m.linear2.bias
            ),
            X,
            bad_inputs=WRONG_FEATURES,
            pickler=cloudpickle,
        )
    ],
    "Flatten": [functional(nn.Flatten, lambda _, x: x.reshape(2, -1), IMAGE)],
}


def layer(
    make: Callable[[], jm.Module], *inputs: Any, refuses: tuple[Any, type, str] | None = None
) -> list[Case]:
    """A layer that Linen does not have; the tests of its own file have its formula."""
    bad = [] if refuses is None else [refuses]
    return [Case(make, inputs, options={"bad_inputs": bad, "rtol": 1e-4})]


WIDE, MEMORY = normal(2, 5, 8), normal(2, 7, 8)
FLAT = (X, ValueError, r"shape \(2, 4\)")
VECTOR = (WIDE[0, 0], ValueError, r"\(8,\)")
INTEGERS = (jnp.ones((2, 3, 4), int), TypeError, "floating-point array; got int32")

CASES |= {
    "AvgPool": layer(lambda: nn.AvgPool((2, 2)), IMAGE, refuses=FLAT),
    "MaxPool": [
        *layer(lambda: nn.MaxPool((2, 2), 1, padding="SAME"), IMAGE, refuses=FLAT),
        *layer(lambda: nn.MaxPool((2, 2), 1, window_dilation=2), IMAGE, refuses=FLAT),
    ],
    "LPPool": layer(lambda: nn.LPPool(2, (2, 2)), IMAGE, refuses=FLAT),
    "GlobalAvgPool": layer(nn.GlobalAvgPool, IMAGE, refuses=FLAT),
    "GlobalMaxPool": layer(nn.GlobalMaxPool, IMAGE, refuses=FLAT),
    "AdaptiveAvgPool": layer(lambda: nn.AdaptiveAvgPool((4, 2)), IMAGE, refuses=FLAT),
    "AdaptiveMaxPool": layer(lambda: nn.AdaptiveMaxPool((4, 2)), IMAGE, refuses=FLAT),
    "Pad": layer(lambda: nn.Pad(1, "reflect"), IMAGE, refuses=FLAT),
    "DepthwiseConv": layer(
        lambda: nn.DepthwiseConv((3, 3), depth_multiplier=2),
        IMAGE,
        refuses=(IMAGE[..., :3], ValueError, "initialized for 4 channels"),
    ),
    "SeparableConv": layer(lambda: nn.SeparableConv(3, (3, 3), strides=2), IMAGE, refuses=FLAT),
    "Upsample": layer(lambda: nn.Upsample(2, method="bilinear"), IMAGE, refuses=FLAT),
    "PixelShuffle": layer(lambda: nn.PixelShuffle(2), IMAGE, refuses=FLAT),
    "PixelUnshuffle": layer(lambda: nn.PixelUnshuffle(2), IMAGE, refuses=FLAT),
    "Identity": layer(nn.Identity, X),
    "Reshape": layer(
        lambda: nn.Reshape((2, -1)), X, refuses=(X[:, :3], ValueError, "cannot bring")
    ),
    "Residual": layer(
        lambda: nn.Residual(nn.Linear(3), projection=nn.Linear(3)), X, refuses=WRONG_FEATURES[0]
    ),
    "Concatenate": layer(
        lambda: nn.Concatenate(nn.Linear(3), jnp.sin), X, refuses=WRONG_FEATURES[0]
    ),
    "Bilinear": layer(
        lambda: nn.Bilinear(3), X, X, refuses=((X, X[:, 1:]), ValueError, r"size \(4, 4\)")
    ),
    "StochasticDepth": layer(lambda: nn.StochasticDepth(0.5), SEQUENCE, refuses=INTEGERS),
    "SpatialDropout": layer(lambda: nn.SpatialDropout(0.5), SEQUENCE, refuses=INTEGERS),
    "AlphaDropout": layer(lambda: nn.AlphaDropout(0.5), SEQUENCE, refuses=INTEGERS),
    "GaussianDropout": layer(lambda: nn.GaussianDropout(0.5), SEQUENCE, refuses=INTEGERS),
    "GaussianNoise": layer(lambda: nn.GaussianNoise(0.5), SEQUENCE, refuses=INTEGERS),
    "RotaryEmbedding": layer(nn.RotaryEmbedding, normal(2, 5, 3, 4), refuses=VECTOR),
    "SinusoidalPositionEmbedding": layer(nn.SinusoidalPositionEmbedding, WIDE, refuses=VECTOR),
    "LearnedPositionEmbedding": layer(
        lambda: nn.LearnedPositionEmbedding(6),
        WIDE,
        refuses=(MEMORY, ValueError, "has 6 positions"),
    ),
    "GroupedQueryAttention": layer(
        lambda: nn.GroupedQueryAttention(
            4, 2, causal=True, dropout_rate=0.1, rope=nn.RotaryEmbedding(), normalize_qk=True
        ),
        WIDE,
        refuses=VECTOR,
    ),
    "AdaptiveLogSoftmax": layer(
        lambda: nn.AdaptiveLogSoftmax(12, cutoffs=[4, 8], div_value=2.0),
        X,
        refuses=WRONG_FEATURES[0],
    ),
    "FeedForward": [
        *layer(lambda: nn.FeedForward(dropout_rate=0.1), X, refuses=WRONG_FEATURES[0]),
        *layer(lambda: nn.FeedForward(6, gated=True, activation=jax.nn.silu), X),
    ],
    "TransformerEncoderLayer": layer(
        lambda: nn.TransformerEncoderLayer(4, norm_first=True), WIDE, refuses=VECTOR
    ),
    "TransformerDecoderLayer": layer(
        lambda: nn.TransformerDecoderLayer(4),
        WIDE,
        MEMORY,
        refuses=((WIDE, WIDE[0, 0]), ValueError, "expects `memory`"),
    ),
    "TransformerEncoder": layer(
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(4, num_kv_heads=2, causal=True), 2, norm=nn.LayerNorm()
        ),
        WIDE,
        refuses=VECTOR,
    ),
    "TransformerDecoder": layer(
        lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4), 2),
        WIDE,
        MEMORY,
        refuses=((WIDE, WIDE[0, 0]), ValueError, "expects `memory`"),
    ),
}

# Layers around other layers; what they do is compared with the plain layer.
CASES |= {
    "Stack": [
        functional(lambda: nn.Stack(nn.Linear(4), 3), lambda s, x: nn.sequence(*s)(x), X),
    ],
    "Remat": [functional(lambda: nn.Remat(nn.Linear(3)), lambda r, x: r.layer(x), X)],
    "LoRA": [functional(lambda: nn.LoRA(nn.Linear(3), 2), lambda m, x: m.merged()(x), X)],
    "FlaxModule": [
        functional(
            lambda: nn.FlaxModule(linen.Dense(3)),
            lambda m, x: linen.Dense(3).apply(m.variables, x),
            X,
            pickler=cloudpickle,
        ),
    ],
    "GRU": [functional(lambda: nn.GRU(3), last_output, SEQUENCE)],
    "LSTM": [functional(lambda: nn.LSTM(3), last_output, SEQUENCE)],
    "SimpleRNN": [functional(lambda: nn.SimpleRNN(3), last_output, SEQUENCE)],
}
