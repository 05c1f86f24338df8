"""Functions as modules, and transformations of methods that keep the module's state."""

import functools
import types
from collections.abc import Callable
from typing import Any

from jax_metrics.module._keys import has_key, keys_inside
from jax_metrics.module._module import Module
from jax_metrics.tree import compact


def compact_module(f: Callable[..., Any]) -> type[Module]:
    """Makes a Module class from a function that defines its layers inline.

    Args:
        f: The function; its arguments are the arguments of a call.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> @jm.compact_module
        ... def Encoder(x):
        ...     return jm.Linear(2)(jax.nn.relu(jm.Linear(8)(x)))
        >>> encoder = Encoder().init(42, jnp.ones((1, 4)))
        >>> encoder(jnp.ones((5, 4))).shape
        (5, 2)
    """

    @functools.wraps(f)
    def call(self: Module, *args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    call.__name__ = "__call__"
    body = {
        "__call__": compact(call),
        "__doc__": f.__doc__,
        "__module__": f.__module__,
        "__qualname__": f.__qualname__,
    }
    return types.new_class(f.__name__, (Module,), exec_body=lambda names: names.update(body))


def preserve_state(transformation: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Transforms a method and keeps its assignments to `self`.

    `jax.vmap(method)` runs on a copy of `self`, and assignments to the copy are lost. With
    `preserve_state(jax.vmap, ...)` they are kept.

    Args:
        transformation: `jax.jit`, `jax.vmap` or another; it must map pytrees to pytrees.
        *args: More arguments of the transformation, after the function.
        **kwargs: Keyword arguments of the transformation; axes are those of `(self, output)`.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Counter(jm.Module):
        ...     n: int = jm.State.node(0)
        ...     @jm.preserve_state(jax.jit)
        ...     def __call__(self, x):
        ...         self.n += 1
        ...         return 2 * x
        >>> counter = Counter()
        >>> _ = counter(1.0), counter(1.0)
        >>> int(counter.n)
        2
    """

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        def with_self(self: Any, *inputs: Any, **options: Any) -> tuple[Any, Any]:
            output = method(self, *inputs, **options)
            return self, output

        transformed = transformation(with_self, *args, **kwargs)

        @functools.wraps(method)
        def wrapper(self: Any, *inputs: Any, **options: Any) -> Any:
            run = transformed
            if has_key():
                # `next_key` reads a key that is not an argument. JAX caches traces by function, and
                # would reuse this key in the next `init`; a new function is traced again.
                run = transformation(lambda *a, **o: _with_keys(with_self, a, o), *args, **kwargs)
            changed, output = run(self, *inputs, **options)
            self.merge(changed, check_shapes=False, inplace=True)
            return output

        return wrapper

    return decorate


def _with_keys(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with keys_inside():
        return function(*args, **kwargs)
