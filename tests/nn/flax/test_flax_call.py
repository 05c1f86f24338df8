import concurrent.futures
import gc
import threading
import weakref

import flax.linen as linen
import jax
import jax.numpy as jnp
import pytest
from flax.core import FrozenDict
from flax.errors import (
    ModifyScopeVariableError,
    ScopeCollectionNotFound,
    ScopeParamNotFoundError,
    ScopeParamShapeError,
)

from jax_metrics.nn.flax import FlaxCall

X = jnp.arange(6.0).reshape(2, 3)
KEY = jax.random.key(0)


class Nested(linen.Module):
    """Has submodules, parameters and statistics."""

    @linen.compact
    def __call__(self, x, train=True):
        x = linen.Dense(4)(x)
        x = linen.BatchNorm(use_running_average=not train)(x)
        return x * self.param("scale", lambda key: jnp.full((), 2.0))


class Boxed(linen.Module):
    """Has a parameter with metadata, as partitioned models do."""

    @linen.compact
    def __call__(self, x):
        init = linen.with_partitioning(linen.initializers.ones, ("x",))
        return x * self.param("w", init, (3,))


class Calls(linen.Module):
    """Calls a function in the middle of its own call."""

    function: object

    @linen.compact
    def __call__(self, x):
        w = self.param("w", linen.initializers.ones, (3,))
        return self.function(w * x)


@pytest.mark.parametrize(
    "module",
    [
        linen.Dense(4),
        linen.Embed(3, 4),
        Nested(),
        Boxed(),
        linen.Sequential([linen.Dense(2), linen.relu]),
    ],
    ids=lambda module: type(module).__name__,
)
@pytest.mark.parametrize("frozen", [False, True])
def test_it_is_apply(module, frozen):
    x = jnp.array([[0, 1]]) if isinstance(module, linen.Embed) else X
    variables = module.init(KEY, x)
    call = FlaxCall(module)
    given = FrozenDict(variables) if frozen else variables
    for _ in range(3):
        output, updates = call(given, (x,), mutable=["batch_stats"])
        expected, changed = module.apply(given, x, mutable=["batch_stats"])
        assert (output == expected).all()
        assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), updates, dict(changed)))


def test_init_is_flax_init():
    output, variables = FlaxCall(Nested()).init({"params": KEY}, (X,), {"train": True})
    expected, theirs = Nested().init_with_output(KEY, X)
    assert (output == expected).all()
    assert jax.tree.structure(variables) == jax.tree.structure(theirs)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), variables, theirs))


def test_the_variables_given_stay_as_they_are():
    variables = Nested().init(KEY, X)
    mean = variables["batch_stats"]["BatchNorm_0"]["mean"]
    FlaxCall(Nested())(variables, (X,), mutable=["batch_stats"])
    assert variables["batch_stats"]["BatchNorm_0"]["mean"] is mean


def test_keyword_arguments_and_methods():
    call = FlaxCall(linen.Embed(3, 4))
    variables = linen.Embed(3, 4).init(KEY, jnp.array([0]))
    assert call(variables, (jnp.ones((1, 4)),), method="attend")[0].shape == (1, 3)
    by_function = call(variables, (), {"query": jnp.ones((1, 4))}, method=linen.Embed.attend)
    assert by_function[0].shape == (1, 3)


def test_rngs():
    call = FlaxCall(linen.Dropout(0.5, deterministic=False))
    output, _ = call({}, (X,), rngs={"dropout": KEY})
    expected = linen.Dropout(0.5, deterministic=False).apply({}, X, rngs={"dropout": KEY})
    assert (output == expected).all()


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"params": {"kernel": jnp.ones((5, 4)), "bias": jnp.ones(4)}}, ScopeParamShapeError),
        ({"params": {"kernel": jnp.ones((3, 4)), "bias": jnp.ones(1)}}, ScopeParamShapeError),
        ({"params": {"kernel": jnp.ones((3, 4))}}, ScopeParamNotFoundError),
        ({}, ScopeCollectionNotFound),
    ],
)
def test_errors_are_those_of_flax(variables, error):
    call = FlaxCall(linen.Dense(4))
    good = {"params": {"kernel": jnp.ones((3, 4)), "bias": jnp.zeros(4)}}
    for _ in range(2):  # with a new Scope, and with one that was kept
        with pytest.raises(error) as ours:
            call(variables, (X,))
        with pytest.raises(error) as theirs:
            linen.Dense(4).apply(variables, X)
        assert str(ours.value) == str(theirs.value)
        assert (call(good, (X,))[0] == linen.Dense(4).apply(good, X)).all()


def test_a_collection_that_is_not_mutable_cannot_change():
    call = FlaxCall(linen.BatchNorm(use_running_average=False))
    variables = call.module.init(KEY, X)
    with pytest.raises(ModifyScopeVariableError):
        call(variables, (X,))


def test_a_call_inside_of_itself():
    calls = []

    def function(x):
        calls.append(x)
        return call({"params": {"w": jnp.full(3, 5.0)}}, (x,))[0] if len(calls) < 3 else x

    call = FlaxCall(Calls(function))
    output, _ = call({"params": {"w": jnp.full(3, 2.0)}}, (X,))
    assert (output == 2 * 5 * 5 * X).all()
    assert (call({"params": {"w": jnp.full(3, 7.0)}}, (X,))[0] == 7 * X).all()


def test_threads_in_step():
    workers = 4
    barrier = threading.Barrier(workers, timeout=60)

    def function(x):
        barrier.wait()
        return x

    call = FlaxCall(Calls(function))

    def work(number):
        return call({"params": {"w": jnp.full(3, float(number))}}, (X,))[0]

    for _ in range(2):
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            outputs = list(pool.map(work, range(workers)))
        assert all((output == number * X).all() for number, output in enumerate(outputs))


@pytest.mark.parametrize("fails", [False, True])
def test_it_keeps_no_array_alive(fails):
    call = FlaxCall(linen.Dense(4))
    kernel, x = jnp.ones((3, 4)), jnp.ones((2, 5 if fails else 3))
    gone = [weakref.ref(kernel), weakref.ref(x)]
    if fails:
        with pytest.raises(ScopeParamShapeError):
            call({"params": {"kernel": kernel, "bias": jnp.zeros(4)}}, (x,))
    else:
        call({"params": {"kernel": kernel, "bias": jnp.zeros(4)}}, (x,))
    del kernel, x
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_no_tracer_leaks():
    call = FlaxCall(linen.Dense(4))
    variables = call.module.init(KEY, X)
    with jax.checking_leaks():
        compiled = jax.jit(lambda variables, x: call(variables, (x,))[0])(variables, X)
        plain, _ = call(variables, (X,))
    assert jnp.allclose(compiled, plain, atol=1e-6)


def test_initializers_are_not_traced_again():
    traced = []

    def init(key, shape, dtype=jnp.float32):
        traced.append(shape)
        return jnp.ones(shape, dtype)

    call = FlaxCall(linen.Dense(4, kernel_init=init))
    _, variables = call.init({"params": KEY}, (X,))
    traced.clear()
    for _ in range(3):
        call(variables, (X,))
    assert traced == []
