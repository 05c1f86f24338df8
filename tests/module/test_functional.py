import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

X = jnp.ones((2, 3))


@jm.compact_module
def Encoder(x, size=4):
    """Encodes."""
    return jm.Linear(2)(jax.nn.relu(jm.Linear(size)(x)))


class Counter(jm.Module):
    n: jax.Array = jm.State.node()

    def __init__(self):
        self.n = jnp.array(0)

    @jm.preserve_state(jax.jit)
    def add(self, x):
        self.n += x
        return 2 * x

    @jm.preserve_state(jax.vmap, in_axes=(None, 0), out_axes=(None, 0), axis_name="batch")
    def add_all(self, x):
        self.n += jax.lax.psum(x, "batch")
        return 2 * x

    @jm.preserve_state(jax.jit, static_argnames="times")
    def repeat(self, x, *, times):
        for _ in range(times):
            self.n += x
        self.times = times
        return x


def test_a_function_becomes_a_module():
    encoder = Encoder().init(0, X)
    assert isinstance(encoder, jm.Module)
    assert encoder._subtrees == ("linear", "linear2")
    assert encoder(X).shape == (2, 2)
    assert len(jax.tree.leaves(encoder.parameters())) == 4


def test_it_is_the_same_as_a_class():
    class Class(jm.Module):
        @jm.compact
        def __call__(self, x):
            return jm.Linear(2)(jax.nn.relu(jm.Linear(4)(x)))

    assert (Encoder().init(0, X)(X) == Class().init(0, X)(X)).all()


def test_it_takes_the_names_and_docs_of_the_function():
    assert Encoder.__name__ == Encoder.__qualname__ == "Encoder"
    assert Encoder.__module__ == __name__
    assert Encoder.__doc__ == "Encodes."


@pytest.mark.slow
def test_it_passes_arguments_on():
    encoder = Encoder().init(0, jm.Inputs(X, size=7))
    assert encoder.linear2.kernel.shape == (3, 7)


@pytest.mark.parametrize(("method", "x", "n"), [("add", 3, 3), ("add_all", jnp.arange(3), 3)])
def test_state_survives_the_transformation(method, x, n):
    counter = Counter()
    for calls in (1, 2):
        assert (getattr(counter, method)(x) == 2 * x).all()
        assert counter.n == n * calls


def test_static_fields_survive_too():
    counter = Counter()
    assert counter.repeat(2, times=3) == 2
    assert counter.n == 6 and counter.times == 3


def test_the_same_objects_stay_inside():
    class Outer(jm.Module):
        def __init__(self):
            self.inner = Counter()

        @jm.preserve_state(jax.jit)
        def __call__(self, x):
            self.inner.n += x
            return x

    outer = Outer()
    outer(5)
    assert outer.inner.n == 5


def test_it_keeps_name_and_docs():
    assert Counter.add.__name__ == "add"
