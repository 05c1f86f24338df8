"""JAX' own tools for finding faults: prints, leak checks, NaN checks, transfer guards."""

import jax
import jax.numpy as jnp
import pytest
from jax.experimental import checkify

import jax_metrics as jm


def train_step(model, optimizer, x):
    def loss(params, model):
        model = model.merge(params)
        return (model(x) ** 2).mean(), model

    grads, model = jax.grad(loss, has_aux=True)(model.parameters(), model)
    return optimizer.update(grads, model), optimizer


@pytest.fixture
def optimizer(model):
    optax = pytest.importorskip("optax", reason="optax is not installed")
    return jm.Optimizer(optax.sgd(1e-2)).init(model)


def test_debug_print_and_callback_inside_a_module(x, capsys):
    seen = []

    class Talks(jm.Module):
        calls: jax.Array = jm.State.node()

        def __init__(self):
            self.calls = jnp.array(0)

        def __call__(self, x):
            self.calls += 1
            jax.debug.print("call {n} of {module}", n=self.calls, module=self)
            jax.debug.callback(lambda module: seen.append(type(module)), self)
            return x

    @jax.jit
    def call(module, x):
        y = module(x)
        return y, module

    module = Talks().init(0)
    for _ in range(2):
        _, module = call(module, x)
    jax.effects_barrier()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("call 1 of Talks") and any(s.startswith("call 2") for s in lines)
    assert seen == [Talks, Talks]


@pytest.mark.slow
def test_nothing_leaks_from_init_and_training(model, optimizer, x, assert_close):
    with jax.checking_leaks():
        jax.jit(lambda key: jm.MLP([4, 2]).init(key, x))(jax.random.key(0))
        model, optimizer = jax.jit(train_step)(model, optimizer, x)
        mapped = jax.vmap(lambda model, x: model.eval()(x), in_axes=(None, 0))(model, x[:, None])
        _, scanned = jax.lax.scan(lambda m, x: (m, m.eval()(x)), model, x[None])
    assert_close(mapped[:, 0], scanned[0])


def test_a_leak_is_found(x):
    kept = []

    class Leaks(jm.Module):
        def __call__(self, x):
            kept.append(x)
            return x

    with jax.checking_leaks(), pytest.raises(Exception, match="Leaked"):
        jax.jit(lambda m, x: m(x))(Leaks(), x)


@pytest.mark.slow
def test_debug_nans_passes_a_healthy_step_and_finds_a_nan(model, optimizer, x):
    with jax.debug_nans(True):
        jax.jit(train_step)(model, optimizer, x)
        bad = jm.Sequential(model.eval(), lambda y: jnp.log(-jnp.abs(y) - 1))
        with pytest.raises(FloatingPointError, match="nan"):
            jax.jit(lambda m, x: m(x))(bad, x)


def test_checkify_inside_a_module(x):
    class Checks(jm.Module):
        def __call__(self, x):
            checkify.check(jnp.all(x > 0), "not positive")
            return jnp.log(x)

    call = checkify.checkify(jax.jit(lambda m, x: m(x)))
    error, y = call(Checks(), jnp.abs(x) + 1)
    assert error.get() is None and jnp.allclose(y, jnp.log(jnp.abs(x) + 1))
    error, _ = call(Checks(), -jnp.abs(x))
    assert "not positive" in error.get()


@pytest.mark.slow
def test_disable_jit_gives_the_same_numbers(model, optimizer, x, assert_close):
    expected = jax.jit(train_step)(model, optimizer, x)
    with jax.disable_jit():
        actual = jax.jit(train_step)(jm.copy(model), jm.copy(optimizer), x)
    assert_close(actual, expected)


def test_a_compiled_step_transfers_nothing(model, optimizer, x, assert_same):
    step = jax.jit(train_step)
    expected = step(model, optimizer, x)
    with jax.transfer_guard("disallow"):
        actual = step(model, optimizer, x)
    assert_same(actual, expected)


def test_named_scopes_reach_the_program(model, x):
    text = jax.jit(lambda model, x: model.eval()(x)).lower(model, x).as_text(debug_info=True)
    assert "sequential/layers[0]" in text and "layers[4]" in text
