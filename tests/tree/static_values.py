"""Static values and the classes that hold them, for the tests of what is compared and copied."""

import collections
import dataclasses
import enum
import functools

import jax
import jax.numpy as jnp

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
