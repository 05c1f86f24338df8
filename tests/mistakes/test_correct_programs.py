"""Correct programs are told nothing."""

import dataclasses

import jax
import numpy as np
import optax
from mistake_cases import X

import jax_metrics as jm
from jax_metrics import nn


def test_correct_programs_are_silent(model, sequential):
    class Base(jm.Module):
        def forward(self, x):
            return 2 * x

    class Inherits(Base):
        def __call__(self, x):
            return self.forward(x)

    @dataclasses.dataclass
    class Options:
        rate: float = 0.5

    class Plain(jm.Module):
        def __init__(self, sizes=(2, 3), options=None):
            self.sizes = sizes
            self.options = options
            self.layer1 = jm.Linear(2)
            self.used = False

        def __call__(self, x):
            if not self.used:
                self.used = True
            return self.layer1(x)

    plain = Plain(options=Options()).init(0, X)
    plain.layer2 = jm.Linear(3)
    plain.note = "own"
    plain.rate2 = 0.5
    jax.jit(lambda model, x: (model(x), model))(plain, X)
    assert (Inherits()(X) == 2 * X).all()
    jm.Optimizer(optax.adam(1e-3)).init(model)
    assert nn.GroupNorm(2) and nn.GroupNorm(None, group_size=1) and jm.LayerNorm(epsilon=0.0)
    assert nn.Einsum((3, 4), "bi,io->bo") and jm.Conv(np.int64(2), [3])
    assert jm.Linear(2, dtype="float32")
