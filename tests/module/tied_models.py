"""Models with ties, and one input for all of them, so that the tests share compiled programs."""

import jax
import jax.numpy as jnp

import jax_metrics as jm

TOKENS = jnp.array([[0, 3, 1], [5, 2, 2]])
X = jnp.linspace(-1.0, 1.0, 6).reshape(2, 3)
PATHS = (".embed.embedding", ".head.kernel")


class LanguageModel(jm.Module):
    """Embeds, transforms, and scores: the usual place for a tie."""

    def __init__(self, tied=False):
        self.embed = jm.Embed(7, 4)
        self.body = jm.Linear(4)
        self.head = jm.Linear(7, use_bias=False)
        if tied:
            jm.tie(self, *PATHS, transform=jnp.transpose, inplace=True)

    def __call__(self, tokens):
        return self.head(jnp.tanh(self.body(self.embed(tokens))))


class CompactModel(jm.Module):
    """The same with layers made inline."""

    @jm.compact
    def __call__(self, tokens):
        x = jm.Embed(7, 4, name="embed")(tokens)
        x = jnp.tanh(jm.Linear(4)(x))
        return jm.Linear(7, use_bias=False, name="head")(x)


class Scale(jm.Module):
    """Multiplies, and counts."""

    factor: jax.Array = jm.Parameter.node()
    calls: jax.Array = jm.State.node()

    def __init__(self):
        self.factor = jnp.full(3, 2.0)
        self.calls = jnp.array(0)

    def __call__(self, x):
        self.calls = self.calls + 1
        return x * self.factor


class Counting(jm.Module):
    """Has state of its own, next to a tie and in a layer with a tied position."""

    calls: jax.Array = jm.State.node()

    def __init__(self):
        self.calls = jnp.array(0)
        self.parts = [Scale(), Scale()]

    def __call__(self, x):
        self.calls = self.calls + 1
        for part in self.parts:
            x = part(x)
        return x


def tied(model):
    """The model with its head tied to its embedding."""
    return jm.tie(model, *PATHS, transform=jnp.transpose)


def by_hand(params, tokens):
    """What the tied LanguageModel computes, in plain JAX."""
    h = jnp.tanh(params["table"][tokens] @ params["kernel"] + params["bias"])
    return h @ params["table"].T


def params_of(model):
    """The parameters of a tied LanguageModel, for `by_hand`."""
    body = model.body
    return {"table": model.embed.embedding, "kernel": body.kernel, "bias": body.bias}


UNTIED = LanguageModel().init(0, TOKENS)
TIED = tied(UNTIED)
