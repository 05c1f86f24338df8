"""`Logger`: the two methods that any log has."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Logger(Protocol):
    """Receives the numbers of a run. Any object with these two methods is a logger.

    With several processes, each may create its loggers, but only one may log; `jm.training.fit`
    logs in the first process. So a logger opens nothing before its first row.

    Example:
        >>> import jax_metrics as jm
        >>> class Printer:
        ...     def log(self, step, values):
        ...         print(step, values)
        ...     def close(self):
        ...         print("done")
        >>> logger = Printer()
        >>> isinstance(logger, jm.training.Logger)
        True
        >>> logger.log(10, {"loss": 0.5})
        10 {'loss': 0.5}
    """

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Writes a row.

        Args:
            step: How many steps have been taken.
            values: Python floats by name, such as `"loss"`, `"val/loss"` or `"learning_rate"`.

        Raises:
            LogError: If it cannot be written. The training may continue.
        """
        ...

    def close(self) -> None:
        """Ends the log. Called once a run has ended, even after an error."""
        ...
