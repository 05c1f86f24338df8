"""What TensorBoard's own reader finds; `test_row_logger.py` has what holds for all loggers."""

import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import jax_metrics as jm


def scalars(folder, name):
    reader = EventAccumulator(str(folder)).Reload()
    return [(event.step, event.value) for event in reader.Scalars(name)]


def test_each_run_writes_a_file_that_is_read_after_those_before(tmp_path):
    for run in range(12):
        with jm.training.TensorBoardLogger(tmp_path) as logger:
            logger.log(run, {"loss": float(run)})
            logger.log(run + 1, {"loss": -1.0})
    assert len(list(tmp_path.iterdir())) == 12
    assert scalars(tmp_path, "loss") == [*((run, float(run)) for run in range(12)), (12, -1.0)]


def test_a_half_written_record_is_left_out(tmp_path):
    with jm.training.TensorBoardLogger(tmp_path) as logger:
        logger.log(1, {"loss": 1.0})
        logger.log(2, {"loss": 2.0})
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    with jm.training.TensorBoardLogger(tmp_path) as logger:
        logger.log(3, {"loss": 3.0})
    assert scalars(tmp_path, "loss") == [(1, 1.0), (3, 3.0)]


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "events.txt").write_text("mine")
    with jm.training.TensorBoardLogger(tmp_path) as logger:
        logger.log(1, {"val/loss": 1.0})
    assert (tmp_path / "events.txt").read_text() == "mine"
    assert scalars(tmp_path, "val/loss") == [(1, 1.0)]


def test_without_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(ImportError, match=r"needs the package tensorboard: `pip install 'jax-"):
        jm.training.TensorBoardLogger(tmp_path)
