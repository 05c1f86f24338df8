"""Layers and functions one after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any, TypeVar, overload

import numpy as np

from jax_metrics.module import Module
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.tree import copy, node

Layer = Callable[..., Any]
L = TypeVar("L", bound="LayerList")


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


class Lambda(CheckedLayer):
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
        _check_callable("Lambda", f)
        self.f = f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function."""
        return self.f(*args, **kwargs)


def as_modules(owner: str, layers: Iterable[Any]) -> list[Module]:
    """The layers as modules, with functions wrapped in `Lambda`.

    Raises:
        TypeError: If one is a class, or is not callable.
    """
    return [as_module(owner, layer, f" at position {i}") for i, layer in enumerate(layers)]


def as_module(owner: str, layer: Any, place: str = "") -> Module:
    """The layer as a module; see `as_modules`."""
    if isinstance(layer, Module):
        return layer
    _check_callable(owner, layer, place)
    return Lambda(layer)


def _check_callable(owner: str, layer: Any, place: str = "") -> None:
    if isinstance(layer, type) and issubclass(layer, Module):
        raise TypeError(
            f"{owner} needs modules and functions, but got the class {layer.__name__}{place}. "
            f"Create an object, as in `jm.{layer.__name__}(...)`."
        )
    if not callable(layer):
        raise TypeError(
            f"{owner} needs modules and functions, but got {layer!r}{place}, which cannot be "
            "called."
        )


class LayerList(CheckedLayer):
    """A container of layers, read like a list."""

    layers: list[Any] = node()

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self: L, index: slice) -> L: ...
    def __getitem__(self, index: int | slice) -> Any:
        """One layer; for a slice, a container of the same layers, which are not copied."""
        if isinstance(index, slice):
            part = copy(self, shallow=True)
            part.layers = self.layers[index]
            return part
        cls = type(self).__name__
        if not isinstance(index, int | np.integer):
            raise TypeError(f"The layers of {cls} are read by number or slice; got {index!r}.")
        if not -len(self) <= index < len(self):
            raise IndexError(f"The {cls} has {len(self)} layers; there is no number {index}.")
        return self.layers[index]


class Sequential(LayerList):
    """Applies layers and functions one after the other.

    `len(model)`, `model[i]`, slices and iteration work as for a list. The layers of a slice are
    those of the model itself: `model[:-1]` is a Sequential of all layers but the last.

    Args:
        *layers: Modules or functions, or one list of them; functions are wrapped in `Lambda`. The
            first may take any arguments.
        name: A name for the module.

    Raises:
        TypeError: If a layer is a class, or is not callable.
        ValueError: In a call, if there are no layers.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.Sequential(jm.Linear(32), jax.nn.relu, jm.Linear(10))
        >>> model = model.init(42, jnp.ones((1, 64)))
        >>> model(jnp.ones((5, 64))).shape, model[:-1](jnp.ones((5, 64))).shape
        ((5, 10), (5, 32))
    """

    def __init__(self, *layers: Layer | Iterable[Layer], name: str | None = None):
        super().__init__(name)
        if len(layers) == 1 and isinstance(layers[0], Set | Mapping | str):
            raise TypeError(
                "Sequential needs layers in an order, as in `Sequential(a, b)` or "
                f"`Sequential([a, b])`; got a {type(layers[0]).__name__}."
            )
        if len(layers) == 1 and isinstance(layers[0], Iterable) and not callable(layers[0]):
            layers = tuple(layers[0])
        self.layers = as_modules("Sequential", layers)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the first layer with the arguments, and each other with the output before it.

        Args:
            *args: Arguments of the first layer.
            **kwargs: Keyword arguments of the first layer.
        """
        if not self.layers:
            raise ValueError("A Sequential without layers has nothing to call. Give it some.")
        return sequence(*self.layers)(*args, **kwargs)
