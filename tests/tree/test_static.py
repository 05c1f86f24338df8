"""Static values: which are the same, and that a change in place is noticed."""

import collections
import copy
import dataclasses
import functools
import math
import pickle

import cloudpickle
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics.tree as jt

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
    "closure of closures": lambda: closure([3], closure(np.ones(2))),
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

    __hash__ = None


class Refuses:
    def __eq__(self, other):
        raise RuntimeError("never compare me")


@pytest.mark.parametrize(
    "cls, why", [(NoTruth, r"ValueError: The truth value"), (Refuses, "RuntimeError: never comp")]
)
def test_value_without_plain_truth_value_is_a_named_error(cls, why):
    text = rf"Box\.value is static, and static values must .* two {cls.__name__} values .*{why}"
    first = Box(cls())
    assert jax.tree.structure(first) == jax.tree.structure(first)
    with pytest.raises(jt.StaticFieldError, match=text):
        jax.tree.structure(Box(cls()))
    assert structure(jt.Hashable(cls())) != structure(jt.Hashable(cls()))


def test_value_without_plain_truth_value_that_comes_in_place_is_a_named_error():
    tree = Box([NoTruth()])
    jax.tree.structure(tree)
    tree.value[0] = NoTruth()
    with pytest.raises(jt.StaticFieldError, match=r"Box\.value .*jm\.Hashable"):
        jax.tree.structure(tree)


def set_array(value):
    value["a"][0] = 7.0


CHANGES = {
    "list": (lambda: [1, 2], lambda value: value.append(3)),
    "list, same length": (lambda: [1, 2], lambda value: value.reverse()),
    "dict": (lambda: {"a": 1}, lambda value: value.update(a=2)),
    "set": (lambda: {1}, lambda value: value.add(2)),
    "numpy": (lambda: np.zeros(2), lambda value: value.fill(1)),
    "list in tuple": (lambda: (1, [2]), lambda value: value[1].append(3)),
    "list in namedtuple": (lambda: Point(1, [2]), lambda value: value.y.append(3)),
    "numpy in dict": (lambda: {"a": np.zeros(2)}, set_array),
    "list in list": (lambda: [[1], 2], lambda value: value[0].clear()),
    "type only": (lambda: [1], lambda value: value.__setitem__(0, True)),
}


@pytest.mark.parametrize("make, change", CHANGES.values(), ids=CHANGES)
def test_change_in_place_is_noticed(make, change):
    counter, tree = Counter(), Box(make())
    counter(tree)
    counter(tree)
    assert counter.traces == 1
    change(tree.value)
    counter(tree)
    assert counter.traces == 2
    counter(Box(make()))
    assert counter.traces == 2
    expected = make()
    change(expected)
    assert jax.tree.structure(tree) == structure(expected)


@pytest.mark.parametrize("make, change", CHANGES.values(), ids=CHANGES)
def test_rebuilt_objects_do_not_share_what_can_change(make, change):
    tree = Box(make())
    one, two = (jax.tree.map(lambda x: x, tree) for _ in range(2))
    try:
        change(one.value)
    except ValueError as error:  # numpy arrays are shared, and cannot be written to
        assert "read-only" in str(error)
    assert jax.tree.structure(two) == jax.tree.structure(tree) == structure(make())


def test_writing_to_the_original_array_does_not_reach_rebuilt_objects():
    table = np.zeros(2)
    tree = Box(table)
    rebuilt = jax.tree.map(lambda x: x, tree)
    table[0] = 1
    assert rebuilt.value.tolist() == [0, 0] and tree.value.tolist() == [1, 0]


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
