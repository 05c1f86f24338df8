"""Calls Flax Linen modules with the caller's variables, at nearly the cost of the computation.

`module.apply(variables, x)` is slow for two reasons: `Scope.param` traces the initializer again in
every call, only to learn which shape the parameter should have; and each call clones the module,
which registers every field twice in search of submodules. Here a Scope believes a parameter that
has the shape the module asks for, and a module without submodules keeps its Scope, which the next
call refills. All of it is public API of Flax.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import flax.linen as linen
from flax.core import AxisMetadata, DenyList, FrozenDict, Scope, unbox, unfreeze
from flax.errors import ScopeParamShapeError

Variables = Mapping[str, dict[str, Any] | FrozenDict[str, Any]]
Mutable = bool | str | Sequence[str] | DenyList
_ALL_BUT_LOGS = DenyList("intermediates")  # Flax's default


class WrongShape(NamedTuple):
    """A parameter that has another shape than the module asks for; an attribute of Flax's error.

    Attributes:
        path: Its path in the variables of the module.
        shape: Its shape.
        needed: The shape that the module asks for.
    """

    path: tuple[str, ...]
    shape: tuple[int, ...]
    needed: tuple[int, ...]


class _TrustingScope(Scope):
    """A Scope that hands out the parameter it was given when its shape is the expected one."""

    has_children = False

    def fill(self, variables: Variables, rngs: Mapping[str, Any] | None, mutable: Mutable) -> None:
        """Resets the Scope to these values."""
        collections: dict[str, Any] = {}
        Scope.__init__(self, collections, rngs=dict(rngs or {}), mutable=mutable)
        for name, collection in variables.items():
            # Flax writes into mutable collections, so those are copied.
            writable = self.is_mutable_collection(name)
            collections[name] = unfreeze(collection) if writable else collection

    def param(
        self,
        name: str,
        init_fn: Callable[..., Any],
        *init_args: Any,
        unbox: bool = True,
        **init_kwargs: Any,
    ) -> Any:
        """The parameter; see `flax.core.Scope.param`."""
        given = self.get_variable("params", name)
        value = _unboxed(given)
        # Initializers take (key, shape, dtype). One of another form, a missing parameter and one of
        # the wrong shape go Flax's own way, with its tracing and its errors.
        expected = init_args[0] if init_args else None
        if isinstance(expected, tuple | list) and getattr(value, "shape", None) == tuple(expected):
            self.reserve(name, "params")
            return value if unbox else given
        try:
            return super().param(name, init_fn, *init_args, unbox=unbox, **init_kwargs)
        except ScopeParamShapeError as error:
            if isinstance(expected, tuple | list):
                path = (*self.path, name)
                error.wrong_shape = WrongShape(path, value.shape, tuple(expected))  # pyright: ignore[reportAttributeAccessIssue]
            raise

    # Flax makes the Scope of a submodule, and the one that follows a call, as a plain Scope.

    def push(self, name: str | None = None, prefix: str = "", reuse: bool = False) -> Scope:
        """The Scope of a submodule; see `flax.core.Scope.push`."""
        self.has_children = True
        child = super().push(name, prefix, reuse)
        child.__class__ = _TrustingScope
        return child

    def rewound(self, rewind_rngs: bool = False) -> Scope:
        """The Scope for the next call; see `flax.core.Scope.rewound`."""
        scope = super().rewound(rewind_rngs)
        scope.__class__ = _TrustingScope
        return scope


class _KeptScope(_TrustingScope):
    """The Scope that a module stays bound to: it is rewound in place."""

    def rewound(self, rewind_rngs: bool = False) -> Scope:
        """This Scope again, if nothing but the module itself uses it."""
        if rewind_rngs or self.has_children:
            return super().rewound(rewind_rngs)
        self.reservations.clear()
        return self


def _unboxed(value: Any) -> Any:
    return unbox(value) if isinstance(value, AxisMetadata) else value


class FlaxCall:
    """A Linen module, ready to be called with variables; threads may share it.

    Args:
        module: The module.
    """

    def __init__(self, module: linen.Module):
        # Without `parent=None`, a module made inside another's call would become its child.
        self.module = module.clone(parent=None)
        # Bound modules that wait for their next call. A call takes one out: no two share one.
        self._idle: list[tuple[linen.Module, _KeptScope]] = []
        # What `setup` stores on a module, such as the parameter of `Embed`, outlives a call.
        self._keeps_nothing = type(module).setup is linen.Module.setup

    def __call__(
        self,
        variables: Variables,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = {},  # noqa: B006 - never changed
        *,
        rngs: Mapping[str, Any] | None = None,
        mutable: Mutable = False,
        method: str | Callable[..., Any] = "__call__",
    ) -> tuple[Any, dict[str, Any]]:
        """Does what `module.apply` does.

        Args:
            variables: The collections, as from `module.init`.
            args: Positional arguments.
            kwargs: Keyword arguments.
            rngs: Random keys by stream.
            mutable: The collections that the call may change.
            method: A method by name, or a function of the bound module.

        Returns:
            The output, and the mutable collections as they are after the call.
        """
        try:
            bound, scope = self._idle.pop()
        except IndexError:
            bound, scope = None, _KeptScope({})
        scope.fill(variables, rngs, mutable)
        try:
            if bound is None:
                bound = self.module.clone(parent=scope)
            if isinstance(method, str):
                output = getattr(bound, method)(*args, **kwargs)
            else:
                output = method(bound, *args, **kwargs)
            updates = {} if mutable is False else scope.mutable_variables()
        except BaseException:
            scope.invalidate()
            raise
        if self._keeps_nothing and not scope.has_children and bound.scope is scope:
            scope.fill({}, None, False)  # keeps no array or tracer alive
            self._idle.append((bound, scope))
        else:
            scope.invalidate()
        return output, dict(updates)

    def init(
        self,
        rngs: Mapping[str, Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = {},  # noqa: B006 - never changed
        *,
        mutable: Mutable = _ALL_BUT_LOGS,
        method: str | Callable[..., Any] = "__call__",
    ) -> tuple[Any, dict[str, Any]]:
        """Does what `module.init_with_output` does, with Flax's own checks of names and shapes.

        Args:
            rngs: Random keys by stream.
            args: Positional arguments.
            kwargs: Keyword arguments.
            mutable: The collections to make.
            method: A method by name, or a function of the bound module.

        Returns:
            The output, and the initial variables.
        """
        output, made = self.module.init_with_output(
            dict(rngs), *args, mutable=mutable, method=method, **kwargs
        )
        return output, unfreeze(made)
