"""Changes of static values in place, and the copies that make them noticed."""

import collections
import functools
import types

import jax
import numpy as np
import pytest
from static_values import (
    Box,
    Config,
    Counter,
    Frozen,
    Lambda,
    Methods,
    Names,
    Noted,
    Opaque,
    Point,
    Registered,
    Settings,
    Slotted,
    scaled,
)

import jax_metrics.tree as jt

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
