"""The arguments of a layer: those that differ from their defaults, as one static value."""

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

import jax
from flax.core import FrozenDict

from jax_metrics.nn import initializers

REQUIRED = inspect.Parameter.empty
_COMPARABLE = (int, float, str, tuple, frozenset, FrozenDict, type(None), initializers.Made)


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The arguments of a layer that differ from the defaults.

    Attributes:
        pairs: Names and values.
    """

    pairs: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def given(cls, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> "Arguments":
        """The arguments out of all these values, with containers that cannot change in place.

        Raises:
            TypeError: If one is an array of JAX.
        """
        plain = {name: _fixed(name, value) for name, value in values.items()}
        return cls(tuple((n, v) for n, v in plain.items() if not _is_default(v, defaults[n])))

    def __repr__(self) -> str:
        return f"({', '.join(f'{name}={value!r}' for name, value in self.pairs)})"


class Argument:
    """Reads and changes one argument of a layer as an attribute.

    Args:
        name: Its name.
        default: Its value where none is given.
    """

    def __init__(self, name: str, default: Any):
        self.name = name
        self.default = default

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        return dict(layer.arguments.pairs).get(self.name, self.default)

    def __set__(self, layer: Any, value: Any) -> None:
        layer.set_arguments({**dict(layer.arguments.pairs), self.name: value})


def _fixed(name: str, value: Any) -> Any:
    if isinstance(value, jax.Array):
        raise TypeError(
            f"The argument `{name}` is a JAX array, but arguments of layers are part of the "
            f"structure. Give it as a numpy array: `{name}=np.asarray(...)`. If it is an input, "
            "make the layer first and call it: `layer = jm.Linear(8)`, `layer(x)`."
        )
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, set):
        return frozenset(value)
    return FrozenDict(value) if isinstance(value, dict) else value


def _is_default(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return type(value) is type(default) and isinstance(value, _COMPARABLE) and value == default
