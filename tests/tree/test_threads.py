"""Threads and asyncio tasks do not see each other's contexts, compact runs and mutability."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import jax
import pytest

import jax_metrics.tree as jt

TIMEOUT = 30


class Leaf(jt.Tree):
    x: float = jt.node(1.0)
    size: int = jt.static(2)


def in_threads(*functions):
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result(TIMEOUT) for future in [pool.submit(f) for f in functions]]


def in_tasks(*functions):
    async def main():
        return await asyncio.gather(*(f() for f in functions))

    return asyncio.run(main())


MODES = {"all_fields": [2, 1.0], "no_fields": [], "normal": [1.0]}


def test_flatten_modes_in_threads():
    barrier = threading.Barrier(len(MODES) + 1, timeout=TIMEOUT)

    def leaves(mode):
        with jt.flatten_mode(mode):
            barrier.wait()
            found = jax.tree.leaves(Leaf())
            barrier.wait()
        return found

    def without():
        barrier.wait()
        found = jax.tree.leaves(Leaf())
        barrier.wait()
        return found

    calls = [lambda mode=mode: leaves(mode) for mode in MODES]
    assert in_threads(*calls, without) == [*MODES.values(), [1.0]]
    assert jax.tree.leaves(Leaf()) == [1.0]


def test_flatten_modes_in_tasks():
    async def leaves(mode):
        with jt.flatten_mode(mode):
            await asyncio.sleep(0)
            found = jax.tree.leaves(Leaf())
            await asyncio.sleep(0)
        return found, jax.tree.leaves(Leaf())

    calls = [lambda mode=mode: leaves(mode) for mode in (*MODES, None)]
    assert in_tasks(*calls) == [(found, [1.0]) for found in (*MODES.values(), [1.0])]


def test_field_info_in_tasks():
    async def first(context):
        with context:
            await asyncio.sleep(0)
            return type(jax.tree.leaves(Leaf())[0])

    found = in_tasks(lambda: first(jt.add_field_info()), lambda: first(jt.flatten_mode(None)))
    assert found == [jt.FieldInfo, float]


class Part(jt.Tree):
    w: float = jt.node(1.0)

    def __init__(self, number):
        self.number = number


@pytest.mark.parametrize("size", [8])
def test_compact_runs_in_threads(size):
    barrier = threading.Barrier(size, timeout=TIMEOUT)

    class Owner(jt.Tree):
        def __init__(self, number):
            self.number = number

        @jt.compact
        def __call__(self):
            made = []
            for _ in range(3):
                barrier.wait()
                made.append(Part(self.number))
            return made

    def run(number):
        owner = Owner(number)
        first, second = owner(), owner()
        assert all(a is b for a, b in zip(first, second, strict=True))
        return [part.number for part in first], owner._subtrees

    found = in_threads(*(lambda n=n: run(n) for n in range(size)))
    assert found == [([n] * 3, ("part", "part2", "part3")) for n in range(size)]


def test_in_compact_is_not_seen_by_other_threads():
    class Owner(jt.Tree):
        @jt.compact
        def __call__(self):
            outside = in_threads(lambda: (jt.in_compact(), Part(0)))
            return jt.in_compact(), outside[0][0]

    owner = Owner()
    assert owner() == (True, False)
    assert owner._subtrees == ()


def test_compact_runs_in_tasks():
    class Owner(jt.Tree):
        @jt.compact
        def make(self):
            return Part(0)

    async def run(owner):
        for _ in range(3):
            await asyncio.sleep(0)
            part = owner.make()
        return part is owner.part and owner._subtrees == ("part",) and not jt.in_compact()

    assert in_tasks(*(lambda: run(Owner()) for _ in range(4))) == [True] * 4


def test_like_objects_made_in_threads_share_one_layout():
    barrier = threading.Barrier(8, timeout=TIMEOUT)

    def make():
        barrier.wait()
        tree = Leaf()
        tree.label = "made in threads"
        return jt.layout_of(tree)

    assert len(set(map(id, in_threads(*[make] * 8)))) == 1
