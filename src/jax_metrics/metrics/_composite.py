"""`Composite`: a metric made of metrics, which hands each the arguments that it takes."""

import inspect
from typing import Any

from jax_metrics.metrics._metric import Metric


class Composite(Metric):
    """The base of metrics that are made of others; a subclass defines `parts` and `compute`."""

    def parts(self) -> list[Metric]:
        """The metrics that it is made of."""
        raise TypeError(f"{type(self).__name__} must define `parts`.")

    def update(self, *args: Any, **arguments: Any) -> None:
        """Takes a batch in: each part gets those of the arguments that it takes.

        Raises:
            TypeError: If no part takes one of the arguments, or one lacks an argument.
        """
        names = [part.signature.parameters for part in self.parts()]
        for name in arguments:
            if not any(name in taken for taken in names):
                raise TypeError(
                    f"No metric of this {type(self).__name__} takes {name!r}; they take "
                    f"{', '.join(self.signature.parameters) or 'nothing'}."
                )
        for part, taken in zip(self.parts(), names, strict=True):
            part.update(*args, **{n: v for n, v in arguments.items() if n in taken})

    @property
    def signature(self) -> inspect.Signature:
        """The arguments that any of the parts takes."""
        parameters: dict[str, inspect.Parameter] = {}
        for part in self.parts():
            parameters |= dict(part.signature.parameters) | parameters
        return inspect.Signature(list(parameters.values()))
