"""`JSONLinesLogger`: rows as lines of JSON."""

import json
import math
from typing import Any

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.training.logs._row import STEP
from jax_metrics.training.logs._text_logger import TextLogger


@constructor_names_arguments
class JSONLinesLogger(TextLogger):
    """A file with a line of JSON for each row: `{"step": 10, "loss": 0.5}`.

    JSON has no NaN and no infinities, so they are the strings `"NaN"`, `"Infinity"` and
    `"-Infinity"`; `float` reads them, as it reads the numbers.

    A file with rows is continued. The first row replaces the rows of its step and of later steps,
    left by a run that was stopped, and an incomplete last line. After that, steps must not
    decrease, and values of the same step are added to its row.

    Args:
        path: The path of the file, which is opened at the first row; missing folders are created.

    Raises:
        LogError: By `log`, if the file cannot be written, or is not such a log.

    Example:
        >>> import tempfile
        >>> import jax_metrics as jm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with jm.training.JSONLinesLogger(f"{folder}/run.jsonl") as logger:
        ...         logger.log(10, {"loss": 0.5})
        ...         logger.log(20, {"loss": float("inf"), "val/loss": 0.25})
        ...     print(logger.path.read_text())
        {"step": 10, "loss": 0.5}
        {"step": 20, "loss": "Infinity", "val/loss": 0.25}
    """

    _beginnings = (f'{{"{STEP}": '.encode(),)

    def _step_of(self, line: bytes) -> int | None:
        row = _parsed(line)
        step = row.get(STEP) if isinstance(row, dict) else None
        return step if type(step) is int else None

    def _is_torn(self, line: bytes) -> bool:
        return line.startswith(self._beginnings) and _parsed(line) is None

    def _line(self, step: int, values: dict[str, float]) -> bytes:
        row = {STEP: step} | {name: _as_json(value) for name, value in values.items()}
        return json.dumps(row, allow_nan=False).encode() + b"\n"


def _parsed(line: bytes) -> Any:
    """The value of a line; None if the line is not JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _as_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
