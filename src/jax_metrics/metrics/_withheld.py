"""Checks that no member of a collection counts examples that a mask leaves out."""

from collections.abc import Collection, Iterable, Mapping
from types import FunctionType
from typing import Any, NamedTuple

import jax
import numpy as np

from jax_metrics.arguments import Arguments

_OF_EXAMPLES = ("mask", "sample_weight")


class Member(NamedTuple):
    """A member of a collection.

    Attributes:
        name: Its name in the collection.
        reader: The metric, loss or function.
        accepted: The names of the arguments that it takes.
    """

    name: str
    reader: Any
    accepted: Collection[str]


def check_withheld(owner: str, members: Iterable[Member], arguments: Mapping[str, Any]) -> None:
    """Checks that each member takes the mask and the weights, unless it needs none.

    A member needs none if none of its arguments has the examples of the mask along its first axes.
    Its attribute `per_example` names the arguments that may have examples; by default all arrays.

    Args:
        owner: The class of the collection, for the message.
        members: Its members.
        arguments: The arguments that the collection got.

    Raises:
        TypeError: If a member needs them but does not take them.
    """
    for given in _OF_EXAMPLES:
        shape = np.shape(arguments[given]) if arguments.get(given) is not None else ()
        for name, reader, accepted in members if shape else ():
            own_names = dict(getattr(reader, "_arguments", Arguments()).names)
            if given in accepted or given in own_names:
                continue
            declared = getattr(reader, "per_example", None)
            for argument in accepted:
                value = arguments.get(argument)
                of_examples = declared is None or argument in declared
                if of_examples and any(
                    x.shape[: len(shape)] == shape for x in _arrays(reader, value)
                ):
                    wrong = "count masked ones" if given == "mask" else "weight them alike"
                    place = "on it" if isinstance(reader, FunctionType) else "in its class"
                    raise TypeError(
                        f"{owner} got `{given}`, but its member {name!r} ({_class_name(reader)}) "
                        f"takes none: it gets {argument!r} of all examples and would {wrong}. Let "
                        f"it take `{given}`, or put it into another collection. If it needs none, "
                        f"set `per_example = ()` {place}."
                    )


def _arrays(reader: Any, value: Any) -> list[Any]:
    """The array, or the arrays of a structure from which a member reads one."""
    reads_structures = getattr(reader, "on", None) is not None
    values = jax.tree.leaves(value) if reads_structures else [value]
    return [value for value in values if hasattr(value, "shape")]


def _class_name(reader: Any) -> str:
    return getattr(reader, "__name__", type(reader).__name__)
