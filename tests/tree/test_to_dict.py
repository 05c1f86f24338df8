"""`to_dict`: Trees as nested dicts."""

import collections

import pytest

import jax_metrics.tree as jt

Pair = collections.namedtuple("Pair", "a b")


class Weight(jt.KindMixin):
    pass


class Leaf(jt.Tree, jt.Extensions):
    x: float = Weight.node(1.0)
    size: int = jt.static(3)
    _hidden: int = jt.static(4)


class Owner(jt.Tree, jt.Extensions):
    def __init__(self):
        self.parts = {"b": [Leaf()], "a": (Leaf(), None)}
        self.names = {1: "one", "two": 2}


LEAF = {"x": 1.0, "size": 3}


def test_nested():
    expected = {
        "parts": {"b": [LEAF], "a": (LEAF, None)},
        "names": {1: "one", "two": 2},
    }
    found = Owner().to_dict()
    assert found == expected == jt.to_dict(Owner())
    assert list(found["parts"]) == ["b", "a"]


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"private_fields": True}, {**LEAF, "_hidden": 4}),
        ({"static_fields": False}, {"x": 1.0}),
        ({"type_info": True}, {**LEAF, "__type__": Leaf}),
    ],
)
def test_options(options, expected):
    assert jt.to_dict([Leaf()], **options) == [expected]
    assert jt.to_dict({"a": Pair(Leaf(), 2)}, **options) == {"a": Pair(expected, 2)}


def test_field_info():
    owner = Owner()
    leaf = owner.parts["b"][0]
    found = jt.to_dict(owner, field_info=True)
    info = found["parts"]["b"][0]["x"]
    assert (info.name, info.value, info.kind, info.module, info.path) == (
        "x",
        1.0,
        Weight,
        leaf,
        ".x",
    )
    assert found["names"][1].value == "one" and found["names"][1].path == ".names[1]"


def test_result_is_independent():
    owner = Owner()
    owner.to_dict()["parts"]["b"].append(1)
    assert len(owner.parts["b"]) == 1


def test_what_belongs_to_the_object_itself_is_left_out():
    leaf = Leaf()
    jt.layout_of(leaf)
    assert jt.to_dict(leaf, private_fields=True) == {**LEAF, "_hidden": 4}
