"""`ConsoleLogger`: a line of text for each row."""

from collections.abc import Mapping

import rich
from rich.console import Console

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.logs._errors import reporting
from jax_metrics.training.logs._number_formats import columns
from jax_metrics.training.logs._row import checked_row


@constructor_names_arguments
class ConsoleLogger:
    """Prints a line for each row. With a `Progress` of the same console it is above the bar.

    Args:
        console: A `rich` console, by default rich's own, which prints to `sys.stdout`.

    Example:
        >>> import jax_metrics as jm
        >>> logger = jm.training.ConsoleLogger()
        >>> logger.log(10, {"loss": 0.51234, "learning_rate": 3e-4})
        step       10  loss 0.5123     learning_rate 3.000e-04
        >>> logger.log(1000, {"loss": 12.3, "learning_rate": 1e-4})
        step     1000  loss 12.3000    learning_rate 1.000e-04
    """

    def __init__(self, console: Console | None = None):
        self._console = console

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Prints a row.

        Args:
            step: How many steps have been taken.
            values: Numbers by name.

        Raises:
            LogError: If it cannot be written.
            TypeError: If a value is not a number.
        """
        step, values = checked_row(step, values)
        print_line(self._console or rich.get_console(), f"step {step:8}  {columns(values)}")

    def close(self) -> None:
        """Does nothing: the console stays open."""


def print_line(console: Console, text: str) -> None:
    """Prints text as it is, without markup, and without breaking its lines.

    Raises:
        LogError: If it cannot be written.
    """
    with reporting("on the console"):
        console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)
