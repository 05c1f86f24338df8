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
    Y,
    assert_close,
    bare_optax,
    flat,
    gradient,
    make_model,
    with_values,
)

import jax_metrics as jm


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("name", TRANSFORMATIONS)
@pytest.mark.parametrize(
    ("whole", "compiled"),
    [(True, False), pytest.param(False, True, marks=pytest.mark.slow)],
    ids=["model-eager", "parameters-jit"],
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


def quadratic(model):
    return ((X.astype(model.kernel.dtype) @ model.kernel + model.bias - Y) ** 2).mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("whole", "compiled"), [(True, True), (False, False)], ids=["model-jit", "parameters-eager"]
)
def test_a_line_search_gets_value_gradient_and_function(whole, compiled):
    """In float64, where a search in two programs takes the same turns."""
    with jax.enable_x64(True):
        model = jax.tree.map(lambda p: p.astype(float), jm.Linear(1).init(0, X).parameters())
        structure, of_model = model, jax.value_and_grad(quadratic)
        lbfgs = optax.lbfgs(memory_size=3)
        optimizer = jm.Optimizer(lbfgs).init(model if whole else model.parameters())

        def step(model, optimizer):
            value, grad = of_model(model)
            params = model if whole else model.parameters()

            def value_fn(tree):
                return quadratic(tree if whole else structure.merge(tree))

            new = optimizer.update(grad, params, value=value, grad=grad, value_fn=value_fn)
            return model.merge(new), optimizer

        step = jax.jit(step) if compiled else step
        of_flat = jax.jit(jax.value_and_grad(lambda params: quadratic(with_values(model, params))))

        @jax.jit
        def bare_step(params, state):
            value, grad = of_flat(params)
            updates, state = lbfgs.update(
                grad, state, params, value=value, grad=grad, value_fn=lambda p: of_flat(p)[0]
            )
            return optax.apply_updates(params, updates), state

        params, state = flat(model), lbfgs.init(flat(model))
        for _ in range(STEPS):
            model, optimizer = step(model, optimizer)
            params, state = bare_step(params, state)
        for path, value in flat(model).items():
            np.testing.assert_allclose(value, params[path], rtol=1e-9, atol=1e-12)
        found, expected = jax.tree.leaves(optimizer.opt_state), jax.tree.leaves(state)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def test_a_line_search_over_a_single_array():
    def loss(w):
        return ((w - 1) ** 2).sum()

    params = jnp.zeros(3)
    optimizer = jm.Optimizer(optax.lbfgs(memory_size=3)).init(params)

    @jax.jit
    def step(params, optimizer):
        value, grad = jax.value_and_grad(loss)(params)
        new = optimizer.update(grad, params, value=value, grad=grad, value_fn=loss)
        return new, optimizer

    for _ in range(3):
        params, optimizer = step(params, optimizer)
    np.testing.assert_allclose(params, 1, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False], ids=["jit", "eager"])
def test_opaque_sam_gets_a_function_of_gradients(compiled):
    def make():
        ascent = optax.chain(optax.contrib.normalize(), optax.sgd(0.05))
        return optax.contrib.sam(optax.sgd(0.1), ascent, opaque_mode=True)

    model = make_model()

    def of_flat(model):
        return lambda params, step: flat(gradient(with_values(model, params)))

    expected, _ = bare_optax(make(), model, grad_fn=of_flat)
    optimizer = jm.Optimizer(make()).init(model)

    def step(model, optimizer):
        new = optimizer.update(gradient(model), model, grad_fn=lambda m, step: gradient(m))
        return new, optimizer

    step = jax.jit(step) if compiled else step
    for _ in range(STEPS):
        model, optimizer = step(model, optimizer)
    assert_close(flat(model), expected)


def test_accumulated_gradients_pass_extra_arguments_on():
    def make():
        plateau = optax.contrib.reduce_on_plateau(0.5, patience=1)
        return optax.MultiSteps(optax.chain(optax.sgd(0.1), plateau), 2)

    model = make_model()
    steps = make()
    bare = optax.GradientTransformationExtraArgs(steps.init, steps.update)
    expected, state = bare_optax(bare, model, value=lambda model: 1.0)
    optimizer = jm.Optimizer(make()).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model, value=1.0)
    assert_close(flat(model), expected)
    plateau, expected_plateau = (s.inner_opt_state[1] for s in (optimizer.opt_state, state))
    assert plateau.scale == expected_plateau.scale < 1


@pytest.mark.slow
def test_a_step_that_is_not_finite_is_left_out():
    make = lambda: optax.apply_if_finite(optax.adam(0.1), 2)  # noqa: E731
    model = other = make_model()
    optimizer = jm.Optimizer(make()).init(model)
    params, transformation = flat(model), make()
    state = transformation.init(params)
    for factor in (1.0, jnp.nan, jnp.inf, 1.0):
        grads = jax.tree.map(lambda g, factor=factor: factor * g, gradient(other))
        updates, state = transformation.update(flat(grads), state, params)
        params = optax.apply_updates(params, updates)
        model = optimizer.update(grads, model)
    assert_close(flat(model), params)
    assert optimizer.opt_state.total_notfinite == state.total_notfinite == 2


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
