"""Rules that can be inverted: `InvertibleRule`, and `inverse` for a list of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._errors import CheckpointError

State = dict[str, Any]
Rule = Callable[[State], State]


@dataclass(frozen=True, eq=False, repr=False)
class InvertibleRule:
    """A function from state dicts to state dicts that knows how to undo what it does.

    Args:
        apply: The function.
        text: How the rule was written, for messages.
        undo: Makes the rule for the other direction, or says why there is none.
    """

    apply: Rule
    text: str
    undo: "Callable[[], InvertibleRule] | str"

    def __call__(self, state: State) -> State:
        """The converted state."""
        return self.apply(state)

    def inverse(self) -> "InvertibleRule":
        """The rule for the other direction.

        Raises:
            CheckpointError: If there is none.
        """
        if isinstance(self.undo, str):
            raise CheckpointError(f"{self.text} cannot be inverted: {self.undo}")
        return self.undo()

    def __repr__(self) -> str:
        return self.text


@names_arguments
def inverse(rules: Iterable[Rule]) -> list[Rule]:
    """The rules that turn the state of a tree back into that of the other library.

    They undo the given rules one by one, from the last to the first. Names that a rule leaves
    unchanged must not look like its results: the inverse of `rename("bert.{*rest}", "{*rest}")`,
    for example, puts `bert.` before every name.

    Args:
        rules: Rules of `jm.checkpoint`, or callables of your own that have a method `inverse`.

    Raises:
        CheckpointError: If a rule cannot be inverted; it says which one, and why.

    Example:
        >>> import numpy as np
        >>> from jax_metrics.checkpoint import inverse, rename, transpose
        >>> rules = [transpose("{*to}.weight"), rename("{*to}.weight", "{*to}.kernel")]
        >>> inverse(rules)
        [rename('{*to}.kernel', '{*to}.weight'), transpose('{*to}.weight')]
        >>> state = {"dense.kernel": np.ones((3, 2))}
        >>> for rule in inverse(rules):
        ...     state = rule(state)
        >>> state["dense.weight"].shape
        (2, 3)
    """
    found = []
    for position, rule in reversed(list(enumerate(rules))):
        undo = getattr(rule, "inverse", None)
        if undo is None:
            raise CheckpointError(
                f"Rule {position}, {rule!r}, cannot be inverted: it is a function that has no "
                "method `inverse`. Use the rules of `jm.checkpoint`, or a class with `__call__` "
                "and `inverse`."
            )
        try:
            found.append(undo())
        except CheckpointError as error:
            raise CheckpointError(f"Rule {position}, {error}") from error
    return found
