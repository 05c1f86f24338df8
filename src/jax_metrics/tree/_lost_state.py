"""Warns when a traced function assigns state and does not return it.

Inside `jit`, `grad` or `scan` a module is a copy that JAX rebuilt, and an assignment to it survives
only if the function returns the copy. Without a warning the state would silently stay as it was. So
an assignment to such a copy adds a pending write to it. Flattening the copy removes the pending
write; if the copy is dropped instead, its pending write warns. None of this runs once compiled.
"""

import sys
import warnings
from typing import Any

from jax.core import Tracer

from jax_metrics.tree._errors import LostStateWarning
from jax_metrics.tree._layout import LAYOUT, NATIVE, PENDING

_registry: dict[Any, Any] = {}  # lets the `default` warning filter show each location once


class _PendingWrite:
    """An assignment that is lost, and warns, if it is dropped before the object is returned."""

    __slots__ = ("label", "location", "returned")

    def __init__(self, label: str, location: tuple[str, int]):
        self.label = label
        self.location = location
        self.returned = False

    def __del__(self) -> None:
        if not self.returned and not sys.is_finalizing():
            owner = self.label.partition(".")[0]
            warnings.warn_explicit(
                f"{self.label} was assigned inside a traced function, on the copy that JAX made of "
                f"the {owner}, and the copy was thrown away, so the new value is lost. Return the "
                "module from the function and use the returned one, as in "
                "`return loss, model`.",
                LostStateWarning,
                *self.location,
                registry=_registry,
            )


def record_assignment(tree: Any, name: str, value: Any) -> None:
    """Records that a traced value was assigned to a node field of a rebuilt copy."""
    fields = tree.__dict__
    if NATIVE in fields or not isinstance(value, Tracer):
        return
    frame = sys._getframe(2)
    mark_returned(fields)
    fields[PENDING] = _PendingWrite(
        f"{type(tree).__name__}.{name}", (frame.f_code.co_filename, frame.f_lineno)
    )
    fields.pop(LAYOUT, None)  # so that flattening calls `mark_returned`


def mark_returned(fields: dict[str, Any]) -> None:
    """Removes the pending write from the fields of an object that is being flattened."""
    pending = fields.pop(PENDING, None)
    if pending is not None:
        pending.returned = True
