import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm
from jax_metrics import nn

X = jnp.asarray(np.random.default_rng(0).normal(size=(4, 8)), jnp.float32)
FP8 = linen.Fp8DirectDotGeneralOp


def loss(layer, x):
    return (layer(x) ** 2).mean()


@pytest.mark.slow
def test_two_steps_are_those_of_linen():
    layer, module = nn.Linear(4, dot_general_cls=FP8), linen.Dense(4, dot_general_cls=FP8)
    layer, variables = layer.init(0, X), module.init(jax.random.key(0), X)
    for _ in range(2):
        grads = jax.grad(loss)(layer, X)
        layer = layer.merge(grads.filter(nn.OverwriteWithGradient))
        wanted = jax.grad(lambda v: (module.apply(v, X) ** 2).mean())(dict(variables))
        variables = {**variables, "_overwrite_with_gradient": wanted["_overwrite_with_gradient"]}
        pairs = zip(jax.tree.leaves(layer.variables), jax.tree.leaves(variables), strict=True)
        assert all((ours == theirs).all() for ours, theirs in pairs)
    scale = layer.overwrite_with_gradient["Fp8DirectDotGeneralOp_0"]["input_scale"]
    assert float(scale[0]) != 1


@pytest.mark.slow
def test_the_optimizer_leaves_it_alone():
    layer = nn.Linear(4, dot_general_cls=FP8).init(0, X)
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(layer)
    grads = jax.grad(loss)(layer, X)
    stepped = optimizer.update(grads, layer)
    before, after = layer.overwrite_with_gradient, stepped.overwrite_with_gradient
    assert all(
        (
            jax.tree.map(lambda a, b: (a == b).all(), before, after)["Fp8DirectDotGeneralOp_0"]
        ).values()
    )
    assert not (stepped.kernel == layer.kernel).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.SelfAttention(2, qkv_dot_general_cls=FP8, out_dot_general_cls=FP8),
        lambda: nn.LinearGeneral((2, 3), dot_general_cls=FP8),
    ],
)
def test_other_layers_take_it_too(make):
    layer = make().init(0, X)
    layer(X)
    assert jax.tree.leaves(layer.filter(nn.OverwriteWithGradient))


def test_the_deprecated_product_works():
    with pytest.warns(DeprecationWarning, match="Fp8DotGeneralOp is deprecated"):
        layer = nn.Linear(4, dot_general_cls=linen.Fp8DotGeneralOp).init(0, X)
        plain = nn.Linear(4).init(0, X)
        assert jnp.allclose(layer(X), plain(X), atol=0.3)


def test_layers_without_it_have_no_such_leaves():
    layer = nn.Linear(4).init(0, X)
    assert len(jax.tree.leaves(layer)) == 2
    assert "overwrite_with_gradient" not in vars(layer)
