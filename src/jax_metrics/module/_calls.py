"""Calls of modules: the position of the running code in the model.

Every call runs under `jax.named_scope` of the module's path, so that profiles and HLO name it.
Error messages, `tabulate` and the tools for debugging use the same bookkeeping.
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import jax

from jax_metrics.module._foreign_errors import explain_call
from jax_metrics.module._init import is_initializing
from jax_metrics.module._resolve_ties import TIES, resolved
from jax_metrics.tree import check_use, in_compact, trees_with_paths, was_rebuilt

P = ParamSpec("P")
R = TypeVar("R")


class Call:
    """One running call of a module.

    Attributes:
        module: The module.
        path: Where the module is in the root; empty for the root itself.
        around: Runs this call and those inside of it, if set; see `calls_run_by`.
        caller: The call that runs around it, of a model that does not contain this module.
        model: The outermost module that users know: not a copy that stands for it.
        copied_in: The call in which a transformation made a copy, if the module is that copy.
        token: Stands for this call; a reference to itself would be a cycle.
        uses: What used each path of the root first; see `used_before`.
    """

    __slots__ = (
        "_outermost", "_paths", "around", "caller", "copied_in", "model", "module", "path",
        "token", "uses",
    )  # fmt: skip

    def __init__(
        self,
        module: Any,
        root: "Call | None",
        path: str,
        around: "Around | None",
        caller: "Call | None" = None,
    ):
        self.module = module
        self.model = module if root is None else root.model
        self.caller = caller
        self._outermost = root
        self.path = path
        self.around = around
        self.copied_in: Call | None = None
        self.token = object()
        self.uses: dict[str, tuple[Any, ...]] = {} if root is None else root.uses
        self._paths: dict[int, str] | None = None

    @property
    def root(self) -> "Call":
        """The outermost running call that contains this module."""
        # Not kept as an attribute: a reference to itself would keep the module and its arrays
        # alive until the garbage collector comes by.
        return self if self._outermost is None else self._outermost

    def path_of(self, module: Any) -> str | None:
        """Where a module is in this root; None if it is not inside."""
        return self._known_paths().get(id(module))

    def _known_paths(self) -> dict[int, str]:
        if self._paths is None:
            self._paths = {}
            for path, tree in trees_with_paths(self.module):
                self._paths.setdefault(id(tree), path)
        return self._paths

    def with_copy(self, copy: Any, path: str) -> "Call":
        """This call, with a copy registered under a path relative to the module."""
        call = Call(self.module if path else copy, None, self.path, self.around)
        copied: dict[int, str] = {}
        for inside, tree in trees_with_paths(copy, self.path + path):
            copied.setdefault(id(tree), inside)  # a tied layer has two paths
        call._paths = {**self.root._known_paths(), **copied}
        call.model = self.root.model
        call.copied_in = self
        return call


# An optional static field: a callable used in place of the module's own `__call__`; it receives the
# module, that function and its arguments.
CALL_WRAPPER = "_around_call"
# Takes the call, the function to run, and its positional and keyword arguments; returns the output.
Around = Callable[[Call, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
_running: contextvars.ContextVar[Call | None] = contextvars.ContextVar("call", default=None)


def in_scope(call: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a class' `__call__` so that it runs under the name of the module's path."""

    @functools.wraps(call)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _run_in_scope(call, self, args, kwargs)

    return wrapper


# Not inside `wrapper`, which cloudpickle pickles by value with everything it refers to.
def _run_in_scope(
    call: Callable[..., Any], self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    outer = _running.get()
    check_use(self)
    if outer is None:
        running, scope = Call(self, None, "", None), self.name
    elif outer.module is self:  # `super().__call__(...)`
        return call(self, *args, **kwargs)
    else:
        path = outer.root.path_of(self)
        if path is None:
            running, scope = Call(self, None, "", outer.around, outer), self.name
        else:
            running = Call(self, outer.root, path, outer.around)
            inside = path.startswith((f"{outer.path}.", f"{outer.path}["))
            scope = (path[len(outer.path) :] if inside else path).removeprefix(".")
    token = _running.set(running)
    try:
        with jax.named_scope(scope):
            run = _call_resolved if TIES in self.__dict__ else _call_wrapped
            if running.around is not None:
                run = _run_by(running, run)
            return run(call, self, args, kwargs)
    except Exception as error:
        explained = explain_call(error, describe_place(self), self, args, kwargs)
        if explained is not None:
            raise explained from error
        raise
    finally:
        _running.reset(token)


def _run_by(running: Call, run: Callable[..., Any]) -> Callable[..., Any]:
    around: Any = running.around

    def run_around(call: Any, self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        def own_call(*args: Any, **kwargs: Any) -> Any:
            return run(call, self, args, kwargs)

        return around(running, own_call, args, kwargs)

    return run_around


def _call_wrapped(
    call: Callable[..., Any], self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    around = self.__dict__.get(CALL_WRAPPER)
    return call(self, *args, **kwargs) if around is None else around(self, call, args, kwargs)


def _call_resolved(
    call: Callable[..., Any], self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Calls a module that has ties: a twin of it, in which the tied positions have values."""
    with resolved(self, initializing=is_initializing()) as twin:
        with aliased_as(twin):
            return _call_wrapped(call, twin, args, kwargs)


def with_ties(method: Callable[P, R]) -> Callable[P, R]:
    """Lets a method other than `__call__` use positions of the module that are tied.

    The method then runs as a call does: under the path of the module, and its errors say where.

    Args:
        method: A method of a Module.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Autoencoder(jm.Module):
        ...     def __init__(self):
        ...         self.encoder = jm.Linear(2, use_bias=False)
        ...         self.decoder = jm.Linear(4, use_bias=False)
        ...         jm.tie(self, ".encoder.kernel", ".decoder.kernel", transform=jnp.transpose,
        ...                inplace=True)
        ...     def __call__(self, x):
        ...         return self.decode(self.encoder(x))
        ...     @jm.with_ties
        ...     def decode(self, code):
        ...         return self.decoder(code)
        >>> model = Autoencoder().init(0, jnp.ones((1, 4)))
        >>> model.decode(jnp.ones((3, 2))).shape
        (3, 4)
    """
    return in_scope(method)


@contextlib.contextmanager
def aliased_as(copy: Any, path: str = "") -> Iterator[None]:
    """Gives a copy the path of its original while the block runs.

    A transformation of JAX, such as `scan`, rebuilds the modules passed to its function.

    Args:
        copy: The copy of a module.
        path: The path of the original, relative to the module whose call is running.
    """
    outer = _running.get()
    if outer is None or outer.module is None:
        yield
        return
    token = _running.set(outer.with_copy(copy, path))
    try:
        yield
    finally:
        _running.reset(token)


@contextlib.contextmanager
def calls_run_by(around: Around) -> Iterator[None]:
    """Lets a function run the calls of modules while the block runs, those inside calls too.

    Args:
        around: Takes the call, a function that runs it, its positional and keyword arguments, and
            returns its output.
    """
    token = _running.set(Call(None, None, "", around))
    try:
        yield
    finally:
        _running.reset(token)


def place_in_call(module: Any) -> tuple[Any, str]:
    """The outermost module of the running call that holds a module, and the path in it."""
    running = _running.get()
    if running is None or (path := running.root.path_of(module)) is None:
        return module, ""
    return running.root.model, path


def outermost_calls() -> tuple[Any, Any]:
    """The outermost module of the running call, and the model whose call made it, or None.

    The second is a model whose call is running around, and which does not contain the first.
    """
    running = _running.get()
    if running is None:
        return None, None
    module, caller = running.root.module, running.root.caller
    if caller is None or caller.module is None or was_rebuilt(module):
        return module, None
    # A compact method has made it, or it became a field since the paths were looked up.
    inside = in_compact() or any(t is module for _, t in trees_with_paths(caller.root.module))
    return module, None if inside else caller.root.module


def used_before(module: Any, *inputs: Any) -> bool:
    """Whether the outermost running call has used a module before; notes this use.

    A transformation of JAX may trace its function several times. So the uses of a copy that it made
    count as one use by the call around it.

    Args:
        module: The module whose call is running.
        *inputs: What it is used with: further uses with the same objects count as one. Without
            any, each use counts.
    """
    running = _running.get()
    path = None if running is None else running.root.path_of(module)
    user: tuple[Any, ...] = inputs or (object(),)
    while running is not None and path is not None:
        first = running.root.uses.setdefault(path, user)
        if len(first) != len(user) or any(a is not b for a, b in zip(first, user, strict=True)):
            return True
        running = running.root.copied_in
        user = () if running is None else (running.token,)
    return False


def describe_place(module: Any) -> str:
    """A module and its path, for error messages: `.layers[0] (Linear)`."""
    running = _running.get()
    path = running.root.path_of(module) if running is not None else None
    cls = type(module).__name__
    return f"{path} ({cls})" if path else cls
