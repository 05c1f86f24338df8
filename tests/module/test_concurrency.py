"""Threads and asyncio tasks that run in the midst of each other, held in step by barriers."""

import asyncio
import concurrent.futures
import threading

import jax
import jax.numpy as jnp
import numpy as np

import jax_metrics as jm

WORKERS = 4
X = jnp.ones((2, 3))


class Meets(jm.Module):
    """Waits, in the middle of its call, until all workers have come so far."""

    w: jax.Array = jm.Parameter.node()

    def __init__(self, wait=lambda: None):
        self.wait = jm.Hashable(wait)

    @jm.compact
    def __call__(self, x):
        x = jm.Linear(3)(x)
        self.wait.value()
        if self.initializing():
            self.w = jax.random.normal(jm.next_key(), (3,))
        x = jm.Linear(3)(x)
        self.wait.value()
        assert jm.in_compact()
        return x * self.w


def in_threads(f):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(f, range(WORKERS)))


def leaves(model):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(model)]


def same(a, b):
    return all((x == y).all() for x, y in zip(leaves(a), leaves(b), strict=True))


def test_init_in_threads():
    barrier = threading.Barrier(WORKERS, timeout=60)
    models = in_threads(lambda seed: Meets(barrier.wait).init(seed, X))
    for seed, model in enumerate(models):
        assert same(model, Meets().init(seed, X))
        assert model._subtrees == ("linear", "linear2")


def test_a_call_beside_init_is_no_init():
    barrier = threading.Barrier(WORKERS, timeout=60)
    ready = Meets().init(0, X)

    def work(number):
        if number % 2:
            return Meets(barrier.wait).init(number, X)
        model = ready.copy()
        model.wait = jm.Hashable(barrier.wait)
        assert not model.initializing()
        return model(X)

    outputs = in_threads(work)
    assert (outputs[0] == ready(X)).all()
    assert same(outputs[1], Meets().init(1, X))


def test_one_module_is_called_by_many_threads():
    barrier = threading.Barrier(WORKERS, timeout=60)
    model = Meets().init(0, X)
    expected = [model(number * X) for number in range(WORKERS)]
    model.wait = jm.Hashable(barrier.wait)
    outputs = in_threads(lambda number: model(number * X))
    assert all((a == b).all() for a, b in zip(outputs, expected, strict=True))


def test_keys_in_asyncio_tasks():
    async def draw(barrier, seed):
        with jm.rng_key(seed):
            drawn = []
            for _ in range(3):
                drawn.append(jax.random.key_data(jm.next_key()).tolist())
                await barrier.wait()
        return drawn

    async def main():
        barrier = asyncio.Barrier(WORKERS)
        return await asyncio.gather(*(draw(barrier, seed) for seed in range(WORKERS)))

    for seed, drawn in enumerate(asyncio.run(main())):
        with jm.rng_key(seed):
            assert drawn == [jax.random.key_data(jm.next_key()).tolist() for _ in range(3)]


def test_init_in_threads_of_asyncio_tasks():
    barrier = threading.Barrier(WORKERS, timeout=60)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(WORKERS))
        tasks = (asyncio.to_thread(Meets(barrier.wait).init, seed, X) for seed in range(WORKERS))
        return await asyncio.gather(*tasks)

    for seed, model in enumerate(asyncio.run(main())):
        assert same(model, Meets().init(seed, X))
