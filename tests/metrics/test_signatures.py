"""Metrics show their arguments, those of the class and those of a call."""

import inspect

import jax
import pytest

import jax_metrics as jm
from jax_metrics import metrics
from jax_metrics.metrics import Accuracy, Mean, Metrics

PUBLIC = [
    value
    for value in vars(metrics).values()
    if inspect.isclass(value) and issubclass(value, jm.Metric)
]


@pytest.mark.parametrize("cls", PUBLIC, ids=lambda cls: cls.__name__)
def test_a_call_has_the_signature_of_update(cls):
    called = inspect.signature(cls.__call__).parameters
    assert called == inspect.signature(cls.update).parameters
    options = inspect.signature(cls).parameters
    keywords = [p for p in options.values() if p.kind is p.VAR_KEYWORD]
    assert not keywords or cls is metrics.Transformed
    assert all(
        p.annotation is not p.empty
        for p in (*called.values(), *options.values())
        if p.name != "self"
    )


def test_signatures_of_objects():
    assert list(inspect.signature(Mean()).parameters) == ["values", "sample_weight", "mask"]
    renamed = Accuracy().rename_arguments(target="y")
    assert list(inspect.signature(renamed).parameters) == ["y", "preds", "sample_weight", "mask"]
    assert inspect.signature(metrics.accuracy).return_annotation is jax.Array
    together = Metrics([Mean(), renamed])
    assert {"y", "values"} <= inspect.signature(together).parameters.keys()
