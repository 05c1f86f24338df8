"""What `jm.training.fit` refuses, and how it says so."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import problem
import pytest
from problem import LOSS, X, Y, fit

import jax_metrics as jm
from jax_metrics.training import KeepBest


class NoStep(jm.training.Callback):
    def on_step(self, run):
        raise AssertionError("A step was taken.")


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({}, TypeError, "Tell how long to train: `epochs=10`, or `steps=1000`."),
        ({"epochs": 0}, ValueError, "`epochs` is a whole number, at least 1; got 0."),
        ({"steps": 2.5}, ValueError, "`steps` is a whole number, at least 1; got 2.5."),
        ({"epochs": True}, ValueError, "`epochs` is a whole number"),
        ({"epochs": 1, "accumulate": 0}, ValueError, "`accumulate` is a whole number"),
        ({"epochs": 1, "log_every": -1}, ValueError, "`log_every` is a whole number"),
        ({"epochs": 1, "on_nan": "stop"}, ValueError, "`on_nan` is 'raise', 'warn' or 'ignore'"),
        ({"epochs": 1, "on_retrace": 1}, ValueError, "`on_retrace` is 'warn', 'raise' or"),
        ({"epochs": 1, "loss": jm.losses.MeanSquaredError}, TypeError, "The loss is one of"),
        ({"epochs": 1, "loss": jm.metrics.Mean()}, TypeError, "The loss is one of `jm.losses`"),
        ({"epochs": 1, "data": (X, Y)}, TypeError, "got arrays, whose batch size is not known"),
        (
            {"epochs": 1, "data": jm.training.batches({"a": X, "y": Y}, 4)},
            ValueError,
            "The batch has no entry 'x'; it has 'a', 'mask', 'y'. Name the inputs",
        ),
        (
            {"epochs": 1, "data": jm.training.batches((X, X, Y), 4)},
            TypeError,
            "needs batches of inputs, targets and perhaps a mask, as a tuple or a dict; got 4",
        ),
        (
            {"epochs": 1, "loss": lambda model, batch: (1.0, 2.0, 3.0)},
            TypeError,
            r"must return the loss, or the loss and a dict .* got \(float, float, float\)",
        ),
        (
            {"epochs": 1, "loss": jm.losses.Crossentropy(reduction="none")},
            ValueError,
            r"The loss of a batch is one number; got an array of shape \[4\]. Reduce it, as",
        ),
        (
            {"epochs": 1, "metrics": {"loss": jm.metrics.Accuracy()}},
            ValueError,
            "A metric is called 'loss' in the logs, as a loss or a field of a module is. Rename",
        ),
        (
            {"epochs": 1, "metrics": {"learning_rate": jm.metrics.Accuracy()}},
            ValueError,
            "A value of the optimizer is called 'learning_rate' in the logs, as a loss or a metric",
        ),
        (
            {
                "epochs": 1,
                "metrics": {"a": jm.metrics.Accuracy(), "val/a": jm.metrics.Accuracy()},
                "validation": problem.batches(),
            },
            ValueError,
            "A value of the validation is called 'val/a' in the logs, as a value of the training",
        ),
        ({"epochs": 1, "validate_every": 2}, TypeError, "`validate_every=2` needs batches to"),
        *(
            (
                {"epochs": 1, "metrics": {name: jm.metrics.Accuracy()}, "callbacks": [NoStep()]},
                ValueError,
                f"other than 'step', .*; got {name!r:.4}.*Rename it: a metric as in `jm.metrics.M",
            )
            for name in ("step", "", "two\nlines")
        ),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        fit(**options)


@pytest.mark.parametrize("kind", [jm.LossLog, jm.MetricLog])
def test_a_field_that_hides_the_loss_is_refused(kind):
    class Logging(jm.Module):
        loss: jax.Array = kind.node()

        @jm.compact
        def __call__(self, x):
            self.loss = jnp.float32(7)
            return jm.Linear(2)(x)

    with pytest.raises(ValueError, match="A field of a module is called 'loss' in the logs, as th"):
        fit(lambda: Logging().init(0, X[:2]), epochs=1)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"callbacks": None}, r"`callbacks` is a list, as in `callbacks=\[...\]`; got a None"),
        ({"callbacks": KeepBest("loss")}, "`callbacks` is a list, .* got a KeepBest."),
        ({"loggers": jm.training.History()}, "`loggers` is a list, .* got a History."),
        (
            {"callbacks": [KeepBest]},
            r"`callbacks\[0\]` should be a `jm.training.Callback` .*KeepBest\(",
        ),
        ({"callbacks": [KeepBest("loss"), print]}, r"`callbacks\[1\]` should be .* got a builtin"),
        ({"loggers": ["log.csv"]}, r"`loggers\[0\]` should be an object with `log.* got a str."),
        ({"loggers": [jm.training.History]}, "the class History: make an object of it"),
    ],
)
def test_callbacks_and_loggers_are_lists_of_objects(options, message):
    with pytest.raises(TypeError, match=message):
        fit(epochs=1, **options)


def test_the_optimizer_is_no_bare_transformation():
    with pytest.raises(TypeError, match="The optimizer is a `jm.Optimizer`, .* got a Gradient"):
        jm.training.fit(problem.model(), optax.sgd(0.1), LOSS, problem.batches(), epochs=1)


def test_training_and_validation_need_batches_of_their_own():
    data = problem.batches()
    with pytest.raises(ValueError, match="are the same batches, which have one position"):
        fit(data=data, validation=data, epochs=1)


def test_an_error_tells_after_which_step_it_came():
    def broken():
        yield from [(X[:4], Y[:4])] * 6
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone") as raised:
        fit(data=broken(), epochs=1)
    # Some batches are put on the device ahead of those that are trained on.
    assert raised.value.__notes__ == ["This was in `fit`, after step 3 of the training."]


@pytest.mark.parametrize("on_nan", ["raise", "warn", "ignore"])
def test_a_loss_that_is_not_finite(on_nan):
    poisoned = np.where(np.arange(22)[:, None] == 9, np.nan, X)
    data = jm.training.batches({"x": poisoned, "y": Y}, 4)
    if on_nan == "raise":
        text = "nan at step 3 or at most a row.* `jm.training.find_nan.model, batch, loss=loss.`"
        with pytest.raises(FloatingPointError, match=text):
            fit(data=data, epochs=1, log_every=1, on_nan=on_nan)
        return
    warns = pytest.warns(UserWarning, match="The loss is nan")
    with warns if on_nan == "warn" else contextlib.nullcontext():
        run = fit(data=data, epochs=1, log_every=3, on_nan=on_nan)
    assert run.step == 6 and np.isnan(run.history.rows[-1]["loss"])


def test_a_validation_that_has_begun_is_refused():
    validation = problem.batches(8)
    next(iter(validation))
    with pytest.raises(ValueError, match="`validation` is in the middle of an epoch, and each"):
        fit(epochs=1, validation=validation)
    list(validation)  # to the end
    run = fit(epochs=1, validation=validation)
    assert run.history.rows[-1]["val/loss"] == pytest.approx(
        jm.training.evaluate(run.model, LOSS, problem.batches(8))["loss"], rel=1e-6
    )
    loader = jm.training.batches([{"x": X[:4], "y": Y[:4]}, {"x": X[4:8], "y": Y[4:8]}])
    next(iter(loader))
    with pytest.raises(ValueError, match="`validation` is in the middle of an epoch"):
        fit(epochs=1, validation=loader)


def test_a_validation_that_can_be_read_once_is_refused():
    batches = [{"x": X[:4], "y": Y[:4]}]
    once = [iter(batches), (batch for batch in batches)]
    for validation in [*once, *map(jm.training.batches, once)]:
        with pytest.raises(TypeError, match="`validation` is an iterator, which yields its batch"):
            fit(epochs=1, validation=validation)


def test_batches_of_an_iterator_that_begins_again_are_a_validation():
    class Restarting:
        def __iter__(self):
            self.source = iter([{"x": X[:4], "y": Y[:4]}])
            return self

        def __next__(self):
            return next(self.source)

    run = fit(epochs=2, validation=jm.training.batches(Restarting()))
    assert len(run.history["val/loss"][1]) == 2
