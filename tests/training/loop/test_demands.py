"""Transformations that evaluate the loss or gradients themselves get what they ask for."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import problem
import pytest

import jax_metrics as jm

ASCENT = optax.chain(optax.contrib.normalize(), optax.sgd(0.05))


def fit(optimizer, model=problem.stateful_model, size=22, **options):
    data = problem.batches(size, shuffle=None)
    options = {"progress": False, **options}
    return jm.training.fit(model(), jm.Optimizer(optimizer), problem.LOSS, data, **options)


def seen_by(transformation_state, *names):
    """A transformation that notes the loss and the function of the loss at the same parameters."""

    def init(params):
        return transformation_state, {name: jnp.zeros(()) for name in names}

    def update(updates, state, params, **extra):
        found = {n: extra[n](params) if callable(extra[n]) else extra[n] for n in names}
        return updates, (state[0], found)

    return optax.GradientTransformationExtraArgs(init, update)


SEARCH = optax.ScaleByZoomLinesearchState(jnp.float32(0), jnp.float32(0), None, None)
HUTCHINSON = optax.contrib.HutchinsonState(jax.random.key(0))


@pytest.mark.parametrize(
    ("state", "name"), [(SEARCH, "value_fn"), (HUTCHINSON, "obj_fn")], ids=["search", "hessian"]
)
@pytest.mark.parametrize("steps_per_call", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_function_of_the_loss_has_the_noise_of_the_loss(state, name, steps_per_call):
    """Dropout draws what it drew for the gradients, and no warning says that its key is lost."""
    probe = seen_by(state, "value", name)
    run = fit(probe, steps=2, steps_per_call=steps_per_call)
    found = run.optimizer.opt_state[1]
    assert found["value"] > 0
    np.testing.assert_allclose(found["value"], found[name], rtol=1e-6)


@pytest.mark.slow
def test_a_line_search_trains_a_model_with_statistics_and_noise():
    model = problem.stateful_model()
    run = fit(optax.lbfgs(memory_size=2), lambda: model, steps=3)
    assert run.history["loss"][1][-1] < run.history["loss"][1][0]
    assert not jm.equal(run.model.layers[1].mean, model.layers[1].mean)
    assert not jm.equal(run.model.layers[2].rng, model.layers[2].rng)


@pytest.mark.slow
def test_a_line_search_gets_gradients_without_the_loss_scale():
    plain = fit(optax.lbfgs(memory_size=2), problem.model, steps=3)
    scaled = fit(jm.optim.loss_scaling(optax.lbfgs(memory_size=2)), problem.model, steps=3)
    losses = [run.history["loss"][1] for run in (plain, scaled)]
    np.testing.assert_allclose(*losses, rtol=1e-3)


def opaque_sam():
    return optax.contrib.sam(optax.sgd(0.3), ASCENT, opaque_mode=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrap",
    [lambda sam: sam, pytest.param(jm.optim.loss_scaling, marks=pytest.mark.slow)],
    ids=["bare", "scaled"],
)
def test_opaque_sam_takes_the_step_that_is_written_by_hand(wrap):
    run = fit(wrap(opaque_sam()), steps=1)

    @jax.jit
    def by_hand(model, optimizer):
        def loss_fn(model):
            return problem.LOSS(target=problem.Y, preds=model(problem.X))

        before = jm.copy(model)
        (_, model), grads = jm.value_and_grad(loss_fn)(model)

        def grad_fn(tried, step):
            return jm.grad(loss_fn)(jm.merge(before, jm.filter(tried, jm.Parameter)))[0]

        return optimizer.update(grads, model, grad_fn=grad_fn), optimizer

    model = problem.stateful_model()
    expected, _ = by_hand(model, jm.Optimizer(opaque_sam()).init(model))
    for a, b in zip(jax.tree.leaves(run.model), jax.tree.leaves(expected), strict=True):
        if not jnp.issubdtype(a.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_opaque_sam_ascends_with_the_gradients_of_all_accumulated_batches():
    whole = fit(opaque_sam(), problem.model, steps=2)
    parts = fit(opaque_sam(), problem.model, size=11, steps=2, accumulate=2)
    for a, b in zip(jax.tree.leaves(whole.model), jax.tree.leaves(parts.model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_sophia_estimates_the_hessian_of_the_loss():
    run = fit(optax.contrib.sophia(3e-2, update_interval=2), problem.model, steps=6)
    losses = run.history["loss"][1]
    assert losses[-1] < losses[0]
    nu = run.optimizer.opt_state[0].nu
    assert any(jnp.any(value != 0) for value in nu.values())


@pytest.mark.parametrize("make", [optax.lbfgs, lambda: optax.contrib.sophia(1e-2)])
def test_what_evaluates_the_loss_does_not_go_with_accumulation(make):
    with pytest.raises(ValueError, match="`accumulate` does not go with an optimizer that"):
        fit(make(), problem.model, size=11, steps=1, accumulate=2)
