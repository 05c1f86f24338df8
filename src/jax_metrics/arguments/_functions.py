"""Errors of functions that are called with arguments that they do not have."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

from jax_metrics.arguments._options import refuse_unknown
from jax_metrics.tree import explain_arguments, signature_of

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
# Arguments of classes of losses and metrics, which some of their functions do not have.
_OF_CLASSES = frozenset({"sample_weight", "mask", "reduction"})
_OF_LOSSES = (
    "it returns the losses of all elements or examples. The class of the loss takes `{name}`."
)


def explains_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Makes the function of a loss name what it takes, if it is called with other arguments.

    Python alone names the wrong argument only.

    Example:
        >>> from jax_metrics.arguments import explains_arguments
        >>> @explains_arguments
        ... def shifted(target, *, offset=0):
        ...     return target + offset
        >>> shifted(1, ofset=2)
        Traceback (most recent call last):
            ...
        TypeError: shifted has no argument 'ofset'. Did you mean `offset`? It takes target, offset.
    """
    return explaining(_OF_LOSSES)(function)


def names_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Makes any other function name what it takes, as `explains_arguments` does."""
    return explaining(None)(function)


def constructor_names_arguments(cls: type[T]) -> type[T]:
    """Makes a class that is no Tree name what its constructor takes, as `names_arguments` does."""
    construct: Any = cls.__init__
    signature = signature_of(construct)

    @functools.wraps(construct)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            construct(self, *args, **kwargs)
        except TypeError:
            try:
                signature.bind(self, *args, **kwargs)
            except TypeError as error:
                refuse_misfit(cls, args, kwargs, error)
            raise

    cast(Any, cls).__init__ = __init__
    return cls


def explaining(of_classes: str | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """As `explains_arguments`, for functions of metrics.

    Args:
        of_classes: What to say of an argument `{name}` of the class that the function lacks; None
            if there is no such class.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        signature = signature_of(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except TypeError:
                try:
                    signature.bind(*args, **kwargs)
                except TypeError as error:
                    lacking = _OF_CLASSES & kwargs.keys() - signature.parameters.keys()
                    if of_classes and lacking:
                        name = min(lacking)
                        raise TypeError(
                            f"{function.__name__} has no argument {name!r}: "
                            f"{of_classes.format(name=name)}"
                        ) from error
                    refuse_misfit(call, args, kwargs, error)
                raise

        cast(Any, call).__signature__ = signature
        return call

    return decorated


def refuse_misfit(
    function: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    error: TypeError,
) -> NoReturn:
    """Raises for arguments that do not fit the signature of a function.

    Args:
        function: The function, or a class.
        args: The positional arguments.
        kwargs: The keyword arguments.
        error: The error of Python, which becomes the cause.

    Raises:
        TypeError: In any case, with the nearest name and what the function takes.
    """
    known = signature_of(function).parameters
    unknown = [name for name in kwargs if name not in known]
    if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        refuse_unknown(function.__name__, unknown, known)
    raise explain_arguments(function, args, kwargs, error) from error
