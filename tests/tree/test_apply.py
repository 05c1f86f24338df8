"""`apply`: running a function on every Tree."""

import jax
import pytest

import jax_metrics.tree as jt


class Leaf(jt.Tree, jt.Extensions):
    x: float = jt.node(1.0)

    def __init__(self, name="leaf"):
        self.name = name


class Owner(jt.Tree, jt.Extensions):
    def __init__(self, *names):
        self.name = "owner"
        self.parts = {"a": [Leaf(name) for name in names]}


class Frozen(jt.ImmutableTree, jt.Extensions):
    x: float = jt.node(1.0)


def set_mode(tree, *rest):
    tree.mode = "eval"


def test_inner_trees_come_first_and_only_the_copy_is_changed():
    seen = []

    def visit(tree):
        seen.append(tree.name)
        set_mode(tree)

    owner = Owner("one", "two")
    changed = owner.apply(visit)
    assert seen == ["one", "two", "owner"]
    assert changed.mode == changed.parts["a"][1].mode == "eval"
    assert not hasattr(owner, "mode") and not hasattr(owner.parts["a"][0], "mode")


def test_inplace():
    owner = Owner("one")
    leaf = owner.parts["a"][0]
    assert owner.apply(set_mode, inplace=True) is owner
    assert owner.mode == leaf.mode == "eval"


def test_static_changes_show_in_the_structure():
    assert jax.tree.structure(Owner("a").apply(set_mode)) != jax.tree.structure(Owner("a"))


def test_rest_is_given_and_not_changed():
    first, second = [Owner("a"), 1], [Owner("b"), 2]

    def take_name(tree, other):
        tree.name, other.name = other.name, "gone"

    changed = jt.apply(take_name, first, second)
    assert changed[0].parts["a"][0].name == "b" and changed[1] == 1
    assert second[0].name == "owner" and first[0].parts["a"][0].name == "a"


def test_number_of_trees_must_agree():
    text = r"`apply` needs trees with the same structure: one has 2 Trees .* others have \[1\]"
    with pytest.raises(ValueError, match=text):
        jt.apply(set_mode, Owner("a", "b"), Owner("a"))


def test_classes_of_trees_must_agree():
    text = "same structure: one has Owner where another has Leaf"
    with pytest.raises(ValueError, match=text):
        jt.apply(set_mode, [Owner()], [Leaf()])


def test_immutable_trees_can_be_changed_in_the_copy_only():
    frozen = Frozen()
    changed = frozen.apply(set_mode)
    assert changed.mode == "eval" and not changed.is_mutable
    with pytest.raises(jt.MutabilityError, match=r"Frozen\.mode"):
        frozen.apply(set_mode, inplace=True)


def test_immutable_tree_that_is_mutable_stays_so():
    frozen = Frozen()
    with jt.make_mutable(frozen):
        frozen.apply(set_mode, inplace=True)
        assert frozen.is_mutable
    assert frozen.mode == "eval" and not frozen.is_mutable
