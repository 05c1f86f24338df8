"""`jm.training.fit` with optimizers that ask for more, or train other values than they evaluate."""

import jax.numpy as jnp
import numpy as np
import optax
import problem
import pytest
from problem import LOSS, X, Y

import jax_metrics as jm


@pytest.mark.slow
def test_lbfgs_gets_what_its_line_search_needs():
    def run(optimizer, **options):
        data = problem.batches(22, shuffle=None)
        result = jm.training.fit(
            problem.model(), optimizer, LOSS, data, steps=8, progress=False, **options
        )
        return result.history["loss"][1]

    losses = run(jm.Optimizer(optax.lbfgs()))
    assert losses[-1] < run(jm.Optimizer(optax.sgd(0.1)))[-1] / 2


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"accumulate": 2}])
def test_sam_gets_no_argument_that_it_does_not_take(options):
    sam = optax.contrib.sam(optax.sgd(0.3), optax.sgd(0.05))
    optimizer = jm.Optimizer(optax.chain(optax.clip_by_global_norm(1.0), sam))
    data = problem.batches()
    run = jm.training.fit(
        problem.model(), optimizer, LOSS, data, epochs=4, progress=False, **options
    )
    losses = run.history["loss"][1]
    assert losses[-1] < losses[0]


@pytest.mark.slow
def test_sam_is_evaluated_where_its_steps_begin():
    ascent = optax.chain(optax.contrib.normalize(), optax.sgd(1.0))
    optimizer, model = jm.Optimizer(optax.contrib.sam(optax.sgd(0.0), ascent)), problem.model()
    run = jm.training.fit(
        model,
        optimizer,
        LOSS,
        problem.batches(),
        steps=3,
        validation=problem.batches(shuffle=None),
        validate_every=1,
        progress=False,
    )
    losses = run.history["val/loss"][1]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-5)
    assert jm.equal(run.evaluated_model, model, rtol=1e-4, atol=1e-6)
    assert not jm.equal(run.model, model, rtol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sam", "schedule_free"])
def test_the_best_model_is_evaluated_as_it_is(name):
    sam = optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.1))
    free = optax.contrib.schedule_free_sgd(0.1)
    run = jm.training.fit(
        problem.model(),
        jm.Optimizer(sam if name == "sam" else free),
        LOSS,
        problem.batches(),
        steps=3,
        validation=problem.batches(shuffle=None),
        validate_every=1,
        callbacks=[jm.training.KeepBest("val/loss")],
        progress=False,
    )
    assert run.evaluated_model is run.model
    found = jm.training.evaluate(run.model, LOSS, problem.batches(shuffle=None))
    assert found["loss"] == pytest.approx(min(run.history["val/loss"][1]), rel=1e-6)


@pytest.mark.slow
def test_the_loss_is_scaled_for_float16():
    half = problem.model().map(lambda p: p.astype(jnp.float16), jm.Parameter)
    optimizer = jm.Optimizer(
        jm.optim.loss_scaling(jm.optim.master_weights(optax.adam(1e-2)), initial=2.0**10)
    )
    data = jm.training.batches({"x": X.astype(np.float16), "y": Y}, 4)
    run = jm.training.fit(half, optimizer, LOSS, data, epochs=4, progress=False, on_retrace="raise")
    losses = run.history["loss"][1]
    assert losses[-1] < losses[0] < 2 and run.values["loss_scale"] == 2.0**10
