"""Calls of losses have true signatures."""

import inspect

import jax
import pytest

import jax_metrics as jm
from jax_metrics import losses
from jax_metrics.losses import MeanSquaredError


class Rate(losses.Loss):
    def call(self, target, preds):
        return abs(target - preds)


CLASSES = [
    value
    for value in vars(losses).values()
    if inspect.isclass(value) and issubclass(value, losses.Loss) and value is not losses.Loss
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_call_has_the_arguments_by_name(cls):
    called = inspect.signature(cls.__call__)
    parameters = list(called.parameters.values())[1:]
    arguments = list(inspect.signature(cls.call).parameters)[1:]
    assert [p.name for p in parameters][: len(arguments)] == arguments
    assert {p.kind for p in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    assert called.return_annotation is jax.Array


def test_signatures_of_objects():
    renamed = MeanSquaredError().rename_arguments(target="y")
    assert list(inspect.signature(renamed).parameters) == ["y", "preds", "sample_weight", "mask"]
    assert list(inspect.signature(jm.regularizers.L2()).parameters) == ["parameters"]
    assert list(inspect.signature(Rate.__call__).parameters)[1:3] == ["target", "preds"]
