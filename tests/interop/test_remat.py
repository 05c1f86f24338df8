"""jax.checkpoint: the call is computed again in the backward pass, with the same random keys."""

import jax
import jax.numpy as jnp
import pytest
from jax.ad_checkpoint import checkpoint_name

import jax_metrics as jm


def loss(params, model, x, wrap):
    model = model.merge(params)

    def call(model, x):
        y = model(x)
        return y, model

    y, model = wrap(call)(model, x)
    return (y**2).mean(), model


@pytest.mark.slow
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_gradients_and_state_are_those_without(model, x, transform, assert_close):
    params = model.parameters()

    def run(wrap):
        grad = jax.grad(lambda params, model, x: loss(params, model, x, wrap), has_aux=True)
        return transform(grad)(params, model, x)

    grads, moved = run(jax.checkpoint)
    expected_grads, expected = run(lambda call: call)
    assert_close(grads, expected_grads)
    assert_close(moved, expected)
    assert (moved.layers[1].mean != model.layers[1].mean).any()
    assert (moved.layers[3].rng != model.layers[3].rng).any()


class Block(jm.Module):
    """A module that remats its own call, and keeps its state."""

    body: jm.Module

    def __init__(self):
        self.body = jm.Sequential(jm.Linear(16), jm.BatchNorm(), jm.Dropout(0.5), jm.Linear(3))

    @jm.preserve_state(jax.checkpoint)
    def remat(self, x):
        return x + self.body(x)

    def __call__(self, x):
        return self.remat(x)


class PlainBlock(Block):
    def __call__(self, x):
        return x + self.body(x)


@pytest.mark.slow
def test_preserve_state_with_checkpoint(x, assert_close):
    model, plain = (jm.Sequential(block(), block()).init(0, x) for block in (Block, PlainBlock))
    assert_close(jax.tree.leaves(model), jax.tree.leaves(plain))

    def run(model):
        grad = jax.grad(lambda p, m, x: loss(p, m, x, lambda call: call), has_aux=True)
        return jax.jit(grad)(model.parameters(), model, x)

    (grads, moved), (expected_grads, expected) = run(model), run(plain)
    assert_close(jax.tree.leaves(grads), jax.tree.leaves(expected_grads))
    assert_close(jax.tree.leaves(moved), jax.tree.leaves(expected))


def test_policy_by_name(x, bare_mlp, bare_params, assert_close):
    class Named(jm.Module):
        def __call__(self, x):
            return checkpoint_name(x, "hidden")

    model = jm.Sequential(jm.Linear(16), jnp.tanh, jm.Linear(2), Named()).init(0, x)
    policy = jax.checkpoint_policies.save_only_these_names("hidden")
    remat = jax.checkpoint(lambda model, x: (model(x) ** 2).mean(), policy=policy)
    expected = jax.grad(lambda params: (bare_mlp(params, x) ** 2).mean())(bare_params(model))
    assert_close(bare_params(jax.grad(remat)(model, x)), expected)


@pytest.mark.slow
def test_each_init_gets_its_own_key(x):
    """JAX keeps what it traced; the key of one `init` must not come back in the next."""
    first, second = (jm.Sequential(Block()).init(key, x) for key in (0, 1))
    plain = jm.Sequential(PlainBlock()).init(1, x)
    kernel = lambda model: model.layers[0].body.layers[0].kernel  # noqa: E731
    assert (kernel(first) != kernel(second)).any()
    assert (kernel(second) == kernel(plain)).all()
