"""What counts as an optax transformation."""

from typing import Any

import optax

from jax_metrics.tree import Tree


def is_transformation(value: Any) -> bool:
    """Whether the value has the two methods; a Module has methods of these names, too."""
    methods = all(callable(getattr(value, name, None)) for name in ("init", "update"))
    return methods and not isinstance(value, Tree | type)


def with_extra_args(transformation: Any) -> optax.GradientTransformationExtraArgs:
    """The transformation with extra arguments, which it ignores if it knows none."""
    if isinstance(transformation, optax.MultiSteps):  # of another class, but it passes them on
        update: Any = transformation.update
        return optax.GradientTransformationExtraArgs(transformation.init, update)
    return optax.with_extra_args_support(transformation)


def check_transformation(value: Any, function: str) -> None:
    """Checks the argument of a function that wraps a transformation.

    Raises:
        TypeError: If it is none.
    """
    if not is_transformation(value):
        raise TypeError(
            f"`{function}` wraps an optax transformation, as in `{function}(optax.adam(1e-3))`; "
            f"got a {type(value).__name__}."
        )
