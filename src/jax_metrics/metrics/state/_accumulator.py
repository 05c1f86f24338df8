"""`Accumulator`: the base of state that can be reset and merged."""

from typing import Any, TypeVar

import jax

from jax_metrics.tree import Tree, copy

A = TypeVar("A", bound="Accumulator")


class Accumulator(Tree):
    """The base of state that can be reset and merged, such as `Total`, `Moments` and `Buffer`.

    A subclass defines `neutral` and `merged`. Shapes and dtypes never change.
    """

    def neutral(self) -> Any:
        """The state of the same shapes that changes nothing when merged."""
        raise TypeError(
            f"{type(self).__name__} must define `neutral`; see `jm.metrics.Accumulator`."
        )

    def merged(self, other: Any) -> Any:
        """This state merged with another one."""
        raise TypeError(
            f"{type(self).__name__} must define `merged`; see `jm.metrics.Accumulator`."
        )

    def _replace(self: A, **fields: Any) -> A:
        """A copy with new values in some fields."""
        new = copy(self, shallow=True)
        for name, value in fields.items():
            setattr(new, name, value)
        return new


def merge_leading_axis(state: A) -> A:
    """Merges the states along the leading axis of every leaf into one."""
    first = jax.tree.map(lambda leaf: leaf[0], state)
    rest = jax.tree.map(lambda leaf: leaf[1:], state)

    def merge(merged: Any, following: Any) -> tuple[Any, None]:
        return merged.merged(following), None

    return jax.lax.scan(merge, first, rest)[0]
