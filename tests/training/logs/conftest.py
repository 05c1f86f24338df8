"""Each logger that keeps rows by step, with a function that reads back what it has written."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

import jax_metrics as jm


class Kind(NamedTuple):
    """A kind of logger."""

    new: Callable[[], Any]
    read: Callable[[], list[dict[str, float]]]
    path: Path  # what an error names


def read_csv(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row and None not in row.values() for row in rows)
    return [{name: float(value) for name, value in row.items() if value} for row in rows]


def read_json_lines(path):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    rows = [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]
    return [{name: float(value) for name, value in row.items()} for row in rows]


def read_tensorboard(folder):
    """Reads as the server of TensorBoard does."""
    reader = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    rows = {}
    for name in reader.Tags()["tensors"]:
        for event in reader.Tensors(name):
            value = make_ndarray(event.tensor_proto).item()
            rows.setdefault(event.step, {"step": event.step})[name] = value
    return [rows[step] for step in sorted(rows)]


KINDS = ["csv", "json", "tensorboard", "history"]


def kind_of(name: str, folder: Path) -> Kind:
    if name == "csv":
        path = folder / "logs" / "run.csv"
        return Kind(lambda: jm.training.CSVLogger(path), lambda: read_csv(path), path)
    if name == "json":
        path = folder / "logs" / "run.jsonl"
        return Kind(lambda: jm.training.JSONLinesLogger(path), lambda: read_json_lines(path), path)
    if name == "tensorboard":
        path = folder / "logs"
        return Kind(
            lambda: jm.training.TensorBoardLogger(path), lambda: read_tensorboard(path), path
        )
    history = jm.training.History()

    def resumed():
        nonlocal history
        state = json.loads(json.dumps(history.state))
        history = jm.training.History()
        history.state = state
        return history

    return Kind(resumed, lambda: history.rows, folder)


@pytest.fixture(scope="session")
def kind_in() -> Callable[[str, Path], Kind]:
    """A function that gives a kind by its name, with its logs in a folder."""
    return kind_of


@pytest.fixture(params=KINDS)
def kind(request, tmp_path) -> Kind:
    return kind_of(request.param, tmp_path)


@pytest.fixture(params=KINDS[:3])
def file_kind(request, tmp_path) -> Kind:
    return kind_of(request.param, tmp_path)


@pytest.fixture(params=KINDS[:2])
def text_kind(request, tmp_path) -> Kind:
    return kind_of(request.param, tmp_path)
