"""The parameters that a model is evaluated with."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import STEPS, assert_close, bare_optax, flat, gradient, make_model

import jax_metrics as jm


def trained(transformation, model):
    optimizer = jm.Optimizer(transformation).init(model)
    for _ in range(STEPS):
        model = optimizer.update(gradient(model), model)
    return model, optimizer


@pytest.mark.parametrize("whole", [True, False], ids=["model", "parameters"])
def test_those_of_schedule_free_are_those_of_optax(whole):
    make = lambda: optax.contrib.schedule_free_adamw(0.1, b1=0.8)  # noqa: E731
    params, state = bare_optax(make(), make_model())
    expected = optax.contrib.schedule_free_eval_params(state, params)
    model, optimizer = trained(make(), make_model())
    found = optimizer.eval_params(model if whole else model.parameters())
    assert_close(flat(found), expected)
    assert not jnp.allclose(found.layers[0].kernel, model.layers[0].kernel)
    if whole:
        assert jax.tree.structure(found) == jax.tree.structure(model)
        assert (found.layers[1].mean == model.layers[1].mean).all()
    compiled = jax.jit(lambda model, optimizer: optimizer.eval_params(model))(model, optimizer)
    assert_close(flat(compiled), expected)


def test_inside_of_groups_and_chains():
    free = optax.contrib.schedule_free_sgd(0.1)
    groups = jm.optim.groups({".layers[4]": free, ...: optax.sgd(0.1)})
    chain = optax.chain(optax.clip_by_global_norm(0.5), jm.optim.with_norms(groups))
    model, optimizer = trained(chain, make_model())
    found = optimizer.eval_params(model)
    assert (found.layers[0].kernel == model.layers[0].kernel).all()
    z = optimizer.opt_state[1].inner_state.inner_states[".layers[4]"].inner_state.z
    expected = (model.layers[4].kernel - 0.1 * z[".layers[4].kernel"]) / 0.9
    np.testing.assert_allclose(found.layers[4].kernel, expected, rtol=1e-5, atol=1e-6)


def test_from_master_weights():
    free = jm.optim.master_weights(optax.contrib.schedule_free_sgd(0.1))
    params = {"w": jnp.linspace(1, 2, 5).astype(jnp.bfloat16)}
    optimizer = jm.Optimizer(free).init(params)
    for _ in range(STEPS):
        params = optimizer.update(params, params)
    state = optimizer.opt_state
    expected = optax.contrib.schedule_free_eval_params(state.inner_state, state.master)
    found = optimizer.eval_params(params)
    assert found["w"].dtype == jnp.bfloat16
    assert (found["w"] == expected["['w']"].astype(jnp.bfloat16)).all()


def sam(outer, **options):
    return optax.contrib.sam(outer, optax.sgd(0.5), sync_period=3, **options)


AROUND_SAM = {
    "alone": lambda: sam(optax.sgd(0.125)),
    "group": lambda: jm.optim.groups({"['w']": sam(optax.sgd(0.125)), ...: optax.sgd(0.125)}),
    "wrapped": lambda: jm.optim.with_norms(jm.optim.master_weights(sam(optax.sgd(0.125)))),
    "master_weights inside": lambda: sam(jm.optim.master_weights(optax.sgd(0.125))),
    "schedule_free inside": lambda: sam(optax.contrib.schedule_free_sgd(0.125)),
    "all": lambda: sam(jm.optim.master_weights(optax.contrib.schedule_free_sgd(0.125))),
}
AVERAGING = ("schedule_free inside", "all")


@pytest.mark.parametrize("name", AROUND_SAM)
def test_those_of_sam_are_those_before_its_ascent(name):
    dtype = jnp.bfloat16 if name in ("wrapped", "master_weights inside", "all") else jnp.float32
    params = {"w": jnp.linspace(1, 2, 5, dtype=dtype), "b": jnp.ones(5, dtype)}
    optimizer = jm.Optimizer(AROUND_SAM[name]()).init(params)
    evaluated = jax.jit(lambda optimizer, params: optimizer.eval_params(params))
    expected = params["w"]
    for step in range(1, 6):
        params = optimizer.update({"w": params["w"], "b": params["w"]}, params)
        found = evaluated(optimizer, params)
        if step == 3:
            assert (found["w"] < expected).all()
            expected = found["w"] if name in AVERAGING else params["w"]
        assert found["w"].dtype == dtype
        rtol = 1e-6 if name in AVERAGING else 0  # the average is computed back from the parameters
        np.testing.assert_allclose(found["w"].astype(float), expected.astype(float), rtol=rtol)
        if step != 3:
            assert (params["w"] > expected).all()
        if name == "group":
            assert (found["b"] == params["b"]).all()


def test_of_other_transformations_they_are_the_parameters():
    model, optimizer = trained(optax.adam(0.1), make_model())
    assert jm.equal(optimizer.eval_params(model), model)
    optimizer = jm.Optimizer(sam(optax.sgd(0.1), opaque_mode=True)).init(model)
    assert jm.equal(optimizer.eval_params(model), model)


def test_what_is_refused():
    model = make_model()
    with pytest.raises(RuntimeError, match="The optimizer was not initialized"):
        jm.Optimizer(optax.adam(0.1)).eval_params(model)
    optimizer = jm.Optimizer(optax.adam(0.1)).init(model)
    with pytest.raises(ValueError, match=r"The parameters differ .* in \.layers\[4\]\.bias"):
        optimizer.eval_params(model.at[".layers[4]"].apply(jm.Linear.freeze))
