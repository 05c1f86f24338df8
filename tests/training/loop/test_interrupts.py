"""Ctrl-C and SIGTERM: noted, saved, and continued from."""

import os
import signal
import threading

import problem
import pytest
from problem import fit

import jax_metrics as jm
from jax_metrics.training import interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_the_handlers_come_back(number):
    before = signal.getsignal(number)
    with interrupts() as interrupted:
        assert not interrupted.requested() and interrupted.signal is None
        os.kill(os.getpid(), number)
        assert interrupted.requested() and interrupted.signal == number
        assert signal.getsignal(number) == before  # the second one acts as usual
    assert signal.getsignal(number) == before


def test_the_handlers_come_back_after_an_error():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyError), interrupts():
        raise KeyError
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_ignored(number):
    """As SIGINT is in jobs that a shell runs in the background."""
    before = signal.signal(number, signal.SIG_IGN)
    other = signal.SIGTERM if number == signal.SIGINT else signal.SIGINT
    try:
        with interrupts() as interrupted:
            os.kill(os.getpid(), number)
            assert interrupted.requested() is None
            os.kill(os.getpid(), other)
            assert interrupted.requested() == other
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="Windows has no such signal")
def test_workers_that_end_with_this_process_are_no_error():
    def fail(number, frame):
        raise RuntimeError("a worker has ended")  # as PyTorch does

    before = signal.signal(signal.SIGCHLD, fail)
    try:
        with interrupts():
            with pytest.raises(RuntimeError, match="a worker has ended"):
                os.kill(os.getpid(), signal.SIGCHLD)
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGCHLD)
        assert signal.getsignal(signal.SIGCHLD) == fail
    finally:
        signal.signal(signal.SIGCHLD, before)


class Failing:
    """A loader that ends with an error after some batches, perhaps because of a signal."""

    def __init__(self, count, number=None):
        self.count, self.number = count, number

    def __iter__(self):
        for index in range(6):
            if index == self.count:
                if self.number is not None:
                    os.kill(os.getpid(), self.number)
                raise RuntimeError("a worker has ended")
            yield {"x": problem.X[index : index + 4], "y": problem.Y[index : index + 4]}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "prefetch, step, options",
    [(0, 3, {}), (2, 1, {}), (0, 3, {"steps_per_call": 3}), (0, 1, {"accumulate": 3})],
)
def test_a_loader_that_the_signal_ended_too_does_not_lose_the_run(
    tmp_path, number, prefetch, step, options
):
    def train(count, number=None):
        data = jm.training.batches(Failing(count, number), prefetch=prefetch)
        callbacks = [jm.training.Checkpoints(tmp_path, every=100)]
        return fit(data=data, epochs=2, callbacks=callbacks, **options)

    with pytest.raises(jm.training.Stopped) as stopped:
        train(4, number)
    assert stopped.value.run.step == step
    assert jm.equal(train(99).model, fit(data=Failing(99), epochs=2, **options).model)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_validation_that_the_signal_ended_too_does_not_lose_the_run(number):
    with pytest.raises(jm.training.Stopped) as stopped:
        fit(data=Failing(99), validation=Failing(2, number), epochs=2)
    assert stopped.value.run.epoch == 1


class Counted:
    """Batches of a validation, in one of which a signal comes."""

    def __init__(self, moment):
        self.moment, self.read = moment, 0

    def __iter__(self):
        for batch in problem.batches(4):
            self.read += 1
            if self.read == self.moment:
                os.kill(os.getpid(), signal.SIGTERM)
            yield {name: batch[name] for name in ("x", "y")}


@pytest.mark.slow
@pytest.mark.parametrize(
    "options, moment, step",
    [
        ({"epochs": 2}, 7, 12),
        ({"epochs": 2, "validate_every": 4}, 1, 4),
        ({"epochs": 2, "validate_every": 4, "steps_per_call": 3}, 1, 6),
        ({"steps": 8, "log_every": 3}, 8, 8),
    ],
)
def test_a_validation_ends_with_the_signal_and_is_repeated(tmp_path, options, moment, step):
    def train(folder, moment=None):
        stopping, best = jm.training.EarlyStopping(patience=9), jm.training.KeepBest()
        checkpoints = jm.training.Checkpoints(tmp_path / folder, every=100)
        validation = Counted(moment)
        try:
            run = fit(
                **options,
                validation=validation,
                callbacks=[stopping, best, checkpoints],
                loggers=[jm.training.CSVLogger(tmp_path / f"{folder}.csv")],
            )
        except jm.training.Stopped as stopped:
            assert validation.read <= moment + 3  # those that were read ahead
            assert stopped.run.history.rows[-1]["step"] == stopped.run.step == step
            return None
        return run, stopping.best, best.best

    run, *bests = train("whole")
    assert train("parts", moment) is None
    again, *others = train("parts")
    assert again.history.rows == run.history.rows and others == bests
    assert jm.equal((again.model, again.optimizer), (run.model, run.optimizer))
    assert (tmp_path / "parts.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_validation_that_fails_without_a_signal_is_an_error():
    with pytest.raises(RuntimeError, match="a worker has ended"):
        fit(data=Failing(99), validation=Failing(2), epochs=2)


def test_a_loader_that_fails_without_a_signal_is_an_error():
    with pytest.raises(RuntimeError, match="a worker has ended"):
        fit(data=Failing(4), epochs=2)


def test_in_another_thread_nothing_is_handled():
    found = []

    def run():
        with interrupts() as interrupted:
            found.append(interrupted.requested())

    thread = threading.Thread(target=run)
    thread.start(), thread.join()
    assert found == [None]


class Signal(jm.training.Callback):
    """Sends a signal to this process after some steps."""

    def __init__(self, step, number):
        self.step, self.number = step, number

    def on_step(self, run):
        if run.step == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize(
    "step, number",
    [
        pytest.param(1, signal.SIGINT, marks=pytest.mark.slow),
        (5, signal.SIGTERM),
        pytest.param(6, signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_continues_bit_for_bit(tmp_path, step, number):
    """Model, optimizer, statistics, random keys, the order of batches, and the history."""
    options = {
        "model": problem.stateful_model,
        "metrics": jm.metrics.Accuracy(),
        "steps": 11,
        "log_every": 4,
    }
    expected = fit(**options, validation=problem.batches(8))
    checkpoints = jm.training.Checkpoints(tmp_path, every=100)
    with pytest.raises(jm.training.Stopped) as stopped:
        fit(**options, validation=problem.batches(8), callbacks=[checkpoints, Signal(step, number)])
    assert stopped.value.code == 128 + number
    assert stopped.value.run.step == step
    again = fit(**options, validation=problem.batches(8), callbacks=[checkpoints])
    assert again.step == 11
    assert jm.equal((again.model, again.optimizer), (expected.model, expected.optimizer))
    assert again.history.rows == expected.history.rows
    assert again.data.state == expected.data.state


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("log_every", [1, 3])
def test_callbacks_get_rows_after_the_same_steps_in_a_run_that_continues(tmp_path, step, log_every):
    class Told(jm.training.Callback):
        def on_log(self, run, values):
            self.state = [*(self.state or []), [run.step, run.log_step, values["loss"]]]

    def run(*callbacks):
        told = Told()
        reduces = jm.training.ReduceOnPlateau("loss", patience=1, min_delta=9.0)
        try:
            ended = fit(steps=5, log_every=log_every, callbacks=[told, reduces, *callbacks])
        except jm.training.Stopped:
            return None
        return ended.model, told.state, ended.history.rows

    checkpoints = jm.training.Checkpoints(tmp_path, every=2)
    assert run(Signal(step, signal.SIGTERM), checkpoints) is None
    assert jm.equal(run(checkpoints), run())
