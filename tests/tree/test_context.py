"""`flatten_mode` and `add_field_info` under JAX's own functions."""

import jax
import pytest

import jax_metrics.tree as jt


class Weight(jt.KindMixin):
    pass


class Leaf(jt.Tree):
    x: float = Weight.node(1.0)
    size: int = jt.static(2)


class Owner(jt.Tree):
    def __init__(self):
        self.parts = [Leaf(), Leaf()]
        self.count = 3


def test_all_fields():
    with jt.flatten_mode("all_fields"):
        tree = jax.tree.map(lambda x: 10 * x, Owner())
        assert jax.tree.leaves(Leaf()) == [2, 1.0]
    assert tree.count == 30 and tree.parts[1].size == 20 and tree.parts[1].x == 10.0
    assert jax.tree.leaves(tree) == [10.0, 10.0]


def test_no_fields():
    with jt.flatten_mode(jt.FlattenMode.no_fields):
        assert jax.tree.leaves([Owner(), 5]) == [5]
        tree = jax.tree.map(lambda x: 10 * x, Owner())
    assert tree.parts[0].x == 1.0 and tree.count == 3


def test_inner_context_wins_and_the_outer_one_comes_back():
    with jt.flatten_mode("all_fields"):
        with jt.flatten_mode("normal"):
            assert jax.tree.leaves(Leaf()) == [1.0]
        with jt.flatten_mode(None):
            assert jax.tree.leaves(Leaf()) == [2, 1.0]
        assert jax.tree.leaves(Leaf()) == [2, 1.0]
    assert jax.tree.leaves(Leaf()) == [1.0]


def test_field_info():
    tree = Owner()
    with jt.add_field_info():
        first, _ = jax.tree.leaves(tree)
    assert (first.name, first.value, first.kind, first.path) == ("x", 1.0, Weight, ".x")
    assert first.module is tree.parts[0]


def test_field_info_of_containers_and_of_all_fields():
    tree = Leaf()
    tree.x = {"a": 1.0, "b": [2.0]}
    with jt.add_field_info(), jt.flatten_mode("all_fields"):
        infos = jax.tree.leaves(tree)
    assert [(info.name, info.value) for info in infos] == [("size", 2), ("x", 1.0), ("x", 2.0)]


def test_map_under_field_info_gives_plain_values_back():
    with jt.add_field_info():
        same = jax.tree.map(lambda info: info, Owner())
        doubled = jax.tree.map(lambda info: 2 * info.value, Owner())
    assert same.parts[0].x == 1.0 and doubled.parts[0].x == 2.0


@pytest.mark.parametrize(
    "context", [lambda: jt.flatten_mode("all_fields"), lambda: jt.add_field_info()]
)
def test_exception_ends_the_context(context):
    with pytest.raises(ZeroDivisionError), context():
        jax.tree.map(lambda x: 1 / 0, Owner())
    assert jax.tree.leaves(Owner()) == [1.0, 1.0]


def test_contexts_under_jit():
    with jt.flatten_mode("all_fields"):
        tree = jax.jit(lambda tree: jax.tree.map(lambda x: x + 1, tree))(Leaf())
    assert (tree.size, tree.x) == (3, 2.0)


@pytest.mark.parametrize("use", [jt.flatten_mode, lambda mode: jt.filter(1, flatten_mode=mode)])
def test_unknown_mode(use):
    text = "Unknown flatten mode 'some': expected one of 'normal', 'all_fields', 'no_fields'."
    with pytest.raises(ValueError, match=text):
        use("some")


def test_verbs_follow_the_context():
    with jt.flatten_mode("all_fields"):
        assert jt.map(lambda x: 2 * x, Leaf()).size == 4
        assert jt.filter(Leaf(), Weight).size is jt.NOTHING
    with jt.flatten_mode("normal"):
        other = Leaf()
        other.size = 7
        with pytest.raises(jt.MergeError, match="static"):
            jt.merge(Leaf(), other)


@pytest.mark.parametrize("ops", [{"b": 1, "a": 2}, {1: 2, "a": 1}, [{"b": ({"d": 1, "c": 2},)}]])
def test_static_dicts_keep_their_order_as_children(ops):
    class Ordered(jt.Tree):
        def __init__(self):
            self.ops = ops

    tree = Ordered()
    before = jax.tree.structure(tree)
    with jt.flatten_mode("all_fields"):
        paths = [jax.tree_util.keystr(path) for path, _ in jax.tree.leaves_with_path(tree)]
        rebuilt = jax.tree.map(lambda x: x, tree)
        with jt.add_field_info():
            again = jax.tree.map(lambda info: info.value, tree)
    assert repr(rebuilt.ops) == repr(again.ops) == repr(ops)
    assert jax.tree.structure(rebuilt) == before
    assert len(paths) == 2 and all(path.startswith(".ops") for path in paths)
