"""Loss scaling for float16."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jax_metrics as jm

OPTIONS = {"initial": 16.0, "growth_interval": 3}


def by_hand(finite, initial=16.0, growth_interval=3, factor=2.0, minimum=1.0):
    """The scale after each step."""
    scale, streak, scales = initial, 0, []
    for ok in finite:
        if not ok:
            scale, streak = max(scale / factor, minimum), 0
        else:
            streak += 1
            if streak == growth_interval:
                scale, streak = scale * factor, 0
        scales.append(scale)
    return scales


@pytest.mark.parametrize("bad", [jnp.inf, -jnp.inf, jnp.nan])
def test_the_scale_grows_and_shrinks(bad):
    finite = [1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1]
    params = {"w": jnp.ones(2)}
    optimizer = jm.Optimizer(jm.optim.loss_scaling(optax.adam(0.1), **OPTIONS)).init(params)
    step = jax.jit(lambda params, optimizer, g: (optimizer.update(g, params), optimizer))
    scales = []
    for ok in finite:
        grads = {"w": optimizer.loss_scale * jnp.array([1.0, 1.0 if ok else bad])}
        before = params, optimizer
        params, optimizer = step(params, optimizer, grads)
        scales.append(float(optimizer.loss_scale))
        same = jm.equal((params, optimizer.opt_state[3]), (before[0], before[1].opt_state[3]))
        assert same == (not ok)
    assert scales == by_hand(finite) and min(scales) == 1
    assert optimizer.opt_state.skipped == finite.count(0)
    assert step._cache_size() == 1


def test_the_steps_that_are_taken_are_those_without_scaling():
    params = other = {"w": jnp.linspace(1, 2, 3)}
    scaled = jm.Optimizer(jm.optim.loss_scaling(optax.adam(0.1), **OPTIONS)).init(params)
    plain = jm.Optimizer(optax.adam(0.1)).init(params)
    for _ in range(7):
        grads = {"w": scaled.loss_scale * params["w"] ** 2}
        params = scaled.update(grads, params)
        other = plain.update({"w": other["w"] ** 2}, other)
    np.testing.assert_allclose(params["w"], other["w"], rtol=1e-6)


def regression(dtype):
    x = jnp.linspace(-1, 1, 32).reshape(8, 4).astype(dtype)
    model = jm.MLP([8, 1]).init(0, jnp.ones((1, 4)))
    model = jax.tree.map(lambda p: p.astype(dtype) if p.dtype == jnp.float32 else p, model)
    return model, x, (x.sum(1, keepdims=True) / 4).astype(dtype)


def trained(transformation, dtype, small=1e-7):
    """With a loss so small that its gradients vanish in float16."""
    model, x, y = regression(dtype)
    optimizer = jm.Optimizer(transformation).init(model)

    def loss_fn(model, scale):
        loss = ((model(x) - y) ** 2).mean()
        return loss * small * scale, loss

    @jax.jit
    def step(model, optimizer):
        (_, model, loss), grads = jm.value_and_grad(loss_fn, has_aux=True)(
            model, jnp.asarray(optimizer.loss_scale).astype(dtype)
        )
        return loss, optimizer.update(grads, model), optimizer

    losses = []
    for _ in range(40):
        loss, model, optimizer = step(model, optimizer)
        losses.append(float(loss))
    return losses, optimizer


@pytest.mark.slow
def test_a_model_in_float16_trains_as_one_in_float32():
    def scaled(adam):
        return jm.optim.master_weights(jm.optim.loss_scaling(adam))

    expected, plain = trained(optax.adam(1e-2, eps=1e-12), jnp.float32)
    assert plain.loss_scale == 1.0
    losses, optimizer = trained(scaled(optax.adam(1e-2, eps=1e-12)), jnp.float16)
    np.testing.assert_allclose(losses, expected, rtol=0.05, atol=2e-3)
    assert losses[-1] < 0.1 * losses[0] and optimizer.opt_state.inner_state.skipped == 0
    without, _ = trained(jm.optim.master_weights(optax.adam(1e-2, eps=1e-12)), jnp.float16)
    assert without[-1] > 0.9 * without[0]


@pytest.mark.slow
def test_the_other_order_works_too():
    other = jm.optim.loss_scaling(jm.optim.master_weights(optax.adam(1e-2, eps=1e-12)))
    losses, _ = trained(other, jnp.float16)
    assert losses[-1] < 0.1 * losses[0]


def test_the_scale_adapts_to_an_overflow():
    huge = jm.optim.master_weights(
        jm.optim.loss_scaling(optax.adam(1e-2), initial=2.0**20, growth_interval=1000)
    )
    losses, optimizer = trained(huge, jnp.float16, small=1.0)
    assert losses[-1] < 0.1 * losses[0]
    assert 0 < optimizer.opt_state.inner_state.skipped < 20


def test_the_scale_stays_finite_and_dtypes_stay():
    params = {"w": jnp.ones(1, jnp.float16)}
    growing = jm.optim.loss_scaling(optax.adam(0.1), initial=1e38, growth_interval=1)
    optimizer = jm.Optimizer(growing).init(params)
    dtypes = [leaf.dtype for leaf in jax.tree.leaves(optimizer)]
    for _ in range(4):
        params = optimizer.update(params, params)
    assert jnp.isfinite(optimizer.loss_scale) and params["w"].dtype == jnp.float16
    assert [leaf.dtype for leaf in jax.tree.leaves(optimizer)] == dtypes


def test_random_keys_and_counts_of_a_skipped_step_stay():
    noisy = optax.chain(optax.add_noise(0.1, 0.5, jax.random.key(0)), optax.sgd(0.1))
    params = {"w": jnp.ones(1)}
    optimizer = jm.Optimizer(jm.optim.loss_scaling(noisy)).init(params)
    before = optimizer.opt_state.inner_state
    assert optimizer.update({"w": jnp.array([jnp.nan])}, params) == params
    assert jm.equal(optimizer.opt_state.inner_state, before)


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"`jm\.optim\.loss_scaling` wraps an optax tran.* a float"):
        jm.optim.loss_scaling(0.1)
    for options in (
        {"factor": 1.0},
        {"growth_interval": 0},
        {"minimum": 0.0},
        {"initial": 0.5},
    ):
        with pytest.raises(
            ValueError,
            match=r"loss_scaling expects factor > 1, growth_interval >= 1 and 0 < minimum <= "
            rf"initial; got .*{next(iter(options))}={next(iter(options.values()))}",
        ):
            jm.optim.loss_scaling(optax.sgd(0.1), **options)
    twice = jm.optim.loss_scaling(jm.optim.loss_scaling(optax.sgd(0.1)))
    optimizer = jm.Optimizer(twice).init({"w": jnp.ones(2)})
    with pytest.raises(
        ValueError,
        match=r"has 2 loss scales, but there is one loss\. Wrap the whole transformation once, as "
        r"in `jm\.optim\.loss_scaling\(jm\.optim\.groups\(\{\.\.\.\}\)\)`",
    ):
        _ = optimizer.loss_scale


def scaled_sgd():
    return jm.optim.loss_scaling(optax.sgd(0.1), initial=1024.0, growth_interval=2)


def is_even(step):
    return step % 2 == 0


AROUND = {
    "with_norms": jm.optim.with_norms,
    "master_weights": jm.optim.master_weights,
    "MultiSteps": lambda scaled: optax.MultiSteps(scaled, 1),
    "the first of a chain": lambda scaled: optax.chain(scaled, optax.scale(1.0)),
    "with_norms and MultiSteps": lambda scaled: jm.optim.with_norms(optax.MultiSteps(scaled, 1)),
    "one group": lambda scaled: jm.optim.groups({...: scaled}),
    "conditionally_mask": lambda scaled: optax.conditionally_mask(scaled, lambda step: step >= 0),
}


@pytest.mark.parametrize("around", AROUND)
def test_what_may_be_around_it_sees_the_same_steps(around):
    params = {"w": jnp.array([1.0, 2.0])}
    optimizer = jm.Optimizer(AROUND[around](scaled_sgd())).init(params)
    new = params
    for step in range(3):  # the scale grows meanwhile
        new = optimizer.update({"w": jnp.array([0.3, 0.4]) * optimizer.loss_scale}, new)
        np.testing.assert_allclose(new["w"], params["w"] - (step + 1) * jnp.array([0.03, 0.04]))
        if "with_norms" in around:
            np.testing.assert_allclose(optimizer.norms["grad_norm"], 0.5, rtol=1e-6)
    assert optimizer.loss_scale == 2048
    bad = {"w": jnp.array([jnp.inf, 1.0])}
    assert jm.equal(optimizer.update(bad, new), new) and optimizer.loss_scale == 1024


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda scaled: optax.chain(optax.clip_by_global_norm(0.01), scaled),
            "another transformation comes before it in the chain",
        ),
        (
            lambda scaled: jm.optim.with_norms(
                optax.named_chain(("z", optax.clip(0.01)), ("a", optax.chain(scaled)))
            ),
            "another transformation comes before it in the chain",
        ),
        (
            lambda scaled: optax.apply_if_finite(scaled, 5),
            r"`optax\.apply_if_finite` around it takes away those that are not finite",
        ),
        (
            lambda scaled: optax.MultiSteps(scaled, 2, should_skip_update_fn=optax.skip_not_finite),
            r"`optax\.MultiSteps\(should_skip_update_fn=\.\.\.\)` around it looks at them",
        ),
        (
            lambda scaled: jm.optim.with_norms(optax.conditionally_transform(scaled, is_even)),
            r"`optax\.conditionally_transform` around it passes them on as they are",
        ),
    ],
    ids=["chain", "named_chain", "apply_if_finite", "skip_not_finite", "conditionally_transform"],
)
def test_what_sees_scaled_gradients_is_refused(make, problem):
    optimizer = jm.Optimizer(make(scaled_sgd()))
    with pytest.raises(
        ValueError,
        match=rf"must be the first that gets the gradients of the scaled loss, but .*{problem}.*\. "
        r"Wrap the whole transformation, as in `jm\.optim\.loss_scaling\(optax\.chain\(",
    ):
        optimizer.init({"w": jnp.ones(2)})


@pytest.mark.parametrize(
    "make",
    [
        lambda scaled: jm.optim.groups({"['w']": scaled, ...: optax.sgd(0.1)}),
        lambda scaled: jm.optim.groups({"['w']": scaled, ...: scaled}),
        lambda scaled: optax.masked(scaled, lambda params: {path: "w" in path for path in params}),
    ],
    ids=["a group", "each group", "masked"],
)
def test_some_of_the_parameters_are_refused(make):
    optimizer = jm.Optimizer(make(scaled_sgd()))
    with pytest.raises(
        ValueError,
        match=r"only some of the parameters, but .*, also those of \['b'\]\. Wrap the whole "
        r"transformation, as in `jm\.optim\.loss_scaling\(jm\.optim\.groups\(\{\.\.\.\}\)\)`",
    ):
        optimizer.init({"w": jnp.ones(2), "b": jnp.ones(2)})


CONDITIONS = {
    "conditionally_mask": lambda tx: optax.conditionally_mask(tx, is_even),
    "conditionally_transform": lambda tx: optax.conditionally_transform(tx, is_even),
    "apply_if_finite": lambda tx: optax.apply_if_finite(tx, 3),
}


@pytest.mark.parametrize(
    ("name", "outside"), [*((name, False) for name in CONDITIONS), ("conditionally_mask", True)]
)
def test_conditions_of_parameters_in_float16(name, outside):
    params = {"w": jnp.ones(2, jnp.float16)}
    around, scaled = CONDITIONS[name], jm.optim.loss_scaling
    wrong = around(scaled(optax.adam(0.1))) if outside else scaled(around(optax.adam(0.1)))
    with pytest.raises(
        ValueError,
        match=rf"At \['w'\]: `optax.{name}` cannot choose between steps in float32, .* in float16. "
        rf".*`jm.optim.master_weights\(jm.optim.loss_scaling\(optax.{name}\(optax.adam\(1e-3\), ",
    ):
        jm.Optimizer(wrong).init(params).update(params, params)
    right = jm.optim.master_weights(scaled(around(optax.adam(0.1))))
    optimizer = jm.Optimizer(right).init(params)
    assert not jm.equal(optimizer.update(params, params), params)
