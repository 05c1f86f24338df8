"""`dir` shows what users need, and nothing private."""

import types

import jax.numpy as jnp
import optax
import pytest

import jax_metrics as jm
from jax_metrics import nn

MODULES = {
    "checkpoint",
    "losses",
    "metrics",
    "models",
    "module",
    "nn",
    "optim",
    "regularizers",
    "sharding",
    "testing",
    "training",
    "tree",
}


@pytest.mark.parametrize(
    "package, modules",
    [
        (jm, MODULES | {"initializers"}),
        (nn, {"initializers"}),
        (jm.losses, set()),
        (jm.metrics, set()),
        (jm.optim, set()),
    ],
)
def test_packages(package, modules):
    shown = dir(package)
    assert [name for name in shown if name.startswith("_")] in ([], ["__version__"])
    found = {name for name in shown if isinstance(getattr(package, name), types.ModuleType)}
    assert found == modules
    assert {name for name in vars(jm) if name[0].isupper()} <= {*dir(jm)}


@pytest.mark.parametrize("name", ["Linear", "Module", "value_and_grad", "equal", "Optimizer"])
def test_the_root_has_what_the_guide_begins_with(name):
    assert name in dir(jm)


model = jm.MLP([4, 1]).init(0, jnp.ones((1, 2)))
OBJECTS = [
    (model, {"linear", "features", "init", "eval", "parameters", "replace", "tabulate", "at"}),
    (jm.Linear(4), {"kernel_init", "features", "use_bias", "variables"}),
    (
        jm.Optimizer(optax.sgd, learning_rate=0.1).init(model),
        {"init", "update", "opt_state", "learning_rate"},
    ),
    (jm.metrics.Accuracy(), {"update", "compute", "reset"}),
    (jm.losses.Huber(), {"delta", "replace"}),
]


@pytest.mark.parametrize("tree, names", OBJECTS, ids=[type(tree).__name__ for tree, _ in OBJECTS])
def test_objects(tree, names):
    shown = dir(tree)
    assert names <= {*shown}
    assert not [name for name in shown if name.startswith("_") and not name.startswith("__")]
    assert all(name in shown for name in vars(tree) if not name.startswith("_"))
    assert "forward" not in shown  # it exists only to name what to write instead
