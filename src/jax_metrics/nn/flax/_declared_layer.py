"""`DeclaredLayer`: what the class of a Flax layer declares, read once for each class."""

import dataclasses
import inspect
import itertools
import keyword
from typing import Any, ClassVar, dataclass_transform

import flax.linen as linen

from jax_metrics.module import BatchStats, Cache, Log, ModelState, Module, Parameter
from jax_metrics.nn.flax._arguments import REQUIRED, Argument, Arguments
from jax_metrics.nn.flax._fp8 import OverwriteWithGradient
from jax_metrics.nn.flax._typed_call import only_calls_flax, typed_call
from jax_metrics.tree import KindMixin, field, node, own_annotations, static

_COLLECTIONS = {
    Parameter: "params",
    BatchStats: "batch_stats",
    Cache: "cache",
    Log: "intermediates",
}


@dataclass_transform(
    field_specifiers=(field, node, static, KindMixin.field, KindMixin.node, KindMixin.static)
)
class DeclaredLayer(Module):
    """Reads the fields and arguments that a subclass declares, as `FlaxLayer` describes them.

    Type checkers read the subclasses as dataclasses.
    """

    arguments: Arguments = static(Arguments(), init=False)
    overwrite_with_gradient: Any = OverwriteWithGradient.node(init=False)
    _flax_class: ClassVar[type[linen.Module]]
    # Derived once from the declarations of the class.
    _parameters: ClassVar[dict[str, Any]] = {}  # of the constructor, with their defaults
    _defaults: ClassVar[dict[str, Any]] = {}  # of the parameters stored in `arguments`
    _annotations: ClassVar[dict[str, Any]] = {}  # of parameters and fields
    _positional: ClassVar[int | None] = None  # how many parameters; None: the required ones
    _most_positional: ClassVar[int] = 0  # the same, as a number
    _required: ClassVar[frozenset[str]] = frozenset()  # parameters without a default
    _layers: ClassVar[tuple[str, ...]] = ()  # parameters that are layers
    _places: ClassVar[dict[str, tuple[str, str]]] = {}  # field: collection and name in Flax
    _rest: ClassVar[dict[str, str]] = {OverwriteWithGradient.collection: "overwrite_with_gradient"}
    _variable_fields: ClassVar[tuple[str, ...]] = ()  # fields that `init` fills
    _always_mutable: ClassVar[frozenset[str]] = frozenset()  # collections mutable in every call
    _train_mutable: ClassVar[frozenset[str]] = frozenset()  # collections mutable in training only
    _has_rng: ClassVar[bool] = False  # whether there is a field for a key

    def __init_subclass__(
        cls,
        flax_class: type[linen.Module] | None = None,
        rest: str | None = None,
        positional: int | None = None,
        **options: Any,
    ) -> None:
        if flax_class is not None and only_calls_flax(cls.__call__):
            cls.__call__ = typed_call(flax_class)
        super().__init_subclass__(**options)
        if flax_class is not None:
            cls._flax_class = flax_class
        for name in ("_parameters", "_defaults", "_annotations", "_places", "_rest"):
            setattr(cls, name, dict(getattr(cls, name)))
        for name, annotation in own_annotations(cls).items():
            cls._annotations[name] = annotation
            value = vars(cls).get(name, REQUIRED)
            if isinstance(value, dataclasses.Field):
                cls._declare_field(name, value, gathers=name == rest)
            elif not name.startswith("_"):
                cls._parameters[name] = cls._defaults[name] = value
                setattr(cls, name, Argument(name, value))
        if positional is not None:
            cls._positional = positional
        cls._required = frozenset(n for n, value in cls._parameters.items() if value is REQUIRED)
        usual = inspect.Parameter.POSITIONAL_OR_KEYWORD
        named = inspect.Parameter.KEYWORD_ONLY
        most = len(cls._required) if cls._positional is None else cls._positional
        cls._most_positional = most
        kinds = (usual if i < most else named for i in itertools.count())
        parameters = zip(cls._parameters.items(), kinds, strict=False)
        cls.__signature__ = inspect.Signature(
            [
                *(
                    inspect.Parameter(n, kind, default=v, annotation=cls._annotations[n])
                    for (n, v), kind in parameters
                ),
                inspect.Parameter("name", named, default=None, annotation=str | None),
            ]
        )

    @classmethod
    def _declare_field(cls, name: str, declared: dataclasses.Field, gathers: bool) -> None:
        kind = declared.metadata.get("kind", type(None))
        collection = _collection_of(kind)
        if collection is not None:
            cls._variable_fields += (name,)
            if gathers:
                cls._rest[collection] = name
            else:
                cls._places[name] = (collection, _flax_name(name))
            if issubclass(kind, Cache | Log):
                cls._always_mutable |= {collection}
            elif issubclass(kind, ModelState):
                cls._train_mutable |= {collection}
        elif name == "rng":
            cls._has_rng = True
        elif declared.init:
            default = declared.default
            cls._parameters[name] = REQUIRED if default is dataclasses.MISSING else default
            cls._layers += (name,)


def _collection_of(kind: type) -> str | None:
    """The Flax collection of a kind."""
    named = getattr(kind, "collection", None)
    bases = (name for base, name in _COLLECTIONS.items() if issubclass(kind, base))
    return named if isinstance(named, str) else next(bases, None)


def _flax_name(field: str) -> str:
    bare = field.removesuffix("_")
    return bare if keyword.iskeyword(bare) else field
