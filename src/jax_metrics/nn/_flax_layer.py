"""`FlaxLayer`: the one adapter that makes layers of Flax Linen modules.

A layer declares its fields (under Flax's names), its arguments (with their defaults) and its Flax
class. The adapter does the rest: it gives Flax the fields as variables and takes changed ones back,
hands out random keys, and tells Flax whether it is training.
"""

import dataclasses
import functools
import inspect
from typing import Any, ClassVar, dataclass_transform

import flax.linen as linen
import jax

from jax_metrics.module import (
    BatchStats,
    Cache,
    Initializer,
    Log,
    Module,
    Parameter,
    iter_split,
    next_key,
)
from jax_metrics.module._init import is_initializing
from jax_metrics.nn import initializers
from jax_metrics.nn._flax_call import FlaxCall
from jax_metrics.tree import KindMixin, field, layout_of, node, own_annotations, static

_COLLECTIONS = {
    Parameter: "params",
    BatchStats: "batch_stats",
    Cache: "cache",
    Log: "intermediates",
}
_REQUIRED = inspect.Parameter.empty
_COMPARABLE = (int, float, str, tuple, type(None), initializers.Made)


@dataclasses.dataclass(frozen=True)
class Arguments:
    """The arguments of a layer that differ from the defaults.

    Attributes:
        pairs: Names and values.
    """

    pairs: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def given(cls, values: dict[str, Any], defaults: dict[str, Any]) -> "Arguments":
        """The arguments out of all these values; lists become tuples, as they never change."""
        plain = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(tuple((n, v) for n, v in plain.items() if not _is_default(v, defaults[n])))

    def __repr__(self) -> str:
        return f"({', '.join(f'{name}={value!r}' for name, value in self.pairs)})"


def _is_default(value: Any, default: Any) -> bool:
    if value is default:
        return True
    return type(value) is type(default) and isinstance(value, _COMPARABLE) and value == default


class _Argument:
    """Reads and changes one argument of a layer as an attribute."""

    def __init__(self, name: str, default: Any):
        self.name = name
        self.default = default

    def __get__(self, layer: Any, owner: type) -> Any:
        if layer is None:
            return self
        return dict(layer.arguments.pairs).get(self.name, self.default)

    def __set__(self, layer: Any, value: Any) -> None:
        values = {**dict(layer.arguments.pairs), self.name: value}
        layer.arguments = Arguments.given(values, layer._defaults)


@dataclass_transform(
    field_specifiers=(field, node, static, KindMixin.field, KindMixin.node, KindMixin.static)
)
class FlaxLayer(Module):
    """A layer that is a Flax Linen module; the subclass declares what it has.

    The annotated names of the class body that are no fields are the arguments, as in a dataclass:
    they become those of the constructor, and attributes. Every layer also takes `name=`.

    Example:
        >>> import flax.linen, jax, jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Scale(jm.nn.FlaxLayer, flax_class=flax.linen.RMSNorm):
        ...     scale: jax.Array = jm.Parameter.node(init=False)
        ...     epsilon: float = 1e-6
        >>> layer = Scale(epsilon=1e-3).init(0, jnp.ones((1, 2)))
        >>> layer.scale, layer.epsilon
        (Array([1., 1.], dtype=float32), 0.001)
    """

    arguments: Arguments = static(Arguments(), init=False)
    _flax_class: ClassVar[type[linen.Module]]
    _defaults: ClassVar[dict[str, Any]] = {}
    _collections: ClassVar[dict[str, str]] = {}

    def __init_subclass__(
        cls, flax_class: type[linen.Module] | None = None, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        if flax_class is not None:
            cls._flax_class = flax_class
        cls._defaults = dict(cls._defaults)
        cls._collections = dict(cls._collections)
        for name in own_annotations(cls):
            value = vars(cls).get(name, _REQUIRED)
            if isinstance(value, dataclasses.Field):
                kind = value.metadata.get("kind", type(None))
                for base, collection in _COLLECTIONS.items():
                    if issubclass(kind, base):
                        cls._collections[name] = collection
            elif not name.startswith("_"):
                cls._defaults[name] = value
                setattr(cls, name, _Argument(name, value))
        cls.__signature__ = inspect.Signature(
            [
                *(
                    inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=value)
                    for name, value in cls._defaults.items()
                ),
                inspect.Parameter("name", inspect.Parameter.KEYWORD_ONLY, default=None),
            ]
        )

    def __init__(self, *args: Any, **kwargs: Any):
        values = inspect.signature(type(self)).bind(*args, **kwargs).arguments
        super().__init__(values.pop("name", None))
        self.arguments = Arguments.given(values, self._defaults)
        if hasattr(type(self), "rng"):
            self.rng = Initializer(_as_it_is)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the Flax module; see the class for what it takes."""
        return self._run("__call__", args, kwargs)

    def _run(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = self._flax_call()
        active = self.training and not self.frozen
        options = {**self._mode_options(method, active), **kwargs}
        rngs = {}
        if hasattr(type(self), "rng") and self._trains("deterministic", kwargs, active):
            rngs["dropout"] = self._next_key()
        if self._collections and self.initializing() and self._is_empty():
            output, made = call.init({"params": next_key(), **rngs}, args, options, method=method)
            for name, collection in self._collections.items():
                if name not in vars(self):
                    setattr(self, name, made.get(collection, {}).get(name))
            self._check_declared(made)
            return output
        variables: dict[str, dict[str, Any]] = {}
        for name, collection in self._collections.items():
            value = getattr(self, name)
            if value is not None:
                variables.setdefault(collection, {})[name] = value
        mutable = [
            c
            for c in variables
            if c == "cache"
            or (c == "batch_stats" and self._trains("use_running_average", kwargs, active))
        ]
        output, changed = call(
            variables, args, options, rngs=rngs, mutable=mutable or False, method=method
        )
        if not is_initializing():  # `init` leaves pretrained layers as they are
            for collection in mutable:
                for name, value in changed[collection].items():
                    setattr(self, name, value)
        return output

    def _flax_call(self) -> FlaxCall:
        """The Flax module of these arguments; layers that are alike share it."""
        plans = layout_of(self).plans
        call = plans.get(FlaxCall)
        if call is None:
            arguments = {**self._defaults, **dict(self.arguments.pairs)}
            call = plans[FlaxCall] = FlaxCall(self._flax_class(**arguments))
        return call

    def _mode_options(self, method: str, active: bool) -> dict[str, bool]:
        """What tells the Flax module whether it is training, unless an argument does."""
        takes = _parameter_names(self._flax_class, method)
        return {
            name: not active
            for name in ("deterministic", "use_running_average")
            if name in takes and getattr(self, name, None) is None
        }

    def _trains(self, option: str, given: dict[str, Any], active: bool) -> bool:
        """Whether this call is in training: the call may say so, else the layer, else the mode."""
        for value in (given.get(option), getattr(self, option, None)):
            if value is not None:
                return not value
        return active

    def _check_declared(self, made: dict[str, Any]) -> None:
        for collection, variables in made.items():
            for name in variables:
                if self._collections.get(name) != collection:
                    raise TypeError(
                        f"{type(self).__name__} declares no field for '{name}' of the collection "
                        f"'{collection}', which its Flax module {self._flax_class.__name__} makes. "
                        f"Add it to the class, as in `{name}: jax.Array = "
                        "jm.Parameter.node(init=False)`."
                    )

    def _is_empty(self) -> bool:
        """Whether some variable was not made yet."""
        return any(name not in vars(self) for name in self._collections)

    def _next_key(self) -> jax.Array:
        if isinstance(self.rng, Initializer):
            raise RuntimeError(
                f"{type(self).__name__} needs a random key in training, and has none yet. "
                "Initialize the model, `model = model.init(key, inputs)`, or use "
                "`model.eval()`, in which it does nothing random."
            )
        key, self.rng = iter_split(self.rng)
        return key


@functools.cache
def _parameter_names(flax_class: type[linen.Module], method: str) -> frozenset[str]:
    return frozenset(inspect.signature(getattr(flax_class, method)).parameters)


def _as_it_is(key: jax.Array) -> jax.Array:
    return key
