"""`Progress` on a terminal and elsewhere, with a clock that the test moves."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

import jax_metrics as jm
from jax_metrics.training.logs import _progress


class Clock:
    """Stands in for the module `time`."""

    now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture(autouse=True)
def capable_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")  # where the tests run it may be a dumb one


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(_progress, "time", clock)
    return clock


def plain():
    return Console(file=io.StringIO(), width=60)


def terminal(width=100):
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)


def lines(console):
    """What was written, without the codes that move the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue()).split("\n")


def run(progress, clock, steps, seconds=1.0, **kwargs):
    for step in steps:
        progress.update(step, **kwargs)
        clock.now += seconds


def test_plain_lines_come_every_ten_seconds_and_at_the_end(clock):
    console = plain()
    with jm.training.Progress(100, console=console) as progress:
        run(progress, clock, range(1, 26), examples=32, values={"loss": 0.5})
    assert lines(console) == [
        "step 1/100 (1 %)  loss 0.5000",
        "step 11/100 (11 %)  loss 0.5000  1.00 steps/s  32.0 examples/s  0:01:29 left",
        "step 21/100 (21 %)  loss 0.5000  1.00 steps/s  32.0 examples/s  0:01:19 left",
        "step 25/100 (25 %)  loss 0.5000  0.96 steps/s  30.7 examples/s  0:00:25",
        "",
    ]


def test_a_step_that_was_printed_is_not_printed_again_at_the_end(clock):
    console = plain()
    with jm.training.Progress(console=console) as progress:
        progress.update(7)
    progress.close()
    progress.update(8)
    assert lines(console) == ["step 7", ""]


def test_without_a_step_nothing_is_printed():
    console = plain()
    with jm.training.Progress(10, console=console):
        pass
    assert lines(console) == [""]


def test_the_time_left_is_that_of_the_last_half_minute(clock):
    console = plain()
    progress = jm.training.Progress(10_000, console=console)
    run(progress, clock, range(1, 101), seconds=1.0)
    run(progress, clock, range(101, 901), seconds=0.125)
    assert lines(console)[-2] == "step 821/10000 (8 %)  8.00 steps/s  0:19:07 left"
    progress.close()
    assert lines(console)[-2] == "step 900/10000 (9 %)  4.50 steps/s  0:03:20"


def test_a_resumed_run_counts_from_where_it_was(clock):
    console = terminal()
    with jm.training.Progress(1000, done=900, console=console) as progress:
        assert "step 900/1000 (90 %)" in lines(console)[-1]
        clock.now += 60  # compiling
        run(progress, clock, range(901, 904))
        assert "step 903/1000 (90 %)" in lines(console)[-1]
        assert "1.00 steps/s  0:01:37 left" in lines(console)[-1]


def test_values_stay_until_there_are_others(clock):
    console = terminal()
    with jm.training.Progress(9, console=console) as progress:
        run(progress, clock, [1], values={"loss": 0.5})
        run(progress, clock, [2, 3])
        assert lines(console)[-1].strip() == "loss 0.5000"
        run(progress, clock, [4], values={"[b]loss": 0.25})
        assert lines(console)[-1].strip() == "[b]loss 0.2500"


def test_the_bar_is_drawn_four_times_a_second_at_most(clock):
    console = terminal()
    with jm.training.Progress(1000, console=console) as progress:
        run(progress, clock, range(1, 1001), seconds=0.01)
    shown = console.file.getvalue().count("step ")
    assert 40 <= shown <= 44
    assert "step 1000/1000 (100 %)" in lines(console)[-2]


@pytest.mark.parametrize("total", [None, 0, 100])
@pytest.mark.parametrize("width", [10, 40, 200])
def test_any_terminal_and_any_total(clock, total, width):
    console = terminal(width)
    with jm.training.Progress(total, console=console) as progress:
        run(progress, clock, [0, 0, 50, 150], examples=2, values={"loss": 1.0})
    assert "step" in console.file.getvalue()


def test_lines_above_the_bar(clock):
    console = terminal()
    with jm.training.Progress(10, console=console) as progress:
        run(progress, clock, [1])
        progress.print("saved [bold]step[/] 1")
        jm.training.ConsoleLogger(console).log(1, {"loss": 0.5})
        run(progress, clock, [2])
    found = [line.strip() for line in lines(console)]
    above = [i for i, line in enumerate(found) if line.endswith("saved [bold]step[/] 1")]
    assert above and "step 2/10" in found[-2]
    assert any(line.endswith("step        1  loss 0.5000") for line in found)


def test_the_terminal_is_given_back_after_an_error(clock):
    console = terminal()
    with pytest.raises(KeyboardInterrupt):
        with jm.training.Progress(10, console=console) as progress:
            run(progress, clock, [1])
            raise KeyboardInterrupt
    assert console.file.getvalue().rstrip("\n").endswith("\x1b[?25h")  # shows the cursor


@pytest.mark.parametrize("widgets", [False, True])
def test_notebooks_have_a_bar_if_they_have_widgets(monkeypatch, widgets):
    monkeypatch.setattr(_progress.importlib.util, "find_spec", lambda name: widgets or None)
    assert _progress._can_draw(Console(force_jupyter=True)) is widgets


def test_a_dumb_terminal_has_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert not _progress._can_draw(terminal())


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"step": 1.5}, TypeError, "as `step`, the number of steps so far; got float 1.5. Write"),
        ({"step": {"loss": 0.5}}, TypeError, "as `step`, .* got dict"),
        ({"step": True}, TypeError, "as `step`, .* got bool True"),
        ({"step": -1}, ValueError, "of at least 0 as `step`, .* got int -1"),
        ({"step": 1, "examples": {"loss": 0.5}}, TypeError, "as `examples`, .* got dict"),
        ({"total": 2.5}, TypeError, "as `total`, the step at which the run ends; got float 2.5"),
        ({"total": "9"}, TypeError, "as `total`, .* got str '9'. Write `Progress.total=1000"),
        ({"done": -3}, ValueError, "as `done`, the steps taken before; got int -3"),
    ],
)
def test_numbers_of_steps_are_checked(arguments, kind, text):
    options = {name: arguments[name] for name in ("total", "done") if name in arguments}
    counts = {name: value for name, value in arguments.items() if name not in options}
    with pytest.raises(kind, match=text):
        jm.training.Progress(console=plain(), **options).update(**{"step": 1, **counts})


def test_numbers_of_numpy_are_steps(clock):
    console = plain()
    with jm.training.Progress(np.int64(2), done=np.int32(0), console=console) as progress:
        run(progress, clock, np.arange(1, 3), examples=np.int32(4))
    assert "step 2/2 (100 %)" in console.file.getvalue()
