"""`filter`: the leaves that pass."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt


class Weight(jt.KindMixin):
    pass


class State(jt.KindMixin):
    pass


class Mean(State):
    pass


class Layer(jt.Tree, jt.Extensions):
    kernel: jax.Array = Weight.node()
    mean: jax.Array = Mean.node()
    count: int = State.node(0)
    free: float = jt.node(5.0)
    size: int = Weight.static(2)

    def __init__(self):
        self.kernel = jnp.ones(2)
        self.mean = jnp.zeros(2)


class Model(jt.Tree, jt.Extensions):
    scale: dict = Weight.node()

    def __init__(self):
        self.scale = {"a": 1.0, "b": [2.0, None]}
        self.layers = [Layer(), Layer()]
        self.mode = "train"


def paths_of(tree):
    return [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(tree)]


CASES = {
    "kind": ([Weight], [".scale['a']", ".scale['b'][0]", ".layers[0].kernel", ".layers[1].kernel"]),
    "base kind": ([State], [f".layers[{i}].{n}" for i in (0, 1) for n in ("mean", "count")]),
    "any of kinds": ([(Weight, Mean), lambda f: ".layers[0]" in f.path], ["kernel", "mean"]),
    "predicate": ([lambda f: f.path.startswith(".scale['b']")], [".scale['b'][0]"]),
    "value": ([lambda f: isinstance(f.value, int)], [".layers[0].count", ".layers[1].count"]),
    "module": ([lambda f: isinstance(f.module, Model)], [".scale['a']", ".scale['b'][0]"]),
    "all must hold": ([Weight, lambda f: f.name == "mean"], []),
    "two kinds": ([State, Mean], [".layers[0].mean", ".layers[1].mean"]),
    "two predicates": (
        [lambda f: f.name == "free", lambda f: "[1]" in f.path],
        [".layers[1].free"],
    ),
    "none": ([], paths_of),
}


@pytest.mark.parametrize("filters, paths", CASES.values(), ids=CASES)
@pytest.mark.parametrize("method", [False, True])
def test_kept_leaves(filters, paths, method):
    model = Model()
    found = model.filter(*filters) if method else jt.filter(model, *filters)
    if callable(paths):
        paths = paths(model)
    expected = [path if path.startswith(".") else f".layers[0].{path}" for path in paths]
    assert paths_of(found) == expected
    assert found.mode == "train" and found.layers[0].size == 2


def test_nothing_stands_where_leaves_were_and_the_original_is_untouched():
    model = Model()
    found = jt.filter(model, State)
    assert found.scale == {"a": jt.NOTHING, "b": [jt.NOTHING, None]}
    assert found.layers[0].kernel is jt.NOTHING
    assert found.layers[0].mean is model.layers[0].mean
    assert model.scale["a"] == 1.0 and model.layers[0].kernel.shape == (2,)


def test_structure_of_the_filtered_tree_is_that_of_the_treedef():
    layout = jt.layout_of(Layer())
    assert jt.layout_of(jt.filter(Layer(), Weight)) is layout


def test_predicates_are_not_asked_about_leaves_of_other_kinds():
    seen = []
    jt.filter(Model(), Mean, lambda field: seen.append((field.path, field.kind)) or True)
    assert seen == [(".layers[0].mean", Mean), (".layers[1].mean", Mean)]


def test_filter_on_other_pytrees():
    pytree = {"b": [1, Layer()], "a": (2.0, None)}
    found = jt.filter(pytree, Mean)
    assert found["a"] == (jt.NOTHING, None) and found["b"][0] is jt.NOTHING
    assert paths_of(found) == ["['b'][1].mean"]
    assert jt.filter(pytree, lambda field: field.path == "['b'][0]")["b"][0] == 1
    assert (
        jt.filter(3, lambda field: (field.name, field.module, field.path) == (None, None, "")) == 3
    )


def test_filter_inside_pytrees_of_others():
    tree = Layer()
    tree.free = jax.tree_util.Partial(print, 5.0, Layer())
    found = jt.filter(tree, lambda field: field.name == "free")
    assert paths_of(found)[0].startswith(".free") and len(paths_of(found)) == 2
    assert isinstance(jt.filter(tree, Weight).free.args[1].kernel, jax.Array)


def test_all_fields_filters_static_fields_too():
    found = jt.filter(Layer(), Weight, flatten_mode="all_fields")
    assert found.size == 2 and found.free is jt.NOTHING
    assert jt.filter(Layer(), State, flatten_mode="all_fields").size is jt.NOTHING


def test_inplace():
    model = Model()
    layers = model.layers
    assert model.filter(State, inplace=True) is model
    assert model.scale["a"] is jt.NOTHING and model.layers is not layers
    assert model.layers[0].kernel is jt.NOTHING
    assert layers[0].kernel is not jt.NOTHING


@pytest.mark.parametrize("verb", ["filter", "merge", "map"])
def test_inplace_needs_a_tree(verb):
    arguments = {"filter": ([1], Weight), "merge": ([1], [2]), "map": (abs, [1])}[verb]
    text = rf"`{verb}\(..., inplace=True\)` changes a Tree in place, but was given a list"
    with pytest.raises(TypeError, match=text):
        getattr(jt, verb)(*arguments, inplace=True)


@pytest.mark.parametrize("wrong", ["kernel", 3, None])
def test_filter_that_is_neither_kind_nor_function(wrong):
    text = rf"A filter is a kind, .* or a function of a `FieldInfo`; {wrong!r} is a"
    with pytest.raises(TypeError, match=text):
        jt.filter(Layer(), wrong)


def test_filter_under_jit_does_not_trace_twice():
    traces = []

    @jax.jit
    def norm(layer):
        traces.append(0)
        return sum(x.sum() for x in jax.tree.leaves(layer.filter(Weight)))

    assert norm(Layer()) == norm(Layer()) == 2
    assert len(traces) == 1
