"""Static values that share a compiled program, and those that do not."""

import collections
import copy
import fractions
import functools
import math
import pathlib
import pickle
import re
import types

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from static_values import (
    Box,
    Color,
    Config,
    Counter,
    Frozen,
    Lambda,
    Level,
    Methods,
    Names,
    Noted,
    Opaque,
    Point,
    Registered,
    Settings,
    Slotted,
    closure,
    counting,
    recursive,
    scaled,
    structure,
    unset,
    with_attribute,
    with_jvp,
    with_vjp,
)

import jax_metrics.tree as jt
from jax_metrics.tree import layout_of

SAME = {
    "int": lambda: 1000,
    "float": lambda: 1.5,
    "nan": lambda: float("nan"),
    "nan in list": lambda: [float("nan")],
    "str": lambda: "".join("ab"),
    "list": lambda: [64, [1]],
    "dict": lambda: {"a": [1], "b": {2: 3}},
    "set": lambda: {1, "a"},
    "tuple": lambda: (1, [2]),
    "namedtuple": lambda: Point([1], 2),
    "numpy": lambda: np.arange(3),
    "numpy nan": lambda: np.array([1.0, np.nan]),
    "numpy objects": lambda: np.array([None, "a", [1]], dtype=object),
    "numpy scalar": lambda: np.float32(2),
    "numpy in dict": lambda: {"a": [np.zeros(2)]},
    "dtype": lambda: jnp.dtype("float32"),
    "lambda": lambda: lambda x: x + 1,
    "closure": lambda: closure(3),
    "closure of closures": lambda: closure((3,), closure(4)),
    "function with attributes": lambda: with_attribute(1),
    "vmapped": lambda: jax.vmap(closure(3)),
    "jitted with options": lambda: jax.jit(closure(3), inline=True, donate_argnums=0),
    "custom_jvp": lambda: with_jvp(2),
    "custom_vjp": lambda: with_vjp(2),
    "hashable": lambda: jt.Hashable(scaled),
    "path": lambda: pathlib.PurePath("a") / "b",
    "fraction": lambda: fractions.Fraction(1, 2),
    "slice": lambda: slice(1, 2),
    "frozen dataclass": lambda: Frozen((1.0,), 1),
    "frozen dataclass of a list": lambda: Frozen([1.0], 1),
    "dataclass with a note": lambda: Noted(1, note=object()),
    "deque": lambda: collections.deque([1, [2]], maxlen=3),
    "defaultdict": lambda: collections.defaultdict(list, {"a": [1]}),
    "ordered dict": lambda: collections.OrderedDict(a=1, b=[2]),
    "counter": lambda: collections.Counter("aab"),
    "namespace": lambda: types.SimpleNamespace(a=1, b=[2]),
    "bytearray": lambda: bytearray(b"ab"),
    "subclass of list": lambda: Names(["a", ["b"]], "c"),
    "read-only view": lambda: np.broadcast_to(np.float32(1), (2, 2)),
    "transposed": lambda: np.arange(6).reshape(2, 3).T,
    "partial": lambda: functools.partial(scaled, by=3),
    "jitted": lambda: jax.jit(closure(3)),
    "method": lambda: Methods(3).call,
    "custom eq": lambda: Methods(4),
    "dataclass": lambda: Config(1.0),
    "dataclass of numpy": lambda: Config(math.nan, np.ones(3)),
    "pytree without eq": lambda: Registered(1.0),
    "tree": lambda: Box(3),
    "struct": lambda: jax.ShapeDtypeStruct((2,), jnp.float32),
    "spec": lambda: jax.sharding.PartitionSpec("x", None),
}


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_values_that_are_the_same(make):
    assert structure(make()) == structure(make())
    assert hash(structure(make())) == hash(structure(make()))


ON_DEVICE = [jax.sharding.SingleDeviceSharding(device) for device in jax.devices()[:2]]
DIFFERENT = [
    (1, 1.0),
    (1, True),
    (0.0, -0.0),
    ([1], [1.0]),
    ([1], (1,)),
    ([1, 2], [1]),
    ({"a": 1}, {"a": True}),
    ({"a": 1}, {"b": 1}),
    ({1}, {True}),
    (Point(1, 2), Point(1, 3)),
    (Point(1, 2), (1, 2)),
    (np.zeros(2), np.zeros(3)),
    (np.zeros(2), np.zeros(2, np.float32)),
    (np.zeros(2), np.array([0.0, -0.0])),
    (np.array([None]), np.array([1], dtype=object)),
    (np.zeros(2), [0.0, 0.0]),
    (closure(1), closure(1.0)),
    (closure(1), closure(1, 2)),
    (lambda x: x, lambda x: x + 1),
    (functools.partial(scaled, by=1), functools.partial(scaled, by=2)),
    (functools.partial(scaled), functools.partial(print)),
    (jax.jit(scaled), jax.jit(closure)),
    (jax.jit(scaled), jax.jit(scaled, static_argnames="by")),
    (Methods(1).call, Methods(2).call),
    (Config(1), Config(True)),
    (Opaque(1.0), Opaque(1.0)),
    (Registered(1.0), Registered(2.0)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1: "a"}, {True: "a"}),
    ({1: "a"}, {1.0: "a"}),
    ({1}, {1.0}),
    ({(1,)}, {(True,)}),
    (frozenset({1}), frozenset({1.0})),
    ({1}, frozenset({1})),
    ([[(0.0,)]], [[(-0.0,)]]),
    (Point(1, 2), Point(1.0, 2)),
    (complex(0.0, 1), complex(-0.0, 1)),
    (range(0), range(1, 1)),
    (slice(1), slice(True)),
    (np.float32(0.0), np.float32(-0.0)),
    (np.int32(1), np.int64(1)),
    (np.zeros(2, ">f4"), np.zeros(2, "<f4")),
    (np.zeros((2, 2)), np.zeros((2, 2), order="F")),
    (np.array([1], dtype=object), np.array([True], dtype=object)),
    (np.dtype("float32"), np.dtype("int32")),
    (closure([3]), closure([3])),
    (closure(np.ones(2)), closure(np.ones(2))),
    (closure(3, closure([3])), closure(3, closure([3]))),
    (counting(), counting()),
    (with_attribute(1), with_attribute(2)),
    (with_attribute(1), with_attribute(True)),
    (with_attribute([1]), with_attribute([1])),
    (with_jvp(1), with_jvp(2)),
    (with_vjp(1), with_vjp(100)),
    (Lambda(2.0), Lambda(3.0)),
    (Lambda(2.0), Lambda(2.0)),
    (functools.lru_cache(scaled), functools.lru_cache(scaled)),
    (functools.partial(scaled, 1), functools.partial(scaled, True)),
    (functools.partial(scaled, 1), jax.tree_util.Partial(scaled, 1)),
    (functools.partial(scaled, [1]), functools.partial(scaled, [2])),
    (jax.jit(scaled), jax.jit(scaled, donate_argnums=0)),
    (jax.jit(scaled), jax.jit(scaled, inline=True)),
    (jax.jit(scaled), jax.jit(scaled, keep_unused=True)),
    (jax.jit(scaled), jax.jit(scaled, static_argnums=1)),
    (jax.jit(scaled), jax.jit(scaled, out_shardings=ON_DEVICE[0])),
    (jax.jit(scaled, out_shardings=ON_DEVICE[0]), jax.jit(scaled, out_shardings=ON_DEVICE[1])),
    (jax.jit(Lambda(2.0)), jax.jit(Lambda(3.0))),
    (Methods(1), Methods(1.0)),
    (Settings(1), Settings(1)),
    (Slotted(1), Slotted(1)),
    (Frozen(1, 2), Frozen(1, 2.0)),
    (Frozen([1], 2), Frozen([True], 2)),
    (Color.RED, Color.BLUE),
    (Level.LOW, 1),
    (types.SimpleNamespace(a=1), types.SimpleNamespace(a=True)),
    (collections.deque([1]), collections.deque([1], maxlen=1)),
    (collections.deque([1]), collections.deque([1.0])),
    (collections.defaultdict(list), collections.defaultdict(set)),
    (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
    (collections.Counter(a=1), collections.Counter(a=True)),
    (bytearray(b"a"), b"a"),
    (Names([1], 1), Names([1], 2)),
    (Names([1], 1), [1]),
    (jt.Hashable([1]), jt.Hashable([1])),
    (jax.devices()[0], jax.devices()[1]),
    (Box(1), Box(2)),
    (recursive(), recursive()),
    (unset(), unset()),
    (int, bool),
    (None, False),
]


@pytest.mark.parametrize("a, b", DIFFERENT, ids=lambda value: getattr(value, "__name__", None))
def test_values_that_are_different(a, b):
    assert structure(a) != structure(b)
    assert structure(a) == structure(a)


@pytest.mark.slow
def test_nested_values_that_are_different():
    for a, b in DIFFERENT:
        assert structure([{"a": (a,)}]) != structure([{"a": (b,)}])
        assert structure(functools.partial(scaled, a)) != structure(functools.partial(scaled, b))
        assert structure(Config(a)) != structure(Config(b))
        assert structure(Frozen(a, 1)) != structure(Frozen(b, 1))
        assert structure(closure(a)) != structure(closure(b))


def shown(value):
    """The repr without addresses: mutable values are copied."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize("a, b", DIFFERENT, ids=lambda value: getattr(value, "__name__", None))
def test_no_value_is_replaced_by_a_different_one(a, b):
    """Results of compiled functions, rebuilt objects and copies have the values of their own."""
    counter = Counter()
    for value in (a, b):
        tree = Box(value)
        for rebuilt in (counter(tree), jax.tree.map(lambda x: x, tree), jt.copy(tree)):
            assert jax.tree.structure(rebuilt) == jax.tree.structure(tree)
            assert shown(rebuilt.value) == shown(value)
    assert counter.traces == 2


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_outside_of_compiled_functions_objects_keep_their_own_functions(make):
    shared = (types.FunctionType, type(jax.jit(scaled)), jax.custom_jvp, jax.custom_vjp)
    first = Box(make())
    jax.tree.structure(first)
    second = Box(make())
    for rebuilt in (jax.tree.map(lambda x: x, second), jt.copy(second)):
        if isinstance(second.value, shared):
            assert rebuilt.value is second.value


def test_closures_over_arrays_are_the_same_only_for_the_same_array():
    array = jnp.ones(())
    assert structure(closure(array)) == structure(closure(array))
    assert structure(closure(array)) != structure(closure(jnp.ones((1,), int)))


def test_functions_with_other_defaults_are_different():
    def make(value):
        def inner(x=value, *, y=value):
            return x, y

        return inner

    a, b, c = make(1), make(1), make(1)
    b.__defaults__ = (2,)
    c.__kwdefaults__ = {"y": 2}
    assert structure(a) == structure(make(1))
    assert structure(a) != structure(b)
    assert structure(a) != structure(c)


def test_functions_that_see_other_globals_are_different():
    code = "def f():\n    return g"
    spaces = [{"g": print, "__name__": "m"}, {"g": print, "__name__": "m"}, {"g": len}]
    spaces[2]["__name__"] = "m"
    for space in spaces:
        exec(code, space)
    first, second, third = (space["f"] for space in spaces)
    assert structure(first) == structure(second)
    assert structure(first) != structure(third)


PICKLES = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "cloudpickle": lambda value: cloudpickle.loads(cloudpickle.dumps(value)),
    "deepcopy": copy.deepcopy,
}
# The standard pickle cannot take what `jax.jit` returns, relu among it; cloudpickle can.
FUNCTIONS = [
    (jax.nn.relu, ("cloudpickle", "deepcopy")),
    (jax.nn.gelu, PICKLES),
    (functools.partial(jax.nn.leaky_relu, negative_slope=0.1), ("cloudpickle", "deepcopy")),
    (jax.nn.initializers.normal(0.01), ("cloudpickle", "deepcopy")),
    (jax.jit(scaled), ("cloudpickle", "deepcopy")),
    (jax.jit(jax.jit(scaled), static_argnames="by"), ("cloudpickle", "deepcopy")),
    (scaled, PICKLES),
    (np.tanh, PICKLES),
    (closure(3), ("cloudpickle", "deepcopy")),
]


@pytest.mark.parametrize(
    "function, how",
    [
        pytest.param(function, PICKLES[how], id=f"{getattr(function, '__name__', 'partial')}-{how}")
        for function, ways in FUNCTIONS
        for how in ways
    ],
)
def test_functions_are_the_same_after_a_pickle(function, how):
    counter = Counter()
    counter(Box(function))
    tree = how(Box(function))
    assert jax.tree.structure(tree) == structure(function)
    counter(tree)
    assert counter.traces == 1


class NoTruth:
    def __eq__(self, other):
        return np.array([True, False])

    __hash__ = object.__hash__


class Refuses:
    def __eq__(self, other):
        raise RuntimeError("never compare me")

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    "cls, why", [(NoTruth, r"ValueError: The truth value"), (Refuses, "RuntimeError: never comp")]
)
def test_value_without_plain_truth_value_is_a_named_error(cls, why):
    text = rf"Box\.value is static, and static values must .* two {cls.__name__} values .*{why}"
    with pytest.raises(jt.StaticFieldError, match=text):
        jax.tree.structure(Box(cls()))
    assert structure(jt.Hashable(cls())) != structure(jt.Hashable(cls()))


def test_value_without_plain_truth_value_that_comes_in_place_is_a_named_error():
    tree = Box([1])
    jax.tree.structure(tree)
    tree.value[0] = NoTruth()
    with pytest.raises(jt.StaticFieldError, match=r"Box\.value .*jm\.Hashable"):
        jax.tree.structure(tree)


class SometimesNoTruth:
    """Compares with itself only."""

    def __eq__(self, other):
        return True if self is other else np.array([True, False])

    __hash__ = object.__hash__


def test_two_values_without_plain_truth_value_are_a_named_error():
    first, second = layout_of(Box(SometimesNoTruth())), layout_of(Box(SometimesNoTruth()))
    with pytest.raises(jt.StaticFieldError, match=r"Box\.value .*two SometimesNoTruth values"):
        assert first == second
