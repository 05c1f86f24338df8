"""Layers that stand for another one have its methods, run in their way."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm
from jax_metrics.nn import LoRA, Remat

TOKENS = jnp.array([[1, 2, 3]])
H = jax.random.normal(jax.random.key(1), (2, 4))


class Counter(jm.Module):
    """A layer with a method that changes its state."""

    count: jax.Array = jm.State.node()

    def __init__(self):
        self.linear = jm.Linear(4)
        self.count = jnp.zeros(())

    def __call__(self, x):
        return self.linear(x)

    def halved(self, x, *, twice=False):
        self.count = self.count + 1
        return self.linear(x) / (4 if twice else 2)


class Tied(jm.Module):
    """A language model whose embedding is its output layer too."""

    def __init__(self, wrap):
        self.embed = wrap(jm.Embed(10, 4))

    def __call__(self, tokens):
        return self.embed.attend(self.embed(tokens))


def changed(model):
    return jax.tree.map(lambda leaf: leaf + 0.5, model)


WRAPS = {
    "remat": Remat,
    "lora": lambda layer: LoRA(layer, 2, key=0),
    "both": lambda layer: Remat(LoRA(layer, 2, key=0)),
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize(
    "copied", [lambda x: x, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_method_is_that_of_the_layer(wrap, copied):
    embed = jm.Embed(10, 4).init(0, TOKENS)
    np.testing.assert_allclose(copied(wrap(embed)).attend(H), embed.attend(H), rtol=1e-6)


def test_methods_use_the_changed_matrices():
    adapted = changed(LoRA(jm.Embed(10, 4).init(0, TOKENS), 2, key=0))
    np.testing.assert_allclose(adapted.attend(H), adapted.merged().attend(H), rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_tied_embeddings_are_initialized_and_trained(wrap):
    model = Tied(wrap).init(0, TOKENS)
    expected = Tied(lambda layer: layer).init(0, TOKENS)
    np.testing.assert_allclose(model(TOKENS), expected(TOKENS), rtol=1e-5)
    grads, _ = jm.grad(lambda model: (model(TOKENS) ** 2).sum())(changed(model))
    assert all(jnp.any(leaf != 0) for leaf in jax.tree.leaves(grads))


@pytest.mark.parametrize("wrap", [Remat, lambda layer: LoRA(layer, 2, key=0)])
def test_state_that_a_method_changes_is_kept(wrap):
    layer = Counter().init(0, H)
    wrapped = wrap(layer)

    @jax.jit
    def run(wrapped, x):
        return wrapped.halved(x, twice=True), wrapped

    output, after = run(wrapped, H)
    np.testing.assert_allclose(output, layer(H) / 4, rtol=1e-6)
    assert (after.layer.count, wrapped.layer.count) == (1, 0)


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
@pytest.mark.parametrize("name", ["atend", "embedding", "embedding_init", "_run"])
def test_only_methods_are_there(wrap, name):
    with pytest.raises(AttributeError, match=f"object has no attribute '{name}'"):
        getattr(wrap(jm.Embed(10, 4).init(0, TOKENS)), name)


def test_a_trained_layer_can_be_wrapped():
    layer = jm.Linear(2).init(0, H).eval()
    wrapped = Remat(layer)
    assert wrapped.initialized and not wrapped.training
    np.testing.assert_allclose(wrapped(H), layer(H))
