"""`FlaxLayer`: the one adapter that makes layers of Flax Linen modules.

A layer declares its fields (under Flax's names), its arguments (with their defaults) and its Flax
class. The adapter does the rest: it passes the fields to Flax as variables and stores the changed
ones, hands out random keys, and tells Flax whether it is training.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import flax.linen as linen
import jax

from jax_metrics.module import (
    is_initializing,
    key_from_init,
    next_key,
)
from jax_metrics.nn._explicit_axes import has_explicit_axes, run_sharded, split_arrays
from jax_metrics.nn._options import SIZES_ARE_INFERRED, check_option
from jax_metrics.nn._padding import check_masks
from jax_metrics.nn.flax._arguments import Arguments
from jax_metrics.nn.flax._declared_layer import DeclaredLayer
from jax_metrics.nn.flax._flax_call import FlaxCall
from jax_metrics.nn.flax._own_key import draw_key
from jax_metrics.nn.flax._shape_errors import explain_shape, explain_vectors, parse_shape_error
from jax_metrics.nn.flax._training_flags import IN_TRAINING, training_flags
from jax_metrics.nn.flax._typed_call import calls_flax
from jax_metrics.tree import (
    Tie,
    explain_arguments,
    field,
    layout_of,
    signature_of,
)

# Arguments that name a collection or key stream: fields replace them.
_UNUSED = frozenset({"rng_collection", "collection_name"})
# Arguments by which a user replaces the product of a layer.
_PRODUCTS = ("dot_general", "dot_general_cls", "conv_general_dilated")
_RATES = ("rate", "dropout_rate")
_CALLER_KEYS = frozenset({"rng", "dropout_rng"})


class FlaxLayer(DeclaredLayer):
    """A layer that is a Flax Linen module; the subclass declares its fields and arguments.

    - Fields with a kind and `init=False` hold the variables of Flax, under the same name; names
      that are Python keywords get an underscore: `if_`.
    - A field that is `node()` holds another FlaxLayer, and is an argument of the constructor.
    - The other annotated names are the arguments, as in a dataclass: of the constructor, and
      attributes. Every layer also takes `name=`.

    A kind corresponds to the collection of the same name in Flax (`Parameter` for `params`, `Log`
    for `intermediates`), or to the collection named by its attribute `collection`.

    Args of the class statement:
        flax_class: The Linen module.
        positional: How many arguments may be given by position; None: those without a default. The
            others are keyword-only.
        rest: A field that takes, as a dict, those variables of its collection that have no field.

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

    if TYPE_CHECKING:  # the constructor of every layer takes it
        name: str = field(default="", node=False, kw_only=True)
    _arguments_hint: ClassVar[str] = SIZES_ARE_INFERRED

    def __init__(self, *args: Any, **kwargs: Any):
        values = self._bound(args, kwargs)
        super().__init__(values.pop("name", None))
        for name in self._layers:
            setattr(self, name, _as_layer(self, name, values.pop(name)))
        self.set_arguments(values)
        if self._draws():
            self.rng = key_from_init()

    @classmethod
    def _bound(cls, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of the constructor by name, in the order of their declaration.

        Raises:
            TypeError: If they do not fit the signature.
        """
        known = (*cls._parameters, "name")
        given = dict(zip(known, args, strict=False)) | kwargs
        values = {name: given[name] for name in known if name in given}
        fits = len(args) <= cls._most_positional and len(values) == len(args) + len(kwargs)
        if fits and values.keys() >= cls._required:
            return values
        try:  # `bind` explains any misfit, but takes half of the time of a construction
            return signature_of(cls).bind(*args, **kwargs).arguments
        except TypeError as error:
            raise explain_arguments(cls, args, kwargs, error) from error

    def set_arguments(self, values: Mapping[str, Any]) -> None:
        """Replaces the arguments, in place.

        Args:
            values: All arguments, by name.

        Raises:
            TypeError: If one is a JAX array, or of another type than declared.
            ValueError: If a dropout rate is not a probability, or another number is out of range.
        """
        for name, value in values.items():
            if value is not self._defaults[name]:
                check_option(type(self).__name__, name, value, self._annotations[name])
        self.arguments = Arguments.given(values, self._defaults)

    @calls_flax
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the Flax module; its subclasses have the signatures."""
        return self._run("__call__", args, kwargs)

    def _run(self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._check_call(args, kwargs)
        call = self._flax_call()
        new = (
            bool(self._variable_fields or self._layers) and self.initializing() and self._is_empty()
        )
        args, options, training = self._with_mode_args(method, args, kwargs)
        rngs = self._rngs(training, kwargs)
        if new:
            logs = {"mutable": True} if "intermediates" in self._mutable_collections(False) else {}
            keys = {"params": next_key(), **rngs}

            def make(keys: Any, args: Any, options: Any) -> Any:
                return call.init(keys, args, options, method=method, **logs)

            output, made = _run_sharded(self, make, keys, args, options, state={})
            self._store(made, new=True)
            return output
        variables = self.variables
        mutable = [
            c for c in self._mutable_collections(training) if c in variables or c == "intermediates"
        ]

        def apply(variables: Any, rngs: Any, args: Any, options: Any) -> Any:
            return call(
                variables, args, options, rngs=rngs, mutable=mutable or False, method=method
            )

        output, changed = _run_sharded(self, apply, variables, rngs, args, options, state=variables)
        if mutable and not is_initializing():  # `init` leaves pretrained layers as they are
            self._store(changed, new=False)
        return output

    def _check_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raises for arguments of a call that Flax would misread."""
        if "mask" in kwargs:
            check_masks(self, mask=kwargs["mask"])

    def _explain_error(
        self, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> str | None:
        """The end of the message of an error in a call; None if nothing more is known."""
        wrong = getattr(error, "wrong_shape", None) or parse_shape_error(error)
        inputs = [*args, *kwargs.values()]
        first = inputs[0] if inputs else None
        if isinstance(error, IndexError) and getattr(first, "shape", None) == ():
            return "expects inputs with an axis of features, [..., features]; got a scalar."
        return (
            explain_vectors(vars(self), inputs) if wrong is None else explain_shape(wrong, inputs)
        )

    # -- the Flax module --------------------------------------------------------------------------

    def _flax_call(self) -> FlaxCall:
        """The Flax module of these arguments, shared by equal layers."""
        plans = layout_of(self).plans
        key = self._cache_key() if self._layers else FlaxCall
        call = plans.get(key)
        if call is None:
            call = plans[key] = FlaxCall(self._flax_module())
        return call

    def _cache_key(self) -> tuple[Any, ...]:
        """Equal for two layers that can share a Flax module."""
        return (FlaxCall, layout_of(self), *(layer._cache_key() for layer in self._inner()))

    def _flax_module(self, **modes: bool) -> linen.Module:
        arguments = {**self._defaults, **dict(self.arguments.pairs), **modes}
        for name in self._layers:
            layer = getattr(self, name)
            arguments[name] = layer._flax_module(**layer._fixed_mode())
        used = {name: value for name, value in arguments.items() if name not in _UNUSED}
        return self._flax_class(**used, parent=None)

    def _inner(self) -> Iterator["FlaxLayer"]:
        return (getattr(self, name) for name in self._layers)

    # -- modes and keys ---------------------------------------------------------------------------

    def _is_active(self) -> bool:
        return self.training and not self.frozen

    def _fixed_mode(self) -> dict[str, bool]:
        """The mode as arguments of the Flax module: the wrapping module does not pass it on."""
        active = self._is_active()
        names = (n for n in IN_TRAINING if n in self._defaults and getattr(self, n) is None)
        return {name: IN_TRAINING[name] == active for name in names}

    def _with_mode_args(
        self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
        """The arguments with the mode among them, and whether this call is in training.

        The call decides, else the argument of the layer, else the mode.
        """
        active = self._is_active()
        training = active
        for name, position in training_flags(self._flax_class, method):
            flag = args[position] if position < len(args) else kwargs.get(name)
            if flag is None and name in self._defaults:
                flag = getattr(self, name)
            if flag is not None:
                training = bool(flag) == IN_TRAINING[name]
            elif position < len(args):
                args = (*args[:position], IN_TRAINING[name] == active, *args[position + 1 :])
            else:
                kwargs = {**kwargs, name: IN_TRAINING[name] == active}
        return args, kwargs, training

    def _draws(self) -> bool:
        """Whether the layer is random in training."""
        rates = (getattr(self, name) for name in _RATES if name in self._defaults)
        return self._has_rng and next(rates, None) != 0

    def _rngs(self, training: bool, given: Mapping[str, Any]) -> dict[str, jax.Array]:
        if self._has_rng and training and self._draws():
            if all(given.get(name) is None for name in _CALLER_KEYS):
                return {"dropout": draw_key(self)}
        for layer in self._inner():
            if rngs := layer._rngs(layer._is_active(), {}):
                return rngs
        return {}

    # -- variables --------------------------------------------------------------------------------

    def _is_empty(self) -> bool:
        """Whether a variable is missing."""
        fields = vars(self)
        empty = any(name not in fields for name in self._variable_fields)
        return empty or any(layer._is_empty() for layer in self._inner())

    def _mutable_collections(self, training: bool) -> frozenset[str]:
        """The collections that a call may change."""
        found = self._always_mutable | self._train_mutable if training else self._always_mutable
        for layer in self._inner():
            found |= layer._mutable_collections(layer._is_active())
        return found

    @property
    def variables(self) -> dict[str, dict[str, Any]]:
        """The fields as Flax has them, by collection and name: what `module.apply` takes.

        Logged values, such as attention weights, are not among them.

        Example:
            >>> import flax.linen, jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> layer = jm.Linear(2).init(0, jnp.ones((1, 3)))
            >>> flax.linen.Dense(2).apply(layer.variables, jnp.ones((1, 3))).shape
            (1, 2)
        """
        found: dict[str, dict[str, Any]] = {}
        for label, (collection, name) in self._places.items():
            value = getattr(self, label)
            if type(value) is Tie:
                raise value.apart()
            if value is not None and collection != "intermediates":
                found.setdefault(collection, {})[name] = value
        for collection, label in self._rest.items():
            value = vars(self).get(label)
            if value is not None:
                found.setdefault(collection, {}).update(value)
        for label in self._layers:
            for collection, values in getattr(self, label).variables.items():
                found.setdefault(collection, {})[label] = values
        return found

    def _store(self, found: Mapping[str, Mapping[str, Any]], *, new: bool) -> None:
        """Takes values from Flax; the `new` ones only where there are none."""
        unused = {c: {n: v for n, v in values.items()} for c, values in found.items()}
        taken: dict[str, Any] = {}
        for label, (collection, name) in self._places.items():
            if name in unused.get(collection, ()):
                value = unused[collection].pop(name)
                taken[label] = _unwrap_sown(value) if collection == "intermediates" else value
        for label in self._layers:
            inner = {c: values.pop(label) for c, values in unused.items() if label in values}
            getattr(self, label)._store(inner, new=new)
        for collection, values in unused.items():
            if values:
                taken[self._rest_field(collection, values)] = values
        for label in (*taken, *(self._variable_fields if new else ())):
            if not (new and label in vars(self)):
                setattr(self, label, taken.get(label))

    def _rest_field(self, collection: str, values: Mapping[str, Any]) -> str:
        if collection not in self._rest:
            name = next(iter(values))
            raise TypeError(
                f"{type(self).__name__} declares no field for '{name}' of the collection "
                f"'{collection}', which its Flax module {self._flax_class.__name__} makes. "
                f"Add it to the class, as in `{name}: jax.Array = jm.Parameter.node(init=False)`."
            )
        return self._rest[collection]


def _run_sharded(layer: FlaxLayer, f: Any, *operands: Any, state: Any) -> Any:
    """Calls a function of Flax's; with Explicit mesh axes, as `run_sharded` does."""
    if not has_explicit_axes(operands):
        return f(*operands)
    arrays, fill = split_arrays(operands)
    inputs = operands[-2:]

    def run(arrays: list[Any]) -> Any:
        return run_sharded(lambda arrays: f(*fill(arrays)), arrays, like=inputs, state=state)

    if any(getattr(layer, name, None) is not None for name in _PRODUCTS):
        try:
            jax.eval_shape(run, arrays)
        except Exception:  # a product that sets its output sharding itself runs as it is
            return f(*operands)
    return run(arrays)


def _as_layer(owner: Any, name: str, value: Any) -> FlaxLayer:
    if isinstance(value, FlaxLayer):
        return value
    raise TypeError(
        f"{type(owner).__name__} expected a layer of Flax for `{name}`, such as `jm.Linear(8)` or "
        f"a FlaxLayer of your own; got {value!r}."
    )


def _unwrap_sown(value: Any) -> Any:
    """Unwraps the tuple that `sow` stores if it has one value."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value
