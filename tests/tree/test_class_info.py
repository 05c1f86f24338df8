"""What plain classes declare: inheritance, cached properties, abstract classes."""

import abc
import functools
from typing import Generic, TypeVar

import jax
import pytest

import jax_metrics.tree as jt

T = TypeVar("T")


class Weight(jt.KindMixin):
    pass


class Left(jt.Tree):
    a: float = jt.node(1.0)
    shared: float = jt.node(2.0)


class Right(jt.Tree):
    b: float = Weight.node(3.0)
    shared: float = jt.static(4.0)


class Mixin:
    c: float = jt.node(5.0)


class Both(Left, Right, Mixin):
    pass


def test_multiple_inheritance_follows_the_mro():
    tree = Both()
    assert jt.to_dict(tree) == {"a": 1.0, "shared": 2.0, "b": 3.0, "c": 5.0}
    assert sorted(jax.tree.leaves(tree)) == [1.0, 2.0, 3.0, 5.0]
    assert tree.field_metadata["b"].kind is Weight


def test_static_flag_survives_a_plain_subclass():
    class Heir(Right):
        shared = 6.0

        def __init__(self):
            self.b = 7.0

    assert jax.tree.leaves(Heir()) == [7.0]
    assert not Heir().field_metadata["shared"].node


def test_class_attributes_that_are_no_fields_stay_out():
    class Plain(jt.Tree):
        limit = 3

        def __init__(self):
            self.n = self.limit

    assert jt.to_dict(Plain()) == {"n": 3}


def test_generic_alias_makes_the_same_kind_of_object():
    class Box(jt.Tree, Generic[T]):
        x: T = jt.node(1.0)

    assert jax.tree.structure(Box[int]()) == jax.tree.structure(Box())
    assert jt.to_dict(Box[int](), private_fields=True) == {"x": 1.0}


def test_cached_property_is_no_field_and_copies_work_it_out_anew():
    calls = []

    class Cached(jt.Tree):
        x: float = jt.node(1.0)

        @functools.cached_property
        def double(self):
            calls.append(0)
            return 2 * jax.numpy.asarray(self.x)

    class Heir(Cached):
        pass

    tree = Heir()
    before = jax.tree.structure(tree)
    assert tree.double == tree.double == 2.0
    assert jax.tree.structure(tree) == before and "double" not in jt.to_dict(tree)
    assert jax.tree.map(lambda x: 5 * x, tree).double == 10.0
    assert len(calls) == 2


def test_abstract_tree_classes_cannot_be_made():
    class Base(jt.Tree, abc.ABC):
        @abc.abstractmethod
        def call(self): ...

    class Done(Base):
        def call(self):
            return 1

    with pytest.raises(TypeError, match="abstract"):
        Base()
    assert Done().call() == 1


def test_property_setters_work():
    class Celsius(jt.Tree):
        kelvin: float = jt.node(0.0)

        @property
        def degrees(self):
            return self.kelvin - 273

        @degrees.setter
        def degrees(self, value):
            self.kelvin = value + 273

    tree = Celsius()
    tree.degrees = 10
    assert jax.tree.leaves(tree) == [283]


def test_slots_are_refused():
    with pytest.raises(TypeError, match="fields of a Tree live in `__dict__`"):

        class Slotted(jt.Tree):
            __slots__ = ("x",)
