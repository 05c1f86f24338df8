"""Walks in the order of the fields, and not of the alphabet."""

import collections

import jax
import jax.numpy as jnp

import jax_metrics.tree as jt

Pair = collections.namedtuple("Pair", "b a")


class Leaf(jt.Tree):
    y: float = jt.node()
    x: float = jt.node()

    def __init__(self):
        self.y, self.x = 1.0, 2.0


class Owner(jt.Tree):
    def __init__(self):
        self.stem = Leaf()
        self.parts = {"z": [Leaf()], "a": (Leaf(),)}
        self.label = "static"
        self.body = Pair(Leaf(), Leaf())
        self.nothing = jt.NOTHING


TREES = ["", ".stem", ".parts['a'][0]", ".parts['z'][0]", ".body.b", ".body.a"]


def paths(tree):
    return [leaf.path for leaf in jt.leaves_in_order(tree)]


def test_leaves_in_order():
    assert paths(Owner()) == [f"{tree}.{name}" for tree in TREES[1:] for name in "yx"]
    leaves = {leaf.path: leaf for leaf in jt.leaves_in_order([Owner(), None, 3.0])}
    assert leaves["[0].body.a.x"].value == 2.0 and leaves["[0].body.a.x"].name == "x"
    assert leaves["[1]" if "[1]" in leaves else "[2]"].module is None
    assert len(leaves) == 11


def test_they_are_the_leaves_of_jax_under_the_same_paths():
    owner = jax.tree.map(jnp.asarray, Owner())
    expected = jax.tree_util.tree_leaves_with_path(owner)
    found = {leaf.path: leaf.value for leaf in jt.leaves_in_order(owner)}
    assert found == {jax.tree_util.keystr(path): leaf for path, leaf in expected}


def test_the_order_outlives_jit():
    class Plain(jt.Tree):
        def __init__(self):
            self.stem, self.body = {"z": Leaf(), "a": Leaf()}, Leaf()

    assert paths(jax.jit(lambda tree: tree)(Plain())) == paths(Plain())


def test_dicts_with_keys_of_several_types_keep_their_order():
    assert [leaf.path for leaf in jt.leaves_in_order({"b": 1, 0: 2})] == ["['b']", "[0]"]


def test_declared_fields_are_in_the_order_of_the_class():
    class Reversed(jt.Tree):
        first: float = jt.node()
        second: float = jt.node()

        def __init__(self, other):
            if other:
                self.second, self.other, self.first = 1.0, Leaf(), 2.0
            else:
                self.first, self.other, self.second = 1.0, Leaf(), 2.0

    expected = [".first", ".other.y", ".other.x", ".second"]
    assert paths(Reversed(True)) == paths(Reversed(False)) == expected


def test_trees_in_order():
    in_order = [path for path, _ in jt.trees_with_paths(Owner(), in_field_order=True)]
    assert in_order == TREES
    assert [path for path, _ in jt.trees_with_paths(Owner())][1] == ".body.b"
