"""`Compiled`: a function that is compiled once, and warns if it is compiled again."""

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, Literal

import jax
from jax.core import Tracer

from jax_metrics.arguments import constructor_names_arguments
from jax_metrics.tree import layout_of, public_fields, trees_with_paths, warn_user

OnRetrace = Literal["warn", "raise", "ignore"]
_COMPILED = "/jax/core/compile/backend_compile_duration"  # an event of `jax.monitoring`
_SHOWN = 5


class RetraceWarning(UserWarning):
    """A function that should be compiled once is compiled again, which takes time.

    `Compiled` warns of it.
    """


class RetraceError(RuntimeError):
    """A function that should be compiled once was about to be compiled again."""


@constructor_names_arguments
class Compiled:
    """`jax.jit(function)` that reports when and why it is compiled again.

    Args:
        function: A function of named pytrees.
        what: A name for the function in messages.
        on_retrace: What to do: a `RetraceWarning`, a `RetraceError`, or nothing.
        donate: The positions of arguments that the function may overwrite.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> step = jm.training.Compiled(lambda x: x + 1, "The step", "raise")
        >>> step(jnp.ones(3)).shape
        (3,)
        >>> try:
        ...     step(jnp.ones(2))
        ... except jm.training.RetraceError as error:
        ...     print(error)
        The step is compiled again: x was float32[3], and is float32[2].
    """

    def __init__(
        self,
        function: Callable[..., Any],
        what: str,
        on_retrace: OnRetrace = "warn",
        donate: tuple[int, ...] = (),
    ):
        if on_retrace not in ("warn", "raise", "ignore"):
            raise ValueError(f"`on_retrace` is 'warn', 'raise' or 'ignore'; got {on_retrace!r}.")
        self._what, self._on_retrace = what, on_retrace
        self._traced: dict[str, str] | None = None
        self._places: dict[str, str] | None = None
        names = tuple(inspect.signature(function).parameters)

        def traced(*args: Any) -> Any:
            before, self._traced = self._traced, _described(names, args, _type_of)
            if before is not None:  # nothing has run yet, so that nothing is lost
                self._tell(_changes(before, self._traced))
            return function(*args)

        self._names, self._function, self._donate = names, function, donate
        self._jitted = jax.jit(traced, donate_argnums=donate)
        _listen()

    def __call__(self, *args: Any) -> Any:
        """Calls the compiled function."""
        if self._places is None:
            if not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(args)):
                self._places = _described(self._names, args, _place_of)
            return self._jitted(*args)
        traced = self._traced
        compiled = _programs.count
        result = self._jitted(*args)
        # If not for other shapes, then for other devices.
        if _programs.count > compiled and self._traced is traced:
            before, self._places = self._places, _described(self._names, args, _place_of)
            self._tell(_changes(before, self._places))
        return result

    def lower(self, *args: Any) -> jax.stages.Lowered:
        """The program for these arguments, as from `jax.jit(function).lower`; it is no call.

        Args:
            *args: As for a call: arrays, or `jax.ShapeDtypeStruct`s with shardings.
        """
        # `traced` would see neither this as a call, nor the next call, which JAX does not trace.
        return jax.jit(self._function, donate_argnums=self._donate).lower(*args)

    def _tell(self, why: str) -> None:
        message = f"{self._what} is compiled again: {why}."
        if self._on_retrace == "raise":
            raise RetraceError(message)
        if self._on_retrace == "warn":
            warn_user(message, RetraceWarning)


class _Programs(threading.local):
    """How many programs this thread has compiled."""

    count = 0


_programs = _Programs()


@functools.cache
def _listen() -> None:
    def on_event(event: str, duration_secs: float, **details: Any) -> None:
        if event == _COMPILED:
            _programs.count += 1

    jax.monitoring.register_event_duration_secs_listener(on_event)


def _described(
    names: tuple[str, ...], args: tuple[Any, ...], describe: Callable[[Any], str]
) -> dict[str, str]:
    """Each array, and each static field of a Tree, by its path."""
    found: dict[str, str] = {}
    for name, value in zip(names, args, strict=True):
        for path, tree in trees_with_paths(value, name):
            nodes = layout_of(tree).names
            fields = public_fields(tree).items()
            found |= {f"{path}.{field}": f"{x!r:.60}" for field, x in fields if field not in nodes}
        leaves = jax.tree_util.tree_leaves_with_path(value)
        found |= {f"{name}{jax.tree_util.keystr(path)}": describe(x) for path, x in leaves}
    return found


def _type_of(leaf: Any) -> str:
    return str(jax.typeof(leaf))


def _place_of(leaf: Any) -> str:
    return str(leaf.sharding) if isinstance(leaf, jax.Array) else type(leaf).__name__


def _changes(before: dict[str, str], after: dict[str, str]) -> str:
    both = [(name, before[name], x) for name, x in after.items() if name in before]
    changed = [f"{name} was {old}, and is {new}" for name, old, new in both if old != new]
    changed += [f"{name} is new" for name in after.keys() - before.keys()]
    changed += [f"{name} is gone" for name in before.keys() - after.keys()]
    if not changed:
        return "the structure of an argument has changed"
    more = f"; and {len(changed) - _SHOWN} more changes" if len(changed) > _SHOWN else ""
    return "; ".join(changed[:_SHOWN]) + more
