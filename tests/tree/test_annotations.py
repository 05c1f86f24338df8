"""Fields that are nodes because their annotation names a Tree; the values here are no Trees."""

import collections.abc
import typing
from typing import Annotated, Any, ClassVar, Generic, Optional, TypeVar, Union

import jax
import pytest

import jax_metrics.tree as jt
from jax_metrics.tree._annotations import names_tree


class Leaf(jt.Tree):
    x: float = jt.node(1.0)


T = TypeVar("T")
Bound = TypeVar("Bound", bound=Leaf)
BoundByName = TypeVar("BoundByName", bound="Leaf")
Constrained = TypeVar("Constrained", int, Leaf)


class Box(jt.Tree, Generic[T]):
    pass


NODES = [
    Leaf,
    "Leaf",
    Leaf | None,
    "Leaf | None",
    Optional[Leaf],  # noqa: UP045
    Union[int, "Leaf"],  # noqa: UP007
    list[Leaf],
    list["Leaf"],
    "list[Leaf]",
    typing.List["Leaf"],  # noqa: UP006
    tuple[int, Leaf],
    tuple[Leaf, ...],
    dict[str, Leaf],
    dict[str, list[tuple[Leaf | None, ...]]],
    collections.abc.Sequence[Leaf],
    collections.abc.Mapping[str, "Leaf"],
    Annotated[Leaf, "note"],
    Annotated["Leaf", "note"],
    Annotated[list[Leaf], "note"],
    Bound,
    BoundByName,
    Constrained,
    list[Bound],
    Box,
    Box[int],
    "Box[int]",
    typing.ForwardRef("Leaf"),
    list[typing.ForwardRef("Leaf")],
    "Owner",
]
STATICS = [
    int,
    Any,
    "int | None",
    list[int],
    T,
    type[Leaf],
    collections.abc.Callable[[Leaf], Leaf],
    ClassVar[Leaf],
    "NotThere",
    "list[NotThere]",
    "1 +",
    "1 / 0",
    typing.ForwardRef("NotThere"),
    "Leaf.nothing",
]


def owner_of(annotation):
    return type(jt.Tree)(
        "Owner", (jt.Tree,), {"__annotations__": {"field": annotation}, "__module__": __name__}
    )


@pytest.mark.parametrize("annotation", NODES, ids=str)
def test_annotation_that_names_a_tree_makes_a_node(annotation):
    tree = owner_of(annotation)()
    tree.field = 3.0
    assert jax.tree.leaves(tree) == [3.0]


@pytest.mark.parametrize("annotation", STATICS, ids=str)
def test_annotation_that_names_no_tree_leaves_it_to_the_value(annotation):
    tree = owner_of(annotation)()
    tree.field = 3.0
    assert jax.tree.leaves(tree) == []
    tree.field = Leaf()
    assert jax.tree.leaves(tree) == [1.0]


def test_unresolvable_part_does_not_spoil_the_rest():
    assert names_tree(dict[typing.ForwardRef("NotThere"), "Leaf"], Leaf)


def test_annotation_may_name_a_class_that_is_defined_later():
    class First(jt.Tree):
        other: "Later | None"  # noqa: F821

        def __init__(self):
            self.other = 1.0

    globals()["Later"] = Leaf
    try:
        assert jax.tree.leaves(First()) == [1.0]
    finally:
        del globals()["Later"]


def test_declaration_wins_over_annotation():
    class Owner(jt.Tree):
        part: Leaf = jt.static()

        def __init__(self):
            self.part = 2.0

    assert jax.tree.leaves(Owner()) == []


def test_annotation_wins_over_value():
    class Owner(jt.Tree):
        part: Leaf | None

        def __init__(self):
            self.part = None

    tree = Owner()
    before = jax.tree.structure(tree)
    assert Owner.__annotations__ and before.num_nodes == 2  # the tree, and None as its child
    tree.part = 5.0
    assert jax.tree.leaves(tree) == [5.0]


def test_annotation_is_inherited_and_a_declaration_of_the_subclass_wins():
    class Owner(jt.Tree):
        part: Leaf | None

    class Heir(Owner):
        def __init__(self):
            self.part = 2.0

    class Strict(Heir):
        part: Any = jt.static()

    assert jax.tree.leaves(Heir()) == [2.0]
    assert jax.tree.leaves(Strict()) == []


def test_an_inherited_declaration_wins_over_an_annotation_of_the_subclass():
    class Owner(jt.Tree):
        part: Any = jt.static(2.0)

    class Heir(Owner):
        part: Leaf | None

    assert jax.tree.leaves(Heir()) == []
