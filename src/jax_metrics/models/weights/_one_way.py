"""Rules for several ways to write a name, of which only one is written back."""

from typing import Any

from jax_metrics.models.weights._weight_format import Rule


class OneWay:
    """A rule whose inverse changes nothing: what it leads to is a name in the other library, too.

    Args:
        rule: The rule, which must change nothing where it has been applied before.
    """

    renames = True  # it does not look at the arrays

    def __init__(self, rule: Rule):
        self._rule = rule

    def __call__(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state with the names that are written back."""
        return self._rule(state)

    def inverse(self) -> "OneWay":
        """Changes nothing."""
        return OneWay(lambda state: state)
