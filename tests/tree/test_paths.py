"""Paths of Trees, and `At`."""

import collections
import re

import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics.tree as jt

Pair = collections.namedtuple("Pair", "a b")


class Leaf(jt.Tree):
    x: float = jt.node(1.0)


class Owner(jt.Tree):
    state: object = jt.node(None)

    def __init__(self):
        self.parts = {"a.b": [Leaf(), Leaf()], 3: (Leaf(),)}
        self.name = "owner"
        self.array = np.zeros(2)

    @property
    def at(self):
        return jt.At(self)


def test_trees_with_paths():
    owner = Owner()
    owner.state = Pair(1.0, Leaf())
    found = dict(jt.trees_with_paths([owner]))
    assert list(found) == [
        "[0]",
        "[0].state.b",
        "[0].parts['a.b'][0]",
        "[0].parts['a.b'][1]",
        "[0].parts[3][0]",
    ]
    assert found["[0]"] is owner and found["[0].parts['a.b'][1]"] is owner.parts["a.b"][1]


@pytest.mark.parametrize(
    "path", [".parts['a.b'][0].x", "parts['a.b'][0].x", ".parts[3][0].x", ".state.a", ".state.b[0]"]
)
def test_get_set_and_apply(path):
    owner = Owner()
    owner.state = Pair(1.0, [1.0, 2.0])
    assert owner.at[path].get() == 1.0
    changed = owner.at[path].set(5.0)
    assert changed.at[path].get() == 5.0 and owner.at[path].get() == 1.0
    assert owner.at[path].apply(lambda x: x + 7).at[path].get() == 8.0
    assert type(changed.state) is Pair and owner.state == Pair(1.0, [1.0, 2.0])


def test_static_fields_and_whole_sub_trees_can_be_set():
    owner = Owner()
    assert owner.at[".name"].set("other").name == "other"
    assert owner.at[".parts[3]"].set(None).parts[3] is None
    assert owner.at[""].get() is owner and owner.at[""].set(3) == 3
    assert jt.At({"a": [1, 2]})["['a'][1]"].set(5) == {"a": [1, 5]}


def test_immutable_trees_can_be_set():
    class Frozen(jt.ImmutableTree):
        x: float = jt.node(1.0)

    changed = jt.At(Frozen())[".x"].set(2.0)
    assert changed.x == 2.0 and not changed.is_mutable


@pytest.mark.parametrize(
    "path, text",
    [
        (".nope", r"There is no '.nope' in the Owner: at the root, a Owner, there is only .*name"),
        (".parts['z']", r"at .parts, a dict, there is only 'a.b', 3\."),
        (".parts['a.b'][2]", r"at .parts\['a.b'\], a list, there is only \[0\] to \[1\]\."),
        (".parts['a.b'].x", r"a list, there is only \[0\] to \[1\]\."),
        (".parts[3][0][1]", r"a Leaf, there is only x\."),
        (".state.c", r"at .state, a Pair, there is only a, b\."),
        (".state.b[0]", r"a list, there is nothing\."),
        (".name[0]", "a str, there is nothing further inside"),
        (".array[0]", "a ndarray, there is nothing further inside"),
    ],
)
@pytest.mark.parametrize("method", ["get", "set"])
def test_place_that_is_not_there(path, text, method):
    owner = Owner()
    owner.state = Pair(jnp.ones(2), [])
    place = owner.at[path]
    with pytest.raises(KeyError) as caught:
        place.get() if method == "get" else place.set(1)
    assert re.search(text, caught.value.args[0])


@pytest.mark.parametrize("path", [".a b", ".a[", ".a[]", ".a[b]", "a..b", ".a[0]]", "[1+1]", "1a"])
def test_text_that_is_no_path(path):
    with pytest.raises(KeyError, match="is not a path. Paths look like '.layers"):
        jt.At(Owner())[path]
