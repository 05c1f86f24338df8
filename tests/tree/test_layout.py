"""Which fields are nodes, and that equal objects share one structure."""

import gc
import weakref

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt
from jax_metrics.tree import layout_of
from jax_metrics.tree._flatten import set_static


class Leaf(jt.Tree):
    def __init__(self, x=1.0):
        self.x = x

    x: float = jt.node()


class Free(jt.Tree):
    """A class without any declaration."""

    def __init__(self, **fields):
        for name, value in fields.items():
            setattr(self, name, value)


def structure(tree):
    return jax.tree.structure(tree)


@pytest.mark.parametrize(
    "value, leaves",
    [
        (Leaf(), [1.0]),
        ([Leaf(), Leaf(2.0)], [1.0, 2.0]),
        ((Leaf(), 3.0), [1.0, 3.0]),
        ({"b": Leaf(), "a": Leaf(2.0)}, [2.0, 1.0]),
        ({"a": [({"b": Leaf()},)]}, [1.0]),
        ([Leaf(), None, "text"], [1.0, "text"]),
        (3.0, []),
        ([], []),
        ([[], {}], []),
        ([1, "a"], []),
        (None, []),
        (Leaf, []),
    ],
)
def test_an_undeclared_field_is_a_node_when_it_holds_a_tree(value, leaves):
    tree = Free(field=value)
    assert jax.tree.leaves(tree) == leaves
    assert jax.tree.map(lambda x: x, tree).field_metadata["field"].node == bool(leaves)


def test_list_that_is_filled_after_it_was_assigned():
    tree = Free(layers=[])
    empty = structure(tree)
    tree.layers.append(Leaf())
    one = structure(tree)
    assert jax.tree.leaves(tree) == [1.0]
    tree.layers.append(Leaf(2.0))
    assert jax.tree.leaves(tree) == [1.0, 2.0]
    tree.layers.pop()
    assert structure(tree) == one == structure(Free(layers=[Leaf(5.0)]))
    tree.layers.pop()
    assert structure(tree) == empty == structure(Free(layers=[]))


def test_list_in_a_dict_that_is_filled_and_emptied():
    tree = Free(parts={"a": []})
    empty = structure(tree)
    tree.parts["a"].append(Leaf())
    assert jax.tree.leaves(tree) == [1.0]
    tree.parts["a"].clear()
    assert structure(tree) == empty


@pytest.mark.parametrize("names", ["abc", "cba", "bca"])
def test_order_of_assignment_does_not_matter(names):
    values = {"a": Leaf(1.0), "b": 2, "c": [Leaf(3.0)], "d": "text"}
    tree = Free(d="text", **{name: values[name] for name in names})
    assert layout_of(tree) is layout_of(Free(**values))
    assert jax.tree.leaves(tree) == [1.0, 3.0]


def test_order_of_dicts_matters_only_where_it_is_kept():
    def tree(*names):
        return Free(parts={name: Leaf() for name in names})

    assert structure(tree("x", "y")) == structure(tree("y", "x"))  # JAX sorts the keys
    assert structure(Free(ops={"a": 1, "b": 2})) != structure(Free(ops={"b": 2, "a": 1}))


def test_assigning_and_deleting_gets_back_to_the_same_layout():
    tree, layout = Free(a=1), layout_of(Free(a=1))
    tree.b = 2
    assert layout_of(tree) is not layout
    del tree.b
    assert layout_of(tree) is layout
    tree.a = Leaf()
    assert jax.tree.leaves(tree) == [1.0]
    tree.a = 1
    assert layout_of(tree) is layout


def test_undeclared_node_may_become_another_tree_or_no_tree():
    tree = Free(part=Leaf(1.0))
    layout = layout_of(tree)
    tree.part = Leaf(2.0)
    assert layout_of(tree) is layout and jax.tree.leaves(tree) == [2.0]
    tree.part = [Leaf(3.0), Leaf(4.0)]
    assert jax.tree.leaves(tree) == [3.0, 4.0]
    tree.part = "none"
    assert jax.tree.leaves(tree) == [] and layout_of(tree) is layout_of(Free(part="none"))


def test_declared_node_keeps_the_layout_whatever_it_holds():
    tree = Leaf(1.0)
    layout = layout_of(tree)
    for value in (2.0, None, jnp.zeros(3), [1, 2], Leaf()):
        tree.x = value
        assert layout_of(tree) is layout
        assert jax.tree.leaves(tree) == jax.tree.leaves(value)


def test_declared_field_without_value_is_not_there():
    tree = Leaf(1.0)
    whole = structure(tree)
    del tree.x
    assert jax.tree.leaves(tree) == []
    assert structure(tree) != whole
    tree.x = 2.0
    assert structure(tree) == whole


def test_equal_objects_share_one_layout_and_different_ones_do_not():
    class Subclass(Leaf):
        pass

    layout = layout_of(Free(n=1, part=Leaf()))
    assert layout_of(Free(n=1, part=Leaf(5.0))) is layout
    assert layout_of(jax.tree.map(lambda x: x, Free(n=1, part=Leaf()))) is layout
    assert layout_of(Free(n=2, part=Leaf())) != layout
    assert layout_of(Free(m=1, part=Leaf())) != layout
    assert layout_of(Leaf()) != layout_of(Subclass()) != "layout"


def test_kind_is_part_of_the_structure():
    class Weight(jt.KindMixin):
        pass

    assert structure(Leaf()) != structure(Leaf().update_field_metadata("x", kind=Weight))


def test_layouts_of_forgotten_objects_go_away():
    reference = weakref.ref(layout_of(Free(unusual="test_layouts_of_forgotten_objects_go_away")))
    gc.collect()
    assert reference() is None


def test_repr_of_the_structure_names_class_and_static_fields():
    assert "Free(a=1)" in str(structure(Free(a=1, part=Leaf())))


ARRAYS = {
    "plain": lambda a: a,
    "list": lambda a: [1, a],
    "tuple": lambda a: (a,),
    "dict": lambda a: {"a": {"b": [a]}},
    "partial": lambda a: jax.tree_util.Partial(print, a),
}


@pytest.mark.parametrize("wrap", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize("traced", [False, True])
def test_array_in_a_static_field_is_refused(wrap, traced):
    def leaves(array):
        return jax.tree.leaves(Free(scale=wrap(array)))

    with pytest.raises(jt.StaticFieldError) as caught:
        (jax.jit(leaves) if traced else leaves)(jnp.zeros((2, 3)))
    text = str(caught.value)
    assert "Free.scale is a static field but holds a JAX array, float32[2,3]." in text
    assert "1. declare the field in the class body: `scale: jax.Array = jm.node()`" in text
    assert (
        "2. if it is a constant, keep it as a numpy array: `self.scale = np.asarray(...)`" in text
    )


def test_array_in_a_declared_static_field_is_refused_when_it_is_used():
    class Strict(jt.Tree):
        scale: float = jt.static(1.0)

    tree = Strict()
    tree.scale = jnp.ones(())
    with pytest.raises(jt.StaticFieldError, match=r"Strict\.scale .*float32\[\]"):
        jax.jit(lambda tree: 1)(tree)


def test_metadata_of_an_object_with_an_array_in_the_wrong_place_can_be_read():
    assert not Free(scale=jnp.ones(1)).field_metadata["scale"].node


def test_the_order_of_metadata_updates_does_not_matter():
    class Pair(jt.Tree):
        def __init__(self):
            self.a, self.b = 1.0, 2.0

    one = Pair().update_field_metadata("a", node=True).update_field_metadata("b", node=True)
    two = Pair().update_field_metadata("b", node=True).update_field_metadata("a", node=True)
    assert jax.tree.structure(one) == jax.tree.structure(two)
    assert jax.tree.leaves(one) == jax.tree.leaves(two) == [1.0, 2.0]


@pytest.mark.parametrize("one, other", [(1, True), (("a", 0), ("a", False)), (None, 0)])
def test_set_static_tells_equal_values_of_other_types_apart(one, other):
    for first, second in [(one, other), (other, one)]:
        tree = Free(mode="start")
        for value in (first, second, first, second):
            set_static(tree, "mode", value)
            rebuilt = jax.tree.map(lambda x: x, tree)
            assert repr(rebuilt.mode) == repr(value)
            set_static(tree, "mode", "start")
