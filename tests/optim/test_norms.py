"""The norms of gradients and updates."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import flat, gradient, make_model

import jax_metrics as jm


@pytest.mark.parametrize("compiled", [True, False], ids=["jit", "eager"])
def test_they_are_those_of_optax(compiled):
    model = make_model()
    chain = optax.chain(optax.clip_by_global_norm(0.01), optax.sgd(0.5))
    optimizer = jm.Optimizer(jm.optim.with_norms(chain)).init(model)
    assert optimizer.norms == {"grad_norm": 0, "update_norm": 0}

    def step(model, optimizer):
        return optimizer.update(gradient(model), model), optimizer

    step = jax.jit(step) if compiled else step
    grads = gradient(model)
    new, optimizer = step(model, optimizer)
    difference = jax.tree.map(jnp.subtract, flat(new), flat(model))
    norms = optimizer.norms
    np.testing.assert_allclose(norms["grad_norm"], optax.tree.norm(flat(grads)), rtol=1e-5)
    np.testing.assert_allclose(norms["update_norm"], optax.tree.norm(difference), rtol=1e-3)
    np.testing.assert_allclose(norms["update_norm"], 0.005, rtol=1e-5)


def test_they_are_computed_in_the_compiled_step_and_stay_on_the_device():
    model = make_model()
    optimizer = jm.Optimizer(jm.optim.with_norms(optax.adam(0.1))).init(model)
    with jax.transfer_guard("disallow"):
        _ = optimizer.update(model, model)
        assert all(isinstance(norm, jax.Array) for norm in optimizer.norms.values())


def test_groups_have_norms_of_their_own():
    with_norms = jm.optim.with_norms
    groups = jm.optim.groups({".layers[4]": with_norms(optax.sgd(0.5)), ...: optax.sgd(1.0)})
    model = make_model()
    one = jm.Optimizer(groups).init(model)
    _ = one.update(model, model)
    expected = optax.tree.norm(flat(model.layers[4]))
    np.testing.assert_allclose(one.norms["grad_norm"], expected, rtol=1e-6)

    both = jm.optim.groups(
        {".layers[4]": with_norms(optax.sgd(0.5)), ...: with_norms(optax.sgd(1.0))}
    )
    two = jm.Optimizer(with_norms(both)).init(model)
    _ = two.update(model, model)
    np.testing.assert_allclose(two.norms["grad_norm/.layers[4]"], expected, rtol=1e-6)
    assert len(two.norms) == 6


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_large_values_of_16_bits_do_not_overflow(dtype):
    params = {"w": jnp.full(4, 300.0, dtype)}
    optimizer = jm.Optimizer(jm.optim.with_norms(optax.sgd(1.0))).init(params)
    _ = optimizer.update(params, params)
    np.testing.assert_allclose(optimizer.norms["grad_norm"], 600, rtol=1e-2)
    assert optimizer.norms["grad_norm"].dtype == jnp.float32


def test_complex_parameters():
    params = {"w": jnp.array([3 + 4j]), "v": jnp.array([12.0])}
    optimizer = jm.Optimizer(jm.optim.with_norms(optax.sgd(1.0))).init(params)
    _ = optimizer.update(params, params)
    assert optimizer.norms["grad_norm"] == 13


def test_what_is_refused():
    optimizer = jm.Optimizer(optax.sgd(0.1)).init(make_model())
    with pytest.raises(
        ValueError,
        match=r"records no norms\. Wrap the transformation, as in "
        r"`jm\.Optimizer\(jm\.optim\.with_norms\(optax\.adam\(1e-3\)\)\)\.init\(model\)`",
    ):
        _ = optimizer.norms
    with pytest.raises(TypeError, match=r"`jm\.optim\.with_norms` wraps an .*; got a NoneType"):
        jm.optim.with_norms(None)
