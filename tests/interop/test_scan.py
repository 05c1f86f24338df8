"""jax.lax: modules as the carry of a loop; their state and their keys move."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


def run(model, batches):
    outputs = []
    for batch in batches:
        outputs.append(model(batch))
    return model, jnp.stack(outputs)


@pytest.fixture
def batches():
    return jax.random.normal(jax.random.key(2), (4, 8, 3))


@pytest.mark.slow
@pytest.mark.parametrize("make_key", [jax.random.key, jax.random.PRNGKey])
def test_scan_moves_state_and_keys(x, batches, make_key, assert_close):
    layers = jm.Linear(16), jm.BatchNorm(momentum=0.9), jm.Dropout(0.5)
    model = jm.Sequential(*layers).init(make_key(0), x)

    def step(model, batch):
        y = model(batch)
        return model, y

    moved, outputs = jax.jit(lambda m, xs: jax.lax.scan(step, m, xs))(model, batches)
    assert_close((moved, outputs), run(jm.copy(model), batches))
    assert (moved.layers[2].rng != model.layers[2].rng).any()
    assert (moved.layers[1].mean != model.layers[1].mean).all()
    dropped = (outputs == 0).reshape(4, -1)
    assert not (dropped[0] == dropped[1]).all()


@pytest.mark.slow
def test_scan_trains(model, batches, assert_close):
    optax = pytest.importorskip("optax", reason="optax is not installed")
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)

    def loss(params, model, batch):
        model = model.merge(params)
        return (model(batch) ** 2).mean(), model

    def step(carry, batch):
        model, optimizer = carry
        grad = jax.value_and_grad(loss, has_aux=True)
        (value, model), grads = grad(model.parameters(), model, batch)
        return (optimizer.update(grads, model), optimizer), value

    carry, values = jax.jit(lambda c, xs: jax.lax.scan(step, c, xs))((model, optimizer), batches)
    expected = (model, optimizer)
    for batch, value in zip(batches, values, strict=True):
        expected, expected_value = jax.jit(step)(expected, batch)
        assert jnp.isclose(value, expected_value, rtol=1e-5)
    assert_close(carry, expected)


@pytest.mark.slow
def test_scan_over_stacked_layers(x, assert_close):
    keys = jax.random.split(jax.random.key(0), 4)
    layers = jax.vmap(lambda key: jm.Linear(3).init(key, x))(keys)
    y, _ = jax.lax.scan(lambda h, layer: (jnp.tanh(layer(h)), None), x, layers)
    expected = x
    for i in range(4):
        expected = jnp.tanh(expected @ layers.kernel[i] + layers.bias[i])
    assert_close(y, expected)


def test_scan_over_layers_says_when_their_state_is_thrown_away(x, assert_close):
    norms = jax.vmap(lambda key: jm.BatchNorm().init(key, x))(jax.random.split(jax.random.key(0)))

    def keeps(h, norm):
        h = norm(h)
        return h, norm

    y, moved = jax.lax.scan(keeps, x, norms)
    assert_close(moved.mean[0], 0.01 * x.mean(0))
    with pytest.warns(jm.LostStateWarning, match="BatchNorm.mean and .var were assigned inside"):
        lost, _ = jax.lax.scan(lambda h, norm: (norm(h), None), x, norms)
    assert_close(lost, y)


def test_while_loop_and_fori_loop(x, assert_close):
    norm = jm.BatchNorm(momentum=0.5).init(0, x)

    def body(_, norm):
        norm(x)
        return norm

    for_ = jax.lax.fori_loop(0, 3, body, norm)
    _, while_ = jax.lax.while_loop(
        lambda carry: carry[0] < 3, lambda carry: (carry[0] + 1, body(0, carry[1])), (0, norm)
    )
    assert_close(for_.mean, x.mean(0) * (1 - 0.5**3))
    assert_close(while_, for_)


def test_cond_keeps_state_of_the_taken_branch(x, assert_close):
    norm = jm.BatchNorm(momentum=0.5).init(0, x)

    def update(norm):
        norm(x)
        return norm

    def choose(flag):
        return jax.jit(lambda flag, norm: jax.lax.cond(flag, update, lambda norm: norm, norm))(
            flag, norm
        )

    assert_close(choose(False), norm)
    assert_close(choose(True).mean, 0.5 * x.mean(0))
