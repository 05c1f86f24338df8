"""Trees as dataclasses, by `jt.dataclass` and by the standard decorator."""

import dataclasses
from typing import ClassVar, Generic, TypeVar

import jax
import jax.numpy as jnp
import pytest

import jax_metrics.tree as jt

T = TypeVar("T")
BOTH = pytest.mark.parametrize("dataclass", [jt.dataclass, dataclasses.dataclass])


class Weight(jt.KindMixin):
    pass


def doubled(tree):
    return jax.tree.map(lambda x: 2 * x, tree)


@BOTH
def test_fields_defaults_and_factories(dataclass):
    @dataclass
    class Data(jt.Tree):
        x: float = jt.node()
        n: int = 3
        y: float = Weight.node(2.0)
        parts: list = jt.node(default_factory=lambda: [4.0])
        names: list = dataclasses.field(default_factory=list)
        size: int = jt.static(5, kw_only=True)

    tree = doubled(Data(1.0, 7, size=6))
    assert (tree.x, tree.n, tree.y, tree.parts, tree.names, tree.size) == (2, 7, 4, [8], [], 6)
    assert jax.tree.leaves(Data(1.0)) == [1.0, 2.0, 4.0]
    assert Data(1.0).parts is not Data(1.0).parts


@BOTH
def test_factories_run_once(dataclass):
    calls = []

    @dataclass
    class Data(jt.Tree):
        x: list = jt.node(default_factory=lambda: calls.append(0))

    Data()
    assert calls == [0]


@BOTH
def test_inheritance_keeps_flags_and_order(dataclass):
    @dataclass
    class Base(jt.Tree):
        a: float = jt.node()
        s: float = jt.static(2.0)
        k: float = Weight.node(3.0)

    @dataclass
    class Heir(Base):
        b: float = jt.node(4.0)
        s: float = 5.0

    tree = Heir(1.0, b=9.0)
    assert jax.tree.leaves(tree) == [1.0, 3.0, 9.0]
    assert tree.s == 5.0 and not tree.field_metadata["s"].node
    assert tree.field_metadata["k"].kind is Weight
    assert jax.tree.leaves(jt.filter(tree, Weight)) == [3.0]


@BOTH
def test_subclass_may_declare_a_field_anew(dataclass):
    @dataclass
    class Base(jt.Tree):
        a: float = jt.node(1.0)

    @dataclass
    class Heir(Base):
        a: float = jt.static(2.0)

    assert jax.tree.leaves(Base()) == [1.0]
    assert jax.tree.leaves(Heir()) == []


@BOTH
def test_kw_only(dataclass):
    @dataclass(kw_only=True)
    class Base(jt.Tree):
        a: float = jt.node(1.0)

    @dataclass
    class Heir(Base):
        b: float = jt.node()

    assert jax.tree.leaves(doubled(Heir(3.0, a=2.0))) == [4.0, 6.0]


@BOTH
def test_frozen(dataclass):
    @dataclass(frozen=True)
    class Data(jt.Tree):
        x: float = jt.node()

    tree = doubled(Data(1.0))
    assert tree.x == 2.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        tree.x = 3.0
    assert jt.copy(tree).x == 2.0


@BOTH
def test_generic_dataclass(dataclass):
    @dataclass
    class Box(jt.Tree, Generic[T]):
        x: T = jt.node()

    @dataclass
    class Named(Box[int]):
        name: str = "box"

    assert jax.tree.leaves(doubled(Box[float](1.0))) == [2.0]
    assert jax.tree.structure(Box[float](1.0)) == jax.tree.structure(Box(1.0))
    assert doubled(Named(2)).x == 4


@BOTH
def test_post_init_and_init_var(dataclass):
    @dataclass
    class Data(jt.Tree):
        x: float = jt.node(init=False)
        start: dataclasses.InitVar[float] = 1.0

        def __post_init__(self, start):
            self.x = 10 * start

    assert jax.tree.leaves(Data(2.0)) == [20.0]


@BOTH
def test_plain_subclass_with_its_own_init(dataclass):
    @dataclass
    class Base(jt.Tree):
        x: float = jt.node(1.0)
        n: int = 2

    class Heir(Base):
        def __init__(self):
            super().__init__(n=4)
            self.y = 5

    tree = doubled(Heir())
    assert (tree.x, tree.n, tree.y) == (2.0, 4, 5)


def test_dataclass_keeps_comparison_hash_and_repr_of_the_tree():
    @jt.dataclass
    class Data(jt.Tree, jt.Repr):
        x: jax.Array = jt.node()

    a, b = Data(jnp.zeros(3)), Data(jnp.zeros(3))
    assert a != b and len({a, b}) == 2
    assert repr(a) == "Data {\n    x: float32[3],\n}"


def test_options_of_dataclass_are_passed_on():
    @jt.dataclass(eq=True)
    class Data(jt.Tree):
        x: int = jt.node()

    assert Data(1) == Data(1) != Data(2)


@BOTH
def test_slots_are_refused(dataclass):
    with pytest.raises(TypeError, match=r"Data has `__slots__`, but the fields of a Tree live in"):

        @dataclass(slots=True)
        class Data(jt.Tree):
            x: float = jt.node()


def test_class_variables_are_no_fields():
    @dataclasses.dataclass
    class Base(jt.Tree):
        names: ClassVar[tuple[str, ...]] = ("a",)
        x: float = 1.0

    class Derived(Base):
        names = ("a", "b")

    assert Derived().names == Derived.names == ("a", "b")
    assert Base().field_metadata.keys() == {"x"}
