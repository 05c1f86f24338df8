"""A tied model under the transformations of JAX, with state, with an optimizer, in threads."""

from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from tied_models import (
    TIED,
    TOKENS,
    UNTIED,
    Counting,
    LanguageModel,
    Scale,
    X,
    by_hand,
    params_of,
    tied,
)

import jax_metrics as jm


def loss_fn(model, tokens):
    return (model(tokens) ** 2).mean()


def loss_by_hand(params, tokens):
    return (by_hand(params, tokens) ** 2).mean()


def test_the_gradient_is_the_sum_of_both_uses():
    expected = jax.grad(loss_by_hand)(params_of(TIED), TOKENS)
    plain = jax.grad(loss_fn)(TIED, TOKENS)
    ours, model = jm.grad(loss_fn)(TIED, TOKENS)
    assert jm.equal(model, TIED)
    for grads in (plain, ours):
        assert jm.equal(params_of(grads), expected, rtol=1e-5, atol=1e-7)
    both = jax.grad(loss_fn)(jm.untie(TIED), TOKENS)
    total = both.embed.embedding + both.head.kernel.T
    np.testing.assert_allclose(plain.embed.embedding, total, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("donate", [False, True])
def test_steps_of_an_optimizer(donate):
    rule = optax.adam(0.1)
    model = TIED.copy(arrays=True)
    optimizer = jm.Optimizer(rule).init(model)
    assert set(optimizer.opt_state[0].mu) == {".embed.embedding", ".body.kernel", ".body.bias"}
    params = params_of(TIED)
    state = rule.init(params)
    traces = 0

    def step(model, optimizer, tokens):
        nonlocal traces
        traces += 1
        (_, model), grads = jm.value_and_grad(loss_fn)(model, tokens)
        return optimizer.update(grads, model), optimizer

    compiled = jax.jit(step, donate_argnums=(0, 1) if donate else ())
    for _ in range(3):
        model, optimizer = compiled(model, optimizer, TOKENS)
        updates, state = rule.update(jax.grad(loss_by_hand)(params, TOKENS), state, params)
        params = optax.apply_updates(params, updates)
    assert traces == 1
    assert jm.equal(params_of(model), params, rtol=1e-4, atol=1e-5)
    assert jm.ties(model) == jm.ties(TIED)


def test_models_made_apart_share_a_program():
    traces = 0

    @jax.jit
    def f(model):
        nonlocal traces
        traces += 1
        return model(TOKENS)

    for model in (TIED, tied(UNTIED), LanguageModel(tied=True).init(0, TOKENS), TIED.copy()):
        f(model)
    assert traces == 1


@pytest.mark.slow
def test_vmap_over_an_ensemble():
    keys = jax.random.split(jax.random.key(0), 3)
    ensemble = jax.vmap(lambda key: LanguageModel(tied=True).init(key, TOKENS))(keys)
    outputs = jax.vmap(lambda model: model(TOKENS))(ensemble)
    for i in range(3):
        one = jax.tree.map(lambda leaf, i=i: leaf[i], ensemble)
        np.testing.assert_allclose(outputs[i], one(TOKENS), rtol=1e-5, atol=1e-6)


def test_vmap_over_the_inputs():
    outputs = jax.vmap(lambda tokens: TIED(tokens))(TOKENS)
    np.testing.assert_allclose(outputs, TIED(TOKENS), rtol=1e-5, atol=1e-6)


def test_scan_carries_it():
    def step(model, tokens):
        grads = jax.grad(loss_fn)(model, tokens)
        return jax.tree.map(lambda p, g: p - 0.1 * g, model, grads), loss_fn(model, tokens)

    model, losses = jax.lax.scan(step, TIED, jnp.stack([TOKENS] * 3))
    assert losses[-1] < losses[0]
    assert jm.ties(model) == jm.ties(TIED)


def test_checkpoint_and_scan_inside_of_a_call():
    class Inside(LanguageModel):
        def __call__(self, tokens):
            if not self.initialized:
                return super().__call__(tokens)
            x = self.embed(tokens)
            x = jax.checkpoint(lambda model, x: jnp.tanh(model.body(x)))(self, x)
            _, rows = jax.lax.scan(lambda c, row: (c, self.head(row)), 0, x)
            return rows

    model = Inside(tied=True).init(0, TOKENS)
    np.testing.assert_allclose(model(TOKENS), TIED(TOKENS), rtol=1e-5, atol=1e-6)
    grads = jax.grad(loss_fn)(model, TOKENS)
    expected = jax.grad(loss_fn)(TIED, TOKENS)
    assert jm.equal(params_of(grads), params_of(expected), rtol=1e-5, atol=1e-6)


def counting(whole):
    paths = (".parts[0]", ".parts[1]") if whole else (".parts[0].factor", ".parts[1].factor")
    return jm.tie(Counting().init(0), *paths)


def counts(model):
    return [int(model.calls), *(int(p.calls) for p in model.parts if isinstance(p, Scale))]


@pytest.mark.parametrize("whole", [False, True])
def test_state_next_to_a_tie(whole):
    """Assignments in a call reach the model: its own, those of a tied layer, and of its source."""
    once, twice = ([1, 2], [2, 4]) if whole else ([1, 1, 1], [2, 2, 2])
    model = counting(whole)
    assert jm.equal(model(X), 4 * X)
    assert counts(model) == once
    model(X)
    assert counts(model) == twice
    assert jm.ties(model) == jm.ties(counting(whole))

    ours = jax.jit(lambda model, x: (model(x), model))(counting(whole), X)[1]
    assert counts(ours) == once
    grads, ours = jm.grad(lambda model, x: model(x).sum())(counting(whole), X)
    assert counts(ours) == once
    np.testing.assert_allclose(grads.parts[0].factor, 4 * X.sum(0), rtol=1e-5)
    batch = jax.vmap(lambda model, x: (model(x), model), in_axes=(None, 0), out_axes=(0, None))
    assert counts(batch(counting(whole), X)[1]) == once


def test_state_of_a_model_from_outside_is_refused_as_without_ties():
    model = counting(whole=False)
    with pytest.raises(jm.tree.LeakedStateError, match="was made outside of the function"):
        jax.jit(lambda x: Adds(model)(x))(X)


class Adds(jm.Module):
    def __init__(self, model):
        self.model = model

    def __call__(self, x):
        self.model.parts[1].calls = x.sum()
        return self.model(x)


def test_state_that_is_lost_is_reported_as_without_ties():
    def lose(model, x):
        return model(x)

    with pytest.warns(jm.tree.LostStateWarning, match=r"^Scale\.calls \(at \.parts\[0\]\), Count"):
        jax.jit(lose)(counting(whole=True), X)


def test_containers_that_a_call_changes():
    class Grows(jm.Module):
        def __init__(self):
            self.parts = [Scale(), Scale()]
            self.seen = {"calls": Scale()}
            jm.tie(self, ".parts[0].factor", ".parts[1].factor", inplace=True)
            jm.tie(self, ".parts[0].factor", ".seen['calls'].factor", inplace=True)

        def __call__(self, x):
            if len(self.parts) == 2:
                self.parts.append(Scale())
                self.seen["more"] = self.parts[0]
                del self.seen["calls"]
                self.extra = [self.parts[1]]
            return x

    model = Grows().init(0)
    first, second = model.parts
    model(X)
    assert model.parts[:2] == [first, second]
    assert len(model.parts) == 3
    assert model.seen == {"more": first}
    assert model.extra == [second]
    assert jm.ties(model)[".parts[1].factor"] == ".parts[0].factor"


def test_a_field_that_a_call_deletes():
    class Forgets(jm.Module):
        def __init__(self):
            self.a, self.b, self.note = Scale(), Scale(), "once"
            jm.tie(self, ".a.factor", ".b.factor", inplace=True)

        def __call__(self, x):
            if hasattr(self, "note"):
                del self.note
            return self.b(x)

    model = Forgets().init(0)
    model(X)
    assert not hasattr(model, "note")


def test_immutable_models():
    class Fixed(LanguageModel, jm.Immutable):
        pass

    model = tied(Fixed().init(0, TOKENS))
    np.testing.assert_allclose(model(TOKENS), TIED(TOKENS), rtol=1e-6)
    assert jm.ties(jm.untie(model)) == {}


def test_threads_call_one_model():
    expected = np.asarray(TIED(TOKENS))
    with ThreadPoolExecutor(4) as pool:
        for output in pool.map(lambda _: TIED(TOKENS), range(16)):
            np.testing.assert_allclose(output, expected)
    assert jm.ties(TIED)


def test_what_is_frozen():
    """The mode of the layer that has the value decides."""
    head = TIED.at[".head"].apply(lambda head: head.freeze())
    assert len(jax.tree.leaves(head.trainable_parameters())) == 3
    embed = TIED.at[".embed"].apply(lambda embed: embed.freeze())
    assert len(jax.tree.leaves(embed.trainable_parameters())) == 2
    grads, _ = jm.grad(loss_fn)(embed, TOKENS)
    assert isinstance(grads.embed.embedding, jm.Nothing)
    assert jm.equal(TIED.freeze()(TOKENS), TIED(TOKENS))
