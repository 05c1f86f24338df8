"""A transformation for each part of the parameters."""

import jax
import jax.numpy as jnp
import optax
import pytest
from optimizer_cases import STEPS, assert_close, bare_optax, flat, gradient, make_model

import jax_metrics as jm

BY_LABEL = {"norm": optax.sgd(0.5), "head": optax.adam(0.1), "rest": optax.sgd(0.01)}


def label(path):
    return "norm" if "[1]" in path else "head" if "[4]" in path else "rest"


@pytest.mark.parametrize(
    "rules",
    [
        (jm.BatchNorm, ".layers[4]", ...),
        (lambda field: isinstance(field.module, jm.BatchNorm), "*[4].*", ...),
        (".layers[1]", ".layers[4]*", ".layers[0]"),
        (
            (jm.BatchNorm, jm.LayerNorm),
            "layers[4]",
            (".layers[0].kernel", ".layers[0].bias"),
        ),
        (jm.BatchNorm, "*layers[4]", lambda field: "[0]" in field.path),
        (".layers[1].scale", ".layers[4]", "*[0]", lambda field: field.path == ".layers[1].bias"),
    ],
)
def test_it_is_optax_partition(rules):
    model = make_model()
    partition = optax.partition(BY_LABEL, lambda params: {path: label(path) for path in params})
    expected, _ = bare_optax(partition, model)
    transformations = [*BY_LABEL.values(), BY_LABEL["norm"]]
    groups = jm.optim.groups(dict(zip(rules, transformations, strict=False)))
    optimizer = jm.Optimizer(groups).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model)
    assert_close(flat(model), expected)


def test_kinds_of_parameters():
    class Slow(jm.Parameter):
        pass

    class Two(jm.Module):
        a: jax.Array = Slow.node()
        b: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.a, self.b = jnp.ones(1), jnp.ones(1)

    model = Two()
    optimizer = jm.Optimizer(jm.optim.groups({Slow: optax.sgd(0.25), ...: optax.sgd(0.5)}))
    new = optimizer.init(model).update(model, model)
    assert (new.a, new.b) == (0.75, 0.5)


def test_plain_pytrees_and_groups_inside_of_chains():
    params = {"body": {"w": jnp.ones(1)}, "head": {"w": jnp.ones(1)}}
    groups = jm.optim.groups({"['head']": optax.sgd(0.5), ...: optax.sgd(0.25)})
    chain = optax.chain(optax.scale(2.0), optax.MultiSteps(groups, 1).gradient_transformation())
    new = jm.Optimizer(chain).init(params).update(params, params)
    assert (new["head"]["w"], new["body"]["w"]) == (0, 0.5)


def test_groups_inside_of_groups():
    norms = jm.optim.groups({"*.scale": optax.sgd(0.5), "*.bias": optax.sgd(0.25)})
    groups = jm.optim.groups({jm.BatchNorm: norms, ...: optax.sgd(1.0)})
    model = make_model()
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    updates = jm.Optimizer(groups).init(model).update(grads, model, apply_updates=False)
    found = {path: float(value.ravel()[0]) for path, value in flat(updates).items()}
    assert found[".layers[1].scale"] == -0.5 and found[".layers[1].bias"] == -0.25
    assert found[".layers[4].bias"] == -1


def test_one_step_without_parameters():
    model = make_model()
    optimizer = jm.Optimizer(jm.optim.groups({jm.BatchNorm: optax.sgd(0.5), ...: optax.sgd(1.0)}))
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    updates = optimizer.init(model).update(grads, apply_updates=False)
    assert (updates.layers[1].scale == -0.5).all() and (updates.layers[4].kernel == -1).all()


def test_a_rule_may_match_frozen_parameters_only():
    model = make_model().at[".layers[4]"].apply(jm.Linear.freeze)
    groups = jm.optim.groups({".layers[4]": optax.adam(0.1), ...: optax.sgd(0.1)})
    optimizer = jm.Optimizer(groups).init(model)
    new = optimizer.update(gradient(model), model)
    assert (new.layers[4].kernel == model.layers[4].kernel).all()
    optimizer = optimizer.adapt(model.unfreeze())
    assert ".layers[4].kernel" in optimizer.opt_state.inner_states[".layers[4]"].inner_state[0].mu


def test_equal_names_of_rules_are_numbered():
    groups = jm.optim.groups(
        {
            (lambda field: field.name == "bias"): optax.sgd(1.0),
            (lambda field: field.name != "bias"): optax.sgd(0.1),
        }
    )
    optimizer = jm.Optimizer(groups).init(make_model())
    assert [*optimizer.opt_state.inner_states] == ["<lambda>#1", "<lambda>#2"]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [jm.BatchNorm],
            r"each parameter must belong to one group, but \.layers\[0\]\.kernel \(Linear\) "
            r"matches no rule; \.layers\[0\]\.bias \(Linear\) matches no rule; "
            r"\.layers\[4\]\.kernel \(Linear\) matches no rule; \.layers\[4\]\.bias \(Linear\) "
            r"matches no rule\. Make the rules narrower, or add `\.\.\.: transformation` for all "
            "that no other rule",
        ),
        (
            [jm.BatchNorm, ".layers[1]", ".layers[4].bias"],
            r"but \.layers\[0\]\.kernel \(Linear\) matches no rule; .*; \.layers\[1\]\.bias "
            r"\(BatchNorm\) matches BatchNorm and \.layers\[1\]; \.layers\[4\]\.kernel \(Linear\)",
        ),
        (
            ["*.bias", jm.Linear, ...],
            r"but \.layers\[0\]\.bias \(Linear\) matches \*\.bias and Linear; \.layers\[4\]\.bias",
        ),
    ],
    ids=["unmatched", "both", "twice"],
)
def test_parameters_without_exactly_one_group(rules, message):
    optimizer = jm.Optimizer(jm.optim.groups(dict.fromkeys(rules, optax.sgd(0.1))))
    with pytest.raises(ValueError, match=message):
        optimizer.init(make_model())


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ((jm.Conv, ".head"), r"no parameter matches Conv or \.head\."),
        (
            ".head",
            r"groups: no parameter matches \.head\. The parameters are \.layers\[0\]\.kernel,",
        ),
        (".layer[4]", r"no parameter matches \.layer\[4\]\. Did you mean `\.layers\[4\]`\?"),
        (".layers[0].kern", r"Did you mean `\.layers\[0\]\.kernel`\?"),
        (jm.Conv, r"no parameter matches Conv\."),
        (jm.State, r"no parameter matches State\."),
    ],
)
def test_a_rule_that_matches_nothing(rule, message):
    optimizer = jm.Optimizer(jm.optim.groups({rule: optax.sgd(0.1), ...: optax.sgd(0.1)}))
    with pytest.raises(ValueError, match=message):
        optimizer.init(make_model())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: jm.optim.groups({}),
            ValueError,
            r"groups takes a dict from rules to transf.* \{\}",
        ),
        (lambda: jm.optim.groups([optax.sgd(0.1)]), ValueError, r"got \[Gradient"),
        (
            lambda: jm.optim.groups({0: optax.sgd(0.1)}),
            TypeError,
            r"groups takes paths such as `'\.head'`, classes of modules, kinds, and functions of a "
            r"`FieldInfo`; got 0",
        ),
        (
            lambda: jm.optim.groups({".head": 0.1}),
            TypeError,
            r"groups: the value for \.head must be an optax transformation, such as "
            r"`optax\.adam\(1e-3\)`; got a float",
        ),
        (
            lambda: jm.optim.groups({...: optax.adam}),
            TypeError,
            r"groups: the value for \.\.\. must be .* got a function",
        ),
        (
            lambda: jm.optim.groups({...: optax.sgd(0.1)}).init({"w": jnp.ones(1)}),
            RuntimeError,
            r"`groups` looks at the modules of the model, which only `jm\.Optimizer` knows: pass "
            r"the transformation to `jm\.Optimizer\(\.\.\.\)`",
        ),
    ],
)
def test_constructions_that_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
