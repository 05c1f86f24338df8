"""Derivatives beyond `grad`: their inputs, directions and results are modules."""

import jax
import jax.numpy as jnp
import pytest
from jax.flatten_util import ravel_pytree

import jax_metrics as jm


@pytest.mark.slow
def test_linearize_and_transpose(mlp, x, bare_mlp, bare_params, assert_close):
    direction = jax.tree.map(jnp.ones_like, mlp)
    y, push = jax.linearize(lambda mlp: mlp(x), mlp)
    bare_y, bare_push = jax.linearize(lambda params: bare_mlp(params, x), bare_params(mlp))
    assert_close((y, push(direction)), (bare_y, bare_push(bare_params(direction))))
    (pulled,) = jax.linear_transpose(push, mlp)(y)
    (bare_pulled,) = jax.linear_transpose(bare_push, bare_params(mlp))(y)
    assert_close(bare_params(pulled), bare_pulled)


@pytest.mark.slow
def test_hessian_is_a_module_of_modules(x, assert_close):
    layer = jm.Linear(2).init(0, x)
    hessian = jax.jit(jax.hessian(lambda layer: (jnp.tanh(layer(x)) ** 2).mean()))(layer)
    params = {"kernel": layer.kernel, "bias": layer.bias}
    bare = lambda p: (jnp.tanh(x @ p["kernel"] + p["bias"]) ** 2).mean()  # noqa: E731
    expected = jax.jit(jax.hessian(bare))(params)
    assert hessian.kernel.bias.shape == (3, 2, 2)
    for row in params:
        for column in params:
            assert_close(getattr(getattr(hessian, row), column), expected[row][column])


def test_hessian_vector_product(mlp, x, bare_mlp, bare_params, assert_close):
    direction = jax.tree.map(jnp.ones_like, mlp)
    grad = jax.grad(lambda mlp: (mlp(x) ** 2).mean())
    bare_grad = jax.grad(lambda params: (bare_mlp(params, x) ** 2).mean())
    _, product = jax.jvp(grad, (mlp,), (direction,))
    _, expected = jax.jvp(bare_grad, (bare_params(mlp),), (bare_params(direction),))
    assert_close(bare_params(product), expected)


@pytest.mark.parametrize("jacobian", [jax.jacfwd, jax.jacrev])
def test_jacobian(mlp, x, bare_mlp, bare_params, assert_close, jacobian):
    actual = jax.jit(jacobian(lambda mlp: mlp(x)))(mlp)
    expected = jax.jit(jacobian(lambda params: bare_mlp(params, x)))(bare_params(mlp))
    assert actual.layers[0].kernel.shape == (8, 2, 3, 16)
    assert_close(bare_params(actual), expected)


def test_grad_with_respect_to_parameters_of_a_model_with_keys(model, x):
    """A key has no gradient, and JAX says so; the parameters alone have one."""
    with pytest.raises(TypeError, match="grad requires real- or complex-valued inputs"):
        jax.grad(lambda model: model.eval()(x).sum())(model)
    params = model.parameters()
    grads = jax.grad(lambda params: model.merge(params).eval()(x).sum())(params)
    assert jax.tree.structure(grads) == jax.tree.structure(params)
    assert jnp.allclose(grads.layers[4].bias, len(x))


def test_ravel_pytree(model, mlp):
    """Flat vectors for solvers that know nothing else."""
    flat, unravel = ravel_pytree(mlp)
    assert flat.shape == (3 * 16 + 16 + 16 * 2 + 2,)
    doubled = unravel(2 * flat)
    assert type(doubled) is jm.Sequential
    assert (doubled.layers[0].kernel == 2 * mlp.layers[0].kernel).all()
    flat, _ = ravel_pytree(model.parameters())
    assert flat.size == sum(leaf.size for leaf in jax.tree.leaves(model.parameters()))
