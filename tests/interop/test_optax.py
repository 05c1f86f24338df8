"""optax: labels and masks, on modules themselves and on the dict by path of `jm.Optimizer`."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

optax = pytest.importorskip("optax", reason="optax is not installed")


def path_labels(params):
    """optax calls labels that can be called, and a module can: so it is given a function."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: "bias" if path[-1].name == "bias" else "kernel", params
    )


@pytest.fixture
def grads(mlp, x):
    return jax.grad(lambda mlp: (mlp(x) ** 2).mean())(mlp)


def test_multi_transform_takes_a_module(mlp, grads, assert_close):
    rules = {"kernel": optax.sgd(0.1), "bias": optax.sgd(0.5)}
    optimizer = optax.multi_transform(rules, path_labels)
    state = optimizer.init(mlp)
    updates, state = jax.jit(optimizer.update)(grads, state, mlp)
    updated = optax.apply_updates(mlp, updates)
    rates = {"kernel": 0.1, "bias": 0.5}
    expected = jax.tree.map(lambda p, g, label: p - rates[label] * g, mlp, grads, path_labels(mlp))
    assert_close(updated, expected)


def test_masked_takes_a_module(mlp, grads, assert_close):
    only_kernels = lambda params: jax.tree.map(lambda x: x == "kernel", path_labels(params))  # noqa: E731
    decay = optax.masked(optax.add_decayed_weights(0.1), only_kernels)
    updates, _ = decay.update(grads, decay.init(mlp), mlp)
    expected = jax.tree.map(
        lambda p, g, masked: g + 0.1 * p if masked else g, mlp, grads, only_kernels(mlp)
    )
    assert_close(updates, expected)


def test_state_of_adam_mirrors_the_module(mlp):
    adam = optax.adam(1e-3).init(mlp)[0]
    assert jax.tree.structure(adam.mu) == jax.tree.structure(mlp)
    assert adam.mu.layers[0].kernel.shape == mlp.layers[0].kernel.shape


def test_tree_utils_take_a_module(mlp, bare_params):
    assert jnp.isclose(optax.tree.norm(mlp), optax.tree.norm(bare_params(mlp)))
    state = optax.tree.set(optax.adam(1e-3).init(mlp), count=jnp.array(7))
    assert optax.tree.get(state, "count") == 7


def test_optimizer_gives_labels_by_path(mlp, grads, assert_close):
    seen = []

    def labels(params):
        seen.append(sorted(params))
        return {path: "first" if path.startswith(".layers[0]") else "rest" for path in params}

    rules = {"first": optax.set_to_zero(), "rest": optax.sgd(0.5)}
    optimizer = jm.Optimizer(optax.multi_transform(rules, labels)).init(mlp)
    updated = optimizer.update(grads, mlp)
    assert seen[0] == [
        ".layers[0].bias",
        ".layers[0].kernel",
        ".layers[2].bias",
        ".layers[2].kernel",
    ]
    assert_close(updated.layers[0], mlp.layers[0])
    assert_close(
        updated.layers[2], jax.tree.map(lambda p, g: p - 0.5 * g, mlp.layers[2], grads.layers[2])
    )


def test_optimizer_gives_masks_by_path(mlp, grads, assert_close):
    def mask(params):
        return {path: "bias" not in path for path in params}

    chain = optax.chain(optax.add_decayed_weights(0.1, mask=mask), optax.sgd(0.5))
    updated = jm.Optimizer(chain).init(mlp).update(grads, mlp)
    decays = jax.tree.map(lambda label: 0.1 * (label == "kernel"), path_labels(mlp))
    expected = jax.tree.map(lambda p, g, d: p - 0.5 * (g + d * p), mlp, grads, decays)
    assert_close(updated, expected)


def test_optimizer_equals_optax_on_plain_dicts(mlp, x, bare_mlp, bare_params, assert_close):
    adam = optax.adamw(1e-2)
    optimizer = jm.Optimizer(adam).init(mlp)
    params = bare_params(mlp)
    state = adam.init(params)
    for _ in range(3):
        mlp = optimizer.update(jax.grad(lambda mlp: (mlp(x) ** 2).mean())(mlp), mlp)
        grads = jax.grad(lambda params: (bare_mlp(params, x) ** 2).mean())(params)
        updates, state = adam.update(grads, state, params)
        params = optax.apply_updates(params, updates)
    assert_close(bare_params(mlp), params)


@pytest.mark.slow
def test_extra_arguments_reach_a_line_search(mlp, x, assert_close):
    loss = lambda mlp: (mlp(x) ** 2).mean()  # noqa: E731
    search = optax.scale_by_backtracking_linesearch(max_backtracking_steps=10)
    optimizer = jm.Optimizer(optax.chain(optax.sgd(1.0), search)).init(mlp)
    value, grads = jax.value_and_grad(loss)(mlp)
    updated = optimizer.update(grads, mlp, value=value, grad=grads, value_fn=loss)
    rate = optimizer.opt_state[1].learning_rate
    assert 0 < rate < 100 and loss(updated) < value
    assert_close(updated, jax.tree.map(lambda p, g: p - rate * g, mlp, grads))
