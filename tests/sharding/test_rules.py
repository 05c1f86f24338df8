"""What rules match, and that all that does not fit is one error."""

import dataclasses
import re
from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest
from jax.sharding import AxisType
from jax.sharding import PartitionSpec as P

import jax_metrics as jm
from jax_metrics.sharding import Rules, ShardingError

mesh = jax.make_mesh((4, 2), ("data", "model"), axis_types=(AxisType.Auto,) * 2)


def shapes_of(model, inputs):
    return jax.eval_shape(lambda: model.init(0, inputs))


class Scale(jm.Module):
    """A module with an array whose field declares its axes."""

    factor: jax.Array = jm.Parameter.node(sharding=("embed",))

    def __init__(self):
        super().__init__()
        self.factor = jm.Initializer(lambda key: jnp.ones(8))

    def __call__(self, x):
        return x * self.factor


model = shapes_of(jm.Sequential(jm.Linear(8), jm.BatchNorm(), Scale()), jnp.ones((1, 4)))
KERNEL, BIAS, SCALE, MEAN, FACTOR = (
    ".layers[0].kernel",
    ".layers[0].bias",
    ".layers[1].scale",
    ".layers[1].mean",
    ".layers[2].factor",
)
AXES = {"embed": "data", "mlp": "model", "none": None, "all": ("data", "model")}


def specs(rules, tree=model, **options):
    found = jm.sharding.shardings(tree, mesh, rules, **options)
    return {path: sharding.spec for path, sharding in paths_of(found).items()}


def paths_of(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): leaf for path, leaf in leaves}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({".*kernel": ("data", "model")}, {KERNEL: P("data", "model")}),
        ({r"\.layers\[0\]\..*": (..., "model")}, {KERNEL: P(None, "model"), BIAS: P("model")}),
        ({".*kernel": P(None, "model"), ".*": None}, {KERNEL: P(None, "model")}),
        ({".*kernel": (None, ("data", "model"))}, {KERNEL: P(None, ("data", "model"))}),
        ({jm.Linear: (..., "model")}, {KERNEL: P(None, "model"), BIAS: P("model")}),
        ({jm.Linear: {"kernel": ("data", None)}}, {KERNEL: P("data")}),
        ({jm.BatchStat: ("model",)}, {MEAN: P("model")}),
        (
            {jm.Linear: None, ...: ("model",)},
            {KERNEL: P(), BIAS: P(), SCALE: P("model"), MEAN: P()},
        ),
        # The first rule that matches decides.
        ({".*kernel": None, jm.Linear: (..., "model")}, {KERNEL: P(), BIAS: P("model")}),
        ({".*kernel": ["embed", "mlp"]}, {KERNEL: P("data", "model"), FACTOR: P("data")}),
        ({".*kernel": ("none", "all")}, {KERNEL: P(None, ("data", "model"))}),
        # A declaration counts where no rule but `...` matches.
        ({...: None}, {FACTOR: P("data")}),
        ({".*factor": None}, {FACTOR: P()}),
    ],
)
def test_matches(rules, expected):
    found = specs(Rules({**rules}, axes=AXES))
    assert {path: found[path] for path in expected} == expected


def test_a_path_begins_at_the_outermost_module():
    rules = Rules({r"\.layers\[0\]\.kernel": (None, "model")}, axes=AXES)
    assert specs(rules, {"model": model})["['model'].layers[0].kernel"] == P(None, "model")


def test_plain_trees():
    tree = {"w": jnp.ones((4, 4)), "n": 3}
    assert specs({r"\['w'\]": ("data", None)}, tree) == {"['w']": P("data"), "['n']": P()}


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Run:
    """A pytree that is not a Tree."""

    model: Any


def test_models_in_other_pytrees():
    found = specs(Rules({jm.Linear: {"kernel": (None, "model")}}, axes=AXES), {"run": Run(model)})
    assert found[f"['run'].model{KERNEL}"] == P(None, "model")


PROBLEMS = {
    "nothing": ({".*kernal": None}, "the pattern '.*kernal' matches nothing; there are: `.lay"),
    "no class": ({jm.Conv: None}, "the class Conv matches nothing"),
    "nothing inside": (
        {jm.Linear: {"kernal": None}},
        "the class Linear: 'kernal' matches nothing",
    ),
    "too late": (
        {jm.Linear: None, ".*kernel": None},
        "the pattern '.*kernel' matches only what rules before it match too; put it first",
    ),
    "twice": (
        {".*kernel": ("model", "mlp")},
        "the rule '.*kernel' uses the mesh axis 'model' twice in ('model', 'mlp'); an axis can",
    ),
    "unknown": (
        {".*kernel": ("modell", None)},
        "the rule '.*kernel' names the axis 'modell', which is neither an axis of the mesh nor in "
        "`axes`. Did you mean `model`?",
    ),
    "unknown, of a wrong rank": (
        {".*kernel": ("modell",)},
        "the rule '.*kernel' names the axis 'modell', which is neither",
    ),
    "axes": (
        {".*kernel": (None, "wrong")},
        "the rule '.*kernel' names the axis 'expert', which is neither",
    ),
    "size": (
        {".*kernel": ("all", None)},
        "the rule '.*kernel' splits axis 0 of `.layers[0].kernel`, shape (4, 8), over 'data' and "
        "'model', but 4 does not divide into 8 equal parts",
    ),
    "rank": (
        {".*": ("data",)},
        "the rule '.*' is for arrays of 1 axis, ('data',); `.layers[0].kernel` with shape "
        "(4, 8) has 2 axes. Write",
    ),
    "kind": ({jm.Parameter: ("data", None)}, "the rule Parameter is for arrays of 2 axes"),
}


@pytest.mark.parametrize(("rules", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems(rules, problem):
    with pytest.raises(ShardingError, match=re.escape(f"- {problem}")):
        specs(Rules(rules, axes={**AXES, "wrong": "expert"}))


def test_large_parameters_need_a_rule():
    rules = Rules({".*bias": None, ".*scale": None}, axes=AXES, threshold=32)
    message = r"no rule matches the large parameter `\.layers\[0\]\.kernel`, shape \(4, 8\)"
    with pytest.raises(ShardingError, match=message):
        specs(rules)
    specs(Rules({...: None}, axes=AXES, threshold=1))
    specs(Rules({jm.Linear: None, ".*scale|.*bias": None}, axes=AXES, threshold=8))


def test_all_problems_are_in_one_error():
    rules = Rules(
        {".*kernal": None, ".*bias": ("modle",), ".*kernel": ("model", "model")},
        axes=AXES,
        threshold=8,
    )
    with pytest.raises(ShardingError) as caught:
        specs(rules)
    lines = str(caught.value).splitlines()
    assert lines[0] == "The rules do not fit this Sequential on the mesh (data=4, model=2):"
    assert [line[:12] for line in lines[1:]] == [
        "- the rule '",
        "- the rule '",
        "- no rule ma",
        "- the patter",
    ]


@pytest.mark.parametrize(
    ("rules", "error", "message"),
    [
        ({"*kernel": None}, ValueError, "pattern '\\*kernel' is not a regular expression"),
        ({3: None}, TypeError, "The key of a rule is a pattern of paths, a kind or class, or"),
        ({".*": "model"}, TypeError, r"For an array of one axis write `\('model',\)`"),
        ({".*": 1}, TypeError, "The rule '.*' has 1; expected None, or a tuple"),
        ({".*": ("model", 1)}, TypeError, r"has 1 in \('model', 1\); expected a name"),
        ({".*": ("model", ...)}, TypeError, "may stand in front"),
        ({".*": {"kernel": None}}, TypeError, "has a dict, which is for a class"),
        ({jm.Linear: {jm.Parameter: None}}, TypeError, "rules inside Linear have paths such as"),
        ([".*"], TypeError, "Expected rules as a dict"),
    ],
)
def test_wrong_rules(rules, error, message):
    with pytest.raises(error, match=message):
        specs(rules)


def test_a_model_without_values():
    with pytest.raises(ShardingError, match=r"there are no arrays. Initialize a model as it is sh"):
        specs({".*kernel": None}, jm.Linear(4))


def test_wrong_axes():
    with pytest.raises(TypeError, match=r"axes\['embed'\]"):
        Rules({}, axes={"embed": 1})


def test_state_follows_its_parameter():
    optimizer = jm.Optimizer(optax.adam(0.1))
    tree = jax.eval_shape(lambda model: (model, optimizer.init(model)), model)
    found = specs(Rules({jm.Linear: {"kernel": ("data", "model")}}, axes=AXES), tree)
    for name in ("mu", "nu"):
        assert found[f"[1].opt_state[0].{name}['{KERNEL}']"] == P("data", "model")
        assert found[f"[1].opt_state[0].{name}['{FACTOR}']"] == P("data")
        assert found[f"[1].opt_state[0].{name}['{BIAS}']"] == P()
    assert found["[1].opt_state[0].count"] == P()


@pytest.mark.parametrize(
    "transformation",
    [
        jm.optim.groups({".layers[0]": optax.adam(0.1), ...: optax.adam(0.2)}),
        optax.named_chain((".adam", optax.adam(0.1)), ("[0]", optax.trace(0.9))),
    ],
    ids=["groups", "named_chain"],
)
def test_labels_of_parts_of_the_state_may_look_like_paths(transformation):
    optimizer = jm.Optimizer(transformation)
    tree = jax.eval_shape(lambda model: (model, optimizer.init(model)), model)
    found = specs(Rules({jm.Linear: {"kernel": ("data", "model")}}, axes=AXES), tree)
    for parameter in (KERNEL, FACTOR):
        state = {spec for path, spec in found.items() if path.endswith(f"['{parameter}']")}
        assert state == {found[f"[0]{parameter}"]}


def test_keys_of_parameters_may_have_both_quotes():
    params = {"it's": {'"a"': jax.ShapeDtypeStruct((8, 4), jnp.float32)}}
    tree = jax.eval_shape(
        lambda params: (params, jm.Optimizer(optax.adam(0.1)).init(params)), params
    )
    found = specs({...: ("data", "model")}, tree)
    assert [*found.values()].count(P("data", "model")) == 3


def test_state_of_another_shape_is_whole():
    optimizer = jm.Optimizer(optax.adafactor(0.1, min_dim_size_to_factor=4))
    tree = jax.eval_shape(lambda model: (model, optimizer.init(model)), model)
    found = specs(Rules({".*kernel": ("data", "model")}, axes=AXES), tree)
    rows = [spec for path, spec in found.items() if ".v_row" in path and KERNEL in path]
    assert rows == [P()]


def test_averages_follow_too():
    def with_average(model):
        return {"model": model, "ema": jm.ExponentialMovingAverage(model, 0.9)}

    tree = jax.eval_shape(with_average, model)
    found = specs(Rules({".*kernel": ("data", "model")}, axes=AXES), tree)
    assert found[f"['ema'].averages['{KERNEL}']"] == P("data", "model")


def test_state_needs_its_parameter():
    optimizer = jax.eval_shape(jm.Optimizer(optax.adam(0.1)).init, model)
    with pytest.raises(ShardingError, match=r"is not in the tree. Shard both together: `shard\("):
        specs({...: None}, optimizer)


def test_state_of_two_models():
    optimizer = jm.Optimizer(optax.adam(0.1))
    first, second = jax.eval_shape(lambda: [jm.Linear(8).init(0, jnp.ones((1, 4)))] * 2)
    tree = {"a": first, "b": second, "o": jax.eval_shape(optimizer.init, first)}
    rules = {r"\['a'\].kernel": ("data", None), r"\['b'\].kernel": None}
    with pytest.raises(ShardingError, match="may belong to several parameters, with different"):
        specs(rules, tree)
    specs({".*kernel": ("data", None)}, tree)


def test_stacks_and_vmap_add_an_axis():
    stack = shapes_of(jm.nn.Stack(jm.nn.Stack(jm.Linear(4), 3), 5), jnp.ones((1, 4)))
    found = specs({".*kernel": ("data", "model"), ".*bias": ("model",)}, stack)
    assert found == {
        ".layer.layer.kernel": P(None, None, "data", "model"),
        ".layer.layer.bias": P(None, None, "model"),
    }
    ensemble = jax.eval_shape(
        jax.vmap(lambda key: jm.Linear(4).init(key, jnp.ones((1, 4)))),
        jax.random.split(jax.random.key(0), 8),
    )
    rules = {".*kernel": (None, "model")}
    found = specs(rules, ensemble, leading=("data",))
    assert found == {".kernel": P("data", None, "model"), ".bias": P("data")}
    with pytest.raises(
        ShardingError, match="has 3 axes. Write None for an axis that is not split, or"
    ):
        specs(rules, ensemble)
    with pytest.raises(ShardingError, match="has 2 axes after 1 that Stack or vmap added"):
        specs({".*kernel": ("model",)}, ensemble, leading=("data",))


@pytest.mark.parametrize(
    ("leading", "message"),
    [
        (("daat",), "`leading` names the axis 'daat', which is neither"),
        (
            ("data",),
            r"`leading` splits axis 0 of `\.bias`, shape \(6, 4\), over 'data', but 6 does",
        ),
        (("model",), r"`leading` uses the mesh axis 'model', which already splits another axis of"),
    ],
)
def test_wrong_leading_axes(leading, message):
    ensemble = jax.eval_shape(
        jax.vmap(lambda key: jm.Linear(4).init(key, jnp.ones((1, 4)))),
        jax.random.split(jax.random.key(0), 6),
    )
    with pytest.raises(ShardingError, match=message):
        specs({".*kernel": (None, "model")}, ensemble, leading=leading)
