"""Modules of NNX and Haiku are layers like any other: they pass the harness."""

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jax_metrics import nn
from jax_metrics.testing import check_layer

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


@pytest.mark.slow
def test_nnx():
    rngs = nnx.Rngs(0)
    module = nnx.Sequential(nnx.Linear(3, 4, rngs=rngs), nnx.LayerNorm(4, rngs=rngs))
    check_layer(
        nn.NNXModule(module),
        X,
        reference=lambda layer, x: layer.module(x),
        bad_inputs=[(np.ones((4, 7), np.float32), Exception, "7")],
    )


def test_haiku():
    hk = pytest.importorskip("haiku", reason="dm-haiku is not installed")
    check_layer(
        nn.HaikuModule(hk.Linear, 4),
        X,
        reference=lambda layer, x: x @ layer.params["linear"]["w"] + layer.params["linear"]["b"],
        bad_inputs=[(jnp.ones((4, 7)), Exception, "7")],
    )
