import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

KINDS = {
    "parameter": jm.Parameter,
    "state": jm.State,
    "rng": jm.Rng,
    "metric_state": jm.MetricState,
    "model_state": jm.ModelState,
    "statistics": jm.BatchStats,
    "cache": jm.Cache,
    "opt_state": jm.OptState,
    "log": jm.Log,
    "loss_log": jm.LossLog,
    "metric_log": jm.MetricLog,
}


class OwnLog(jm.MetricLog):
    """A kind that a user adds."""


class All(jm.Module):
    parameter: int = jm.Parameter.node(1)
    state: int = jm.State.node(2)
    rng: int = jm.Rng.node(3)
    metric_state: int = jm.MetricState.node(4)
    model_state: int = jm.ModelState.node(5)
    statistics: int = jm.BatchStats.node(6)
    cache: int = jm.Cache.node(7)
    opt_state: int = jm.OptState.node(8)
    log: int = jm.Log.node(9)
    loss_log: int = jm.LossLog.node(10)
    metric_log: int = jm.MetricLog.node(11)
    own: int = OwnLog.node(12)
    none: int = jm.node(13)
    frozen_parameter: jm.Module

    def __init__(self):
        self.frozen_parameter = jm.Lambda(abs)


def kept(model):
    return {name for name in model.field_metadata if isinstance(getattr(model, name), int)}


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("parameters", {"parameter"}),
        ("trainable_parameters", {"parameter"}),
        ("batch_stats", {"statistics"}),
        ("rngs", {"rng"}),
        ("model_states", {"model_state", "statistics", "cache"}),
        (
            "states",
            {"state", "rng", "metric_state", "model_state", "statistics", "cache", "opt_state"},
        ),
        ("metric_logs", {"metric_log", "own"}),
        ("loss_logs", {"loss_log"}),
        ("logs", {"log", "loss_log", "metric_log", "own"}),
        ("caches", {"cache"}),
    ],
)
def test_parts_by_kind(method, names):
    model = All()
    part = getattr(jm.Module, method)(model)
    assert kept(part) == names
    assert kept(model) == {*KINDS, "own", "none"}


@pytest.mark.parametrize(
    "method",
    ["parameters", "trainable_parameters", "batch_stats", "rngs", "model_states", "states"]
    + ["metric_logs", "loss_logs", "logs", "caches"],
)
def test_parts_take_more_filters(method):
    assert kept(getattr(jm.Module, method)(All(), lambda info: False)) == set()


def test_every_kind_is_a_tree_part():
    assert all(issubclass(kind, jm.TreePart) for kind in KINDS.values())
    assert jm.BatchStat is jm.BatchStats


def test_frozen_parts_are_not_trainable():
    model = jm.Sequential(jm.Linear(2), jm.Linear(1)).init(0, jnp.ones((1, 3)))
    model.layers[0].freeze(inplace=True)
    assert len(jax.tree.leaves(model.parameters())) == 4
    trainable = model.trainable_parameters()
    assert trainable.layers[0].kernel is jm.NOTHING
    assert trainable.layers[1].kernel is model.layers[1].kernel


def test_parts_merge_to_the_whole():
    model = jm.Sequential(jm.Linear(2), jm.BatchNorm(), jm.Dropout(0.5)).init(0, jnp.ones((2, 3)))
    whole = model.parameters().merge(model.states())
    assert jax.tree.structure(whole) == jax.tree.structure(model)
    assert all(a is b for a, b in zip(*map(jax.tree.leaves, (whole, model)), strict=True))


def test_named_parameters():
    model = jm.Sequential(jm.Linear(2), jm.BatchNorm(), jm.Dropout(0.5)).init(0, jnp.ones((2, 3)))
    named = dict(model.named_parameters())
    assert list(named) == [
        ".layers[0].kernel",
        ".layers[0].bias",
        ".layers[1].scale",
        ".layers[1].bias",
    ]
    assert named[".layers[0].kernel"] is model.layers[0].kernel


def test_named_parameters_follow_the_order_of_the_fields():
    class Own(jm.Module):
        def __init__(self):
            self.stem = jm.Linear(1)
            self.body = {"z": jm.Linear(1), "a": jm.Linear(1)}

        def __call__(self, x):
            return self.body["a"](self.body["z"](self.stem(x)))

    model = Own().init(0, jnp.ones((1, 3)))
    kernels = [path for path, _ in model.named_parameters() if path.endswith("kernel")]
    assert kernels == [".stem.kernel", ".body['a'].kernel", ".body['z'].kernel"]
    table = model.tabulate()
    assert table.index(".stem") < table.index(".body['a']") < table.index(".body['z']")
