"""The table of static values in the guide, row by row."""

import collections
import dataclasses
import enum
import fractions
import functools
import math
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

import jax_metrics.tree as jt

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "static-values.md"
HEADER = "| values | the same when | rebuilt objects hold | a change in place |"


class Row(NamedTuple):
    values: str
    same: str
    rebuilt: str
    change: str


def read_rows() -> list[Row]:
    lines = PAGE.read_text().split(HEADER)[1].splitlines()[2:]
    end = lines.index("")
    return [Row(*(cell.strip() for cell in line.strip("| ").split(" | "))) for line in lines[:end]]


class Case(NamedTuple):
    """A value, as a function that makes it, one that differs from it, and a change in place."""

    make: Callable[[], Any]
    other: Any
    change: Callable[[Any], Any] | None = None


class Box(jt.Tree):
    value: object = jt.static()
    x: float = jt.node(1.0)

    def __init__(self, value):
        self.value = value


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Config:
    rate: float
    note: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Frozen:
    rate: Any


class Equal:
    """Has `==`, and therefore no hash."""

    def __init__(self, rate):
        self.rate = rate

    def __eq__(self, other):
        return self.rate == other.rate

    def method(self):
        return self.rate


class Hashed(Equal):
    def __eq__(self, other):
        return self.rate == other.rate

    def __hash__(self):
        return hash(self.rate)


class Plain:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, x):
        return self.rate * x


Point = collections.namedtuple("Point", "x y")


def power(x, n=2):
    return x**n


def closure(n):
    return lambda x: x + n


@functools.lru_cache
def cached(x):
    return x


def with_rule(scale):
    @jax.custom_vjp
    def rounded(x):
        return x

    rounded.defvjp(lambda x: (rounded(x), None), lambda _, g: (scale * g,))
    return rounded


def set_rate(value):
    value.rate += 1


# Objects that are the same only if they are one and the same.
PLAIN, WRAPPER, HASHABLE = Plain(1), functools.wraps(power)(Plain(1)), jt.Hashable([1])

CASES = {
    "`int`": [
        Case(lambda: 1000, 1000.0),
        Case(lambda: 1, True),
        Case(lambda: 0.0, -0.0),
        Case(lambda: math.nan, 0.0),
        Case(lambda: "".join("ab"), b"ab"),
        Case(lambda: range(3), range(4)),
        Case(lambda: slice(1), slice(True)),
        Case(lambda: None, False),
        Case(lambda: 1j, 1 + 1j),
    ],
    "classes": [
        Case(lambda: int, bool),
        Case(lambda: math, np),
        Case(lambda: Color.RED, Color.BLUE),
        Case(lambda: len, print),
    ],
    "NumPy scalars": [
        Case(lambda: np.float32(0.0), np.float32(-0.0)),
        Case(lambda: np.dtype("int32"), np.dtype("int64")),
    ],
    "`list`": [
        Case(lambda: [1, [2]], [1, [2.0]], lambda value: value[1].append(3)),
        Case(lambda: {"a": 1, "b": 2}, {"b": 2, "a": 1}, dict.clear),
        Case(lambda: {1: "a"}, {True: "a"}, dict.clear),
        Case(lambda: {1, "a"}, {True, "a"}, lambda value: value.add(2)),
        Case(lambda: (1, [2]), (1, [3]), lambda value: value[1].append(3)),
        Case(lambda: Point(1, [2]), Point(1, [3]), lambda value: value.y.append(3)),
    ],
    "`OrderedDict`": [
        Case(
            lambda: collections.OrderedDict(a=1, b=2),
            collections.OrderedDict(b=2, a=1),
            lambda value: value.move_to_end("a"),
        ),
        Case(
            lambda: collections.defaultdict(list),
            collections.defaultdict(set),
            lambda value: value["a"],
        ),
        Case(
            lambda: collections.Counter("ab"),
            collections.Counter("aab"),
            lambda value: value.update("a"),
        ),
        Case(
            lambda: collections.deque([1]),
            collections.deque([1], maxlen=2),
            lambda value: value.append(1),
        ),
        Case(lambda: bytearray(b"a"), bytearray(b"b"), lambda value: value.extend(b"b")),
        Case(lambda: types.SimpleNamespace(rate=1), types.SimpleNamespace(rate=True), set_rate),
        Case(lambda: Equal(1), Equal(1.0), set_rate),
    ],
    "dataclasses that can change": [
        Case(lambda: Config(1), Config(True), set_rate),
        Case(lambda: Frozen([1]), Frozen([True]), lambda value: value.rate.append(2)),
    ],
    "frozen dataclasses": [Case(lambda: Frozen((1, 2)), Frozen((1, 2.0)))],
    "NumPy arrays |": [
        Case(lambda: np.zeros((2, 2)), np.zeros((2, 2), order="F"), lambda value: value.fill(1)),
        Case(lambda: np.zeros(2), np.array([0.0, -0.0]), lambda value: value.fill(1)),
        Case(lambda: np.zeros(2), np.zeros(2, np.float32), lambda value: value.fill(1)),
    ],
    "NumPy arrays of objects": [
        Case(
            lambda: np.array([[1], None], object),
            np.array([[True], None], object),
            lambda value: value[0].append(2),
        )
    ],
    "functions |": [
        Case(lambda: closure(1), closure(1.0), lambda value: setattr(value, "rate", 2)),
        Case(lambda: power, closure(1)),
    ],
    "bound methods": [
        Case(
            lambda: Equal(1).method,
            Equal(2).method,
            lambda value: setattr(value.__self__, "rate", 2),
        ),
        Case(
            lambda: functools.partial(power, n=[1]),
            functools.partial(power, n=[2]),
            lambda value: value.keywords["n"].append(2),
        ),
    ],
    "functions from `jax.jit`": [
        Case(lambda: jax.jit(power), jax.jit(power, donate_argnums=0)),
        Case(lambda: jax.jit(power), jax.jit(power, inline=True)),
        Case(lambda: with_rule(1), with_rule(100)),
        Case(lambda: jax.nn.relu, jax.nn.relu6),
    ],
    "functions from `functools": [Case(lambda: cached, functools.lru_cache(power))],
    "objects without": [
        Case(lambda: PLAIN, Plain(1), set_rate),
        Case(lambda: WRAPPER, Plain(1), set_rate),
    ],
    "objects with `==` and": [
        Case(lambda: Hashed(1), Hashed(True), set_rate),
        Case(lambda: fractions.Fraction(1, 2), fractions.Fraction(1, 3)),
        Case(
            lambda: jax.sharding.PartitionSpec("x", None),
            jax.sharding.PartitionSpec("y", None),
        ),
    ],
    "Trees": [Case(lambda: Box(1), Box(True), lambda value: setattr(value, "value", 2))],
    "`jm.Hashable": [
        Case(
            lambda: HASHABLE,
            jt.Hashable([1]),
            lambda value: value.value.append(2),
        )
    ],
}


def row_of(start: str) -> Row:
    found = [row for row in read_rows() if f"{row.values} |".startswith(start)]
    assert len(found) == 1, start
    return found[0]


ALL = [(start, case) for start, cases in CASES.items() for case in cases]
IDS = [f"{start}-{index}" for start, cases in CASES.items() for index, _ in enumerate(cases)]
each_case = pytest.mark.parametrize("start, case", ALL, ids=IDS)


def test_every_row_has_cases():
    rows = read_rows()
    covered = [row_of(start) for start in CASES]
    assert covered == rows


def structure(value):
    return jax.tree.structure(Box(value))


@each_case
def test_what_is_the_same(start, case):
    assert structure(case.make()) == structure(case.make())
    assert structure(case.make()) != structure(case.other)


@each_case
def test_what_rebuilt_objects_hold(start, case):
    row, tree = row_of(start), Box(case.make())
    for rebuilt in (jax.tree.map(lambda x: x, tree), jt.copy(tree), jax.jit(lambda t: t)(tree)):
        assert jax.tree.structure(rebuilt) == jax.tree.structure(tree)
        if row.rebuilt.startswith("a copy"):
            assert rebuilt.value is not tree.value
        elif "copy" not in row.rebuilt and row.rebuilt != "the value":
            assert rebuilt.value is tree.value


@each_case
def test_what_a_change_in_place_does(start, case):
    row, tree = row_of(start), Box(case.make())
    before = jax.tree.structure(tree)
    if row.change.startswith("is impossible"):
        assert case.change is None
    elif row.change.startswith("is an error"):
        with pytest.raises(ValueError, match="read-only"):
            case.change(tree.value)
    elif case.change is not None:
        case.change(tree.value)
        unnoticed = row.change.startswith("goes unnoticed")
        assert (jax.tree.structure(tree) == before) == unnoticed
