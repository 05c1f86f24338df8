import pickle

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm
from jax_metrics.tree import layout_of


class Pair(jm.Tree):
    """A Tree that is not a Module, with modules inside."""

    def __init__(self):
        self.items = {"a": jm.Linear(1), "b": (jm.Linear(2),)}


class Net(jm.Module):
    def __init__(self):
        self.pair = Pair()
        self.layers = [jm.Sequential(jm.Linear(3))]


CHANGES = [
    ("train", "training", True),
    ("eval", "training", False),
    ("freeze", "frozen", True),
    ("unfreeze", "frozen", False),
]


def modules(model):
    return [tree for _, tree in jm.tree.trees_with_paths(model) if isinstance(tree, jm.Module)]


def flags(model, name):
    return {getattr(module, name) for module in modules(model)}


def test_a_new_module_trains_and_is_neither_frozen_nor_initialized():
    model = Net()
    assert flags(model, "training") == {True}
    assert flags(model, "frozen") == flags(model, "initialized") == {False}


@pytest.mark.parametrize(("method", "flag", "value"), CHANGES)
@pytest.mark.parametrize("inplace", [False, True])
def test_modes_reach_every_module(method, flag, value, inplace):
    model = Net()
    before = model.train(not value) if flag == "training" else model.freeze(not value)
    after = getattr(before, method)(inplace=inplace)
    assert len(modules(after)) == 5
    assert flags(after, flag) == {value}
    assert (after is before) == inplace
    assert flags(before, flag) == {value if inplace else not value}


@pytest.mark.parametrize(("method", "flag"), [("train", "training"), ("freeze", "frozen")])
def test_the_mode_can_be_given(method, flag):
    model = getattr(Net(), method)(False)
    assert flags(model, flag) == {False}
    assert flags(getattr(model, method)(True), flag) == {True}


def test_modes_do_not_disturb_each_other():
    model = jm.Linear(2).init(0, jnp.ones((1, 2))).eval().freeze()
    assert (model.training, model.frozen, model.initialized) == (False, True, True)
    assert (model.unfreeze().training, model.train().frozen) == (False, True)


def test_parts_can_have_modes_of_their_own():
    model = Net()
    model.layers[0].freeze(inplace=True)
    assert model.layers[0].layers[0].frozen
    assert not model.frozen and not model.pair.items["a"].frozen


def test_modes_are_part_of_the_structure():
    model = Net()
    structures = {jax.tree.structure(m) for m in (model, model.eval(), model.freeze())}
    assert len(structures) == 3
    assert jax.tree.structure(model.eval().train()) == jax.tree.structure(model)


def test_arrays_are_shared_with_the_original():
    model = jm.Linear(2).init(0, jnp.ones((1, 2)))
    assert model.eval().kernel is model.kernel


def test_a_mode_set_inside_of_jit_comes_back():
    model = jax.jit(lambda model: model.eval())(jm.Linear(2).init(0, jnp.ones((1, 2))))
    assert not model.training


def test_immutable_modules_change_mode():
    class Frozen(jm.Module, jm.Immutable):
        pass

    assert not Frozen().eval().training


class Scaled(jm.Module):
    def __init__(self):
        self.by = 2
        self.steps = [1]

    def __call__(self, x):
        return self.by * x if self.training else x


def test_a_remembered_layout_is_the_one_that_would_be_worked_out():
    module = Scaled()
    for change in (lambda: None, lambda: setattr(module, "by", 3), lambda: module.steps.append(2)):
        change()
        for made in (module.eval(), module.eval().train(), module.freeze().eval().unfreeze()):
            anew = pickle.loads(pickle.dumps(made))
            assert made.by == module.by and made.steps == module.steps
            assert jax.tree.structure(made) == jax.tree.structure(anew)
            assert layout_of(made) is layout_of(anew)


@pytest.mark.parametrize(
    "model",
    [jm.MLP([4, 2]), jm.Sequential(jm.Linear(3), jm.BatchNorm(), jm.Dropout(0.5))],
    ids=["only parameters", "state too"],
)
def test_merging_parameters_keeps_every_setting(model):
    model = model.init(0, jnp.ones((2, 3)))
    params = model.parameters()
    assert not model.eval().merge(params).training
    assert model.freeze().merge(params).frozen
    assert not model.eval().merge(jax.tree.map(jnp.zeros_like, model), ignore_static=True).training
    assert model.eval().merge(model).training  # a whole model brings its settings


def test_merging_a_filtered_tree_keeps_rates_and_dtypes():
    model = jm.Sequential(jm.Linear(3), jm.Dropout(0.5)).init(0, jnp.ones((2, 3)))
    other = jm.Sequential(jm.Linear(3, dtype=jnp.bfloat16), jm.Dropout(0.1))
    params = other.init(1, jnp.ones((2, 3))).eval().parameters()
    merged = model.merge(jax.tree.map(lambda p: p, params))
    assert (merged.layers[0].kernel == params.layers[0].kernel).all()
    assert merged.layers[1].rate == 0.5 and merged.layers[0].dtype is None and merged.training
