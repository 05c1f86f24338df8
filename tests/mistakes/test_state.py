"""State that a program loses, or keeps from a trace."""

import jax
import optax
import pytest
from mistake_cases import X, assert_told, ids

import jax_metrics as jm


def model_not_returned(model, _):
    jax.jit(lambda model, x: model(x))(model, X)


def auxiliary_model_forgotten(model, _):
    grad = jax.grad(lambda params, model: model.merge(params)(X).sum())
    jax.jit(grad)(model.parameters(), model)


def model_closed_over(model, _):
    jax.jit(lambda x: model(x))(X)


def model_as_the_jitted_function(model, _):
    jax.jit(model)(X)


def model_as_the_function_of_eval_shape(model, _):
    jax.eval_shape(model, X)


def model_under_vmap(model, _):
    jax.vmap(model)(X)


def optimizer_not_returned(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(params)

    @jax.jit
    def step(params, optimizer):
        return optimizer.update(params, params)

    step(params, optimizer)


def optimizer_closed_over(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(params)
    jax.jit(lambda params: optimizer.update(params, params))(params)


def metric_not_returned(_, __):
    jax.jit(lambda metric, x: metric.update(x).compute())(jm.metrics.Mean(), X)


def metric_closed_over(_, __):
    metric = jm.metrics.Mean()
    jax.jit(lambda x: metric.update(x).compute())(X)


def collection_not_returned(_, __):
    metrics = jm.Metrics([jm.metrics.MeanSquaredError()])
    jax.jit(lambda metrics, x: metrics.update(target=x, preds=x).compute())(metrics, X)


def collection_closed_over(_, __):
    metrics = jm.Metrics([jm.metrics.MeanSquaredError()])
    jax.jit(lambda x: metrics.update(target=x, preds=x).compute())(X)


STATE = [
    (model_not_returned, jm.LostStateWarning, "BatchNorm.mean and .var (at .layers[1])"),
    (model_not_returned, jm.LostStateWarning, "Return the Net from the function and use"),
    (auxiliary_model_forgotten, jm.LostStateWarning, "as in `return loss, model`"),
    (model_closed_over, jm.LeakedStateError, "(at .layers[1] of the Net) would be assigned"),
    (model_closed_over, jm.LeakedStateError, "as in `def f(model, x): ...; return result, model`"),
    (model_as_the_jitted_function, jm.LeakedStateError, "call `model = model.eval()` first"),
    (model_as_the_function_of_eval_shape, jm.LeakedStateError, "Pass the Net to the function"),
    (model_under_vmap, jm.LeakedStateError, "(under `vmap`)"),
    (optimizer_not_returned, jm.LostStateWarning, "as in `return loss, optimizer`"),
    (optimizer_closed_over, jm.LeakedStateError, "as in `def f(optimizer, x): ...; return result"),
    (metric_not_returned, jm.LostStateWarning, "as in `return loss, metric`"),
    (metric_closed_over, jm.LeakedStateError, "Pass the Mean to the function as an argument"),
    (collection_not_returned, jm.LostStateWarning, "as in `return loss, metrics`"),
    (collection_closed_over, jm.LeakedStateError, "Pass the Metrics to the function"),
]


@pytest.mark.parametrize(("mistake", "kind", "text"), STATE, ids=ids(STATE))
def test_state_and_traces(mistake, kind, text, model, sequential):
    assert_told(lambda: mistake(jm.copy(model), sequential), kind, text)
