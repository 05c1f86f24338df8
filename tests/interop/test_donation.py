"""Donating a model, its optimizer, averages and metrics: no buffer belongs to two of them."""

import jax
import jax.numpy as jnp
import optax
import pytest

import jax_metrics as jm

X = jnp.arange(12.0).reshape(4, 3) / 12
Y = jnp.array([0, 1, 2, 0])


def network():
    return jm.Sequential(jm.Linear(3), jm.BatchNorm(), jm.Dropout(0.5)).init(0, X)


def buffers(tree):
    arrays = [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array)]
    data = [
        jax.random.key_data(a) if jnp.issubdtype(a.dtype, jax.dtypes.prng_key) else a
        for a in arrays
    ]
    return [array.unsafe_buffer_pointer() for array in data]


def with_average(model):
    return model, jm.nn.ExponentialMovingAverage(model, 0.9)


def after_an_update(model):
    average = jm.nn.ExponentialMovingAverage(model, 0.9)
    return model, average.update(model)


TREES = {
    "multioutput": lambda: jm.metrics.Multioutput(jm.metrics.R2Score(), num_outputs=2),
    "expression": lambda: (lambda mean: mean - mean)(jm.metrics.Mean()),
    "expression and operand": lambda: (lambda mean: (mean, 2 * mean))(jm.metrics.Mean()),
    "collection and member": lambda: (lambda mean: (mean, jm.metrics.Metrics([mean])))(
        jm.metrics.Mean()
    ),
    "wrappers and metric": lambda: (
        lambda mean: (mean, jm.metrics.MinMax(mean), jm.metrics.Tracker(mean))
    )(jm.metrics.Mean()),
    "average": lambda: with_average(network()),
    "average after an update": lambda: after_an_update(network()),
    "copy of arrays": lambda: (lambda model: (model, jm.copy(model, arrays=True)))(network()),
    "optimizer": lambda: (lambda model: (model, jm.Optimizer(optax.adam(1e-3)).init(model)))(
        network()
    ),
}


@pytest.mark.parametrize("make", TREES.values(), ids=TREES)
def test_no_buffer_is_in_two_places(make):
    tree = make()
    found = buffers(tree)
    assert len(found) == len(set(found))
    donated = jax.jit(lambda tree: jax.tree.map(jnp.copy, tree), donate_argnums=0)(tree)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(tree))
    jax.block_until_ready(jax.tree.leaves(donated))


def test_a_whole_step_donates_all_of_its_state():
    model = network()
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)
    average = jm.nn.ExponentialMovingAverage(model, 0.9)
    metrics = jm.metrics.Metrics([jm.metrics.Accuracy(), jm.metrics.F1Score(num_classes=3)])

    def loss_fn(params, model, x, y):
        model = model.merge(params)
        logits = model(x)
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
        return loss, (model, logits)

    def step(state, x, y):
        model, optimizer, average, metrics = state
        grad = jax.value_and_grad(loss_fn, has_aux=True)
        (_, (model, logits)), grads = grad(model.parameters(), model, x, y)
        model = optimizer.update(grads, model)
        return model, optimizer, average.update(model), metrics.update(target=y, preds=logits)

    state = model, optimizer, average, metrics
    expected = state
    donating, plain = jax.jit(step, donate_argnums=0), jax.jit(step)
    for _ in range(3):
        expected = plain(expected, X, Y)
    state = jm.copy(state, arrays=True)
    for _ in range(3):
        before, state = state, donating(state, X, Y)
        model, optimizer, average, metrics = before
        # An update replaces the rest of the average without reading it, so it is not donated.
        used = model, optimizer, average.averages, metrics
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(used))
    for leaf, other in zip(jax.tree.leaves(state), jax.tree.leaves(expected), strict=True):
        assert jnp.array_equal(leaf, other)


def test_eager_update_donates_on_request():
    model = network()
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)
    expected = jm.copy(optimizer, arrays=True).update(
        jax.tree.map(jnp.ones_like, model.parameters()), model
    )
    grads = jax.tree.map(jnp.ones_like, model.parameters())
    state = jax.tree.leaves(optimizer.opt_state)
    updated = optimizer.update(grads, model, donate=True)
    assert all(leaf.is_deleted() for leaf in (*state, *jax.tree.leaves(model)))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((grads, optimizer)))
    for leaf, other in zip(jax.tree.leaves(updated), jax.tree.leaves(expected), strict=True):
        assert jnp.array_equal(leaf, other)
