"""`Composite`: a metric made of metrics; each is passed the arguments that it takes."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from jax_metrics.arguments import did_you_mean
from jax_metrics.metrics._lists import LISTS, holds_list
from jax_metrics.metrics._metric import Metric
from jax_metrics.metrics._routing import Inputs
from jax_metrics.metrics._withheld import Member, check_withheld


class Composite(Metric):
    """The base of metrics made of other metrics; a subclass defines `parts` and `compute`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Gap(jm.metrics.Composite):
        ...     def __init__(self, **options):
        ...         super().__init__(**options)
        ...         self.high, self.low = jm.metrics.Max(), jm.metrics.Min()
        ...     def parts(self):
        ...         return [self.high, self.low]
        ...     def compute(self):
        ...         return self.high.compute() - self.low.compute()
        >>> float(Gap().update(values=jnp.array([1.0, 4.0])).compute())
        3.0
    """

    def parts(self) -> list[Metric]:
        """The metrics it is made of."""
        raise TypeError(f"{type(self).__name__} must define `parts`.")

    @property
    def jittable(self) -> bool:
        """Whether all parts can be traced."""
        return all(part.jittable for part in self.parts())

    @property
    def _weighs_copies(self) -> bool:
        return all(part._weighs_copies for part in self.parts())

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Arguments as the parts prepare them, if all that do so prepare them alike."""
        if LISTS.isdisjoint(map(type, inputs.values())) or len(self._preparations()) != 1:
            return inputs
        preparing = next(part for part in self.parts() if part._preparations())
        return self._prepared_inputs_by(preparing, inputs)

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(*self.parts())

    def _updates_by_parts(self, inputs: Inputs) -> bool:
        return holds_list(inputs[1].values()) and (
            len(self._preparations()) > 1
            or any(part._updates_by_parts(inputs) for part in self.parts())
        )

    def _number_of_examples(self, inputs: Mapping[str, Any]) -> int | None:
        for part in self.parts():
            accepted = part.signature.parameters
            given = part._routed((), {n: v for n, v in inputs.items() if n in accepted})[1]
            number = part._number_of_examples(given)
            if number is not None:
                return number
        return None

    def _common(self, attribute: str) -> Any:
        """An attribute of the parts if it is the same for all, else the default of `Metric`."""
        values = {getattr(part, attribute) for part in self.parts()}
        return values.pop() if len(values) == 1 else getattr(Metric, attribute)

    def update(self, *args: Any, **arguments: Any) -> Any:
        """Updates each part with the arguments that it takes.

        Raises:
            TypeError: If no part takes one of the arguments, or a part lacks an argument.
        """
        check_accepted(self, arguments)
        self._check_withheld(arguments)
        for name, part in self._named_parts():
            accepted = part.signature.parameters
            try:
                part.update(*args, **{n: v for n, v in arguments.items() if n in accepted})
            except Exception as error:
                error.add_note(f"This was in the member {name!r} of {type(self).__name__}.")
                raise

    def _check_withheld(self, arguments: Mapping[str, Any]) -> None:
        """Checks that no part counts examples that are masked; see `check_withheld`."""
        members = [
            Member(name, part, part.signature.parameters) for name, part in self._named_parts()
        ]
        check_withheld(type(self).__name__, members, arguments)

    def _named_parts(self) -> Iterable[tuple[str, Metric]]:
        return [(part.name, part) for part in self.parts()]

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        parameters: dict[str, inspect.Parameter] = {}
        for part in self.parts():
            for name, parameter in part.signature.parameters.items():
                parameters.setdefault(name, parameter)
        return parameters


def check_accepted(metric: Metric, arguments: Iterable[str]) -> None:
    """Checks that a part of the metric takes each of the arguments, under its own names.

    Raises:
        TypeError: If no part does.
    """
    accepted = metric._accepted_parameters()
    for name in arguments:
        if name not in accepted:
            raise TypeError(
                f"Nothing in this {type(metric).__name__} takes {name!r}; it takes "
                f"{', '.join(accepted) or 'nothing'}.{did_you_mean(name, accepted)}"
            )
