"""Laws that hold for every tree, on trees that Hypothesis draws."""

import copy
import pickle

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jax_metrics.tree as jt


class Weight(jt.KindMixin):
    pass


class State(jt.KindMixin):
    pass


class Mean(State):
    pass


@jt.dataclass
class Plain(jt.Tree):
    """Declared fields alone."""

    w: object = Weight.node(None)
    m: object = Mean.node(None)
    size: object = jt.static(None)


class Optional(jt.Tree):
    """Fields that some objects have and others do not."""

    w: object = Weight.node()
    part: "Plain | None"
    parts: dict[str, Plain]

    def __init__(self, **fields):
        vars(self).update(fields)


class Free(jt.Tree):
    """Fields without any declaration, in any order."""

    def __init__(self, **fields):
        for name, value in fields.items():
            setattr(self, name, value)


class Frozen(jt.ImmutableTree):
    count: object = State.node(0)
    inner: object = jt.node(None)


KINDS = [Weight, State, type(None)]
PREDICATES = [
    lambda field: isinstance(field.value, float),
    lambda field: "w" in field.path,
    lambda field: field.name == "m",
    lambda field: field.module is None,
]

numbers = st.integers(-5, 5) | st.floats(width=32)
arrays = st.lists(numbers, max_size=3).map(lambda values: np.array(values, np.float32))
leaves = numbers | arrays | st.none()
statics = st.recursive(
    numbers | arrays | st.booleans() | st.text(max_size=2) | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


def nested(inner):
    """Containers of what is drawn from `inner`."""
    return (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)
    )


def objects(inner):
    node = leaves | nested(leaves) | inner | nested(inner)
    plain = st.builds(Plain, w=node, m=node, size=statics)
    parts = st.dictionaries(st.sampled_from("ab"), plain, max_size=2)
    optional = {"w": node, "part": plain | st.none(), "parts": parts, "free": inner, "n": statics}
    free = {name: inner | nested(inner) | statics for name in "dcba"}
    return (
        plain
        | st.fixed_dictionaries({}, optional=optional).map(lambda fields: Optional(**fields))
        | st.fixed_dictionaries({}, optional=free).map(lambda fields: Free(**fields))
        | st.builds(Frozen).flatmap(lambda tree: node.map(lambda value: tree.replace(inner=value)))
    )


trees = st.recursive(st.builds(Plain, w=leaves, m=leaves, size=statics), objects, max_leaves=5)
pytrees = trees | nested(trees | leaves)


def same_leaves(a, b):
    """Whether two lists of leaves are equal, NaN counting as equal to itself."""
    pairs = zip(a, b, strict=True)
    return all(type(x) is type(y) and np.array_equal(x, y, equal_nan=True) for x, y in pairs)


def same(a, b):
    structures = jax.tree.structure(a), jax.tree.structure(b)
    return structures[0] == structures[1] and same_leaves(jax.tree.leaves(a), jax.tree.leaves(b))


def all_trees(value):
    return [tree for _, tree in jt.trees_with_paths(value)]


def pairs_of_trees(a, b):
    """The Trees in the same places; dicts may have another order."""
    ours, theirs = dict(jt.trees_with_paths(a)), dict(jt.trees_with_paths(b))
    assert ours.keys() == theirs.keys()
    return [(ours[path], theirs[path]) for path in ours]


@given(pytrees)
def test_flatten_round_trips(tree):
    leaves, treedef = jax.tree.flatten(tree)
    rebuilt = treedef.unflatten(leaves)
    assert same(rebuilt, tree)
    assert jax.tree.structure(rebuilt) == treedef and hash(jax.tree.structure(rebuilt)) == hash(
        treedef
    )
    assert same(jax.tree.map(lambda x: x, tree), tree)
    assert same(jt.map(lambda x: x, tree), tree)


@given(pytrees)
def test_rebuilt_objects_have_the_fields_of_the_original(tree):
    rebuilt = jax.tree.map(lambda x: x, tree)
    for old, new in pairs_of_trees(tree, rebuilt):
        assert type(old) is type(new)
        assert (
            jt.to_dict(old, private_fields=True).keys()
            == jt.to_dict(new, private_fields=True).keys()
        )
        assert old.field_metadata == new.field_metadata


@given(pytrees)
def test_layouts_are_interned(tree):
    copies = [
        copy.deepcopy(tree),
        pickle.loads(pickle.dumps(tree)),
        jax.tree.map(lambda x: x, tree),
    ]
    for copied in copies:
        for a, b in pairs_of_trees(tree, copied):
            assert jt.layout_of(a) is jt.layout_of(b)


@given(trees, trees)
def test_two_trees_have_one_structure_exactly_when_they_have_one_layout(a, b):
    like = jax.tree.structure(a) == jax.tree.structure(b)
    one_layout = jt.layout_of(a) is jt.layout_of(b)
    assert one_layout or not like
    assert one_layout == (jt.layout_of(a) == jt.layout_of(b))


@given(pytrees, st.sampled_from([*KINDS, *PREDICATES]))
def test_merge_with_a_filtered_tree_changes_nothing(tree, filter):
    before = copy.deepcopy(tree)
    assert same(jt.merge(tree, jt.filter(tree, filter)), tree)
    assert same(jt.merge(jt.filter(tree, filter), tree), tree)
    assert same(tree, before)


@given(pytrees)
def test_filters_by_kind_partition_the_leaves(tree):
    marked = jax.tree.map(lambda _: object(), tree)  # so that each leaf is an object of its own
    found = [leaf for kind in KINDS for leaf in jax.tree.leaves(jt.filter(marked, kind))]
    assert sorted(map(id, found)) == sorted(map(id, jax.tree.leaves(marked)))


@given(pytrees)
def test_parts_by_kind_merge_to_the_whole(tree):
    parts = [jt.filter(tree, kind) for kind in KINDS]
    assert same(jt.merge(*parts), tree)


@given(pytrees, st.sampled_from([*KINDS, *PREDICATES]))
def test_filter_is_idempotent_and_agrees_with_map(tree, filter):
    once = jt.filter(tree, filter)
    assert same(jt.filter(once, filter), once)
    passed = []
    jt.map(passed.append, tree, filter)
    assert same_leaves(passed, jax.tree.leaves(once)) or any_dict(tree)


def any_dict(tree):
    """Whether there is a dict, whose items JAX sorts and `map` does not."""
    return "{" in str(jt.to_dict(tree))


@given(pytrees)
def test_copies_are_equal_but_distinct(tree):
    for copied in (jt.copy(tree), copy.deepcopy(tree)):
        assert same(copied, tree)
        ours, theirs = all_trees(tree), all_trees(copied)
        assert not {id(part) for part in ours} & {id(part) for part in theirs}
        assert len(ours) == len(theirs)


@given(pytrees)
def test_pickle_round_trips(tree):
    assert same(pickle.loads(pickle.dumps(tree)), tree)


@given(pytrees)
def test_paths_are_those_of_jax_and_lead_to_the_leaf(tree):
    with_paths = jax.tree.leaves_with_path(tree)
    expected = {jax.tree_util.keystr(path): leaf for path, leaf in with_paths}
    seen = {}
    jt.map(lambda info: seen.update({info.path: info.value}), tree, field_info=True)
    assert seen.keys() == expected.keys()
    for path, leaf in expected.items():
        assert seen[path] is leaf and jt.At(tree)[path].get() is leaf


@given(trees)
def test_paths_of_trees_lead_to_them(tree):
    for path, part in jt.trees_with_paths(tree):
        assert jt.At(tree)[path].get() is part


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(jt.FlattenMode))
@given(tree=pytrees)
def test_all_modes_round_trip(mode, tree):
    with jt.flatten_mode(mode):
        leaves, treedef = jax.tree.flatten(tree)
        rebuilt = treedef.unflatten(leaves)
    assert same(rebuilt, tree)


@pytest.mark.slow
@given(trees)
def test_number_of_fields_in_all_modes(tree):
    with jt.flatten_mode("no_fields"):
        assert jax.tree.leaves(tree) == []
    with jt.flatten_mode("all_fields"):
        everything = jax.tree.leaves(tree)
    assert len(everything) >= len(jax.tree.leaves(tree))


@given(pytrees)
def test_field_info_context_wraps_exactly_the_leaves_of_trees(tree):
    with jt.add_field_info():
        infos = jax.tree.leaves(tree)
        same_again = jax.tree.map(lambda info: info, tree) if all_trees(tree) == [tree] else tree
    plain = [info.value if isinstance(info, jt.FieldInfo) else info for info in infos]
    assert same_leaves(plain, jax.tree.leaves(tree)) and same(same_again, tree)
