"""Equinox: its tools on our modules, and its modules as fields of ours and the other way round."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

optax = pytest.importorskip("optax", reason="optax is not installed")
eqx = pytest.importorskip("equinox", reason="equinox is not installed")


class Holder(jm.Module):
    inner: Any = jm.Parameter.node()

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        return jax.vmap(self.inner)(x)


def test_partition_and_combine_round_trip(model, assert_same):
    floats, rest = eqx.partition(model, eqx.is_inexact_array)
    assert floats.layers[0].kernel is model.layers[0].kernel
    assert floats.layers[3].rng is None
    assert rest.layers[0].kernel is None
    assert_same(eqx.combine(floats, rest), model)


def test_tree_at_replaces_a_leaf_and_a_module(mlp, x):
    kernel = jnp.zeros((3, 16))
    changed = eqx.tree_at(lambda m: m.layers[0].kernel, mlp, kernel)
    assert changed.layers[0].kernel is kernel
    assert changed.layers[2].kernel is mlp.layers[2].kernel
    assert (mlp.layers[0].kernel != 0).any()
    other = jm.Linear(2, use_bias=False).init(1, jnp.ones((1, 16)))
    changed = eqx.tree_at(lambda m: m.layers[2], mlp, other)
    assert jnp.allclose(changed(x), jnp.tanh(mlp.layers[0](x)) @ other.kernel)


def test_filter_jit_returns_state(model, x, assert_close):
    def step(model, x, factor: str):
        y = model(x)
        return y, model

    filtered, plain = eqx.filter_jit(step), jax.jit(step, static_argnums=2)
    assert_close(filtered(model, x, "static"), plain(model, x, "static"))


def test_filter_grad_differentiates_floats_only(model, x, assert_close):
    loss = lambda model: (model.eval()(x) ** 2).mean()  # noqa: E731
    grads = eqx.filter_grad(loss)(model)
    assert grads.layers[3].rng is None
    params = model.parameters()
    expected = jax.grad(lambda params: loss(model.merge(params)))(params)
    assert_close(grads.layers[0], expected.layers[0])
    assert_close(grads.layers[4], expected.layers[4])


@pytest.mark.slow
def test_filter_vmap_makes_an_ensemble(x):
    keys = jax.random.split(jax.random.key(0), 3)
    ensemble = eqx.filter_vmap(lambda key: jm.Linear(2).init(key, x))(keys)
    y = eqx.filter_vmap(lambda layer, x: layer(x), in_axes=(eqx.if_array(0), None))(ensemble, x)
    assert jnp.allclose(y[1], jm.Linear(2).init(keys[1], x)(x), atol=1e-6)


def test_tree_equal_and_serialisation(model, tmp_path):
    """Equinox' own file format stores legacy keys and arrays; a typed key goes in as its data."""
    raw = jm.map(jax.random.key_data, model, jm.Rng)
    assert eqx.tree_equal(raw, jm.copy(raw))
    eqx.tree_serialise_leaves(tmp_path / "model.eqx", raw)
    empty = jax.tree.map(jnp.zeros_like, raw)
    assert eqx.tree_equal(eqx.tree_deserialise_leaves(tmp_path / "model.eqx", empty), raw)


@pytest.mark.slow
def test_our_module_holds_an_equinox_module(x, assert_close):
    linear = eqx.nn.Linear(3, 2, key=jax.random.key(0))
    holder = Holder(linear).init(0, x)
    assert [name for name, _ in holder.named_parameters()] == [".inner.weight", ".inner.bias"]
    assert jnp.allclose(jax.jit(lambda h, x: h(x))(holder, x), x @ linear.weight.T + linear.bias)

    optimizer = jm.Optimizer(optax.sgd(0.5)).init(holder)
    grads = jax.grad(lambda holder: holder(x).sum())(holder)
    updated = optimizer.update(grads, holder)
    assert type(updated.inner) is eqx.nn.Linear
    assert_close(updated.inner.bias, linear.bias - 0.5 * len(x))
    assert_close(updated.inner.weight, linear.weight - 0.5 * x.sum(0)[None].repeat(2, 0))


@pytest.mark.slow
def test_an_equinox_module_with_functions_goes_through_filter_jit(x):
    """`eqx.nn.MLP` has its activation among its leaves, which `jax.jit` refuses of any pytree."""
    inner = eqx.nn.MLP(3, 2, 8, 1, key=jax.random.key(0))
    holder = Holder(inner).init(0, x)
    assert jnp.allclose(eqx.filter_jit(lambda h, x: h(x))(holder, x), jax.vmap(inner)(x), atol=1e-6)
    arrays, rest = eqx.partition(holder, eqx.is_array)
    value, grads = jax.jit(jax.value_and_grad(lambda a: eqx.combine(a, rest)(x).sum()))(arrays)
    assert jnp.isclose(value, jax.vmap(inner)(x).sum(), rtol=1e-5)
    assert jnp.allclose(grads.inner.layers[-1].bias, len(x))


def test_an_undeclared_equinox_module_is_an_error(x):
    class Undeclared(jm.Module):
        def __init__(self):
            self.inner = eqx.nn.Linear(3, 2, key=jax.random.key(0))

    with pytest.raises(jm.StaticFieldError, match=r"Undeclared\.inner is a static field"):
        jax.tree.leaves(Undeclared())


def test_an_equinox_module_holds_ours(x, assert_close):
    class Outer(eqx.Module):
        norm: jm.Module
        scale: jax.Array

        def __call__(self, x):
            return self.scale * self.norm(x)

    def step(outer, x):
        y = outer(x)
        return y, outer

    outer = Outer(jm.BatchNorm(momentum=0.9).init(0, x), jnp.array(2.0))
    y, moved = eqx.filter_jit(step)(outer, x)
    expected = (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5)
    assert jnp.allclose(y, 2 * expected, atol=1e-5)
    assert_close(moved.norm.mean, 0.1 * x.mean(0))
    assert_close(jm.filter(moved, jm.BatchStats).norm.mean, moved.norm.mean)
