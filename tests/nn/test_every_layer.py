"""Every layer of `jm.nn` passes `check_layer`; one that is not among the cases fails."""

from typing import Any

import pytest
from layer_cases import CASES

import jax_metrics as jm
from jax_metrics import nn
from jax_metrics.testing import check_layer

# Bases, of which one makes classes and no layers.
ABSTRACT = {"FlaxLayer", "RNNCellBase", "RecurrentLayer"}
# The layers that they are made of, or that do nearly the same, tell as much.
MADE_OF_OTHERS = {
    "LSTM",
    "MGUCell",
    "MultiHeadAttention",
    "MultiHeadDotProductAttention",
    "OptimizedLSTMCell",
    "SeparableConv",
    "SimpleRNN",
    "TransformerDecoder",
    "TransformerEncoder",
    "TransformerEncoderLayer",
}
# Layers of peers, one of which may be missing: see test_foreign_layers.py.
ELSEWHERE = {"HaikuModule", "NNXModule"}


def layers_of(module: Any) -> dict[str, type]:
    return {
        n: v for n, v in vars(module).items() if isinstance(v, type) and issubclass(v, jm.Module)
    }


def test_every_layer_is_registered():
    missing = layers_of(nn).keys() - CASES.keys() - ABSTRACT - ELSEWHERE
    assert not missing, f"add these to CASES, or to ABSTRACT: {sorted(missing)}"


@pytest.mark.quick_cases(20)
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            c, id=f"{name}-{i}", marks=[pytest.mark.slow] * (name in MADE_OF_OTHERS or i > 0)
        )
        for name, found in CASES.items()
        for i, c in enumerate(found)
    ],
)
@pytest.mark.parametrize(
    "sharded", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["one device", "sharded"]
)
@pytest.mark.filterwarnings("ignore:SelfAttention will be deprecated:DeprecationWarning")
def test_layer(case, sharded):
    twin = case.twin and case.twin()
    check_layer(case.make(), case.inputs, twin=twin, **{"sharded": sharded, **case.options})
