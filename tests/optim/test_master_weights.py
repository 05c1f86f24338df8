"""Parameters of 16 bits with copies in float32."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optimizer_cases import X, Y

import jax_metrics as jm

HALVES = [jnp.bfloat16, jnp.float16]
TRANSFORMATIONS = {
    "sgd": lambda: optax.sgd(1e-3, momentum=0.9),
    "adamw": lambda: optax.adamw(1e-3, weight_decay=0.1),
    "clip": lambda: optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-3)),
}


def cast(tree, dtype):
    return jax.tree.map(lambda x: x.astype(dtype), tree)


def start():
    return {"w": jnp.linspace(0.3, 1.2, 12).reshape(3, 4), "b": jnp.linspace(-1e-3, 2.0, 4)}


@jax.jit
def gradient(params):
    """Computed in the precision of the parameters."""

    def loss(params):
        h = jnp.tanh(X.astype(params["w"].dtype) @ params["w"] + params["b"])
        return ((h.sum(1, keepdims=True) - Y.astype(h.dtype)) ** 2).mean()

    return jax.grad(loss)(params)


def in_float32(transformation, dtype, steps):
    """The same steps, written with copies by hand."""
    master = cast(cast(start(), dtype), jnp.float32)
    state = transformation.init(master)
    for _ in range(steps):
        grads = cast(gradient(cast(master, dtype)), jnp.float32)
        updates, state = transformation.update(grads, state, master)
        master = optax.apply_updates(master, updates)
    return master


@pytest.mark.slow
@pytest.mark.parametrize("name", TRANSFORMATIONS)
@pytest.mark.parametrize("dtype", HALVES, ids=["bfloat16", "float16"])
@pytest.mark.parametrize("compiled", [True, False], ids=["jit", "eager"])
def test_it_trains_as_float32_does(name, dtype, compiled):
    params = cast(start(), dtype)
    transformation = TRANSFORMATIONS[name]()
    optimizer = jm.Optimizer(jm.optim.master_weights(transformation)).init(params)

    def step(params, optimizer):
        return optimizer.update(gradient(params), params), optimizer

    step = jax.jit(step) if compiled else step
    for _ in range(20):
        params, optimizer = step(params, optimizer)
    expected = in_float32(TRANSFORMATIONS[name](), dtype, 20)
    for path, master in optimizer.opt_state.master.items():
        key = path[2]
        assert params[key].dtype == dtype and master.dtype == jnp.float32
        np.testing.assert_allclose(master, expected[key], rtol=1e-4, atol=1e-5)
        assert (params[key] == master.astype(dtype)).all()


def test_small_steps_are_not_lost():
    def trained(transformation, dtype):
        params = {"w": jnp.full(3, 1.0, dtype)}
        optimizer = jm.Optimizer(transformation).init(params)
        for _ in range(100):
            params = optimizer.update({"w": jnp.ones(3, dtype)}, params)
        return params["w"].astype(jnp.float32)

    sgd = optax.sgd(1e-3)
    exact = trained(sgd, jnp.float32)
    np.testing.assert_allclose(exact, 0.9, rtol=1e-4)
    assert (trained(sgd, jnp.bfloat16) == 1).all()
    ours = trained(jm.optim.master_weights(sgd), jnp.bfloat16)
    np.testing.assert_allclose(ours, exact, rtol=2**-8)


def test_parameters_of_float32_have_no_copies_and_train_as_without():
    params = start() | {"h": jnp.ones(2, jnp.bfloat16)}
    plain, wrapped = optax.adam(1e-2), jm.optim.master_weights(optax.adam(1e-2))
    optimizers = [jm.Optimizer(tx).init(params) for tx in (plain, wrapped)]
    news = [optimizer.update(params, params) for optimizer in optimizers]
    assert [*optimizers[1].opt_state.master] == ["['h']"]
    assert jm.equal(news[0], news[1])


def test_weights_that_were_loaded_replace_their_copies():
    params = cast(start(), jnp.bfloat16)
    optimizer = jm.Optimizer(jm.optim.master_weights(optax.sgd(1e-3))).init(params)
    params = optimizer.update(params, params)
    kept = optimizer.opt_state.master["['b']"]
    params |= {"w": jnp.full((3, 4), 8.0, jnp.bfloat16)}
    zeros = jax.tree.map(jnp.zeros_like, params)
    new = optimizer.update(zeros, params)
    assert (new["w"] == 8).all() and (optimizer.opt_state.master["['w']"] == 8).all()
    assert (optimizer.opt_state.master["['b']"] == kept).all()


def test_copies_near_zero_are_kept_whatever_the_sign_of_zero():
    params = {"w": jnp.zeros(2, jnp.float16)}
    optimizer = jm.Optimizer(jm.optim.master_weights(optax.sgd(1.0))).init(params)
    tiny = {"w": jnp.array([1e-8, -1e-8], jnp.float32)}
    for _ in range(10):
        params = optimizer.update(tiny, params)
    np.testing.assert_allclose(optimizer.opt_state.master["['w']"], [-1e-7, 1e-7], rtol=1e-5)
    np.testing.assert_allclose(params["w"], [-1e-7, 1e-7], atol=6e-8)


def test_under_accumulation_and_inside_of_others():
    params = cast(start(), jnp.bfloat16)
    chain = optax.chain(jm.optim.master_weights(optax.sgd(0.1)), optax.scale(0.5))
    accumulated = optax.MultiSteps(jm.optim.master_weights(optax.sgd(0.1)), 2)
    for transformation in (chain, accumulated):
        optimizer = jm.Optimizer(transformation).init(params)
        new = params
        for _ in range(2):
            new = optimizer.update(jax.tree.map(jnp.ones_like, params), new)
        np.testing.assert_allclose(
            new["w"].astype(float), params["w"].astype(float) - 0.1, atol=2**-7
        )


AROUND = {
    "groups": lambda tx: jm.optim.groups({"['w']": tx, "['b']": optax.sgd(1e-3)}),
    "an empty group": lambda tx: jm.optim.groups({("['w']", "['b']"): optax.sgd(1e-3), ...: tx}),
    "masked": lambda tx: optax.masked(tx, lambda params: {path: "w" in path for path in params}),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("scaled", [False, True])
def test_in_a_group_only_its_parameters_have_copies(around, scaled):
    params = cast(start(), jnp.bfloat16)
    transformation = AROUND[around](jm.optim.master_weights(optax.sgd(1e-3)))
    transformation = jm.optim.loss_scaling(transformation) if scaled else transformation
    optimizer = jm.Optimizer(transformation).init(params)
    new = params
    for _ in range(8):
        grads = {"w": jnp.ones_like(new["w"]) * optimizer.loss_scale, "b": jnp.zeros(4)}
        new = optimizer.update(grads, new)
    assert jm.equal(new["b"], params["b"])
    if around != "an empty group":
        wide = params["w"].astype(jnp.float32) - 8e-3
        assert jm.equal(new["w"], wide.astype(jnp.bfloat16), atol=2**-9)
        assert not jm.equal(new["w"], params["w"])


CONDITIONS = {
    "apply_if_finite": lambda tx: optax.apply_if_finite(tx, 3),
    "conditionally_mask": lambda tx: optax.conditionally_mask(tx, lambda step: step < 3),
    "conditionally_transform": lambda tx: optax.conditionally_transform(tx, lambda step: step < 3),
}
CONDITIONAL = {
    "alone": lambda tx: tx,
    "in a group": lambda tx: jm.optim.groups({"['w']": tx, ...: optax.sgd(0.1)}),
    "in a chain": lambda tx: optax.chain(optax.clip(1.0), jm.optim.with_norms(tx)),
}


@pytest.mark.parametrize("around", CONDITIONAL)
@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_belong_inside(name, around):
    free = optax.contrib.schedule_free_sgd(0.1)
    params = cast(start(), jnp.bfloat16)
    outside = CONDITIONS[name](jm.optim.with_norms(jm.optim.master_weights(free)))
    optimizer = jm.Optimizer(CONDITIONAL[around](outside)).init(params)
    with pytest.raises(
        ValueError,
        match=rf"At \['.'\]: `optax\.{name}` is around `jm\.optim\.master_weights`, and .* float32 "
        r"and those of the gradient in bfloat16\. Put it inside: "
        rf"`jm\.optim\.master_weights\(optax\.{name}\(optax\.adam\(1e-3\), ",
    ):
        optimizer.update(params, params)
    inside = jm.optim.master_weights(CONDITIONS[name](free))
    optimizer = jm.Optimizer(CONDITIONAL[around](inside)).init(params)
    assert optimizer.update(params, params)["w"].dtype == jnp.bfloat16


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_may_be_outside_for_gradients_in_float32(name):
    params = cast(start(), jnp.bfloat16)
    conditional = CONDITIONS[name](jm.optim.master_weights(optax.sgd(0.1)))
    optimizer = jm.Optimizer(conditional).init(params)
    expected = jm.Optimizer(jm.optim.master_weights(optax.sgd(0.1))).init(params)
    grads = cast(params, jnp.float32)
    assert jm.equal(optimizer.update(grads, params), expected.update(grads, params))


def test_what_is_refused():
    with pytest.raises(
        TypeError,
        match=r"`jm\.optim\.master_weights` wraps an optax transformation, as in "
        r"`jm\.optim\.master_weights\(optax\.adam\(1e-3\)\)`; got a function",
    ):
        jm.optim.master_weights(optax.adam)
    params = cast(start(), jnp.bfloat16)
    optimizer = jm.Optimizer(jm.optim.master_weights(optax.sgd(0.1))).init(params)
    with pytest.raises(ValueError, match=r"master_weights needs the parameters: `update\(grads, p"):
        optimizer.update(params, apply_updates=False)
