"""Every layer class of `jm.nn` is `jm.X` too."""

import pytest

import jax_metrics as jm
from jax_metrics import nn


@pytest.mark.parametrize("name", sorted(n for n, v in vars(nn).items() if isinstance(v, type)))
def test_the_root_has_every_layer_class(name):
    assert getattr(jm, name) is getattr(nn, name)
