"""`map`: applying a function to chosen leaves."""

import collections

import jax
import pytest

import jax_metrics.tree as jt

Pair = collections.namedtuple("Pair", "a b")


class Weight(jt.KindMixin):
    pass


class Layer(jt.Tree, jt.Extensions):
    w: float = Weight.node(1.0)
    n: float = jt.node(2.0)
    size: int = jt.static(3)


class Model(jt.Tree, jt.Extensions):
    pair: object = Weight.node(None)

    def __init__(self):
        self.layers = {"a": Layer(), "b": [Layer()]}


def negated(x):
    return -x


@pytest.mark.parametrize(
    "filters, expected",
    [
        ([], [-1.0, -2.0, -1.0, -2.0]),
        ([Weight], [-1.0, 2.0, -1.0, 2.0]),
        ([lambda field: "'a'" in field.path], [-1.0, -2.0, 1.0, 2.0]),
        ([Weight, lambda field: "'a'" in field.path], [-1.0, 2.0, 1.0, 2.0]),
    ],
)
def test_leaves_that_pass_are_mapped(filters, expected):
    model = Model()
    assert jax.tree.leaves(jt.map(negated, model, *filters)) == expected
    assert jax.tree.leaves(model.map(negated, *filters)) == expected
    assert jax.tree.leaves(model) == [1.0, 2.0, 1.0, 2.0]


def test_field_info_says_where_the_leaf_is():
    infos = []
    model = Model()
    model.pair = Pair(5.0, [6.0])
    jt.map(infos.append, [model, 7.0], field_info=True)
    seen = [(info.path, info.name, info.value, info.kind.__name__) for info in infos]
    assert seen == [
        ("[0].pair.a", "pair", 5.0, "Weight"),
        ("[0].pair.b[0]", "pair", 6.0, "Weight"),
        ("[0].layers['a'].w", "w", 1.0, "Weight"),
        ("[0].layers['a'].n", "n", 2.0, "NoneType"),
        ("[0].layers['b'][0].w", "w", 1.0, "Weight"),
        ("[0].layers['b'][0].n", "n", 2.0, "NoneType"),
        ("[1]", None, 7.0, "NoneType"),
    ]
    assert infos[0].module is model and infos[2].module is model.layers["a"]


def test_is_leaf():
    layer = Layer()
    layer.w = [1.0, 2.0]
    assert jt.map(len, layer, Weight, is_leaf=lambda x: isinstance(x, list)).w == 2
    trees = jt.map(type, Model(), is_leaf=lambda x: isinstance(x, Layer))
    assert trees.layers == {"a": Layer, "b": [Layer]}
    assert jt.map(len, Pair([1, 2], {}), is_leaf=lambda x: isinstance(x, list)) == Pair(2, {})
    assert jt.map(lambda x: 0, {"a": None, "b": 1}, is_leaf=lambda x: x is None) == {"a": 0, "b": 0}


def test_nothing_as_result_counts_only_without_filters():
    assert jt.map(lambda x: jt.NOTHING, Layer(), Weight).w == 1.0
    assert jt.map(lambda x: jt.NOTHING, Layer()).w is jt.NOTHING


def test_all_fields():
    layer = jt.map(negated, Layer(), flatten_mode="all_fields")
    assert jt.to_dict(layer) == {"w": -1.0, "n": -2.0, "size": -3}
    assert jt.map(negated, Layer(), flatten_mode="no_fields").w == 1.0


def test_inplace():
    model = Model()
    assert model.map(negated, Weight, inplace=True) is model
    assert jax.tree.leaves(model) == [-1.0, 2.0, -1.0, 2.0]


def test_dicts_keep_their_order_and_unsortable_keys():
    tree = {"b": 1, 2: 3}
    assert list(jt.map(negated, tree).items()) == [("b", -1), (2, -3)]
