"""diffrax: an ODE whose vector field is a module."""

import jax
import jax.numpy as jnp
import pytest

import jax_metrics as jm

diffrax = pytest.importorskip("diffrax", reason="diffrax is not installed")


def solve(field, args, y0):
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(field), diffrax.Euler(), t0=0.0, t1=1.0, dt0=0.25, y0=y0, args=args
    )
    return solution.ys[-1]


@pytest.fixture
def mlp():
    return jm.MLP([8, 2], jnp.tanh).init(0, jnp.ones((1, 2)))


@pytest.fixture
def y0():
    return jnp.array([[1.0, -0.5]])


def bare(params, y):
    first, second = params
    return jnp.tanh(y @ first["kernel"] + first["bias"]) @ second["kernel"] + second["bias"]


def bare_params(mlp):
    leaves = dict(jax.tree_util.tree_leaves_with_path(mlp))
    named = {jax.tree_util.keystr(path): leaf for path, leaf in leaves.items()}
    layers = sorted({path.rsplit(".", 1)[0] for path in named})
    return [{name: named[f"{layer}.{name}"] for name in ("kernel", "bias")} for layer in layers]


@pytest.mark.slow
def test_solution_with_the_module_as_args(mlp, y0, assert_close):
    actual = jax.jit(lambda mlp: solve(lambda t, y, mlp: mlp(y), mlp, y0))(mlp)
    expected = jax.jit(lambda p: solve(lambda t, y, p: bare(p, y), p, y0))(bare_params(mlp))
    assert_close(actual, expected)


@pytest.mark.slow
def test_gradient_through_the_solver(mlp, y0, assert_close):
    grads = jax.jit(jax.grad(lambda mlp: (solve(lambda t, y, mlp: mlp(y), mlp, y0) ** 2).sum()))(
        mlp
    )
    assert type(grads) is jm.MLP
    expected = jax.jit(jax.grad(lambda p: (solve(lambda t, y, p: bare(p, y), p, y0) ** 2).sum()))(
        bare_params(mlp)
    )
    assert_close(bare_params(grads), expected)


@pytest.mark.slow
def test_a_module_is_the_vector_field(mlp, y0, assert_close):
    class Field(jm.Module):
        mlp: jm.MLP

        def __init__(self, mlp):
            self.mlp = mlp

        def __call__(self, t, y, args):
            return args * self.mlp(y)

    field = Field(mlp).init(1, (0.0, y0, 1.0))
    actual = solve(field, 0.5, y0)
    expected = solve(lambda t, y, args: args * bare(bare_params(mlp), y), 0.5, y0)
    assert_close(actual, expected)
