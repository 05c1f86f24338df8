"""Layers that are written here check flags and numbers as the layers of Flax do."""

import inspect
from typing import Any

import pytest

import jax_metrics as jm
from jax_metrics import nn
from jax_metrics.nn import FlaxLayer

REQUIRED: dict[Any, Any] = {int: 2, float: 0.5, jm.Module: jm.Linear(2)}


def options(kind: type) -> list[Any]:
    """Each option of this type of each layer, with the arguments that the layer needs besides."""
    found = []
    for name, cls in vars(nn).items():
        is_own = isinstance(cls, type) and issubclass(cls, jm.Module)
        if not is_own or issubclass(cls, FlaxLayer) or cls in (nn.RecurrentLayer, nn.NNXModule):
            continue
        parameters = inspect.signature(cls).parameters.values()
        usual = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        given = {p.name: REQUIRED.get(p.annotation, 2) for p in usual if p.default is p.empty}
        for p in parameters:
            if p.annotation is kind and p.name != "residual":  # of a cell, with its name
                found.append(pytest.param(cls, p.name, given, id=f"{name}-{p.name}"))
    return found


@pytest.mark.parametrize(("cls", "name", "given"), options(bool))
def test_flags_are_booleans(cls, name, given):
    with pytest.raises(
        TypeError, match=f"{cls.__name__} expects True or False for `{name}`; got 2"
    ):
        cls(**{**given, name: 2})


@pytest.mark.parametrize(("cls", "name", "given"), options(float))
def test_numbers_are_not_strings(cls, name, given):
    with pytest.raises(TypeError, match=f"{cls.__name__} expects a number for `{name}`; got '1'"):
        cls(**{**given, name: "1"})


def test_a_class_of_a_user_is_checked_too():
    class Scaled(nn.FeedForward):
        def __init__(self, factor: float, *, offset: int = 0, keep: bool = False):
            super().__init__()
            self.factor, self.offset, self.keep = factor, offset, keep

    assert Scaled(2, offset=-1).offset == -1
    with pytest.raises(TypeError, match="Scaled expects a number for `factor`; got '2'"):
        Scaled("2")
    with pytest.raises(TypeError, match="Scaled expects True or False for `keep`; got 1"):
        Scaled(2.0, keep=1)
