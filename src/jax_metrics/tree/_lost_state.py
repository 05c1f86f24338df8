"""Warns when the state that a traced function assigned is thrown away.

Inside `jit`, `grad` or `scan` a module is a copy that JAX rebuilt, and what is assigned to it
survives only if the function returns it. Forgetting that is silent: the code runs, and the state
never moves. So an assignment to such a copy leaves a note in it, which flattening takes out again;
a note that dies with its copy was not returned, and says so. Nothing of this runs once compiled.
"""

import sys
import warnings
from typing import Any

from jax.core import Tracer

from jax_metrics.tree._errors import LostStateWarning
from jax_metrics.tree._layout import LAYOUT, NATIVE, PENDING

_registry: dict[Any, Any] = {}  # lets the `default` warning filter show each place once


class _Note:
    """Says, when it dies, that the assignment it stands for was lost."""

    __slots__ = ("label", "place", "settled")

    def __init__(self, label: str, place: tuple[str, int]):
        self.label = label
        self.place = place
        self.settled = False

    def __del__(self) -> None:
        if not self.settled and not sys.is_finalizing():
            owner = self.label.partition(".")[0]
            warnings.warn_explicit(
                f"{self.label} was assigned inside a traced function, on the copy that JAX made of "
                f"the {owner}, and the copy was thrown away, so the new value is lost. Return the "
                "module from the function and use the returned one, as in "
                "`return loss, model`.",
                LostStateWarning,
                *self.place,
                registry=_registry,
            )


def note_assignment(tree: Any, name: str, value: Any) -> None:
    """Takes note that a traced value was assigned to a node field of a rebuilt copy."""
    fields = tree.__dict__
    if NATIVE in fields or not isinstance(value, Tracer):
        return
    frame = sys._getframe(2)
    settle(fields)
    fields[PENDING] = _Note(
        f"{type(tree).__name__}.{name}", (frame.f_code.co_filename, frame.f_lineno)
    )
    fields.pop(LAYOUT, None)  # so that flattening passes by `settle`


def settle(fields: dict[str, Any]) -> None:
    """Takes the note out of an object's fields: they are being flattened."""
    note = fields.pop(PENDING, None)
    if note is not None:
        note.settled = True
