"""Values for `init`: inputs of a call, initializers of fields, named values."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import jax

from jax_metrics.tree import treat_as_leaf

A = TypeVar("A")


class Inputs:
    """The arguments of a call.

    Args:
        *args: Positional arguments.
        **kwargs: Keyword arguments.

    Example:
        >>> import jax_metrics as jm
        >>> jm.Inputs(1, scale=2)
        Inputs(1, scale=2)
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any):
        self.args = args
        self.kwargs = kwargs

    @classmethod
    def from_value(cls, value: Any) -> "Inputs":
        """Inputs pass through; tuple -> args, dict -> kwargs, else one positional argument."""
        if isinstance(value, cls):
            return value
        if isinstance(value, tuple):
            return cls(*value)
        if isinstance(value, dict):
            return cls(**value)
        return cls(value)

    def __repr__(self) -> str:
        parts = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwargs.items())]
        return f"Inputs({', '.join(parts)})"


@treat_as_leaf
@jax.tree_util.register_static
class Initializer:
    """A placeholder in a field that `init` replaces with a value made from a key.

    For JAX it is part of the structure, without a leaf, so that a module that is not initialized
    passes through `jax.jit` and `jax.eval_shape`.

    Args:
        f: Maps a key to the value.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> class Noise(jm.Module):
        ...     level: jax.Array = jm.Parameter.node()
        ...     def __init__(self):
        ...         self.level = jm.Initializer(lambda key: jax.random.normal(key, (3,)))
        >>> Noise().init(0).level.shape
        (3,)
    """

    def __init__(self, f: Callable[[jax.Array], Any]):
        self.f = f

    def __call__(self, key: jax.Array) -> Any:
        """The value made from the key."""
        return self.f(key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Initializer) and self.f == other.f

    def __hash__(self) -> int:
        return hash((Initializer, self.f))

    def __repr__(self) -> str:
        return "Initializer"


@jax.tree_util.register_pytree_with_keys_class
class Named(Generic[A]):
    """A value with a name that is part of the structure.

    Args:
        name: The name.
        value: Any pytree.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> named = jm.Named("loss", 2.0)
        >>> jax.tree.map(lambda value: value / 2, named)
        Named('loss', 1.0)
    """

    def __init__(self, name: str, value: A):
        self.name = name
        self.value = value

    def tree_flatten_with_keys(self) -> tuple[tuple[tuple[Any, A]], str]:
        """The value is the one child."""
        return ((jax.tree_util.GetAttrKey("value"), self.value),), self.name

    @classmethod
    def tree_unflatten(cls, name: str, children: tuple[A]) -> "Named[A]":
        """Rebuilds it."""
        return cls(name, children[0])

    def __repr__(self) -> str:
        return f"Named({self.name!r}, {self.value!r})"


def refuse_shape(module: Any, inputs: Any, call: str, error: Exception) -> None:
    """Raises if inputs with which a call failed look like a shape.

    Args:
        module: The module that was called.
        inputs: The inputs, as they were given.
        call: What the user wrote, with braces for the inputs.
        error: The error of the call.

    Raises:
        TypeError: With an example of inputs.
    """
    if isinstance(inputs, tuple | list) and inputs and all(type(n) is int for n in inputs):
        raise TypeError(
            f"`{call.format('inputs')}` called the {type(module).__name__} with the integers "
            f"{', '.join(map(str, inputs))}, and the call failed. If they are a shape, give an "
            f"example of the inputs instead: `{call.format(f'jnp.ones({tuple(inputs)})')}`."
        ) from error
