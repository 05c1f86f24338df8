"""The functions of metrics build their metric in the program, so that nothing of a call stays."""

import inspect
import sys
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jax_metrics as jm

TARGET, PREDS = np.array([1, 0, 1, 1]), np.array([0.9, 0.2, 0.4, 0.8], np.float32)
CALLS = {
    "accuracy": lambda target, preds: jm.metrics.accuracy(target, preds, threshold=0.3),
    "auroc": lambda target, preds: jm.metrics.auroc(target, preds, thresholds=[0.3, 0.5]),
    "mean_squared_error": jm.metrics.mean_squared_error,
    "r2_score": jm.metrics.r2_score,
}


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit])
@pytest.mark.parametrize("name", CALLS)
def test_a_first_call_under_a_mesh_does_not_break_later_ones(name, kind):
    call = CALLS[name]
    mesh = jax.make_mesh((4,), ("data",), axis_types=(kind,))
    with jax.set_mesh(mesh):
        sharding = NamedSharding(mesh, PartitionSpec("data"))
        placed = [jax.device_put(x, sharding) for x in (TARGET, PREDS)]
        first = float(call(*placed))
    np.testing.assert_allclose(call(TARGET, PREDS), first, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(call)(TARGET, PREDS), first, rtol=1e-6)


class Made(jm.metrics.MeanOf):
    """A metric that counts how often it is made."""

    made = 0

    def __init__(self, *, scale=1.0, **options):
        super().__init__(**options)
        Made.made += 1
        self.scale = scale

    def values(self, target, preds):
        return jnp.asarray(self.scale) * (target - preds)


def test_it_is_made_once_for_options_and_shapes():
    made = jm.metrics.functional(Made)
    Made.made = 0
    for _ in range(3):
        assert made(jnp.ones(3), jnp.zeros(3), scale=2.0) == 2
    assert Made.made == 1
    for scale in (np.full(3, 3, np.float32), jnp.full(3, 3.0)):
        assert made(jnp.ones(3), jnp.zeros(3), scale=scale) == 3
    assert Made.made == 2
    assert made(jnp.ones(3), jnp.zeros(3), scale=True) == 1 and Made.made == 3
    assert made(jnp.ones(3), jnp.zeros(3), scale=1) == 1 and Made.made == 4


DECLARED = [
    value
    for module in list(sys.modules.values())
    if module.__name__.startswith("jax_metrics.metrics.")
    for name, value in list(vars(module).items())
    if getattr(module, "__annotations__", {}).get(name).__class__ is type(Protocol)
]


@pytest.mark.parametrize("function", DECLARED, ids=lambda function: function.__name__)
def test_declared_types_are_those_of_the_function(function):
    module = sys.modules[function.__module__]
    protocol = module.__annotations__[function.__name__]
    declared = list(inspect.signature(protocol.__call__).parameters.values())[1:]
    taken = inspect.signature(function).parameters
    assert {p.name: (p.kind, p.default) for p in declared} == {
        n: (p.kind, p.default) for n, p in taken.items()
    }


def test_some_functions_have_declared_types():
    names = {function.__name__ for function in DECLARED}
    assert names >= {"auc", "click_through_rate", "d2_pinball_score", "spearman_corrcoef"}
