"""What metrics are made of: states that add up without losing anything."""

from typing import Any, TypeVar

import jax

from jax_metrics.tree import Tree

A = TypeVar("A", bound="Accumulator")


class Accumulator(Tree):
    """A piece of a metric's state that knows how to start over and how to be merged.

    A subclass says `neutral` and `merged`; shapes and dtypes never change. See `Total`, `Moments`
    and `Buffer`.
    """

    def neutral(self) -> Any:
        """The state that changes nothing when merged, of the same shapes."""
        raise TypeError(
            f"{type(self).__name__} must define `neutral`; see `jm.metrics.Accumulator`."
        )

    def merged(self, other: Any) -> Any:
        """This state and another one, taken together."""
        raise TypeError(
            f"{type(self).__name__} must define `merged`; see `jm.metrics.Accumulator`."
        )


def merge_leading_axis(state: A) -> A:
    """Merges the states that lie along the leading axis of every leaf into one."""
    first = jax.tree.map(lambda leaf: leaf[0], state)
    rest = jax.tree.map(lambda leaf: leaf[1:], state)

    def merge(done: Any, following: Any) -> tuple[Any, None]:
        return done.merged(following), None

    return jax.lax.scan(merge, first, rest)[0]
