"""`History`: rows, arrays, the table, the plot and the state."""

import json
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

import jax_metrics as jm


@pytest.fixture
def history():
    history = jm.training.History()
    history.log(10, {"loss": 4.0, "learning_rate": 1e-3})
    history.log(20, {"loss": 2.0, "val/loss": 3.0})
    history.log(30, {"loss": math.nan, "learning_rate": 1e-4})
    return history


def test_values_as_arrays(history):
    steps, losses = history["loss"]
    assert (steps.dtype, losses.dtype) == (np.int64, np.float64)
    np.testing.assert_array_equal(steps, [10, 20, 30])
    np.testing.assert_array_equal(losses, [4, 2, np.nan])
    assert [part.tolist() for part in history["val/loss"]] == [[20], [3.0]]
    assert history.names() == ["loss", "learning_rate", "val/loss"]
    assert len(history) == 3
    assert history.rows[1] == {"step": 20, "loss": 2.0, "val/loss": 3.0}


def test_an_empty_history():
    history = jm.training.History()
    assert history and len(history) == 0 and history.names() == []
    assert "step" in history.table()
    with pytest.raises(ValueError, match="no values to draw; log some first"):
        history.plot()


@pytest.mark.parametrize(
    ("name", "text"), [("los", "no 'los', .* Did you mean 'loss'"), ("f1", r"\['loss', .*\]\.\"$")]
)
def test_a_name_that_is_not_there(history, name, text):
    with pytest.raises(KeyError, match=text):
        history[name]


def test_the_table_has_a_line_for_each_row(history, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    table = history.table()
    assert "\033" not in table
    top, header, line, *rows, bottom = table.splitlines()
    assert header.split() == ["┃", "step", "┃", "loss", "┃", "learning_rate", "┃", "val/loss", "┃"]
    cells = [[cell.strip() for cell in row.split("│")[1:-1]] for row in rows]
    assert cells == [
        ["10", "4.0000", "0.0010", ""],
        ["20", "2.0000", "", "3.0000"],
        ["30", "nan", "1.000e-04", ""],
    ]


@pytest.mark.parametrize(("last", "count"), [(None, 3), (0, 0), (2, 2), (5, 3)])
def test_the_last_rows_of_the_table(history, last, count):
    rows = [line for line in history.table(last).splitlines() if line.startswith("│")]
    assert len(rows) == count
    if count:
        assert "nan" in rows[-1]


def test_a_table_of_many_columns_is_not_broken():
    history = jm.training.History()
    history.log(1, {f"layers[{i}]/[bold]norm": float(i) for i in range(100)})
    assert "layers[99]/[bold]norm" in history.table()
    assert len(history.table().splitlines()) == 5


def test_training_and_validation_share_axes(history):
    figure, axes = history.plot()
    assert [ax.get_title() for ax in axes] == ["loss", "learning_rate"]
    assert [ax.get_xlabel() for ax in axes] == ["step", "step"]
    lines = {line.get_label(): line.get_xydata() for line in axes[0].lines}
    np.testing.assert_array_equal(lines["loss"], [[10, 4], [20, 2], [30, np.nan]])
    np.testing.assert_array_equal(lines["val/loss"], [[20, 3]])
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["loss", "val/loss"]
    assert axes[1].get_legend() is None
    assert axes[0].figure is figure


def test_a_plot_of_some_in_given_axes(history):
    figure, (left, right) = plt.subplots(1, 2)
    assert history.plot(["loss"], ax=left) == (figure, [left])
    assert len(left.lines) == 2 and not right.lines
    _, axes = history.plot(["learning_rate", "loss"], ax=[left, right])
    assert axes.tolist() == [left, right]
    with pytest.raises(ValueError, match="Expected 2 axes, one for each name to draw; got 1"):
        history.plot(ax=left)
    with pytest.raises(
        KeyError, match=r"no 'val/los' to draw, but \['loss', 'learning_rate'\] and"
    ):
        history.plot(["val/los"])


@pytest.mark.parametrize(
    ("names", "titles", "curves"),
    [
        ("loss", ["loss"], [["loss", "val/loss"]]),
        ("val/loss", ["val/loss"], [["val/loss"]]),
        (["val/loss", "learning_rate"], ["val/loss", "learning_rate"], [["val/loss"], None]),
    ],
)
def test_a_plot_by_name(history, names, titles, curves):
    _, axes = history.plot(names)
    assert [ax.get_title() for ax in axes] == titles
    for ax, expected in zip(axes, curves, strict=True):
        assert expected is None or [line.get_label() for line in ax.lines] == expected


def test_values_of_groups_share_axes_by_what_they_measure():
    history = jm.training.History()
    groups = {
        "learning_rate": ["learning_rate/.body", "learning_rate/.head"],
        "grad_norm": ["grad_norm/.body", "grad_norm/.head"],
        "recall": ["train/recall/cat", "val/recall/cat", "test/recall/cat"],
        "precision": ["train/precision/cat", "val/precision/dog"],
        "val": ["val"],
    }
    history.log(1, {name: 1.0 for names in groups.values() for name in names})
    _, axes = history.plot()
    found = {ax.get_title(): [line.get_label() for line in ax.lines] for ax in axes}
    assert found == groups


def test_a_plot_of_five_leaves_a_place_empty():
    history = jm.training.History()
    history.log(1, {name: 1.0 for name in "abcde"})
    figure, axes = history.plot()
    assert (len(axes), len(figure.axes)) == (5, 6)


def test_the_state_goes_into_a_checkpoint(history, tmp_path):
    with jm.Checkpointer(tmp_path, asynchronous=False) as checkpoints:
        checkpoints.save(30, history=history.state)
        history.log(40, {"loss": 1.0})
        restored = checkpoints.restore()["history"]
    resumed = jm.training.History()
    resumed.state = restored
    assert repr(resumed.rows) == repr(history.rows[:3])
    # The curve goes on; a row that was logged after the checkpoint is no hindrance.
    resumed.log(40, {"loss": 0.5})
    assert [row["step"] for row in resumed.rows] == [10, 20, 30, 40]


def test_the_state_is_a_copy(history):
    state = history.state
    before = json.dumps(state)
    history.log(30, {"extra": 1.0})
    assert json.dumps(state) == before
    history.state = state
    history.rows[0]["loss"] = 0.0
    assert json.dumps(state) == before


def test_a_row_is_written_once_for_all_checkpoints(monkeypatch):
    written = []
    dumps = json.dumps
    monkeypatch.setattr(json, "dumps", lambda row: written.append(row) or dumps(row))
    history = jm.training.History()
    for step in range(50):
        history.log(step, {"loss": step / 2})
        state = history.state
    assert len(written) <= 2 * 50  # the last row, to which values may be added, is written anew
    resumed = jm.training.History()
    resumed.state = state
    assert resumed.rows == history.rows


def test_the_state_follows_rows_that_are_added_to_and_replaced():
    history = jm.training.History()
    for step in (10, 20, 30):
        history.log(step, {"loss": math.inf if step == 20 else 0.5})
        assert history.state
    history.log(30, {"val/loss": math.nan})
    history.close()
    history.log(20, {"loss": 0.25})
    history.log(25, {"loss": 0.125})
    resumed = jm.training.History()
    resumed.state = history.state
    assert resumed.rows == [
        {"step": 10, "loss": 0.5},
        {"step": 20, "loss": 0.25},
        {"step": 25, "loss": 0.125},
    ]


def test_lists_of_rows_are_a_state_too():
    history = jm.training.History()
    history.log(1, {"loss": 2.0})
    history.state = {"rows": [{"step": 10, "loss": 0.5}]}
    assert history.rows == [{"step": 10, "loss": 0.5}]
    resumed = jm.training.History()
    resumed.state = history.state
    assert resumed.rows == history.rows


def test_a_state_that_is_none_changes_nothing(history):
    for state in (
        {},
        {"rows": [{"loss": 1.0}]},
        {"rows": [{"step": 1, "loss": [1]}]},
        {"rows": "{"},
        None,
    ):
        with pytest.raises(ValueError, match="Expected the `state` of a History, .* got "):
            history.state = state
    assert len(history) == 3


@pytest.mark.parametrize(("last", "kind"), [(-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_a_number_of_rows_that_is_none(last, kind):
    with pytest.raises(kind, match="of at least 0 as `last`, the number of rows; got"):
        jm.training.History().table(last)
