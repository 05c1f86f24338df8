"""Static values in layouts: which share a compiled program, and what changes in place do."""

import collections
import copy
import dataclasses
import enum
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

import jax_metrics.tree as jt
from jax_metrics.tree import layout_of

Point = collections.namedtuple("Point", "x y")


class Box(jt.Tree):
    x: float = jt.node(1.0)

    def __init__(self, value):
        self.value = value


def structure(value):
    return jax.tree.structure(Box(value))


class Counter:
    """A jitted function of a Tree that counts how often it is traced."""

    def __init__(self):
        self.traces = 0

        def call(tree):
            self.traces += 1
            return tree

        self.call = jax.jit(call)

    def __call__(self, tree):
        return self.call(tree)


def closure(value, other=None):
    def inner(x, *, scale=2):
        return x + value + scale, other

    return inner


def recursive():
    def inner(n):
        return inner(n - 1)

    return inner


def unset():
    def inner():
        return later

    if inner is None:
        later = 0
    return inner


def with_attribute(value):
    def inner(x):
        return x

    inner.scale = value
    return inner


def with_jvp(scale):
    @jax.custom_jvp
    def function(x):
        return x

    function.defjvp(lambda primals, tangents: (function(primals[0]), scale * tangents[0]))
    return function


def with_vjp(scale):
    @jax.custom_vjp
    def function(x):
        return jnp.round(x)

    function.defvjp(lambda x: (function(x), None), lambda _, g: (scale * g,))
    return function


def counting():
    count = 0

    def inner():
        nonlocal count
        count += 1
        return count

    return inner


class Lambda:
    """A callable that looks like the function it wraps."""

    def __init__(self, factor):
        functools.update_wrapper(self, scaled)
        self.factor = factor

    def __call__(self, x):
        return self.factor * x


class Settings:
    """A plain class: without `==` of its own."""

    def __init__(self, rate, inner=None):
        self.rate = rate
        self.inner = inner


class Slotted:
    __slots__ = ("rate",)

    def __init__(self, rate):
        self.rate = rate


class Names(list):
    def __init__(self, items, first):
        super().__init__(items)
        self.first = first


class Methods:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return self.n == other.n

    def call(self):
        return self.n


@dataclasses.dataclass
class Config:
    rate: float
    table: object = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    sizes: object
    depth: object


@dataclasses.dataclass(frozen=True)
class Noted:
    size: int
    note: object = dataclasses.field(compare=False)


class Color(enum.Enum):
    RED = 1
    BLUE = 1.5


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass(eq=False)
class Opaque:
    rate: float


@jax.tree_util.register_dataclass
@dataclasses.dataclass(eq=False)
class Registered:
    rate: float


def scaled(x, by=1):
    return x * by


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


CHANGES = {
    "list": (lambda: [1, 2], lambda value: value.append(3)),
    "list, same length": (lambda: [1, 2], lambda value: value.reverse()),
    "dict": (lambda: {"a": 1}, lambda value: value.update(a=2)),
    "dict, order": (lambda: {"a": 1, "b": 2}, lambda value: value.update(a=value.pop("a"))),
    "set": (lambda: {1}, lambda value: value.add(2)),
    "list in tuple": (lambda: (1, [2]), lambda value: value[1].append(3)),
    "list in namedtuple": (lambda: Point(1, [2]), lambda value: value.y.append(3)),
    "list in list": (lambda: [[1], 2], lambda value: value[0].clear()),
    "type only": (lambda: [1], lambda value: value.__setitem__(0, True)),
    "sign only": (lambda: [0.0], lambda value: value.__setitem__(0, -0.0)),
    "array in dict": (lambda: {"a": np.zeros(2)}, lambda value: value.update(a=np.ones(2))),
    "objects": (lambda: np.array([[1], 2], object), lambda value: value[0].append(3)),
    "dataclass": (lambda: Config(1.0), lambda value: setattr(value, "rate", 2.0)),
    "list in dataclass": (lambda: Config(1.0, [1]), lambda value: value.table.append(2)),
    "list in frozen dataclass": (lambda: Frozen([1], 2), lambda value: value.sizes.append(2)),
    "namespace": (lambda: types.SimpleNamespace(a=1), lambda value: setattr(value, "a", 2)),
    "namespace, new name": (lambda: types.SimpleNamespace(), lambda value: setattr(value, "a", 2)),
    "deque": (lambda: collections.deque([1]), lambda value: value.append(2)),
    "bytearray": (lambda: bytearray(b"a"), lambda value: value.extend(b"b")),
    "ordered dict": (
        lambda: collections.OrderedDict(a=1, b=2),
        lambda value: value.move_to_end("a"),
    ),
    "defaultdict": (lambda: collections.defaultdict(list), lambda value: value["a"].append(1)),
    "counter": (lambda: collections.Counter("ab"), lambda value: value.update("a")),
    "subclass of list": (lambda: Names([1], 2), lambda value: value.append(3)),
    "attribute of a subclass of list": (
        lambda: Names([1], 2),
        lambda value: setattr(value, "first", 3),
    ),
    "own equality": (lambda: Methods(1), lambda value: setattr(value, "n", 2)),
    "method": (lambda: Methods(1).call, lambda value: setattr(value.__self__, "n", 2)),
    "partial": (lambda: functools.partial(scaled, [1]), lambda value: value.args[0].append(2)),
    "pytree": (lambda: Registered(1.0), lambda value: setattr(value, "rate", 2.0)),
    "tree": (lambda: Owned(1).part, lambda value: setattr(value, "value", 2)),
}


class Static(jt.Tree):
    """A class whose field stays static whatever is assigned to it."""

    value: object = jt.static()
    x: float = jt.node(1.0)

    def __init__(self, value):
        self.value = value


class Owned(jt.Tree):
    part: Box = jt.static()

    def __init__(self, n):
        self.part = Box(n)


@pytest.mark.parametrize("make, change", CHANGES.values(), ids=CHANGES)
def test_change_in_place_is_noticed(make, change):
    counter, tree = Counter(), Static(make())
    counter(tree)
    counter(tree)
    assert counter.traces == 1
    change(tree.value)
    counter(tree)
    assert counter.traces == 2
    counter(Static(make()))
    assert counter.traces == 2
    expected = make()
    change(expected)
    assert jax.tree.structure(tree) == jax.tree.structure(Static(expected))


@pytest.mark.parametrize("make, change", CHANGES.values(), ids=CHANGES)
def test_rebuilt_objects_do_not_share_what_can_change(make, change):
    tree = Static(make())
    one, two = (jax.tree.map(lambda x: x, tree) for _ in range(2))
    change(one.value)
    expected = jax.tree.structure(Static(make()))
    assert jax.tree.structure(two) == jax.tree.structure(tree) == expected
    assert jax.tree.structure(one) != expected


@pytest.mark.parametrize("make, change", CHANGES.values(), ids=CHANGES)
def test_a_compiled_function_returns_the_values_that_it_was_given(make, change):
    """Also when the object that it was compiled for has changed since."""
    counter, first = Counter(), Static(make())
    counter(first)
    change(first.value)
    counter(first)
    again = counter(Static(make()))
    assert jax.tree.structure(again) == jax.tree.structure(Static(make()))
    assert counter.traces == 2


PLAIN = {
    "attribute": (lambda: Settings(1), lambda value: setattr(value, "rate", 2)),
    "new attribute": (lambda: Settings(1), lambda value: setattr(value, "more", 2)),
    "list": (lambda: Settings([1]), lambda value: value.rate.append(2)),
    "inner object": (lambda: Settings(1, Settings(1)), lambda v: setattr(v.inner, "rate", 2)),
    "slot": (lambda: Slotted(1), lambda value: setattr(value, "rate", 2)),
    "callable": (lambda: Lambda(2.0), lambda value: setattr(value, "factor", 3.0)),
    "dataclass without ==": (lambda: Opaque(1.0), lambda value: setattr(value, "rate", 2.0)),
}


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: [value], lambda v: (v, 1)])
@pytest.mark.parametrize("make, change", PLAIN.values(), ids=PLAIN)
def test_change_of_a_plain_object_is_noticed(make, change, wrap):
    counter, value = Counter(), make()
    tree = Box(wrap(value))
    counter(tree)
    rebuilt = counter(tree)
    assert counter.traces == 1
    change(value)
    counter(tree)
    counter(rebuilt)
    assert counter.traces == 2
    before = jax.tree.structure(tree)
    assert jax.tree.structure(Box(wrap(value))) == before
    assert jax.tree.structure(Box(wrap(make()))) != before


def test_plain_objects_stay_the_same_objects():
    value = Settings(1, Settings([2]))
    assert jax.jit(lambda tree: tree)(Box([value])).value[0] is value


def test_plain_objects_may_refer_to_each_other():
    one, two = Settings(1), Settings(2)
    one.inner, two.inner = two, one
    counter = Counter()
    counter(Box(one))
    counter(Box(one))
    two.rate = 3
    counter(Box(one))
    assert counter.traces == 2


def test_the_attributes_of_an_object_in_hashable_are_left_alone():
    counter, settings = Counter(), Settings(1)
    tree = Box(jt.Hashable(settings))
    counter(tree)
    settings.rate = 2
    counter(tree)
    assert counter.traces == 1


def test_attributes_that_are_not_compared_stay_those_of_the_object():
    counter, first, second = Counter(), Box(Noted(1, "first")), Box(Noted(1, "second"))
    counter(first)
    assert jax.tree.map(lambda x: x, second).value.note == "second"
    counter(second)
    assert counter.traces == 1


ARRAYS = {
    "array": (lambda a: a, lambda value: value),
    "in a dict": (lambda a: {"a": [a]}, lambda value: value["a"][0]),
    "in a tuple": (lambda a: (1, a), lambda value: value[1]),
    "in a dataclass": (lambda a: Config(1.0, a), lambda value: value.table),
    "in a frozen dataclass": (lambda a: Frozen(a, 1), lambda value: value.sizes),
}


@pytest.mark.parametrize("wrap, get", ARRAYS.values(), ids=ARRAYS)
def test_arrays_become_read_only_copies(wrap, get):
    array = np.zeros(2)
    counter, tree = Counter(), Box(wrap(array))
    rebuilt = counter(tree)
    for value in (tree.value, rebuilt.value):
        with pytest.raises(ValueError, match="read-only"):
            get(value)[0] = 1
    array[0] = 1  # neither the object nor what was compiled sees this
    assert get(tree.value).tolist() == get(rebuilt.value).tolist() == [0, 0]
    counter(tree)
    assert counter.traces == 1
    tree.value = wrap(array)
    assert get(counter(tree).value).tolist() == [1, 0]
    assert counter.traces == 2


def test_equal_arrays_share_their_memory():
    one, two = Box(np.arange(4)), Box(np.arange(4))
    jax.tree.structure((one, two))
    assert one.value is two.value


def test_an_array_that_nobody_can_write_to_is_not_copied():
    array = np.arange(5)
    array.flags.writeable = False
    tree = Box(array)
    jax.tree.structure(tree)
    assert tree.value is array
    view = np.arange(6).view()
    view.flags.writeable = False  # but its base can be written to
    tree = Box(view)
    jax.tree.structure(tree)
    view.base[0] = 7
    assert tree.value is not view and tree.value[0] == 0


def test_arrays_in_nodes_are_left_alone():
    array = np.zeros(2)
    tree = Static(1)
    tree.x = array
    assert jax.tree.leaves(tree)[0] is array and array.flags.writeable


def test_an_array_is_not_read_when_nothing_has_changed():
    """The cost of a call does not depend on the size of a constant."""

    class Watched(np.ndarray):
        reads = 0

        def tobytes(self, *args):
            Watched.reads += 1
            return super().tobytes(*args)

        def ravel(self, *args, **options):
            Watched.reads += 1
            return super().ravel(*args, **options)

    tree = Box([np.zeros(2).view(Watched)])
    jax.tree.structure(tree)
    before = Watched.reads
    for _ in range(3):
        tree = jax.tree.map(lambda x: x, tree)
    assert Watched.reads == before


class Uncopyable:
    """Has mutable values that cannot be copied."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __reduce_ex__(self, protocol):
        raise TypeError("never")


@pytest.mark.parametrize(
    "value, text",
    [
        (Uncopyable(), r"a Uncopyable, which can change in place and cannot be copied \(TypeErr"),
        (memoryview(bytearray(2)), "a memoryview, which can change in place and cannot be copied"),
        (np.ma.masked_array([1, 2], [True, False]), "a MaskedArray, whose mask can change in plac"),
    ],
)
def test_values_that_cannot_be_followed_are_refused(value, text):
    with pytest.raises(jt.StaticFieldError, match=rf"Box\.value is static and holds {text}") as e:
        jax.tree.structure(Box(value))
    assert "jm.Hashable(...)" in str(e.value)
    jax.tree.structure(Box(jt.Hashable(value)))


def test_a_value_that_contains_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(jt.StaticFieldError, match=r"Box\.value contains itself, .*jm\.Hashable"):
        jax.tree.structure(Box(endless))
    jax.tree.structure(Box(jt.Hashable(endless)))


def test_second_call_does_not_compile():
    counter = Counter()
    tree = Box([1, {"a": np.ones(2)}])
    for _ in range(4):
        tree = counter(tree)
    counter(Box([1, {"a": np.ones(2)}]))
    assert counter.traces == 1


def test_toggling_a_static_field_compiles_twice_in_all():
    counter, tree = Counter(), Box(True)
    for value in (True, False, True, False, True):
        tree.value = value
        tree = counter(tree)
        assert tree.value is value
    assert counter.traces == 2


def test_trees_in_a_static_field_are_compared_by_value():
    class Owner(jt.Tree):
        part: Box = jt.static()

        def __init__(self, n):
            self.part = Box(n)

    assert jax.tree.structure(Owner(1)) == jax.tree.structure(Owner(1))
    assert jax.tree.structure(Owner(1)) != jax.tree.structure(Owner(2))
    assert jax.tree.leaves(Owner(1)) == []
