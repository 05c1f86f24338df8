"""`merge`: taking values of other trees."""

import collections

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt

Pair = collections.namedtuple("Pair", "a b")


class Weight(jt.KindMixin):
    pass


class State(jt.KindMixin):
    pass


class Layer(jt.Tree, jt.Extensions):
    w: float = Weight.node(1.0)
    n: float = State.node(2.0)

    def __init__(self, size=3):
        self.size = size


class Model(jt.Tree, jt.Extensions):
    extra: object = jt.node(None)

    def __init__(self, *sizes):
        self.layers = [Layer(size) for size in sizes]


def scaled(tree, by):
    return jax.tree.map(lambda x: by * x, tree)


def test_values_of_the_other_win_where_it_has_some():
    model = Model(3, 3)
    merged = model.merge(scaled(model.filter(Weight), 10))
    assert jax.tree.leaves(merged) == [10.0, 2.0, 10.0, 2.0]
    assert jax.tree.leaves(model) == [1.0, 2.0, 1.0, 2.0]
    assert jax.tree.structure(merged) == jax.tree.structure(model)


def test_the_last_one_wins():
    layer = Layer()
    others = scaled(layer, 2), scaled(layer.filter(State), 3), scaled(layer.filter(Weight), 4)
    assert jt.to_dict(jt.merge(layer, *others)) == {"w": 4.0, "n": 6.0, "size": 3}


def test_update_is_another_name():
    assert jt.update is jt.merge
    assert Layer().update(scaled(Layer(), 2), scaled(Layer(), 3)).w == 3.0


def test_result_shares_no_objects_with_its_arguments():
    model = Model(3)
    model.extra = {"a": [1.0]}
    merged = model.merge(model.filter(Weight))
    assert merged.layers is not model.layers and merged.layers[0] is not model.layers[0]
    assert merged.extra == model.extra and merged.extra["a"] is not model.extra["a"]


def test_on_other_pytrees():
    tree = {"b": [1, (2, Layer())], "a": None}
    merged = jt.merge(tree, {"a": 5, "b": [jt.NOTHING, (7, scaled(Layer(), 2))]})
    assert merged["a"] == 5 and merged["b"][:1] == [1] and merged["b"][1][0] == 7
    assert merged["b"][1][1].w == 2.0
    assert jt.merge(Pair(1, [2]), Pair(jt.NOTHING, [3])) == Pair(1, [3])
    assert jt.merge(jt.NOTHING, 3) == 3 == jt.merge(3, jt.NOTHING)


def test_none_of_the_other_is_a_value_and_none_of_the_first_is_a_gap():
    assert jt.merge([1.0], [None]) == [None]
    assert jt.merge([None], [1.0]) == [1.0]


def test_a_leaf_gives_way_to_whatever_comes():
    layer = scaled(Layer(), 1)
    layer.w = jt.NOTHING
    assert layer.merge(Layer()).w == 1.0
    shapes = jax.eval_shape(lambda: Layer())
    assert shapes.merge(Layer()).n == 2.0


def test_static_fields_are_taken_by_default():
    first, second = Layer(3), Layer(4)
    merged = first.merge(second)
    assert merged.size == 4 and jax.tree.structure(merged) == jax.tree.structure(second)


def test_fields_that_only_the_other_has_are_taken():
    other = Layer()
    other.part, other.name = Layer(7), "other"
    merged = Layer().merge(other)
    assert jax.tree.structure(merged) == jax.tree.structure(other)
    assert merged.part is not other.part and merged.part.size == 7


def test_normal_mode_demands_equal_statics():
    text = r"At \.layers\[1\]: the static field Layer.size is 3, but 4 in a tree to merge"
    with pytest.raises(jt.MergeError, match=text):
        jt.merge(Model(3, 3), Model(3, 4), flatten_mode="normal")
    assert jt.merge(Model(3, 3), Model(3, 3), flatten_mode="normal").layers[0].size == 3


@pytest.mark.parametrize("mode", [None, "normal", "all_fields"])
def test_ignore_static_keeps_those_of_the_first(mode):
    other = scaled(Layer(4), 2)
    merged = jt.merge(Layer(3), other, flatten_mode=mode, ignore_static=True)
    assert jt.to_dict(merged) == {"w": 2.0, "n": 4.0, "size": 3}


def test_no_fields_changes_nothing():
    layer = Layer()
    assert jt.to_dict(jt.merge(layer, scaled(layer, 2), flatten_mode="no_fields"))["w"] == 1.0
    assert layer.merge(scaled(layer, 2), flatten_mode="no_fields", inplace=True) is layer


def test_metadata_updates_are_merged():
    other = Layer().update_field_metadata("w", kind=State)
    merged = Layer().merge(other)
    assert merged.field_metadata["w"].kind is State
    assert jax.tree.structure(merged) == jax.tree.structure(other)


class Other(jt.Tree):
    pass


SHAPE = "expected a list of 2 items, but a tree to merge has 1 there"
KEYS = r"expected a dict with the keys \['a'\], but a tree to merge has \['a', 'b'\] there"
MISFITS = {
    "length": (Model(1, 1), Model(1), rf"At \.layers: {SHAPE}"),
    "keys": ([{"a": 1}], [{"a": 1, "b": 2}], rf"At \[0\]: {KEYS}"),
    "tree class": ([Layer()], [Other()], r"At \[0\]: expected a Layer, .* has a Other there"),
    "type": ({"k": (1,)}, {"k": [1]}, r"At \['k'\]: expected a tuple, .* has a list there"),
    "none": (Layer(), None, "At the root: expected a Layer, but a tree to merge has None there"),
    "custom": (Pair(1, 2), (1, 2), "At the root: expected a Pair, .* has a tuple there"),
    "in custom": (
        Pair(1, [2]),
        Pair(1, [2, 3]),
        "At the root: the Pair of a tree to merge has another structure: ",
    ),
    "tree in custom": (Pair(0, Layer()), Pair(0, Other()), r"At \.b: expected a Layer"),
}


@pytest.mark.parametrize("obj, other, text", MISFITS.values(), ids=MISFITS)
def test_trees_that_do_not_fit(obj, other, text):
    with pytest.raises(jt.MergeError, match=text):
        jt.merge(obj, other)


def test_inplace_changes_the_object_and_its_structure():
    first, second = Layer(3), Layer(4)
    assert jax.tree.structure(first) != jax.tree.structure(second)
    assert first.merge(scaled(second, 2), inplace=True) is first
    assert jt.to_dict(first) == {"w": 2.0, "n": 4.0, "size": 4}
    assert jax.tree.structure(first) == jax.tree.structure(second)


def test_inplace_changes_nothing_when_trees_do_not_fit():
    model = Model(1, 1)
    model.extra = 1.0
    other = Model(1)
    other.extra = 2.0
    with pytest.raises(jt.MergeError):
        model.merge(other, inplace=True)
    assert model.extra == 1.0


def test_inplace_respects_immutability():
    @jt.dataclass
    class Point(jt.ImmutableTree, jt.Extensions):
        x: float = jt.node()

    point = Point(1.0)
    with pytest.raises(jt.MutabilityError, match=r"Point\.x cannot be assigned"):
        point.merge(Point(2.0), inplace=True)
    assert point.merge(Point(2.0)).x == 2.0


def test_merge_under_grad():
    model = Model(3)
    grads = jax.grad(lambda weights: model.merge(weights).layers[0].w * 5.0)(model.filter(Weight))
    assert jax.tree.leaves(grads) == [5.0]


def test_merge_of_arrays_shares_them():
    layer, other = Layer(), Layer()
    other.w = jnp.ones(3)
    assert layer.merge(other).w is other.w


def test_arrays_of_other_shapes_are_refused():
    first, other = {"a": [Layer(3)]}, {"a": [Layer(3)]}
    first["a"][0].w, other["a"][0].w = jnp.zeros(2), jnp.zeros((3, 1))
    text = r"\.w: expected an array of shape \[2\], .* has one of shape \[3, 1\] there"
    with pytest.raises(jt.MergeError, match=rf"^At \['a'\]\[0\]{text}"):
        jt.merge(first, other)
    with pytest.raises(jt.MergeError, match=f"^At {text}"):
        jt.merge(first["a"][0], other["a"][0], inplace=True)
    assert first["a"][0].w.shape == (2,)
    assert jt.merge(first, other, check_shapes=False)["a"][0].w.shape == (3, 1)
    assert jt.merge({"w": jnp.zeros(3)}, {"w": 1.0}) == {"w": 1.0}


def test_a_tree_with_nothing_inside_brings_its_leaves_alone():
    class Pair(jt.Tree):
        def __init__(self, size):
            self.size = size
            self.parts = [Layer(size), Layer(size)]

    first, other = Pair(3), Pair(4)
    other.parts[1].w = jt.NOTHING
    merged = jt.merge(first, other)
    assert merged.size == merged.parts[0].size == 3
    other.parts[1].w = 5.0
    assert jt.merge(first, other).size == 4
