"""What the library adds to the compiled program of the seed's train step: nothing."""

import re
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

x = np.linspace(0, 1, 500)[:, None]
y = 1.4 * x - 0.3


def instructions(f, *args):
    """How many of each operation, in all computations of the optimized HLO."""
    hlo = jax.jit(f).lower(*args).compile().as_text()
    found = re.findall(r"^\s*(?:ROOT )?%?[\w.-]+ = .*?[\])}] ([a-z][\w-]*)\(", hlo, re.MULTILINE)
    assert len(found) > 10
    counts = Counter(found)
    for moves in ("parameter", "tuple", "get-tuple-element"):
        counts.pop(moves, None)
    return counts


def with_modules(optimizer):
    def loss_fn(params, model, x, y):
        model = model.merge(params)
        preds = model(x)
        return jnp.mean((preds - y) ** 2), model

    grad_fn = jax.value_and_grad(loss_fn, has_aux=True)

    def train_step(model, x, y, optimizer):
        params = model.parameters()
        (loss, model), grads = grad_fn(params, model, x, y)
        params = optimizer.update(grads, params)
        model = model.merge(params)
        return loss, model, optimizer

    model = jm.Linear(1).init(42, x)
    return instructions(train_step, model, x, y, jm.Optimizer(optimizer).init(model))


def by_hand(optimizer, *, norms=False):
    def loss_fn(params, x, y):
        preds = x @ params["kernel"] + params["bias"]
        return jnp.mean((preds - y) ** 2)

    def train_step(params, x, y, state):
        loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
        updates, state = optimizer.update(grads, state, params)
        logs = (optax.tree.norm(grads), optax.tree.norm(updates)) if norms else ()
        return loss, optax.apply_updates(params, updates), state, logs

    params = {"kernel": jnp.ones((1, 1)), "bias": jnp.zeros(1)}
    return instructions(train_step, params, x, y, optimizer.init(params))


@pytest.mark.parametrize(
    "optimizer",
    [optax.adam(0.01), optax.sgd(0.1), optax.adamw(0.01, weight_decay=0.1)],
    ids=["adam", "sgd", "adamw"],
)
def test_the_train_step_of_the_seed_is_the_one_written_by_hand(optimizer):
    assert with_modules(optimizer) == by_hand(optimizer)


def kernels(params):
    return {name: "kernel" in name for name in params}


def labels(params):
    return {name: "a" if "kernel" in name else "b" for name in params}


TWO = {"a": optax.adam(0.01), "b": optax.sgd(0.1)}
PAIRS = {
    "chain": (optax.chain(optax.clip_by_global_norm(1.0), optax.adam(0.01)),) * 2,
    "schedule": (optax.adam(optax.cosine_decay_schedule(0.1, 100)),) * 2,
    "hyperparams": (
        jm.optim.with_hyperparams(optax.sgd, learning_rate=0.1, momentum=0.9),
        optax.inject_hyperparams(optax.sgd, static_args="nesterov")(0.1, momentum=0.9),
    ),
    "decay_mask": (
        optax.adamw(0.01, weight_decay=0.1, mask=jm.optim.decay_mask()),
        optax.adamw(0.01, weight_decay=0.1, mask=kernels),
    ),
    "groups": (
        jm.optim.groups({".kernel": TWO["a"], ...: TWO["b"]}),
        optax.partition(TWO, labels),
    ),
    "multi_steps": (optax.MultiSteps(optax.adam(0.01), 2),) * 2,
    "master_weights": (jm.optim.master_weights(optax.adam(0.01)), optax.adam(0.01)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_is_optional_costs_nothing_either(name):
    ours, bare = PAIRS[name]
    assert with_modules(ours) == by_hand(bare)


def test_norms_cost_what_they_cost_by_hand():
    adam = optax.adam(0.01)
    assert with_modules(jm.optim.with_norms(adam)) == by_hand(adam, norms=True)
    assert by_hand(adam, norms=True) != by_hand(adam)


def test_the_model_alone_is_the_one_written_by_hand():
    model = jm.MLP([16, 1]).init(42, x)

    def forward(params, x):
        x = jax.nn.relu(x @ params[0]["kernel"] + params[0]["bias"])
        return x @ params[1]["kernel"] + params[1]["bias"]

    params = [{"kernel": m.kernel, "bias": m.bias} for m in (model.linear, model.linear2)]
    ours = instructions(lambda model, x: model(x), model, x)
    assert ours == instructions(forward, params, x)


tokens = np.arange(12).reshape(3, 4) % 7


def tied_model():
    layers = jm.Embed(7, 4), jm.Linear(4), jm.Linear(7, use_bias=False)
    model = jm.Sequential(*layers).init(42, tokens)
    return jm.tie(model, ".layers[0].embedding", ".layers[2].kernel", transform=jnp.transpose)


def tied_with_modules(optimizer):
    def train_step(model, tokens, optimizer):
        grads, model = jm.grad(lambda model, tokens: (model(tokens) ** 2).mean())(model, tokens)
        return optimizer.update(grads, model), optimizer

    model = tied_model()
    return instructions(train_step, model, tokens, jm.Optimizer(optimizer).init(model))


def tied_by_hand(optimizer):
    def loss_fn(params, tokens):
        x = jnp.take(params["table"], tokens, axis=0)
        x = x @ params["kernel"] + params["bias"]
        return ((x @ jnp.transpose(params["table"])) ** 2).mean()

    def train_step(params, tokens, state):
        grads = jax.grad(loss_fn)(params, tokens)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    params = {"table": jnp.ones((7, 4)), "kernel": jnp.ones((4, 4)), "bias": jnp.zeros(4)}
    return instructions(train_step, params, tokens, optimizer.init(params))


def test_the_train_step_of_a_tied_model_is_the_one_written_by_hand():
    assert tied_with_modules(optax.adam(0.01)) == tied_by_hand(optax.adam(0.01))


def test_the_counter_sees_a_difference():
    def more(model, x):
        return jnp.sin(model(x))

    model = jm.Linear(1).init(42, x)
    one, other = instructions(lambda m, x: m(x) * x * 2, model, x), instructions(more, model, x)
    assert one != other
