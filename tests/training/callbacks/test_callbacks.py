"""Callbacks: when they are called, and those that follow a value of the logs."""

import math

import jax
import numpy as np
import optax
import problem
import pytest
from problem import LOSS, fit

import jax_metrics as jm
from jax_metrics.training import Callback, EarlyStopping, KeepBest, Monitor, ReduceOnPlateau


class Recorder(Callback):
    def __init__(self):
        self.calls = []

    def on_start(self, run):
        self.calls.append(("start", run.step))

    def on_step(self, run):
        self.calls.append(("step", run.step))

    def on_log(self, run, values):
        kind = "validation" if "val/loss" in values else "row"
        self.calls.append((kind, run.log_step))

    def on_end(self, run):
        self.calls.append(("end", run.step))

    def on_interrupt(self, run):
        raise AssertionError

    def on_error(self, run, error):
        self.calls.append((type(error).__name__, run.step))

    def close(self):
        self.calls.append(("close", None))


@pytest.mark.slow
def test_the_order_of_calls():
    recorder = Recorder()
    fit(callbacks=[recorder], epochs=1, log_every=4, validation=problem.batches(8))
    calls = recorder.calls
    assert calls[0] == ("start", 0) and calls[-2:] == [("end", 6), ("close", None)]
    assert [step for kind, step in calls if kind == "step"] == [1, 2, 3, 4, 5, 6]
    # A row comes a step late; that of a validation before the other callbacks of its step.
    assert calls[4:7] == [("step", 4), ("row", 4), ("step", 5)]
    assert calls[-4:-2] == [("validation", 6), ("step", 6)]


class Listens(Callback):
    """Waits for the device after some steps, so that their values are there."""

    def __init__(self, waits):
        self.waits, self.heard = waits, []

    def on_step(self, run):
        if self.waits(run.step):
            jax.block_until_ready(run.model)

    def on_log(self, run, values):
        self.heard.append((run.step, run.log_step))


@pytest.mark.parametrize("progress", [False, True])
@pytest.mark.parametrize(
    "follower",
    [
        lambda: ReduceOnPlateau("loss", patience=1, min_delta=9.0),
        lambda: EarlyStopping("loss", patience=2, min_delta=9.0),
    ],
)
def test_rows_come_after_the_same_steps_whenever_their_values_are_there(
    follower, progress, monkeypatch
):
    monkeypatch.setattr("jax_metrics.training.loop._display._SECONDS", 0.0)  # looks at each step
    runs = []
    for waits in (lambda step: False, lambda step: True, lambda step: step % 2):
        listener = Listens(waits)
        run = fit(steps=5, log_every=1, callbacks=[listener, follower()], progress=progress)
        last = run.step
        assert listener.heard == [*((k + 1, k) for k in range(1, last)), (last, last)]
        runs.append(run)
    assert runs[0].stopped == runs[1].stopped == runs[2].stopped
    assert runs[0].history.rows == runs[1].history.rows == runs[2].history.rows


@pytest.mark.parametrize("method", ["on_start", "on_step", "on_log", "on_end"])
def test_an_error_in_a_callback_reaches_all_others(method):
    class Broken(Callback):
        pass

    def fail(self, run, *args):
        raise KeyError("broken")

    setattr(Broken, method, fail)
    recorder = Recorder()
    with pytest.raises(KeyError, match="broken") as raised:
        fit(callbacks=[Broken(), recorder], epochs=1)
    assert recorder.calls[-2][0] == "KeyError" and recorder.calls[-1] == ("close", None)
    assert raised.value.__notes__[0].startswith("This was in `fit`, after step")


class Values:
    """A run as far as a `Monitor` sees it, with given values."""

    def __init__(self, values, optimizer=None):
        self.values = {"loss": 1.0}
        self.rows = values
        self.step = self.log_step = 0
        self.stopped, self.validates = None, True
        self.model = {"w": np.zeros(1)}
        self.optimizer = optimizer

    def higher_is_better(self, name):
        return "accuracy" in name

    @property
    def evaluated_model(self):
        return self.model

    @evaluated_model.setter
    def evaluated_model(self, model):
        self.model = model

    def stop(self, why):
        self.stopped = why

    def play(self, callback):
        """The steps at which something happened."""
        callback.on_start(self)
        for value in self.rows:
            self.step += 1
            self.model = {"w": np.full(1, value)}
            name = callback.monitor if value is not None else "loss"
            self.values[name] = value
            callback.on_log(self, {name: value})
            if self.stopped:
                return self.step
        return None


@pytest.mark.parametrize(
    "monitor, options, values, stops",
    [
        ("val/loss", {"patience": 2}, [3, 2, 2, 2, 1], 4),
        ("val/loss", {"patience": 2}, [3, 2, 2, 1, 1, 1], 6),
        ("val/accuracy", {"patience": 2}, [0.3, 0.2, 0.1, 0.9], 3),
        ("val/loss", {"patience": 1, "min_delta": 0.5}, [3, 2, 1.6], 3),
        ("val/loss", {"patience": 1, "mode": "max"}, [1, 2, 3, 2], 4),
        ("val/loss", {"patience": 2}, [math.nan, math.nan, 1], 2),
        ("val/loss", {"patience": 2}, [1, None, None, None], None),
        ("val/loss", {"patience": 1}, [-math.inf, 1], 2),
    ],
)
def test_early_stopping(monitor, options, values, stops):
    run = Values(values)
    assert run.play(EarlyStopping(monitor, **options)) == stops
    if stops:
        assert f"{monitor} has not improved on" in run.stopped


def test_keep_best_ends_with_the_best_model():
    keep = KeepBest("val/accuracy")
    run = Values([0.5, 0.9, 0.7])
    run.play(keep)
    keep.on_end(run)
    assert run.model["w"] == 0.9 and keep.step == 2 and keep.best == 0.9


@pytest.mark.parametrize(
    "options, values, rates",
    [
        ({"patience": 1}, [3, 3, 3], [1.0, 0.1, 0.01]),
        ({"patience": 2, "factor": 0.5}, [3, 3, 3, 1], [1.0, 1.0, 0.5, 0.5]),
        ({"patience": 1, "min_value": 0.05}, [3, 3, 3], [1.0, 0.1, 0.05]),
        ({"patience": 1, "cooldown": 1}, [3, 3, 3, 3], [1.0, 0.1, 0.1, 0.01]),
    ],
)
def test_reduce_on_plateau(options, values, rates):
    optimizer = jm.Optimizer(optax.sgd, learning_rate=1.0).init({"w": np.zeros(1)})
    reduce = ReduceOnPlateau("val/loss", **options)
    found = []
    run = Values(values, optimizer)
    reduce.on_start(run)
    for value in values:
        reduce.on_log(run, {"val/loss": value})
        found.append(float(optimizer.learning_rate))
    assert found == pytest.approx(rates)


@pytest.mark.parametrize("min_value, rates", [(0, [0.1, 0.05]), (0.7, [0.7, 0.5])])
def test_reduce_on_plateau_reduces_all_groups(min_value, rates):
    by_part = jm.optim.groups(
        {
            "['w']": jm.optim.with_hyperparams(optax.sgd, learning_rate=1.0),
            ...: jm.optim.with_hyperparams(optax.sgd, learning_rate=0.5),
        }
    )
    optimizer = jm.Optimizer(by_part).init({"w": np.zeros(1), "b": np.zeros(1)})
    run = Values([2, 2], optimizer)
    run.play(ReduceOnPlateau("val/loss", patience=1, min_value=min_value))
    found = [float(optimizer.learning_rate[group]) for group in ("['w']", "...")]
    assert found == pytest.approx(rates)


@pytest.mark.parametrize("grouped", [False, True])
def test_reduce_on_plateau_refuses_a_schedule_before_the_first_step(grouped):
    scheduled = jm.optim.with_hyperparams(optax.sgd, learning_rate=optax.constant_schedule(0.1))
    fixed = jm.optim.with_hyperparams(optax.sgd, learning_rate=0.1)
    by_part = jm.optim.groups({"['w']": fixed, ...: scheduled}) if grouped else scheduled
    optimizer = jm.Optimizer(by_part).init({"w": np.zeros(1), "b": np.zeros(1)})
    with pytest.raises(AttributeError, match="`learning_rate` follows a schedule"):
        ReduceOnPlateau("val/loss").on_start(Values([], optimizer))


class Stops(Callback):
    def on_step(self, run):
        if run.step == 2:
            run.stop("time is up")


@pytest.mark.parametrize("cls", [EarlyStopping, KeepBest, ReduceOnPlateau])
def test_a_run_may_end_before_the_first_validation(cls):
    run = fit(callbacks=[Stops(), cls()], epochs=1, log_every=1, validation=problem.batches(22))
    assert (run.step, run.stopped) == (2, "time is up")


def test_a_value_that_never_comes_is_told_at_the_first_validation():
    stops, recorder = EarlyStopping("val/nll", mode="min"), Recorder()
    with pytest.raises(ValueError, match="EarlyStopping waits for 'val/nll'"):
        fit(callbacks=[recorder, stops], epochs=2, validation=problem.batches(22))
    assert recorder.calls[-3:] == [("validation", 6), ("ValueError", 6), ("close", None)]


@pytest.mark.slow
def test_in_a_run_nothing_is_compiled_anew():
    callbacks = [
        KeepBest("val/accuracy"),
        ReduceOnPlateau("val/loss", patience=1, min_delta=1e3),
        EarlyStopping("val/loss", patience=2, min_delta=1e3),
    ]
    run = fit(
        callbacks=callbacks,
        metrics=jm.metrics.Accuracy(),
        validation=problem.batches(8),
        epochs=9,
    )
    assert run.epoch == 3 and "val/loss has not improved" in run.stopped
    assert run.optimizer.learning_rate == pytest.approx(1e-4)
    best = max(row["val/accuracy"] for row in run.history.rows)
    values = jm.training.evaluate(
        run.model, LOSS, problem.batches(8), metrics=jm.metrics.Accuracy()
    )
    assert values["accuracy"] == pytest.approx(best)


@pytest.mark.parametrize("cls", [EarlyStopping, KeepBest, ReduceOnPlateau])
def test_state_goes_through_a_checkpoint(cls):
    one, other = (cls("val/loss", **{} if cls is KeepBest else {"patience": 3}) for _ in range(2))
    optimizer = jm.Optimizer(optax.sgd, learning_rate=1.0).init({"w": np.zeros(1)})
    Values([3.0, 2.0, 2.5], optimizer).play(one)
    other.state = one.state
    assert other.state == one.state and other.best == 2.0


@pytest.mark.parametrize("cls", [EarlyStopping, KeepBest, ReduceOnPlateau])
def test_another_run_begins_anew(cls):
    limited = {} if cls is KeepBest else {"patience": 2}
    used, new = cls("val/loss", **limited), cls("val/loss", **limited)
    optimizer = jm.Optimizer(optax.sgd, learning_rate=1.0).init({"w": np.zeros(1)})
    Values([1.0, 2.0], optimizer).play(used)
    for callback in (used, new):
        Values([4.0, 3.0, 3.5], optimizer).play(callback)
    assert used.state == new.state and used.best == 3.0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Monitor("loss", mode="best"), "`mode` is 'max' or 'min'; got 'best'"),
        (lambda: KeepBest("loss", min_delta=-1), "`min_delta` is at least 0; got -1"),
        (lambda: EarlyStopping("loss", patience=0), "`patience` is a whole number, at least 1"),
        (lambda: EarlyStopping("loss", patience=True), "`patience` is a whole number"),
        (lambda: ReduceOnPlateau("loss", factor=2), "`factor` is between 0 and 1; got 2"),
        (
            lambda: ReduceOnPlateau("loss", patience=0),
            "`patience` and `cooldown` are whole numbers",
        ),
        (lambda: fit(epochs=1, callbacks=[EarlyStopping("nll")]), "Is a higher 'nll' better?"),
        (lambda: fit(epochs=1, callbacks=[EarlyStopping("nll")]), "Known are 'loss', and the same"),
        (
            lambda: fit(epochs=1, callbacks=[EarlyStopping("nll", mode="min")]),
            "EarlyStopping waits for 'nll', which the logs do not have; they have 'loss', 'learni",
        ),
        (
            lambda: fit(epochs=1, callbacks=[EarlyStopping("val/loss")]),
            "'val/loss', but there is no validation. Pass `validation=` to `fit`, or follow 'loss'",
        ),
        (
            lambda: fit(epochs=1, callbacks=[ReduceOnPlateau("loss", hyperparameter="b1")]),
            "sets `b1`, which is not a hyperparameter of the optimizer",
        ),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Average(Callback):
    """The average of the models of a run, with which it ends."""

    def __init__(self, method="on_end"):
        self.method = method

    def on_start(self, run):
        self.state = jm.nn.ExponentialMovingAverage(run.model, 0.5)

    def on_step(self, run):
        self.state = self.state.update(run.model)
        if self.method == "on_step":
            run.evaluated_model = self.state.model

    def on_end(self, run):
        run.evaluated_model = self.state.model


def test_a_run_may_end_with_an_average_and_be_continued(tmp_path):
    whole = fit(callbacks=[Average()], steps=4)
    assert not jm.equal(whole.model, fit(steps=4).model)
    for steps in (3, 4):
        checkpoints = jm.training.Checkpoints(tmp_path)
        run = fit(callbacks=[checkpoints, Average()], steps=steps)
    assert run.step == 4 and jm.equal(run.model, whole.model)
    assert run.evaluated_model is run.model


def test_a_model_to_end_with_is_refused_before_the_end():
    text = "`run.evaluated_model` was set before the run has ended.* Set it in `on_end`; to train"
    with pytest.raises(RuntimeError, match=text):
        fit(callbacks=[Average("on_step")], steps=3)
    assert fit(callbacks=[Average("on_step")], steps=1).step == 1
