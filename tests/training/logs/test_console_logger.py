"""Lines of `ConsoleLogger`, and how numbers are written for a person."""

import io

import pytest
from rich.console import Console

import jax_metrics as jm
from jax_metrics.training.logs._number_formats import duration, number, rate


def test_rows_with_the_same_names_are_aligned(capsys):
    logger = jm.training.ConsoleLogger()
    logger.log(1, {"loss": 123.4, "accuracy": 0.5, "learning_rate": 1e-5})
    logger.log(1000, {"loss": 0.00001, "accuracy": 1, "learning_rate": 0.25})
    logger.close()
    first, second = capsys.readouterr().out.splitlines()
    assert first == "step        1  loss 123.4000   accuracy 0.5000     learning_rate 1.000e-05"
    for name in ("loss", "accuracy", "learning_rate"):
        assert first.index(f"  {name} ") == second.index(f"  {name} ")


def test_names_are_no_markup_and_lines_are_not_broken():
    console = Console(file=io.StringIO(), width=20)
    logger = jm.training.ConsoleLogger(console)
    logger.log(1, {"[red]loss of the whole model[/]": 1.0, ":smile:": 2.0})
    expected = "step        1  [red]loss of the whole model[/] 1.0000     :smile: 2.0000\n"
    assert console.file.getvalue() == expected


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


def test_output_that_cannot_be_written_is_told():
    console = Console(file=Full())
    for print_one in (
        lambda: jm.training.ConsoleLogger(console).log(1, {"loss": 1.0}),
        lambda: jm.training.Progress(console=console).print("text"),
        lambda: jm.training.Progress(console=console).update(1),
    ):
        with pytest.raises(jm.training.LogError, match="log on the console could not .*No space"):
            print_one()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (0.00099, "9.900e-04"),
        (-0.5, "-0.5000"),
        (999.99, "999.9900"),
        (1234.5678, "1234.6"),
        (5000.0, "5000"),
        (123456789.0, "123456789"),
        (1e12, "1.000e+12"),
        (1234567.5, "1.235e+06"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.01234, "0.0123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (0.9999, "1.00"),
        (9.999, "10.0"),
        (999.9, "1.00k"),
        (1234.0, "1.23k"),
        (5e7, "50.0M"),
        (1e17, "100000T"),
    ],
)
def test_rates(value, text):
    assert rate(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0:00:00"), (59.6, "0:01:00"), (3723, "1:02:03"), (9e4, "1d 1:00:00")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
