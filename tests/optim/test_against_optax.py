"""An Optimizer takes the steps that bare optax takes."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import (
    STEPS,
    TRANSFORMATIONS,
    X,
    assert_close,
    bare_optax,
    flat,
    gradient,
    loss,
    make_model,
    with_values,
)

import jax_metrics as jm


@pytest.mark.parametrize("name", TRANSFORMATIONS)
@pytest.mark.parametrize(
    ("whole", "compiled"), [(True, False), (False, True)], ids=["model-eager", "parameters-jit"]
)
def test_it_is_optax(name, whole, compiled):
    model = make_model()
    expected, expected_state = bare_optax(TRANSFORMATIONS[name](), model)
    optimizer = jm.Optimizer(TRANSFORMATIONS[name]())
    optimizer = optimizer.init(model if whole else model.parameters())

    def step(model, optimizer):
        grads = gradient(model)
        if whole:
            return optimizer.update(grads, model), optimizer
        return model.merge(optimizer.update(grads, model.parameters())), optimizer

    step = jax.jit(step) if compiled else step
    for _ in range(STEPS):
        model, optimizer = step(model, optimizer)
    assert_close(flat(model), expected)
    state, expected_state = jax.tree.leaves(optimizer.opt_state), jax.tree.leaves(expected_state)
    for a, b in zip(state, expected_state, strict=True):
        if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("whole", [True, False], ids=["model", "parameters"])
def test_a_line_search_gets_value_gradient_and_function(whole):
    model = jm.Linear(1).init(0, X)
    structure = model

    def of_flat(params):
        return loss(with_values(structure, params))

    expected, _ = bare_optax(
        optax.lbfgs(),
        model,
        value=loss,
        grad=lambda model: flat(gradient(model)),
        value_fn=lambda model: of_flat,
    )
    optimizer = jm.Optimizer(optax.lbfgs()).init(model)

    def value_fn(tree):
        return loss(tree if whole else structure.merge(tree))

    for _ in range(STEPS):
        grads = gradient(model)
        params = model if whole else model.parameters()
        new = optimizer.update(grads, params, value=loss(model), grad=grads, value_fn=value_fn)
        model = model.merge(new)
    np.testing.assert_allclose(loss(model), of_flat(expected), rtol=1e-2)


def test_data_for_a_function_can_change_in_a_partial():
    seen = []

    def observe():
        def update(updates, state, params=None, *, value_fn, **extra):
            seen.append(None)
            return jax.tree.map(lambda u: value_fn(params) * jnp.ones_like(u), updates), state

        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    model = jm.Linear(1).init(0, X)
    optimizer = jm.Optimizer(observe()).init(model)

    def total(batch, model):
        assert isinstance(model, jm.Linear)
        return batch.sum()

    for number in range(3):
        function = jax.tree_util.Partial(total, number * X**2)
        updates = optimizer.update(model, model, apply_updates=False, value_fn=function)
        np.testing.assert_allclose(updates.bias, (number * X**2).sum(), rtol=1e-6)
    assert len(seen) == 1


def test_a_plain_function_sees_what_it_closes_over_now():
    def observe():
        def update(updates, state, params=None, *, value_fn, **extra):
            return jax.tree.map(lambda u: value_fn(params) * jnp.ones_like(u), updates), state

        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    model = jm.Linear(1).init(0, X)
    optimizer = jm.Optimizer(observe()).init(model)
    batch = jnp.array(0.0)

    def value_fn(model):
        return batch

    for number in range(3):
        batch = jnp.array(float(number))
        updates = optimizer.update(model, model, apply_updates=False, value_fn=value_fn)
        assert updates.bias == number


def test_reduce_on_plateau_gets_the_value():
    def make():
        return optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(0.5, patience=1))

    model = make_model()
    expected, state = bare_optax(make(), model, value=lambda model: 1.0)
    optimizer = jm.Optimizer(make()).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model, value=1.0)
    assert_close(flat(model), expected)
    assert optimizer.opt_state[1].scale == state[1].scale < 1
