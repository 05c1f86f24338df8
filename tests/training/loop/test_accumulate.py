"""`fit` with `accumulate`: several batches are a step, as if they were one."""

import jax
import numpy as np
import problem
import pytest
from problem import X, Y, fit

import jax_metrics as jm


@pytest.mark.slow
@pytest.mark.parametrize("per_call", [1, 2])
def test_accumulated_gradients_are_those_of_the_large_batch(per_call):
    """Batches of 4 with a padded last one, and of 8, in the same order."""
    small = fit(accumulate=2, steps_per_call=per_call, epochs=2)
    large = fit(data=problem.batches(8), epochs=2)
    assert small.step == large.step == 6
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)  # noqa: E731
    jax.tree.map(close, small.model, large.model)
    losses = [run.history["loss"][1] for run in (small, large)]
    np.testing.assert_allclose(*losses, rtol=1e-5)


class Doubled(jm.losses.Crossentropy):
    def __call__(self, **arguments):
        return 2 * super().__call__(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss, examples",
    [
        (jm.losses.Crossentropy(ignore_index=1), 1),
        (jm.losses.Crossentropy(reduction="sum"), 22),
        (jm.losses.Crossentropy(class_weights=[1, 9], reduction="mean_over_weights"), 1),
        (Doubled(), 1),
    ],
    ids=["ignored labels", "sum", "weighted mean", "a call of its own"],
)
def test_the_loss_of_all_examples_does_not_depend_on_their_batches(loss, examples):
    small = fit(data=problem.batches(4), loss=loss, accumulate=6, steps=1)
    large = fit(data=problem.batches(22), loss=loss, steps=1)
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)  # noqa: E731
    jax.tree.map(close, small.optimizer, large.optimizer)  # it has the gradients
    expected = float(loss(target=Y, preds=problem.model()(X))) / examples
    evaluated = jm.training.evaluate(problem.model(), loss, problem.batches(4))
    for values in (small.values, large.values, evaluated):
        assert values["loss"] == pytest.approx(expected, rel=1e-5)


class Sparse(jm.Module):
    """Logs a loss of its outputs and one of its parameters."""

    scale: float
    sparsity: jax.Array = jm.LossLog.node()
    decay: jax.Array = jm.LossLog.node()

    def __init__(self, scale):
        self.scale = scale

    @jm.compact
    def __call__(self, x):
        linear = jm.Linear(2)
        y = linear(x)
        self.sparsity, self.decay = self.scale * (y**2).mean(), (linear.kernel**2).sum()
        return y


@pytest.mark.parametrize("examples, scale", [(16, 3.0), (13, 0.0)])  # modules see padding
@pytest.mark.parametrize("per_call", [1, 2])
def test_sums_accumulate_beside_means_that_modules_log(per_call, examples, scale):
    loss, model = jm.losses.Crossentropy(reduction="sum"), lambda: Sparse(scale).init(0, X[:2])
    arrays = {"x": X[:examples], "y": Y[:examples]}
    options = {"accumulate": 2, "steps_per_call": per_call, "epochs": 1}
    small = fit(model, jm.training.batches(arrays, 4), loss, **options)
    large = fit(model, jm.training.batches(arrays, 8), loss, epochs=1)
    assert small.step == large.step == 2
    trained = [(run.optimizer, run.model.parameters()) for run in (small, large)]
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)  # noqa: E731
    jax.tree.map(close, *trained)
    assert small.values == pytest.approx(large.values, rel=1e-5)
