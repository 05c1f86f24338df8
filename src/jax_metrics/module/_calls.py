"""Calls of modules: where in the model the running code is.

Every call runs under `jax.named_scope` of the module's path, so that profiles and HLO name it.
The same bookkeeping tells error messages and `tabulate` where they are.
"""

import contextvars
import functools
from collections.abc import Callable
from typing import Any

import jax

from jax_metrics.tree import trees_with_paths


class Call:
    """One running call of a module.

    Attributes:
        module: The module.
        root: The outermost module of the running calls that has this one inside.
        path: Where the module is in the root; empty for the root itself.
        record: Called with each finished call's path, module, inputs and output, if set.
    """

    __slots__ = ("_paths", "module", "path", "record", "root")

    def __init__(self, module: Any, root: "Call | None", path: str, record: Any):
        self.module = module
        self.root = root if root is not None else self
        self.path = path
        self.record = record
        self._paths: dict[int, str] | None = None

    def path_of(self, module: Any) -> str | None:
        """Where a module is in this root; None if it is not inside."""
        if self._paths is None:
            self._paths = {}
            for path, tree in trees_with_paths(self.module):
                self._paths.setdefault(id(tree), path)
        return self._paths.get(id(module))


Record = Callable[[str, Any, tuple, dict, Any], None]
_running: contextvars.ContextVar[Call | None] = contextvars.ContextVar("call", default=None)


def in_scope(call: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a class' `__call__` so that it runs under the name of the module's path."""

    @functools.wraps(call)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        outer = _running.get()
        if outer is None:
            running, scope = Call(self, None, "", None), self.name
        elif outer.module is self:  # `super().__call__(...)`
            return call(self, *args, **kwargs)
        else:
            path = outer.root.path_of(self)
            if path is None:
                running, scope = Call(self, None, "", outer.record), self.name
            else:
                running = Call(self, outer.root, path, outer.record)
                scope = path.removeprefix(outer.path).removeprefix(".")
        token = _running.set(running)
        try:
            with jax.named_scope(scope):
                output = call(self, *args, **kwargs)
        finally:
            _running.reset(token)
        if running.record is not None:
            running.record(running.path, self, args, kwargs, output)
        return output

    return wrapper


def recorded(record: Record, call: Callable[[], Any]) -> Any:
    """Runs `call`, telling `record` of each call of a module that finishes in it."""
    token = _running.set(Call(None, None, "", record))
    try:
        return call()
    finally:
        _running.reset(token)


def describe_place(module: Any) -> str:
    """A module and where it is, for error messages: `.layers[0] (Linear)`."""
    running = _running.get()
    path = running.root.path_of(module) if running is not None else None
    cls = type(module).__name__
    return f"{path} ({cls})" if path else cls
