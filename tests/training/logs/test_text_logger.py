"""Files of text that runs before have left, whole or not, and files of others."""

import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jax_metrics as jm

VALUES = st.dictionaries(st.sampled_from(["loss", "val/loss", "x"]), st.floats(0, 1), max_size=3)
RUN = st.lists(st.tuples(st.integers(0, 8), VALUES), min_size=1, max_size=4)


@pytest.mark.slow
@settings(max_examples=50)
@given(st.lists(RUN.map(lambda rows: sorted(rows, key=lambda row: row[0])), max_size=4))
def test_runs_that_continue_each_other(kind_in, tmp_path_factory, runs):
    folder = tmp_path_factory.mktemp("runs")
    kinds = [kind_in(name, folder) for name in ("csv", "json", "history")]
    expected = {}
    for rows in runs:
        expected = {step: row for step, row in expected.items() if step < rows[0][0]}
        for step, values in rows:
            expected[step] = {**expected.get(step, {"step": step}), **values}
        for kind in kinds:
            with kind.new() as logger:
                for step, values in rows:
                    logger.log(step, values)
            assert kind.read() == list(expected.values())


@pytest.mark.parametrize("lost", [1, 3, 7])
@pytest.mark.parametrize("garbage", [b"", b"\0" * 8, b"\0\0\n"])
def test_a_half_written_last_line_is_mended(text_kind, lost, garbage):
    logger = text_kind.new()
    for step in (1, 2, 3):
        logger.log(step, {"loss": 0.125})
    logger.close()
    text_kind.path.write_bytes(text_kind.path.read_bytes()[:-lost] + garbage)
    with text_kind.new() as logger:
        logger.log(4, {"loss": 0.25, "x": 1.0})
    expected = [{"step": 1, "loss": 0.125}, {"step": 2, "loss": 0.125}]
    assert text_kind.read() == [*expected, {"step": 4, "loss": 0.25, "x": 1.0}]


@pytest.mark.parametrize("size", range(16))
def test_a_first_row_that_is_half_written_is_mended(text_kind, size):
    with text_kind.new() as logger:
        logger.log(1, {"loss": 0.125})
    text_kind.path.write_bytes(text_kind.path.read_bytes()[:size])
    with text_kind.new() as logger:
        logger.log(2, {"loss": 0.25})
    assert text_kind.read()[-1:] == [{"step": 2, "loss": 0.25}]


@pytest.mark.parametrize(
    "content",
    [
        b"Dear diary,\n",
        b"PK\x03\x04",
        b"epoch,loss\n1,2\n",
        b"steps\n1\n",
        b"step by step",
        b"[1]\n",
        b'{"lr": 0.1}',
        b'{"lr": 0.1}\n',
        b'{\n  "step": 1\n}\n',
    ],
)
def test_a_file_of_others_is_left_alone(text_kind, content):
    text_kind.path.parent.mkdir()
    text_kind.path.write_bytes(content)
    logger = text_kind.new()
    with pytest.raises(jm.training.LogError, match=r"The file .* was not written by a .*: it beg"):
        logger.log(1, {"loss": 1.0})
    assert text_kind.path.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("csv", b"step,split,loss\n1,train,0.5\n2,train,0.4\n", 2),
        ("csv", b"step,loss\n1,0.5\ntotal,0.5\n", 3),
        ("json", b'{"step": 1, "loss": 0.5}\n{"epoch": 2}\n', 2),
        ("json", b'{"step": 1, "loss": 0.5}\n{"epoch": 2}\n{"epoch": 3}\n', 2),
        ("json", b'{"step": 1, "loss": 0.5}\n{"step": "two"}\n', 2),
        ("json", b'{"step": 1, "loss": 0.5}\nThe end.\n', 2),
    ],
)
def test_lines_of_others_at_the_end_are_left_alone(kind_in, tmp_path, name, content, line):
    kind = kind_in(name, tmp_path)
    kind.path.parent.mkdir()
    kind.path.write_bytes(content)
    logger = kind.new()
    with pytest.raises(jm.training.LogError, match=rf"Line {line} of the log .* is not a row of"):
        logger.log(7, {"loss": 0.5})
    assert kind.path.read_bytes() == content


@pytest.mark.parametrize("end", [b"\n", b"\r\n\r\n", b"\0\0\n"])
def test_empty_lines_at_the_end_are_removed(text_kind, end):
    with text_kind.new() as logger:
        logger.log(1, {"loss": 0.125})
    with open(text_kind.path, "ab") as file:
        file.write(end)
    with text_kind.new() as logger:
        logger.log(2, {"loss": 0.25})
    assert text_kind.read() == [{"step": 1, "loss": 0.125}, {"step": 2, "loss": 0.25}]


def test_a_line_in_the_middle_that_is_not_a_row_is_named(text_kind):
    with text_kind.new() as logger:
        for step in range(1, 4):
            logger.log(step, {"loss": 0.125})
    lines = text_kind.path.read_bytes().splitlines(keepends=True)
    lines[-2] = b"what is this\n"
    text_kind.path.write_bytes(b"".join(lines))
    logger = text_kind.new()
    with pytest.raises(jm.training.LogError, match=rf"Line {len(lines) - 1} of the log .* b'what "):
        logger.log(9, {"loss": 1.0})
    assert text_kind.path.read_bytes() == b"".join(lines)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_rows_in_no_order(text_kind, end):
    """Such as those of a file that someone has edited."""
    with text_kind.new() as logger:
        for step in range(1, 6):
            logger.log(step, {"loss": 0.125})
    lines = text_kind.path.read_bytes().splitlines()
    lines[-1], lines[-3] = lines[-3], lines[-1]
    text_kind.path.write_bytes(end.join([*lines, b""]))
    with text_kind.new() as logger:
        logger.log(5, {"loss": 0.125, "x": 0.0})
    found = text_kind.read()
    assert [row["step"] for row in found] == [1, 2, 4, 3, 5]
    assert {row["loss"] for row in found} == {0.125}


@pytest.mark.parametrize("device", [False, True])
def test_a_path_that_is_no_file(text_kind, device):
    text_kind.path.parent.mkdir()
    if device:
        os.mkfifo(text_kind.path)
    else:
        text_kind.path.mkdir()
    with pytest.raises(jm.training.LogError, match="run.* is a folder or a device. Give the path"):
        text_kind.new().log(1, {"loss": 1.0})


def test_a_link_stays_a_link_and_a_mode_stays(text_kind, tmp_path):
    other = tmp_path / "other"
    with text_kind.new() as logger:
        logger.log(1, {"loss": 1.0})
    text_kind.path.rename(other)
    other.chmod(0o640)
    text_kind.path.symlink_to(other)
    with text_kind.new() as logger:
        logger.log(2, {"loss": 1.0, "new": 1.0})
    assert text_kind.path.is_symlink()
    assert stat.S_IMODE(other.stat().st_mode) == 0o640
    assert len(text_kind.read()) == 2


def test_relative_paths_stay_where_they_were(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logger = jm.training.CSVLogger("run.csv")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    logger.log(1, {"loss": 1.0})
    logger.close()
    assert (tmp_path / "run.csv").read_text() == "step,loss\n1,1.0\n"
