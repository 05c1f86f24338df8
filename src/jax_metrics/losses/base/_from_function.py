"""`from_function`: a loss class from a pure function, so that options are written once."""

import functools
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypedDict, cast, overload

import jax
import jax.numpy as jnp

from jax_metrics.arguments import Index
from jax_metrics.losses.base._loss import Loss
from jax_metrics.losses.base._reduction import Reduction, Terms
from jax_metrics.tree import signature_of

P = ParamSpec("P")


class LossOptions(TypedDict, total=False):
    """The options of all losses; see `Loss`."""

    reduction: Reduction | str
    weight: float
    on: Index | None
    name: str | None


if TYPE_CHECKING:

    class AnyLoss(Loss, init=False):
        """The base for type checkers of a loss with more arguments, which declares them itself."""

        def __getattr__(self, name: str) -> Any: ...

    class FunctionLoss(Loss, Generic[P], init=False):
        """The constructor for type checkers: the options of all losses and of the function.

        A ParamSpec cannot follow keyword-only parameters. At runtime all are keyword-only.
        """

        def __call__(
            self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
        ) -> jax.Array: ...

        def __init__(
            self,
            reduction: Reduction | str = Reduction.SUM_OVER_BATCH_SIZE,
            weight: float = 1.0,
            on: Index | None = None,
            name: str | None = None,
            *args: P.args,
            **options: P.kwargs,
        ) -> None: ...

        def __getattr__(self, name: str) -> Any: ...


@overload
def from_function(
    function: Callable[Concatenate[Any, Any, P], jax.Array],
) -> "type[FunctionLoss[P]]": ...
@overload
def from_function(function: Callable[..., jax.Array], *inputs: str) -> "type[AnyLoss]": ...
def from_function(function: Callable[..., jax.Array], *inputs: str) -> Any:
    """Returns the base class for a loss that is computed by a function.

    The keyword-only parameters of the function become the options of the class, with the same
    defaults. Its other parameters, and those in `inputs`, are the arguments of `call`, with
    examples along the first axis; a class with others names those that have them in `per_example`.

    A class that derives from it passes `init=False`, so that type checkers use the constructor of
    the base, which has the options, instead of making one from the class body. With `inputs` it
    declares its constructor and its call for them, under `TYPE_CHECKING`.

    Args:
        function: From the arrays and options to the losses of the elements or examples.
        *inputs: The keyword-only parameters that come with each call, such as `mask`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> from jax_metrics.losses.base import from_function
        >>> def exponential(target, preds, *, rate=1.0):
        ...     return jnp.exp(-rate * target * preds)
        >>> class Exponential(from_function(exponential), init=False):
        ...     pass
        >>> loss = Exponential(rate=0.5, reduction="sum")
        >>> loss(target=jnp.array([1, -1]), preds=jnp.zeros(2))
        Array(2., dtype=float32)
    """
    parameters = signature_of(function).parameters
    options = {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in inputs
    }
    compute = getattr(function, "terms", function)

    def call(self: Any, *args: Any, **arguments: Any) -> jax.Array | Terms:
        return compute(*args, **arguments, **{name: getattr(self, name) for name in options})

    self_parameter = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    arguments = [p for name, p in parameters.items() if name not in options]
    cast(Any, call).__signature__ = inspect.Signature([self_parameter, *arguments])
    call.__doc__ = f"See `{function.__name__}`."
    fields = {name: Any if p.annotation is p.empty else p.annotation for name, p in options.items()}
    defaults = {name: p.default for name, p in options.items() if p.default is not p.empty}
    body = {"__module__": function.__module__, "__annotations__": fields, "call": call, **defaults}
    body["same_shape"] = False  # the function checks the shapes itself
    body["per_example"] = tuple(parameter.name for parameter in arguments)
    return types.new_class(f"{function.__name__}_base", (Loss,), exec_body=lambda b: b.update(body))


def values_of_terms(function: Callable[P, Terms]) -> Callable[P, jax.Array]:
    """Makes a function return the values of its `Terms`, with 0 where they are masked.

    `from_function` still uses the terms, which the attribute `terms` of the function computes.
    """

    @functools.wraps(function)
    def values(*args: P.args, **kwargs: P.kwargs) -> jax.Array:
        terms = function(*args, **kwargs)
        return terms.values if terms.mask is None else jnp.where(terms.mask, terms.values, 0)

    signature = signature_of(function).replace(return_annotation=jax.Array)
    cast(Any, values).__signature__ = signature
    cast(Any, values).terms = function
    return values
