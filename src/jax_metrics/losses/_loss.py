"""`Loss`: what every loss has, so that one loss only says how an example is judged."""

import dataclasses
import inspect
from typing import Any, ClassVar, TypeVar, dataclass_transform

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_metrics.arguments import Arguments, Index, as_path
from jax_metrics.losses._reduction import Reduction, Terms, ratio, sum_terms
from jax_metrics.tree import (
    Immutable,
    Tree,
    dataclass,
    field,
    layout_of,
    make_mutable,
    snake_case,
    static,
)

L = TypeVar("L", bound="Loss")


@dataclass_transform(
    kw_only_default=True, eq_default=False, field_specifiers=(field, static, dataclasses.field)
)
@dataclass(kw_only=True)
class Loss(Immutable, Tree):
    """The base of all losses: reduction, weights, masks, and which arguments it reads.

    A loss is called with keywords, `loss(target=..., preds=...)`, and these two may be added:

    - `sample_weight`, numbers: a scalar, or one for each example (or each element);
    - `mask`, booleans: false leaves an example (or an element) out, as if it were not in the batch.
      What is there may be NaN, and gets the gradient 0. When nothing is left the loss is 0.

    Their shape is the first part of the shape of the losses that `reduction="none"` gives.

    A subclass declares its options as annotated class attributes and has a method `call`, from the
    arrays to the losses of the elements or examples; it becomes a dataclass by itself. If examples
    are compared with each other, `call` has an argument `mask` and minds it; else the mask is none
    of its business. A loss is static and hashable: jitted functions may close over it, or get it as
    an argument, and an equal one does not make them compile anew.

    Args:
        reduction: How the losses become one number; see `Reduction`.
        weight: A factor for the result. It is part of the program; multiply the result itself with
            a factor that changes during training.
        on: Where in structures to find the arguments: `on="a"` reads `target["a"]` and
            `preds["a"]`, `on=("a", 0)` reads `target["a"][0]` and `preds["a"][0]`. It holds for
            all arguments of `call`, but not for `sample_weight` and `mask`.
        name: What logs call it; by default the name of the class, as in `mean_squared_error`.

    Raises:
        ValueError: If there is no such reduction, or a shape does not fit.
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
    _arguments: Arguments = static(Arguments(), init=False)
    _extra: ClassVar[tuple[str, ...]] = ("sample_weight", "mask")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True)(cls)

    def __post_init__(self) -> None:
        for option in _options(self):
            if not option.name.startswith("_"):
                value = _as_constant(type(self), option.name, getattr(self, option.name))
                # Not a matter of taste: 1 and 1.0 make different programs.
                is_whole = type(value) is int and type(option.default) is float
                setattr(self, option.name, float(value) if is_whole else value)
        self.reduction = Reduction(self.reduction)
        self.on = None if self.on is None else as_path(self.on)
        self.name = snake_case(type(self).__name__) if self.name is None else self.name

    def call(self, *args: Any, **arguments: Any) -> jax.Array | Terms:
        """The losses of the elements or the examples, before weights, mask and reduction.

        Returns:
            An array of any shape, or `Terms` where a loss also leaves some of them out.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no method `call`. Write `def call(self, target, preds)`, "
            "which returns the losses of the elements or the examples."
        )

    def __call__(self, *args: Any, **arguments: Any) -> jax.Array:
        """The loss of a batch.

        Args:
            *args: None; arguments have names.
            **arguments: Those of `call`, and `sample_weight` and `mask`.
        """
        total, size = self.sums(*args, **arguments)
        return total if size is None else ratio(total, size)

    def sums(self, *args: Any, **arguments: Any) -> tuple[jax.Array, jax.Array | None]:
        """The loss of a batch before it is divided, and by what: so it can be gathered exactly.

        The arguments are those of a call.

        Returns:
            The sum of the losses, and the number or the weight of what they are of, which is None
            where the reduction is no mean.
        """
        if args:
            raise TypeError(
                f"{type(self).__name__} takes arguments by name only, as in "
                f"`loss({', '.join(f'{n}=...' for n in self.signature.parameters)})`."
            )
        inputs = self._arguments.receive(self, arguments)
        sample_weight = inputs.pop("sample_weight", None) if self._extra else None
        mask = _as_mask(inputs.get("mask")) if self._extra else None
        if "mask" in self._own_parameters():
            inputs["mask"] = mask
        else:
            inputs.pop("mask", None)
            inputs = {name: _hide(value, mask) for name, value in inputs.items()}
        result = self.call(**inputs)
        terms = result if isinstance(result, Terms) else Terms(jnp.asarray(result))
        total, size = sum_terms(terms, Reduction(self.reduction), sample_weight, mask)
        return total if self.weight == 1 else total * self.weight, size

    @classmethod
    def _own_parameters(cls) -> dict[str, inspect.Parameter]:
        """The arguments of `call` by name."""
        parameters = inspect.signature(cls.call).parameters.values()
        hidden = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return {p.name: p for p in list(parameters)[1:] if p.kind not in hidden}

    @property
    def signature(self) -> inspect.Signature:
        """The arguments that a call takes, under the names it takes them by."""
        return self._arguments.signature(self._own_parameters(), self._extra)

    def index_into(self: L, **paths: Index) -> L:
        """A loss that reads arguments out of structures.

        Args:
            **paths: For each argument a key or index, or several to follow one after the other.

        Raises:
            TypeError: If there is no such argument.

        Example:
            >>> import jax.numpy as jnp
            >>> import jax_metrics as jm
            >>> loss = jm.losses.MeanSquaredError().index_into(preds=("heads", 0))
            >>> loss(target=jnp.ones(2), preds={"heads": [jnp.zeros(2)]})
            Array(1., dtype=float32)
        """
        return self.replace(_arguments=self._arguments.index_into(self, paths))

    def rename_arguments(self: L, **names: str) -> L:
        """A loss that takes arguments by other names.

        Args:
            **names: For each argument its new name.

        Raises:
            TypeError: If there is no such argument.
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
        """A copy with other options, which are checked as those of a new loss are.

        Raises:
            TypeError: If there is no such option.
        """
        made: Any = super().replace(**changes)
        with make_mutable(made, toplevel_only=True):
            made.__post_init__()
        return made

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and layout_of(self) == layout_of(other)

    def __hash__(self) -> int:
        return hash(layout_of(self))

    def __repr__(self) -> str:
        default = {f.name: f.default for f in _options(self)}
        default["name"] = snake_case(type(self).__name__)
        shown = {n: v for n, v in vars(self).items() if n in default and v != default[n]}
        options = (f"{n.removeprefix('_')}={_shown(v)}" for n, v in shown.items())
        return f"{type(self).__name__}({', '.join(options)})"


def _options(loss: Any) -> tuple[dataclasses.Field, ...]:
    return dataclasses.fields(loss)


def _shown(value: Any) -> str:
    return repr(str(value)) if isinstance(value, Reduction) else repr(value)


def _as_constant(cls: type, name: str, value: Any) -> Any:
    """The value as one that can be compared and hashed: lists and arrays become tuples."""
    if isinstance(value, Tracer):
        raise TypeError(
            f"{cls.__name__}.{name} is a constant of the program, but came as a traced array. Make "
            f"the loss outside of the traced function; a factor that changes during training "
            "multiplies the result of the loss."
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
            "what is 0, or pass it as `sample_weight` to weigh."
        )
    return mask


def _hide(value: Any, mask: jax.Array | None) -> Any:
    """The arrays with harmless numbers where the mask is false.

    Only so do gradients stay finite: what a NaN is multiplied with later does not matter. 1 is
    harmless as a probability, a rate and a variance, 0 as a label.
    """
    if mask is None:
        return value

    def hide(leaf: Any) -> Any:
        array = jnp.asarray(leaf)
        if array.shape[: mask.ndim] != mask.shape:
            return leaf
        shown = mask.reshape(mask.shape + (1,) * (array.ndim - mask.ndim))
        harmless = jnp.issubdtype(array.dtype, jnp.inexact)
        return jnp.where(shown, array, jnp.asarray(harmless, array.dtype))

    return jax.tree.map(hide, value)
