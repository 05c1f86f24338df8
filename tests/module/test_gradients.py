"""`value_and_grad` and `grad`: trainable Parameters, and the model with its new state."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

X = jnp.asarray(np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32))
Y = X[:, :1] ** 2


def make():
    layers = jm.Linear(4), jm.BatchNorm(), jnp.tanh, jm.Dropout(0.5), jm.Linear(1)
    return jm.Sequential(layers).init(0, X)


def loss_fn(model, x, y, scale=1.0):
    return scale * jnp.mean((model(x) - y) ** 2)


def by_hand(model, x, y):
    """The same with the functions of JAX alone."""

    def loss_of(params, model, x, y):
        model = model.merge(params)
        return loss_fn(model, x, y), model

    params = model.trainable_parameters()
    return jax.value_and_grad(loss_of, has_aux=True)(params, model, x, y)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_it_is_value_and_grad_of_jax_with_the_state_given_back(wrap):
    model = make()
    before = jm.copy(model)
    (loss, after), grads = wrap(jm.value_and_grad(loss_fn))(model, X, Y)
    (expected, expected_model), expected_grads = wrap(by_hand)(before, X, Y)
    assert jm.equal(grads, expected_grads) and jm.equal(after, expected_model)
    assert loss == expected
    assert jm.equal(model, before)  # the given one stays as it is
    assert (after[1].mean != before[1].mean).any()
    assert (jax.random.key_data(after[3].rng) != jax.random.key_data(before[3].rng)).any()


def test_gradients_of_trainable_parameters_only():
    model = make()
    model[0].freeze(inplace=True)
    (_, after), grads = jm.value_and_grad(loss_fn)(model, X, Y)
    assert [path for path, _ in grads.named_parameters()] == [
        ".layers[1].scale",
        ".layers[1].bias",
        ".layers[4].kernel",
        ".layers[4].bias",
    ]
    assert len(jax.tree.leaves(grads)) == 4
    assert after[0].kernel is model[0].kernel and after[0].frozen


@pytest.mark.parametrize("model", [make(), jm.MLP([4, 1]).init(0, X)], ids=["stateful", "plain"])
def test_the_optimizer_takes_the_result(model):
    optimizer = jm.Optimizer(optax.adam(1e-2)).init(model)

    @jax.jit
    def train_step(model, optimizer, x, y):
        (loss, model), grads = jm.value_and_grad(loss_fn)(model, x, y)
        return loss, optimizer.update(grads, model), optimizer

    first, model, optimizer = train_step(model, optimizer, X, Y)
    for _ in range(30):
        loss, model, optimizer = train_step(model, optimizer, X, Y)
    assert loss < first


def with_aux(model, x, y):
    preds = model(x)
    return jnp.mean((preds - y) ** 2), {"preds": preds}


def test_aux_and_grad():
    model = make().eval()
    (loss, same, aux), grads = jm.value_and_grad(with_aux, has_aux=True)(model, X, Y)
    assert jm.equal(aux["preds"], model(X), rtol=1e-5, atol=1e-6) and jm.equal(same, model)
    (plain_loss, _), plain = jm.value_and_grad(loss_fn)(model, X, Y)
    assert jm.equal(plain, grads, rtol=1e-5, atol=1e-6) and jnp.allclose(loss, plain_loss)
    grads, same, aux = jm.grad(with_aux, has_aux=True)(model, X, Y)
    assert jm.equal(plain, grads, rtol=1e-5, atol=1e-6) and aux.keys() == {"preds"}
    grads, same = jm.grad(loss_fn)(model, X, Y, scale=2.0)
    assert jnp.allclose(grads[4].bias, 2 * plain[4].bias, rtol=1e-5) and jm.equal(same, model)


@pytest.mark.slow
def test_several_models_at_once():
    models = {"encoder": jm.Linear(2).init(0, X), "norm": jm.BatchNorm().init(0, X)}

    def loss_fn(models, x):
        return models["encoder"](models["norm"](x)).sum()

    (_, after), grads = jm.value_and_grad(loss_fn)(models, X)
    assert grads["norm"].mean is jm.NOTHING and grads["encoder"].kernel.shape == (3, 2)
    assert (after["norm"].mean != models["norm"].mean).any()


@pytest.mark.slow
def test_an_ensemble():
    ensemble = jax.vmap(lambda key: jm.MLP([4, 1]).init(key, X))(jax.random.split(jm.Key(0), 3))
    step = jm.value_and_grad(loss_fn)
    (losses, _), grads = jax.vmap(step, in_axes=(0, None, None))(ensemble, X, Y)
    assert losses.shape == (3,) and grads.linear.kernel.shape == (3, 3, 4)


@pytest.mark.parametrize("transform", [jm.value_and_grad, jm.grad])
def test_name_and_signature_are_those_of_the_loss(transform):
    assert transform(loss_fn).__name__ == "loss_fn"
    assert inspect.signature(transform(loss_fn)) == inspect.signature(loss_fn)


@pytest.mark.parametrize("transform", [jm.value_and_grad, jm.grad])
@pytest.mark.parametrize(
    "model", [jm.Linear(1), make().freeze(), {"kernel": X}, X], ids=["new", "frozen", "dict", "x"]
)
def test_without_trainable_parameters(transform, model):
    text = f"The first argument of the loss, a {type(model).__name__}, has no trainable Param"
    with pytest.raises(ValueError, match=text):
        transform(loss_fn)(model, X, Y)


@pytest.mark.parametrize(
    "output, has_aux, text",
    [
        (
            lambda loss: (loss, 1),
            False,
            "returned a tuple of 2 values, but must return the loss al",
        ),
        (lambda loss: loss, True, r"must return `\(loss, aux\)`; it returned a "),
        (lambda loss: (loss, 1, 2), True, "it returned 3 values. Put several outputs into one"),
    ],
)
def test_outputs_that_do_not_fit(output, has_aux, text):
    transformed = jm.value_and_grad(lambda model: output(model(X).sum()), has_aux=has_aux)
    with pytest.raises(TypeError, match=text):
        transformed(jm.Linear(1).init(0, X))


def test_integer_parameters():
    class Counts(jm.Module):
        counts: jax.Array = jm.Parameter.node()

        def __init__(self):
            self.counts = jnp.arange(3)

    with pytest.raises(TypeError, match=r"At \[0\].counts: the parameter has the dtype int32"):
        jm.grad(lambda model: model[0].counts.sum())([Counts()])
