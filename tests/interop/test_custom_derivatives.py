"""jax.custom_vjp and jax.custom_jvp of functions that take modules."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm


@pytest.mark.slow
def test_custom_vjp_returns_a_module_as_cotangent(mlp, x, bare_mlp, bare_params, assert_close):
    @jax.custom_vjp
    def call(mlp, x):
        return mlp(x)

    def forward(mlp, x):
        return mlp(x), (mlp, x)

    def backward(residuals, cotangent):
        _, vjp = jax.vjp(lambda mlp, x: mlp(x), *residuals)
        grads, to_x = vjp(cotangent)
        return jax.tree.map(lambda g: 2 * g, grads), to_x

    call.defvjp(forward, backward)
    grads = jax.jit(jax.grad(lambda mlp: (call(mlp, x) ** 2).mean()))(mlp)
    expected = jax.grad(lambda params: (bare_mlp(params, x) ** 2).mean())(bare_params(mlp))
    assert type(grads) is jm.Sequential
    assert_close(bare_params(grads), jax.tree.map(lambda g: 2 * g, expected))


@pytest.mark.slow
def test_custom_vjp_clips_gradients_of_a_model_with_keys(model, x):
    """Leaves that are not floats have cotangents of dtype float0, which pass as they are."""

    def is_float(leaf):
        return jnp.issubdtype(leaf.dtype, jnp.floating)

    @jax.custom_vjp
    def clipped(model):
        return model

    def backward(_, cotangents):
        return (jax.tree.map(lambda g: jnp.clip(g, -1e-3, 1e-3) if is_float(g) else g, cotangents),)

    clipped.defvjp(lambda model: (model, None), backward)
    params = model.parameters()

    def loss(params):
        model_ = clipped(model.merge(params))
        y = model_(x)
        return (y**2).sum(), model_

    grads, _ = jax.grad(loss, has_aux=True)(params)
    assert all(abs(g).max() <= 1e-3 for g in jax.tree.leaves(grads))
    assert (abs(grads.layers[0].kernel) > 0).any()


@pytest.mark.slow
def test_custom_jvp_gets_a_module_as_tangent(mlp, x, bare_mlp, bare_params, assert_close):
    @jax.custom_jvp
    def call(mlp, x):
        return mlp(x)

    @call.defjvp
    def _(primals, tangents):
        assert type(tangents[0]) is jm.Sequential
        y, tangent = jax.jvp(lambda mlp, x: mlp(x), primals, tangents)
        return y, 3 * tangent

    direction = jax.tree.map(jnp.ones_like, mlp)
    y, tangent = jax.jvp(lambda mlp: call(mlp, x), (mlp,), (direction,))
    bare = lambda params: bare_mlp(params, x)  # noqa: E731
    expected_y, expected = jax.jvp(bare, (bare_params(mlp),), (bare_params(direction),))
    assert_close((y, tangent), (expected_y, 3 * expected))
    grads = jax.grad(lambda mlp: call(mlp, x).sum())(mlp)
    assert_close(grads.layers[2].bias, jnp.full(2, 3.0 * len(x)))


@pytest.mark.slow
def test_custom_vjp_inside_a_module(x, assert_close):
    class ReverseGradient(jm.Module):
        def __call__(self, x):
            return _reverse(x)

    model = jm.Sequential(jm.Linear(4), ReverseGradient(), jm.Linear(2)).init(0, x)
    plain = model.map_modules(ReverseGradient, lambda _: jm.Lambda(lambda x: x))
    grads, expected = (jax.grad(lambda m: (m(x) ** 2).mean())(m) for m in (model, plain))
    assert_close(grads.layers[0], jax.tree.map(lambda g: -g, expected.layers[0]))
    assert_close(grads.layers[2], expected.layers[2])


@jax.custom_vjp
def _reverse(x):
    return x


_reverse.defvjp(lambda x: (x, None), lambda _, g: (-g,))
