"""Ties in models that LoRA, Policy, Stack, Remat and averages change or run."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tied_models import TIED, TOKENS, LanguageModel, tied

import jax_metrics as jm


def moved(model):
    return jax.tree.map(lambda leaf: leaf + 0.1, model)


@pytest.mark.parametrize("where", [".head", ".embed", [".head", ".embed"], jm.Linear])
def test_lora(where):
    """The source of a tie is what its layer uses: with the changes of its factors."""
    adapted = jm.nn.apply_lora(TIED, where, rank=2)
    assert jm.ties(adapted) == jm.ties(TIED)
    np.testing.assert_allclose(adapted(TOKENS), TIED(TOKENS), rtol=1e-6)
    adapted = moved(adapted)
    expected = adapted(TOKENS)
    assert not jnp.allclose(expected, TIED(TOKENS))
    np.testing.assert_allclose(jm.untie(adapted)(TOKENS), expected, rtol=1e-5, atol=1e-5)
    merged = jm.nn.merge_lora(adapted)
    np.testing.assert_allclose(merged(TOKENS), expected, rtol=1e-5, atol=1e-5)
    # A head with changes of its own has a value of its own.
    assert bool(jm.ties(merged)) == (where == ".embed")


class Around(jm.Module):
    """A model with a tied one inside."""

    def __init__(self):
        self.inner = LanguageModel(tied=True)

    def __call__(self, tokens):
        return self.inner(tokens)


@pytest.mark.parametrize("where", ["", ".inner", LanguageModel])
def test_lora_around_both_ends_of_a_tie(where):
    """The tie is one of the adapted layer: its target follows the changed source."""
    model = TIED if where == "" else Around().init(0, TOKENS)
    adapted = moved(jm.nn.apply_lora(model, where, rank=2))
    factors = adapted if where == "" else adapted.inner
    assert sorted(factors.a) == ["body.kernel", "embed.embedding"]
    expected = adapted(TOKENS)
    np.testing.assert_allclose(jm.untie(adapted)(TOKENS), expected, rtol=1e-5, atol=1e-5)
    merged = jm.nn.merge_lora(adapted)
    assert jm.ties(merged) == jm.ties(model)
    np.testing.assert_allclose(merged(TOKENS), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_lora_trains_its_factors_through_both_uses():
    adapted = moved(jm.nn.apply_lora(TIED, ".embed", rank=2))
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(adapted)
    grads, _ = jm.grad(lambda model: (model(TOKENS) ** 2).sum())(adapted)
    changed = optimizer.update(grads, adapted)
    assert jm.equal(changed.embed.layer, adapted.embed.layer)
    assert not jm.equal(changed.embed.a, adapted.embed.a)
    both, _ = jm.grad(lambda model: (jm.untie(model)(TOKENS) ** 2).sum())(adapted)
    assert jm.equal(grads, both, rtol=1e-4, atol=1e-5)


def test_a_tie_of_an_adapted_model():
    adapted = moved(jm.nn.apply_lora(jm.untie(TIED), ".embed", rank=2))
    model = tied(adapted)
    effective = adapted.embed.merged().embedding
    assert jm.equal(jm.untie(model).head.kernel, effective.T)


def test_policy():
    policy = jm.nn.Policy(jnp.float32, jnp.bfloat16, output=jnp.float32)
    model = policy.apply(TIED)
    assert model(TOKENS).dtype == jnp.float32
    assert model.embed.embedding.dtype == jnp.float32
    np.testing.assert_allclose(model(TOKENS), policy.apply(jm.untie(TIED))(TOKENS))
    half = jm.nn.Policy(jnp.bfloat16).apply(TIED)
    assert jm.untie(half).head.kernel.dtype == jnp.bfloat16
    assert jm.equal(tied(policy.apply(LanguageModel())).init(0, TOKENS), policy.apply(TIED))


def test_policy_on_a_module_with_its_own_parameters():
    class Pair(jm.Module):
        a: jax.Array = jm.Parameter.node()
        b: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.a = self.b = jnp.ones(3)
            jm.tie(self, ".a", ".b", inplace=True)

        def __call__(self, x):
            return x * self.a + self.b

    model = jm.nn.Policy(jnp.float32, jnp.bfloat16).apply(Pair().init(0))
    assert model(jnp.ones(3)).dtype == jnp.bfloat16


class Block(jm.Module):
    """A layer with a tie of its own."""

    def __init__(self):
        self.up, self.down = jm.Linear(3, use_bias=False), jm.Linear(4, use_bias=False)
        jm.tie(self, ".up.kernel", ".down.kernel", transform=jnp.transpose, inplace=True)

    def __call__(self, x):
        return x + self.down(jnp.tanh(self.up(x)))


ROWS = jnp.linspace(-1.0, 1.0, 8).reshape(2, 4)
BLOCK = Block().init(0, ROWS)


@pytest.mark.slow
def test_stack_of_layers_with_ties():
    stack = jm.nn.Stack(Block(), 3).init(0, ROWS)
    assert stack.layer.up.kernel.shape == (3, 4, 3)
    assert jm.num_parameters(stack) == 36
    expected = ROWS
    for layer in stack:
        expected = layer(expected)
    np.testing.assert_allclose(stack(ROWS), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jm.untie(stack)(ROWS), expected, rtol=1e-5, atol=1e-6)
    again = jm.nn.Stack.of(list(stack))
    np.testing.assert_allclose(again(ROWS), expected, rtol=1e-5, atol=1e-6)
    adapted = moved(jm.nn.apply_lora(stack, jm.Linear, rank=1))
    merged = jm.nn.merge_lora(adapted)
    np.testing.assert_allclose(merged(ROWS), adapted(ROWS), rtol=1e-4, atol=1e-4)


def test_a_tie_between_stacks():
    model = jm.Sequential(jm.nn.Stack(jm.Linear(4), 2), jm.nn.Stack(jm.Linear(4), 2))
    model = jm.tie(model.init(0, ROWS), ".layers[0].layer.kernel", ".layers[1].layer.kernel")
    np.testing.assert_allclose(model(ROWS), jm.untie(model)(ROWS), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_remat():
    model = jm.nn.Remat(Block()).init(0, ROWS)
    grads = jax.grad(lambda model: model(ROWS).sum())(model)
    plain = jax.grad(lambda block: block(ROWS).sum())(model.layer)
    assert jm.equal(grads.layer, plain, rtol=1e-5, atol=1e-6)
    outside = jm.Sequential(jm.nn.Remat(jm.Linear(4)), jm.Linear(4)).init(0, ROWS)
    outside = jm.tie(outside, ".layers[0].layer", ".layers[1]")
    np.testing.assert_allclose(outside(ROWS), jm.untie(outside)(ROWS), rtol=1e-6)


def test_moving_average():
    average = jm.nn.ExponentialMovingAverage(TIED, 0.5)
    assert set(average.averages) == {".embed.embedding", ".body.kernel", ".body.bias"}
    average = average.update(TIED)
    assert jm.equal(average.model, TIED)
    assert jm.equal(average.model(TOKENS), TIED(TOKENS))


def test_a_slice_of_a_container():
    """A part without its model's other end has to be untied first."""
    model = jm.Sequential(jm.Linear(4), jm.tanh if hasattr(jm, "tanh") else jnp.tanh, jm.Linear(4))
    model = jm.tie(model.init(0, ROWS), ".layers[0].kernel", ".layers[2].kernel")
    with pytest.raises(jm.TieError, match=r"no \.layers\[2\]\.kernel any more"):
        model[:1](ROWS)
    assert jm.untie(model)[:1](ROWS).shape == (2, 4)
