"""Layers and functions one after the other."""

from collections.abc import Callable
from typing import Any

from jax_metrics.module import Module
from jax_metrics.tree import node

Layer = Callable[..., Any]


def check_function(f: Any) -> None:
    """Raises unless something can be called in the place of a layer.

    Raises:
        TypeError: If it is the class of a module, or cannot be called.
    """
    if isinstance(f, type) and issubclass(f, Module):
        raise TypeError(
            f"Expected a layer or a function, but got the class {f.__name__}. Make a layer of it: "
            f"`{f.__name__}(...)`."
        )
    if not callable(f):
        raise TypeError(
            f"Expected a layer or a function, but got {f!r}, which cannot be called. Layers are "
            "given one by one, as in `Sequential(jm.Linear(8), jax.nn.relu)`."
        )


def sequence(*layers: Layer) -> Layer:
    """A function that applies layers and functions one after the other.

    Args:
        *layers: Modules or functions; the first may take any arguments.

    Example:
        >>> import jax_metrics as jm
        >>> jm.sequence(abs, str)(-3)
        '3'
    """

    def apply(*args: Any, **kwargs: Any) -> Any:
        first, *others = layers
        output = first(*args, **kwargs)
        for layer in others:
            output = layer(output)
        return output

    return apply


class Lambda(Module):
    """Wraps a function as a module.

    Args:
        f: The function; it must be pure.
        name: A name for the module.

    Example:
        >>> import jax_metrics as jm
        >>> jm.Lambda(lambda x: x + 1)(2)
        3
    """

    f: Callable[..., Any]

    def __init__(self, f: Callable[..., Any], name: str | None = None):
        super().__init__(name)
        check_function(f)
        self.f = f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function."""
        return self.f(*args, **kwargs)


class Sequential(Module):
    """Applies layers and functions one after the other.

    Args:
        *layers: Modules or functions; functions are wrapped in `Lambda`. The first may take any
            arguments.
        name: A name for the module.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(32), jax.nn.relu, jm.Linear(10))
        >>> model = model.init(42, jnp.ones((1, 64)))
        >>> model(jnp.ones((5, 64))).shape
        (5, 10)
    """

    layers: list[Any] = node()

    def __init__(self, *layers: Layer, name: str | None = None):
        super().__init__(name)
        self.layers = [layer if isinstance(layer, Module) else Lambda(layer) for layer in layers]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the first layer with the arguments, and each other with the output before it."""
        if not self.layers:
            raise ValueError("A Sequential without layers has nothing to call. Give it some.")
        return sequence(*self.layers)(*args, **kwargs)
