"""`fit` with parts that fail: a clear error, whole checkpoints, and a run that can go on."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import problem
import pytest
from problem import X, Y, fit

import jax_metrics as jm
from jax_metrics.training import Callback, Checkpoints, CSVLogger, JSONLinesLogger

OPTIONS = {
    "model": problem.stateful_model,
    "metrics": jm.metrics.Accuracy(),
    "steps": 14,
    "log_every": 4,
}


def run_of(folder, *callbacks, asynchronous=True, **options):
    """A run with a checkpoint after every fourth step."""
    checkpoints = Checkpoints(folder, every=4, keep=None, asynchronous=asynchronous)
    callbacks = [*callbacks, checkpoints]
    options = {"validation": problem.batches(8), **OPTIONS, **options}
    return fit(callbacks=callbacks, **options)


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """A run that nothing disturbs."""
    return run_of(tmp_path_factory.mktemp("undisturbed"))


def check_continues(folder, expected, error, latest, **options):
    """The error tells where the run was, and a rerun ends as the undisturbed run."""
    notes = "\n".join(error.__notes__)
    assert "This was in `fit`, after step" in notes
    assert f"The latest checkpoint: {f'step {latest}, in' if latest else 'none yet'}" in notes
    with jm.Checkpointer(folder, read_only=True) as checkpoints:
        assert checkpoints.steps()[-1:] == ([latest] if latest else [])
        for step in checkpoints.steps():
            checkpoints.restore(step=step)  # compares the checksums
    again = run_of(folder, **options)
    assert again.step == expected.step and again.restored == (latest > 0)
    assert jm.equal((again.model, again.optimizer), (expected.model, expected.optimizer))
    assert again.history.rows == expected.history.rows


class Fails(Callback):
    """Fails in one of its methods, in the tenth step or later, but only once."""

    def __init__(self, method):
        self.method = method
        self.failed = False

    def _called(self, method, run=None):
        late = run is None or run.step >= 10 or method == "on_start"
        if method == self.method and late and not self.failed:
            self.failed = True
            raise OSError(f"{method} failed")

    def on_start(self, run):
        self._called("on_start", run)

    def on_step(self, run):
        if self.method in ("on_interrupt", "on_error") and run.step == 10 and not self.failed:
            if self.method == "on_error":
                raise KeyError("the first error")
            os.kill(os.getpid(), signal.SIGTERM)
        self._called("on_step", run)

    def on_log(self, run, values):
        self._called("on_log", run)

    def on_end(self, run):
        self._called("on_end", run)

    def on_interrupt(self, run):
        self._called("on_interrupt", run)

    def on_error(self, run, error):
        self._called("on_error", run)

    def close(self):
        self._called("close")


@pytest.mark.slow
@pytest.mark.parametrize(
    "method, latest",
    [("on_start", 0), ("on_step", 8), ("on_log", 8), ("on_end", 14), ("on_interrupt", 8)],
)
def test_a_callback_that_fails(method, latest, tmp_path, expected):
    with pytest.raises(OSError, match=f"{method} failed") as raised:
        run_of(tmp_path, Fails(method))
    if method == "on_start":  # the folder has not been opened
        raised.value.add_note("The latest checkpoint: none yet")
    check_continues(tmp_path, expected, raised.value, latest)


@pytest.mark.slow
def test_a_callback_that_fails_after_an_error_does_not_hide_it(tmp_path, expected):
    with pytest.raises(KeyError, match="the first error") as raised:
        run_of(tmp_path, Fails("on_error"))
    assert "After that, `Fails.on_error` failed: OSError: on_error failed" in raised.value.__notes__
    check_continues(tmp_path, expected, raised.value, 8)


@pytest.mark.slow
def test_closing_fails(tmp_path):
    """Alone it is an error; after another one it is a note."""
    closed = []

    class Last(Callback):
        def close(self):
            closed.append(self)

    with pytest.raises(OSError, match="close failed"):
        run_of(tmp_path / "alone", Last(), Fails("close"), steps=1)
    with pytest.raises(KeyError) as raised:
        run_of(tmp_path / "both", Last(), Fails("close"), loss=lambda model, batch: {}["no"])
    assert "After that, `Fails.close` failed: OSError: close failed" in raised.value.__notes__
    assert len(closed) == 2


class FailsAt:
    """Batches of the data, that fail once after some of them."""

    def __init__(self, at, size=4):
        self.at, self.size, self.yielded = at, size, 0

    def __iter__(self):
        for start in range(0, len(X), self.size):
            if self.yielded == self.at:
                self.at = None
                raise ConnectionError("the data are gone")
            self.yielded += 1
            yield {"x": X[start : start + self.size], "y": Y[start : start + self.size]}


@pytest.mark.slow
@pytest.mark.parametrize("at, latest", [(0, 0), pytest.param(11, 8, marks=pytest.mark.slow)])
def test_data_that_fail(at, latest, tmp_path):
    whole = jm.training.batches(FailsAt(None))
    expected = run_of(tmp_path / "undisturbed", data=whole)
    loader = FailsAt(at)
    with pytest.raises(ConnectionError, match="the data are gone") as raised:
        run_of(tmp_path / "failed", data=jm.training.batches(loader))
    if not latest:  # the folder has not been opened
        raised.value.add_note("The latest checkpoint: none yet")
        (tmp_path / "failed").mkdir()
    data = jm.training.batches(loader)
    check_continues(tmp_path / "failed", expected, raised.value, latest, data=data)


@pytest.mark.slow
def test_a_validation_that_fails(tmp_path):
    """In its second epoch of three batches, after step 12."""
    whole = jm.training.batches(FailsAt(None, 8))
    expected = run_of(tmp_path / "undisturbed", validation=whole)
    loader = FailsAt(4, 8)
    with pytest.raises(ConnectionError, match="the data are gone") as raised:
        run_of(tmp_path / "failed", validation=jm.training.batches(loader))
    assert any("after step 12" in note for note in raised.value.__notes__)
    validation = jm.training.batches(loader)
    check_continues(tmp_path / "failed", expected, raised.value, 8, validation=validation)


@pytest.mark.slow
@pytest.mark.parametrize("on_nan", ["raise", "warn"])
def test_data_that_are_not_finite(on_nan, tmp_path):
    """The eleventh batch; what is found wrong a row later, and what is saved is finite."""
    x = np.concatenate([X, X])
    x[43] = np.nan
    batches = lambda x: jm.training.batches({"x": x, "y": np.concatenate([Y, Y])}, 4)  # noqa: E731
    expected = run_of(tmp_path / "undisturbed", data=batches(np.nan_to_num(x)))
    folder = tmp_path / "poisoned"
    if on_nan == "raise":
        with pytest.raises(FloatingPointError, match="The loss is nan at step 11") as raised:
            run_of(folder, data=batches(x))
        check_continues(folder, expected, raised.value, 8, data=batches(np.nan_to_num(x)))
        return
    with pytest.warns(UserWarning, match="The loss is nan at step"):
        run = run_of(folder, data=batches(x), on_nan="warn")
    assert run.step == 14
    with jm.Checkpointer(folder, read_only=True) as checkpoints:
        assert checkpoints.steps() == [4, 8]


class FullDisk(Callback):
    """After ten steps no file may become larger than it is: `RLIMIT_FSIZE` acts as a full disk."""

    def __init__(self, size):
        self.size = size

    def on_step(self, run):
        if run.step == 10:
            soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, hard))


def train_on_full_disk(folder, size):
    """In a process of its own, whose limit stays; prints the error and its notes."""
    logger = CSVLogger(folder / "rows.csv")
    try:
        run_of(folder / "checkpoints", FullDisk(size), loggers=[logger], asynchronous=False)
    except Exception as error:
        print(type(error).__name__, error, *error.__notes__, sep="\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "size, error",
    [
        (100, ["LogError", "rows.csv could not be written: File too large", "after step 12"]),
        (4_000, ["CheckpointError", "Step 12 could not be saved", "after step 12"]),
    ],
)
def test_a_full_disk(size, error, tmp_path, expected):
    command = [sys.executable, __file__, str(tmp_path), str(size)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert all(part in ran.stdout for part in error), ran.stdout + ran.stderr
    assert "The latest checkpoint: step 8, in" in ran.stdout
    rows = (tmp_path / "rows.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows][:4] == ["step", "4", "6", "8"]
    logger = CSVLogger(tmp_path / "rows.csv")
    again = run_of(tmp_path / "checkpoints", loggers=[logger])
    assert again.restored and jm.equal(again.model, expected.model)
    assert again.history.rows == expected.history.rows
    rows = (tmp_path / "rows.csv").read_text().splitlines()
    assert [int(row.split(",")[0]) for row in rows[1:]] == [
        r["step"] for r in expected.history.rows
    ]


@pytest.mark.slow
def test_a_log_that_cannot_be_written(tmp_path, expected):
    (tmp_path / "file").write_text("")
    loggers = [JSONLinesLogger(tmp_path / "rows.jsonl"), CSVLogger(tmp_path / "file" / "rows.csv")]
    with pytest.raises(jm.training.LogError, match="file/rows.csv could not be written") as raised:
        run_of(tmp_path / "checkpoints", loggers=loggers)
    check_continues(tmp_path / "checkpoints", expected, raised.value, 0)


@pytest.mark.slow
@pytest.mark.parametrize("best", [None, ("loss", "min")])
def test_a_checkpoint_has_the_rows_that_are_on_their_way(best, tmp_path):
    def run(folder, *callbacks):
        checkpoints = Checkpoints(tmp_path / folder, every=4, best=best)
        return fit(steps=11, log_every=4, callbacks=[*callbacks, checkpoints])

    expected = run("undisturbed")
    with pytest.raises(OSError, match="on_step failed"):
        run("failed", Fails("on_step"))
    again = run("failed")
    assert again.restored and again.history.rows == expected.history.rows
    assert [row["step"] for row in again.history.rows] == [4, 6, 8, 11]


@pytest.mark.parametrize("method", ["on_log", "on_step", "on_end"])
def test_the_state_can_be_read_in_any_method(method):
    """Reading it in `on_log` delivers no rows anew."""
    steps = []

    class Reads(Callback):
        pass

    def read(self, run, values=None):
        steps.extend(run.state["progress"]["step"] for _ in range(values is not None))

    setattr(Reads, method, read)
    run = fit(steps=5, log_every=1, callbacks=[Reads()])
    assert [row["step"] for row in run.history.rows] == [1, 2, 3, 4, 5]
    assert len(steps) == (5 if method == "on_log" else 0)


def test_a_signal_after_the_last_step_is_not_lost():
    class Last(Callback):
        """Gets the last row after the last step."""

        def on_log(self, run, values):
            if run.finished and run.log_step == run.step:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(jm.training.Stopped) as stopped:
        fit(steps=5, log_every=1, callbacks=[Last()])
    assert stopped.value.run.step == 5


if __name__ == "__main__":
    train_on_full_disk(Path(sys.argv[1]), int(sys.argv[2]))
