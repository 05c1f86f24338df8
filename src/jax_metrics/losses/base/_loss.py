"""`Loss`: reduction, weights, masks and arguments, which all losses share."""

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.arguments import (
    Arguments,
    Index,
    as_path,
    check_constructor,
    refuse_broadcast,
    refuse_foreign,
    refuse_unknown,
)
from jax_metrics.losses.base._reduction import Reduction, Terms, ratio, sum_terms
from jax_metrics.tree import (
    Immutable,
    Tree,
    dataclass,
    field,
    layout_of,
    make_mutable,
    signature_of,
    snake_case,
    static,
)

L = TypeVar("L", bound="Loss")


@dataclass_transform(
    kw_only_default=True, eq_default=False, field_specifiers=(field, static, dataclasses.field)
)
class Loss(Immutable, Tree):
    """The base class of all losses, with a reduction, weights, masks and a choice of arguments.

    A loss is called with keywords, `loss(target=..., preds=...)`, and accepts two more arguments:

    - `sample_weight`, numbers: a scalar, or one for each example (or each element);
    - `mask`, booleans: False excludes an example (or an element), as if it were not in the batch.
    Its inputs may be NaN, and their gradient is 0. If all are excluded, the loss is 0.

    Their shape must be a prefix of the shape of the losses that `reduction="none"` returns.

    A subclass declares its options as annotated class attributes and has a method `call`, from the
    arrays to the losses of the elements or examples; it becomes a dataclass automatically. `call`
    receives the mask if it has a parameter `mask`, which is needed by losses that compare examples
    with each other. Otherwise the base class masks: masked values of the arguments in
    `per_example`, which may be NaN, are first replaced with harmless numbers. A loss is static and
    hashable: jitted functions may close over it or take it as an argument, and an equal loss does
    not recompile them.

    Args:
        reduction: How the losses become one number; see `Reduction`.
        weight: A constant factor for the result, compiled into the program. For a factor that
            changes during training, multiply the result instead.
        on: The path to the arguments in structures: `on="a"` reads `target["a"]` and `preds["a"]`,
            `on=("a", 0)` reads `target["a"][0]` and `preds["a"][0]`. It applies to all arguments of
            `call`, but not to `sample_weight` and `mask`.
        name: Its name in logs; by default that of the class in snake case, `mean_squared_error`.

    Attributes:
        per_example: The arguments of `call` with examples along the first axis, by default `target`
            and `preds`. A class with more such arguments lists all of them, as in `per_example =
            ("target", "preds", "variance")`.
        same_shape: Whether these arguments must not be broadcast, such as `[n]` with `[n, 1]`,
            which would make a loss of `n * n` elements. Labels `[...]` for scores `[..., classes]`
            are allowed. A class that broadcasts on purpose sets it to False.

    Raises:
        ValueError: If the reduction is unknown, or a shape does not fit.
        TypeError: If an argument is missing, unknown, or of a wrong type.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> class Exponential(jm.losses.Loss):
        ...     rate: float = 1.0
        ...     def call(self, target, preds):
        ...         return jnp.exp(-self.rate * target * preds)
        >>> loss = Exponential(rate=0.5, reduction="sum")
        >>> loss(target=jnp.array([1, -1]), preds=jnp.zeros(2))
        Array(2., dtype=float32)
        >>> loss == Exponential(rate=0.5, reduction="sum")
        True
    """

    reduction: Reduction | str = Reduction.SUM_OVER_BATCH_SIZE
    weight: float = 1.0
    on: Index | None = None
    name: str | None = None
    per_example: ClassVar[tuple[str, ...]] = ("target", "preds")
    same_shape: ClassVar[bool] = True
    _arguments: Arguments = static(Arguments(), init=False)
    _extra: ClassVar[tuple[str, ...]] = ("sample_weight", "mask")

    def __init_subclass__(cls, *, init: bool = True, **options: Any) -> None:
        """Makes the class a dataclass; `init` is for type checkers only, see `from_function`."""
        super().__init_subclass__(**options)
        dataclass(kw_only=True)(cls)
        if getattr(cls.__call__, "__code__", None) is Loss.__call__.__code__:
            cls.__call__ = _call_like(cls)

    if not TYPE_CHECKING:  # a checker should see the options of `__init__` alone

        def __new__(cls, *args: Any, **options: Any) -> Self:
            signature = cls.__signature__
            parameters = signature.parameters
            check_constructor(cls, signature, args, options)
            if all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
                unknown = [name for name in options if name not in parameters]
                if unknown and hasattr(cls, unknown[0]):
                    raise TypeError(
                        f"{cls.__name__} has no option `{unknown[0]}`: its class attribute of that "
                        f"name has no annotation. Write `{unknown[0]}: float = ...`, with its type."
                    )
                refuse_unknown(cls.__name__, unknown, parameters)
            return super().__new__(cls)

    def __post_init__(self) -> None:
        for option in _options(self):
            if not option.name.startswith("_"):
                value = _as_constant(type(self), option.name, getattr(self, option.name))
                # Normalize ints, so that Huber(delta=1) == Huber(delta=1.0) and compiles once.
                is_int = type(value) is int and type(option.default) is float
                setattr(self, option.name, float(value) if is_int else value)
        self.reduction = Reduction(self.reduction)
        self.on = None if self.on is None else as_path(self.on)
        self.name = snake_case(type(self).__name__) if self.name is None else self.name

    def call(self, *args: Any, **arguments: Any) -> jax.Array | Terms:
        """The losses of the elements or the examples, before weights, mask and reduction.

        Returns:
            An array of any shape; or `Terms`, if the loss weights or masks its values.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no method `call`. Write `def call(self, target, preds)`, "
            "which returns the losses of the elements or the examples."
        )

    if TYPE_CHECKING:

        def __call__(self, *args: Any, **arguments: Any) -> jax.Array:
            """The loss of a batch: the arguments of `call`, and `sample_weight` and `mask`."""
            ...

    def sums(self, *args: Any, **arguments: Any) -> tuple[jax.Array, jax.Array | None]:
        """The numerator and denominator of the loss of a batch, to accumulate it over batches.

        Args:
            *args: Not allowed, as in a call.
            **arguments: As in a call.

        Returns:
            The sum of the losses, and the number of losses or the sum of their weights. The latter
            is None if the reduction is not a mean.
        """
        if args:
            raise TypeError(
                f"{type(self).__name__} takes arguments by name only, as in "
                f"`loss({', '.join(f'{n}=...' for n in self.signature.parameters)})`."
            )
        if type(self).call is Loss.call:
            self.call()  # raises
        inputs = self._arguments.receive(self, arguments)
        try:
            return self._sums(inputs)
        except (TypeError, ValueError) as error:
            parameters = self._parameters_of_call()
            required = [n for n, p in parameters.items() if p.default is p.empty]
            try:
                refuse_foreign(type(self).__name__, inputs, required)
            except TypeError as better:
                raise better from error
            raise

    def _sums(self, inputs: dict[str, Any]) -> tuple[jax.Array, jax.Array | None]:
        """The same, from received arguments."""
        inputs = dict(inputs)
        sample_weight = inputs.pop("sample_weight", None) if self._extra else None
        mask = _as_mask(inputs.get("mask")) if self._extra else None
        if "mask" in self._parameters_of_call():
            inputs["mask"] = mask
        else:
            inputs.pop("mask", None)
            for name in inputs.keys() & set(self.per_example):
                inputs[name] = _fill_masked(inputs[name], mask)
        if self.same_shape:
            refuse_broadcast(**{n: inputs[n] for n in self.per_example if n in inputs})
        result = self.call(**inputs)
        if result is None:
            raise TypeError(
                f"`call` of {type(self).__name__} returned None. Return the losses of the elements "
                "or examples, an array."
            )
        terms = result if isinstance(result, Terms) else Terms(jnp.asarray(result))
        total, size = sum_terms(terms, Reduction(self.reduction), sample_weight, mask)
        return total if self.weight == 1 else total * self.weight, size

    @classmethod
    def _parameters_of_call(cls) -> dict[str, inspect.Parameter]:
        """The parameters of `call` by name."""
        parameters = signature_of(cls.call).parameters.values()
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return {p.name: p for p in list(parameters)[1:] if p.kind not in variadic}

    @property
    def signature(self) -> inspect.Signature:
        """The signature of a call, with the names of `rename_arguments`."""
        return self._arguments.signature(self._parameters_of_call(), self._extra)

    if not TYPE_CHECKING:  # the class has one, too, and a checker takes this for it

        @property
        def __signature__(self) -> inspect.Signature:
            """The arguments of a call, for `inspect` and `help`."""
            return self.signature.replace(return_annotation=jax.Array)

    def index_into(self: L, **paths: Index) -> L:
        """Returns a loss that reads arguments from inside of structures.

        Args:
            **paths: For each argument, a key or index, or a sequence of keys and indices to follow
                in turn.

        Raises:
            TypeError: If an argument is unknown.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> loss = jm.losses.MeanSquaredError().index_into(preds=("heads", 0))
            >>> loss(target=jnp.ones(2), preds={"heads": [jnp.zeros(2)]})
            Array(1., dtype=float32)
        """
        return self.replace(_arguments=self._arguments.index_into(self, paths))

    def rename_arguments(self, **names: str) -> "Loss":
        """Returns a loss whose arguments have other names.

        Args:
            **names: For each argument, its new name.

        Raises:
            TypeError: If an argument is unknown.
            ValueError: If two arguments would have the same name.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> loss = jm.losses.MeanSquaredError().rename_arguments(target="y", preds="y_hat")
            >>> loss(y=jnp.ones(2), y_hat=jnp.zeros(2))
            Array(1., dtype=float32)
        """
        return self.replace(_arguments=self._arguments.rename(self, names))

    def replace(self: L, **changes: Any) -> L:
        """Returns a copy with other options, checked as in the constructor.

        Raises:
            TypeError: If an option is unknown.
        """
        loss: Any = super().replace(**changes)
        with make_mutable(loss, toplevel_only=True):
            loss.__post_init__()
        return loss

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and layout_of(self) == layout_of(other)

    def __hash__(self) -> int:
        return hash(layout_of(self))

    def __repr__(self) -> str:
        defaults = {f.name: f.default for f in _options(self)}
        defaults["name"] = snake_case(type(self).__name__)
        changed = {n: v for n, v in vars(self).items() if n in defaults and v != defaults[n]}
        options = (f"{n.removeprefix('_')}={_repr(v)}" for n, v in changed.items())
        return f"{type(self).__name__}({', '.join(options)})"


def _call_like(cls: Any) -> Any:
    """A method `__call__` with the arguments of `call`, by name, and those of all losses."""

    def __call__(self: Any, *args: Any, **arguments: Any) -> jax.Array:
        """The loss of a batch: the arguments of `call`, and `sample_weight` and `mask`."""
        total, size = self.sums(*args, **arguments)
        return total if size is None else ratio(total, size)

    signature = Arguments().signature(cls._parameters_of_call(), cls._extra)
    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    __call__.__qualname__ = f"{cls.__qualname__}.__call__"
    call: Any = __call__
    call.__signature__ = inspect.Signature(
        [self_parameter, *signature.parameters.values()], return_annotation=jax.Array
    )
    return call


if not TYPE_CHECKING:
    Loss.__call__ = _call_like(Loss)
# Not as a decorator: pyright would take the class for `Any`.
dataclass(kw_only=True)(Loss)


def _options(loss: Any) -> tuple[dataclasses.Field, ...]:
    return dataclasses.fields(loss)


def _repr(value: Any) -> str:
    return repr(str(value)) if isinstance(value, Reduction) else repr(value)


def _as_constant(cls: type, name: str, value: Any) -> Any:
    """The value in a form that compares and hashes: lists and arrays become tuples."""
    if isinstance(value, Tracer):
        raise TypeError(
            f"{cls.__name__}.{name} is a constant of the program, but got a traced array. Create "
            "the loss outside of the traced function, and multiply its result by a factor that "
            "changes during training."
        )
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        value = np.asarray(value).tolist()
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return tuple(_as_constant(cls, name, item) for item in value)
    return value


def _as_mask(mask: Any) -> jax.Array | None:
    if mask is None:
        return None
    mask = jnp.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(
            f"mask must be boolean, but is {mask.dtype}. Write `mask.astype(bool)` to leave out "
            "zeros, or pass it as `sample_weight` to weight the losses."
        )
    return mask


def _fill_masked(value: Any, mask: jax.Array | None) -> Any:
    """The arrays with harmless numbers where the mask is false.

    This keeps gradients finite: a NaN stays NaN in the gradient, even when multiplied by 0 later.
    A small number is harmless as a probability or its logarithm, also if there are many in a row,
    and as a rate and a variance; 0 is as a label.
    """
    if mask is None:
        return value

    traced = isinstance(mask, Tracer)

    def replace(leaf: Any) -> Any:
        # NumPy's integers stay as they are: JAX may truncate them.
        is_wide = isinstance(leaf, np.ndarray) and leaf.dtype.kind in "iu" and not traced
        library: Any = np if is_wide else jnp
        array = library.asarray(leaf)
        if array.shape[: mask.ndim] != mask.shape:
            return leaf
        keep = library.asarray(mask).reshape(mask.shape + (1,) * (array.ndim - mask.ndim))
        harmless = 0
        if jnp.issubdtype(array.dtype, jnp.inexact):
            harmless = max(2.0**-20, float(jnp.finfo(array.dtype).tiny))
        return library.where(keep, array, library.asarray(harmless, array.dtype))

    return jax.tree.map(replace, value)
