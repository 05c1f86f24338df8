"""How often the seed's train step is traced and compiled."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm


class Net(jm.Module):
    @jm.compact
    def __call__(self, x):
        x = jm.Linear(4)(x)
        x = jm.BatchNorm()(x)
        x = jm.Dropout(0.1)(x)
        return jm.Linear(1)(x)


MODELS = {
    "linear": lambda: jm.Linear(1),
    "mlp": lambda: jm.MLP([4, 1]),
    "compact": Net,
    "sequential": lambda: jm.Sequential(jm.Linear(4), jm.BatchNorm(), jnp.tanh, jm.Linear(1)),
}


class TrainStep:
    """The train step of the seed, which counts its traces."""

    def __init__(self):
        self.traces = 0
        self.grad_fn = jax.value_and_grad(self.loss_fn, has_aux=True)
        self.step = jax.jit(self.train_step)

    def loss_fn(self, params, model, x, y):
        model = model.merge(params)
        return jnp.mean((model(x) - y) ** 2), model

    def train_step(self, model, x, y, optimizer):
        self.traces += 1
        params = model.parameters()
        (loss, model), grads = self.grad_fn(params, model, x, y)
        params = optimizer.update(grads, params)
        return loss, model.merge(params), optimizer


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]()


def test_the_train_step_compiles_once(model):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(16, 2)), rng.uniform(size=(16, 1))
    model = model.init(42, x)
    optimizer = jm.Optimizer(optax.adam(0.01)).init(model)
    train = TrainStep()
    losses = []
    for _ in range(5):
        loss, model, optimizer = train.step(model, x, y, optimizer)
        losses.append(float(loss))
    assert train.traces == 1
    assert losses[-1] < losses[0]

    model = model.eval()
    model(x)
    model = model.train()
    _, model, optimizer = train.step(model, x, y, optimizer)
    assert train.traces == 1

    _, frozen, _ = train.step(model.eval(), x, y, optimizer)
    _, model, optimizer = train.step(frozen.train(), x, y, optimizer)
    assert train.traces == 2  # one for eval mode, and none for the way back


def test_a_model_made_anew_does_not_compile_again(model):
    x, y = np.ones((4, 2)), np.ones((4, 1))
    train = TrainStep()
    for seed in range(3):
        fresh = model.init(seed, x)
        train.step(fresh, x, y, jm.Optimizer(optax.sgd(0.1)).init(fresh))
    assert train.traces == 1


def test_parameters_of_another_shape_compile_again():
    train = TrainStep()
    for size in (2, 3):
        x, y = np.ones((4, size)), np.ones((4, 1))
        model = jm.Linear(1).init(0, x)
        train.step(model, x, y, jm.Optimizer(optax.sgd(0.1)).init(model))
    assert train.traces == 2
