"""What holds for each logger that keeps rows by step: CSV, JSON lines, TensorBoard, `History`."""

import contextlib
import math
import resource
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jax_metrics as jm


def test_rows_are_read_back(kind):
    logger = kind.new()
    logger.log(1, {"loss": 0.5, "accuracy": 0.25})
    logger.log(2, {"loss": 0.25})
    # They are there before the logger is closed.
    assert kind.read() == [{"step": 1, "loss": 0.5, "accuracy": 0.25}, {"step": 2, "loss": 0.25}]
    logger.close()
    assert len(kind.read()) == 2


def test_new_names_in_the_middle_of_a_run(kind):
    with kind.new() as logger:
        logger.log(1, {"loss": 4.0})
        logger.log(2, {"loss": 2.0, "val/loss": 3.0})
        logger.log(3, {"val/loss": 2.5, 'a, "b"': 1.0})
        logger.log(4, {"loss": 1.0})
    assert kind.read() == [
        {"step": 1, "loss": 4.0},
        {"step": 2, "loss": 2.0, "val/loss": 3.0},
        {"step": 3, "val/loss": 2.5, 'a, "b"': 1.0},
        {"step": 4, "loss": 1.0},
    ]


def test_values_of_the_same_step_are_one_row(kind):
    with kind.new() as logger:
        logger.log(1, {"loss": 4.0})
        logger.log(1, {"val/loss": 3.0})
        logger.log(1, {"time": 2.0})
        logger.log(2, {"loss": 2.0})
    assert kind.read() == [
        {"step": 1, "loss": 4.0, "val/loss": 3.0, "time": 2.0},
        {"step": 2, "loss": 2.0},
    ]


def test_a_resumed_run_replaces_the_rows_from_its_first_step_on(kind):
    with kind.new() as logger:
        for step in (100, 200, 300, 320, 340):
            logger.log(step, {"loss": 1.0, "lost": 1.0})
    with kind.new() as logger:
        logger.log(320, {"loss": 2.0, "gained": 2.0})
        logger.log(350, {"loss": 2.0})
    found = [(row["step"], row["loss"]) for row in kind.read()]
    assert found == [(100, 1), (200, 1), (300, 1), (320, 2), (350, 2)]
    assert kind.read()[3] == {"step": 320, "loss": 2.0, "gained": 2.0}
    with kind.new() as logger:
        logger.log(1, {"loss": 3.0})
    assert kind.read() == [{"step": 1, "loss": 3.0}]


def test_a_closed_logger_is_opened_again_by_a_row(kind):
    logger = kind.new()
    logger.close()
    logger.log(1, {"loss": 1.0})
    logger.log(5, {"loss": 1.0})
    logger.close()
    logger.close()
    logger.log(2, {"loss": 2.0})
    logger.close()
    assert kind.read() == [{"step": 1, "loss": 1.0}, {"step": 2, "loss": 2.0}]


def test_steps_do_not_go_down(kind):
    with kind.new() as logger:
        logger.log(5, {"loss": 1.0})
        with pytest.raises(ValueError, match=r"from 5 on, the last one .*; got 4\. To replace"):
            logger.log(4, {"loss": 1.0})
    assert kind.read() == [{"step": 5, "loss": 1.0}]


def test_numbers_that_are_not_finite(kind):
    with kind.new() as logger:
        logger.log(1, {"a": math.nan, "b": math.inf, "c": -math.inf})
    (row,) = kind.read()
    assert math.isnan(row["a"]) and (row["b"], row["c"]) == (math.inf, -math.inf)


@pytest.mark.parametrize(
    "value",
    [1, True, np.float32(0.5), np.int64(3), np.array(0.25), jnp.bfloat16(0.5), jnp.ones(())],
)
def test_scalars_of_any_kind_are_floats(value):
    history = jm.training.History()
    history.log(np.int64(1), {"x": value})
    (row,) = history.rows
    assert [type(part) for part in row.values()] == [int, float]
    assert row["x"] == float(value)


def show(step, values):
    jm.training.Progress().update(step, values=values)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 3), np.float32), r"an array of float32 with shape \(2, 3\)"),
        (jnp.ones(1), r"an array of float32 with shape \(1,\)"),
        ([1.0], r"list \[1.0\]"),
        ({"cat": 1.0}, r"dict \{'cat': 1.0\}"),
        ("0.5", "str '0.5'"),
        (None, "NoneType None"),
        (1j, "complex 1j"),
        (10**400, r"int 10{36}\.\.\."),
    ],
    ids=["matrix", "vector", "list", "dict", "text", "none", "complex", "huge"],
)
def test_what_is_not_a_number_is_named(kind, value, text):
    values = {"loss": 0.5, "confusion": value}
    loggers = [kind.new(), jm.training.ConsoleLogger()]
    for log in (*(logger.log for logger in loggers), show):
        with pytest.raises(TypeError, match=f"a number to log for 'confusion', got {text}"):
            log(1, values)
    with loggers[0] as logger:
        logger.log(1, {"loss": 0.5})
    assert kind.read() == [{"step": 1, "loss": 0.5}]


def test_a_traced_value_is_named():
    @jax.jit
    def step(loss):
        jm.training.History().log(1, {"loss": loss})

    with pytest.raises(TypeError, match="got a traced array .log outside of jitted functions"):
        step(1.0)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ((2.0, {"loss": 0.5}), "as `step`, the number of steps so far; got float 2.0"),
        (({"loss": 0.5}, 2), "as `step`, .* got dict {'loss': 0.5}. Write `log.10, {'loss'"),
        ((True, {"loss": 0.5}), "integer of at least 0 as `step`, .* got bool True. Write"),
        ((jnp.ones(2), {}), r"as `step`, .* got an array of float32 with shape \(2,\)"),
        ((2, 0.5), "Expected a dict of numbers by name; got float 0.5. Log as in `log.2, {'loss'"),
    ],
    ids=["float", "swapped", "bool", "array", "number"],
)
def test_a_step_and_values_that_are_none(kind, row, text):
    for logger in (kind.new(), jm.training.ConsoleLogger()):
        with pytest.raises(TypeError, match=text):
            logger.log(*row)


@pytest.mark.parametrize("name", ["step", "", "two\nlines", 3])
def test_names_of_columns(name):
    with pytest.raises(ValueError, match="Expected a name of one line other than 'step'"):
        jm.training.History().log(1, {name: 1.0})


def test_loggers_have_the_protocol(kind):
    for logger in (kind.new(), jm.training.ConsoleLogger()):
        assert isinstance(logger, jm.training.Logger)
    assert not isinstance(jm.training.Progress(), jm.training.Logger)


@contextlib.contextmanager
def full_disk(size):
    """No file grows beyond a size; what fits of a write is written, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def size_of(path):
    files = [path] if path.is_file() else list(path.iterdir())
    return max(file.stat().st_size for file in files)


@pytest.mark.parametrize("room", [0, 5])
def test_a_full_disk_is_told_and_what_was_written_stays_whole(file_kind, room):
    logger = file_kind.new()
    for step in range(1, 4):
        logger.log(step, {"loss": 0.5, "accuracy": 0.125})
    with full_disk(size_of(file_kind.path) + room):
        for values in ({"loss": 1.0}, {"new": 1.0}):
            with pytest.raises(jm.training.LogError, match=rf"log {file_kind.path}.*: File too l"):
                logger.log(4, values)
        with pytest.raises(jm.training.LogError, match="The rows that it has are whole"):
            logger.log(3, {"loss": 0.0, "accuracy": 0.125, "more": 2.0})
        whole = [{"step": step, "loss": 0.5, "accuracy": 0.125} for step in range(1, 4)]
        assert file_kind.read() == whole
        assert not list(file_kind.path.parent.glob("*.tmp"))
    logger.log(5, {"loss": 1.0, "new": 2.0})
    logger.close()
    assert file_kind.read() == [*whole, {"step": 5, "loss": 1.0, "new": 2.0}]


def test_a_disk_that_is_full_at_the_first_row(file_kind, tmp_path):
    logger = file_kind.new()
    with full_disk(0):
        for step in (1, 2):
            with pytest.raises(jm.training.LogError, match=f"log {file_kind.path}"):
                logger.log(step, {"loss": 1.0})
    logger.log(3, {"loss": 1.0})
    logger.close()
    assert file_kind.read() == [{"step": 3, "loss": 1.0}]
    assert len(list((tmp_path / "logs").iterdir())) == 1


def test_a_path_that_cannot_be_written(file_kind, tmp_path):
    (tmp_path / "logs").write_text("a file, not a folder")
    logger = file_kind.new()
    for step in (1, 2):
        with pytest.raises(jm.training.LogError, match=r"log .*logs.* could not be written: "):
            logger.log(step, {"loss": 1.0})
    (tmp_path / "logs").unlink()
    logger.log(3, {"loss": 1.0})
    logger.close()
    assert file_kind.read() == [{"step": 3, "loss": 1.0}]


def test_nothing_is_opened_before_the_first_row(file_kind, tmp_path):
    logger = file_kind.new()
    assert str(file_kind.path) in repr(logger)
    logger.close()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys
import jax_metrics as jm

folder = sys.argv[1]
loggers = [
    jm.training.CSVLogger(f"{folder}/csv/logs/run.csv"),
    jm.training.JSONLinesLogger(f"{folder}/json/logs/run.jsonl"),
    jm.training.TensorBoardLogger(f"{folder}/tensorboard/logs"),
]
for step in range(1, 10**6):
    for logger in loggers:
        logger.log(step, {"loss": 1.0, f"name {step % 60}": 2.0})
    if step == 50:
        print("ready", flush=True)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_loses_no_row(kind_in, tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
    for name in ("csv", "json", "tensorboard"):
        kind = kind_in(name, tmp_path / name)
        with kind.new() as logger:
            logger.log(10**6, {"loss": 0.0})
        *steps, last = [row["step"] for row in kind.read() if "loss" in row]
        assert steps == list(range(1, len(steps) + 1)) and len(steps) >= 50
        assert last == 10**6
