"""Dropout rates outside of [0, 1] are refused by every layer that takes one."""

import pytest

from jax_metrics import nn

LAYERS = {
    "Dropout": (nn.Dropout, "rate"),
    "SelfAttention": (lambda rate: nn.SelfAttention(2, dropout_rate=rate), "dropout_rate"),
    "MultiHeadAttention": (
        lambda rate: nn.MultiHeadAttention(2, dropout_rate=rate),
        "dropout_rate",
    ),
    "GroupedQueryAttention": (
        lambda rate: nn.GroupedQueryAttention(2, dropout_rate=rate),
        "dropout_rate",
    ),
    "FeedForward": (lambda rate: nn.FeedForward(dropout_rate=rate), "dropout_rate"),
    "TransformerEncoderLayer": (
        lambda rate: nn.TransformerEncoderLayer(2, dropout_rate=rate),
        "dropout_rate",
    ),
    "LSTM": (lambda rate: nn.LSTM(3, num_layers=2, dropout=rate), "dropout"),
    "GRU": (lambda rate: nn.GRU(3, dropout=rate), "dropout"),
    "SimpleRNN": (lambda rate: nn.SimpleRNN(3, num_layers=2, dropout=rate), "dropout"),
    "StochasticDepth": (nn.StochasticDepth, "rate"),
    "SpatialDropout": (nn.SpatialDropout, "rate"),
    "AlphaDropout": (nn.AlphaDropout, "rate"),
    "GaussianDropout": (nn.GaussianDropout, "rate"),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_a_rate_is_a_probability(name, rate):
    make, argument = LAYERS[name]
    with pytest.raises(ValueError, match=f"`{argument}` is a probability, from 0 to 1; got {rate}"):
        make(rate)


def test_so_is_one_that_is_set_later():
    layer = nn.Dropout(0.5)
    with pytest.raises(ValueError, match="`rate` is a probability"):
        layer.rate = 2.0
    assert layer.rate == 0.5
