"""Mistakes with the optimizer, gradients and donated arrays."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
import pytest
from mistake_cases import Net, X, assert_told, ids

import jax_metrics as jm


def deleted(tree: Any) -> Any:
    """A copy of a tree, with its arrays deleted as by donation."""
    tree = jax.tree.map(jnp.array, tree)
    jax.tree.map(lambda array: array.delete(), tree)
    return tree


def after_donation(_, sequential):
    deleted(sequential)(X)


def gradient_after_donation(_, sequential):
    jm.value_and_grad(lambda model: model(X).sum())(deleted(sequential))


def optimizer_after_donation(_, sequential):
    params = sequential.parameters()
    deleted(jm.Optimizer(optax.adam(1e-3)).init(params)).update(params, params)


def gradients_after_donation(_, sequential):
    params = sequential.parameters()
    jm.Optimizer(optax.adam(1e-3)).init(params).update(deleted(params), params)


def metric_after_donation(_, __):
    deleted(jm.metrics.Mean()).update(1.0)


def value_after_donation(_, __):
    deleted(jm.Metrics([jm.metrics.Mean()])).compute()


def input_after_donation(_, __):
    jm.metrics.Mean().update(deleted(X))


def loss_of_examples(_, sequential):
    jm.value_and_grad(lambda model: model(X))(sequential)


def loss_not_returned(_, sequential):
    jm.grad(lambda model: None)(sequential)


def gradient_of_a_model(_, sequential):
    jm.value_and_grad(sequential)(X)


def state_as_in_optax(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.adam(1e-3)).init(params)
    optimizer.update(params, optimizer.opt_state, params)


def step_of_the_optimizer(_, __):
    jm.Optimizer(optax.adam(1e-3)).step()


def load_state_dict_of_the_optimizer(_, __):
    jm.Optimizer(optax.adam(1e-3)).load_state_dict({})


def zero_grad_of_the_optimizer(_, __):
    jm.Optimizer(optax.adam(1e-3)).zero_grad()


def lr_of_pytorch(_, __):
    jm.Optimizer(optax.adam, lr=1e-3)


def betas_of_pytorch(_, __):
    jm.Optimizer(optax.adam, learning_rate=1e-3, betas=(0.9, 0.99))


def weight_decay_of_pytorch(_, __):
    jm.Optimizer(optax.adam, learning_rate=1e-3, weight_decay=0.1)


def params_of_pytorch(_, sequential):
    jm.Optimizer(optax.adam, params=sequential, learning_rate=1e-3)


def params_beside_a_transformation(_, sequential):
    jm.Optimizer(optax.adam(1e-3), params=sequential)


def new_head_with_the_old_optimizer(_, __):
    def model(features):
        return jm.Sequential(jm.Linear(2), jm.Linear(features)).init(0, X)

    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init(model(1))
    optimizer.update(model(5), model(5))


def new_head_that_does_not_broadcast(_, __):
    optimizer = jm.Optimizer(optax.sgd(0.1, momentum=0.9)).init({"w": jnp.ones(2)})
    optimizer.update({"w": jnp.ones(3)}, {"w": jnp.ones(3)})


def learning_rate_of_a_wrong_type(_, sequential):
    params = sequential.parameters()
    jm.Optimizer(optax.adam("1e-3")).init(params).update(params, params)


def transformation_that_needs_parameters(_, sequential):
    params = sequential.parameters()
    optimizer = jm.Optimizer(optax.add_decayed_weights(0.1)).init(params)
    optimizer.update(params, apply_updates=False)


def state_of_no_tree(_, __):
    jm.Optimizer(optax.adam(1e-3)).init({"w": "weights"})


def update_before_init(_, sequential):
    jm.Optimizer(optax.adam(1e-3)).update(sequential, sequential)


def optimizer_before_init_of_the_model(_, __):
    jm.Optimizer(optax.adam(1e-3)).init(Net())


OPTIMIZER = [
    (after_donation, RuntimeError, "holds a deleted array at .kernel: it was donated to a"),
    (gradient_after_donation, RuntimeError, ".layers[0] (Linear) got a deleted array, as a parame"),
    (
        optimizer_after_donation,
        RuntimeError,
        "the optimizer holds a deleted array at .opt_",
    ),
    (gradients_after_donation, RuntimeError, "the gradients hold a deleted array at .layers[0]"),
    (metric_after_donation, RuntimeError, "Mean holds a deleted array at .total.high"),
    (value_after_donation, RuntimeError, "Use the metric that this function returned"),
    (input_after_donation, RuntimeError, "The input of Mean holds a deleted array"),
    (loss_of_examples, TypeError, "returned an array of the shape [4, 2]. Reduce it"),
    (loss_not_returned, TypeError, "must return a scalar, but returned a NoneType"),
    (gradient_of_a_model, TypeError, "take the function of the loss, whose first argument is the"),
    (state_as_in_optax, TypeError, "`apply_updates`, is True or False, but is a Sequential"),
    (step_of_the_optimizer, AttributeError, "It is `model = optimizer.update(grads, model)`"),
    (
        load_state_dict_of_the_optimizer,
        AttributeError,
        "Write `optimizer = jm.load_state_dict(optimizer, state)`",
    ),
    (zero_grad_of_the_optimizer, AttributeError, "values that `jm.value_and_grad` returns"),
    (lr_of_pytorch, TypeError, "Did you mean `learning_rate`? It takes learning_rate, b1"),
    (betas_of_pytorch, TypeError, "Did you mean `b1` or `b2`?"),
    (weight_decay_of_pytorch, TypeError, "Take `optax.adamw`"),
    (params_of_pytorch, TypeError, "Give the parameters to `init`: `jm.Optimizer(optax.ad"),
    (params_beside_a_transformation, TypeError, "Give the parameters to `init`"),
    (new_head_with_the_old_optimizer, ValueError, "At .layers[1].bias: the optimizer was init"),
    (new_head_with_the_old_optimizer, ValueError, "call `optimizer = optimizer.adapt(model)`"),
    (new_head_that_does_not_broadcast, ValueError, "of the shape (2,), but the gradient has (3,)"),
    (learning_rate_of_a_wrong_type, TypeError, "Optimizer.update failed in optax"),
    (transformation_that_needs_parameters, ValueError, "Optimizer.update failed in optax"),
    (state_of_no_tree, TypeError, "the parameter is a str, 'weights', but only arrays of"),
    (update_before_init, RuntimeError, "The optimizer was not initialized"),
    (optimizer_before_init_of_the_model, ValueError, "has no trainable parameters. Initialize"),
]


@pytest.mark.parametrize(("mistake", "kind", "text"), OPTIMIZER, ids=ids(OPTIMIZER))
def test_optimizer(mistake, kind, text, sequential):
    assert_told(lambda: mistake(None, sequential), kind, text)
