"""Negative log-likelihood under normal distributions."""

import math
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, explains_arguments, positive, subtract
from jax_metrics.losses.base import LossOptions, from_function


@explains_arguments
def gaussian_nll(
    target: Any, preds: Any, *, var: Any, full: bool = False, epsilon: float = 1e-6
) -> jax.Array:
    """The negative log-likelihood of each element: `(log(var) + (target - preds)**2 / var) / 2`.

    Source: Nix and Weigend, Estimating the Mean and Variance of the Target Probability
    Distribution, 1994.

    Args:
        target: True values, `[...]`.
        preds: The predicted means, of the same shape.
        var: The predicted variances: of the same shape; one for each row, `[..., 1]` or without
            the last axis; or a single one.
        full: Whether to add `log(2 * pi) / 2`.
        epsilon: The lower bound of the variances; smaller ones have no gradient.

    Raises:
        ValueError: If `epsilon` is not greater than 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.gaussian_nll(jnp.zeros(2), jnp.array([0.0, 2.0]), var=jnp.ones(2))
        Array([0., 2.], dtype=float32)
    """
    positive(epsilon=epsilon)
    error = subtract(target, preds)
    var = jnp.maximum(_broadcast(as_float("var", var), error.shape), epsilon)
    # Squared last, since the square of the error alone may overflow.
    loss = 0.5 * (jnp.log(var) + (error / jnp.sqrt(var)) ** 2)
    return loss + 0.5 * math.log(2 * math.pi) if full else loss


def _broadcast(var: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """The variances in the shape of the means.

    Raises:
        ValueError: If they do not fit.
    """
    if var.shape == shape[:-1] and shape:
        var = var[..., None]
    if var.shape not in (shape, (*shape[:-1], 1), ()):
        raise ValueError(
            f"var must have the shape of preds, {list(shape)}, or one value for each row, "
            f"{[*shape[:-1], 1]}, but has {list(var.shape)}."
        )
    return jnp.broadcast_to(var, shape)


class GaussianNLL(from_function(gaussian_nll, "var"), init=False):
    """Reduces `gaussian_nll` over a batch; `var` comes with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.GaussianNLL()
        >>> loss(target=jnp.zeros(1), preds=jnp.array([2.0]), var=jnp.ones(1))
        Array(2., dtype=float32)
    """

    if TYPE_CHECKING:

        def __init__(
            self, *, full: bool = False, epsilon: float = 1e-6, **options: Unpack[LossOptions]
        ) -> None: ...

        def __call__(
            self, *, target: Any, preds: Any, var: Any, sample_weight: Any = None, mask: Any = None
        ) -> jax.Array: ...
