"""Negative log-likelihood under normal distributions."""

import math
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, explains_arguments, pair, positive, same_shape
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
        var: The predicted variances, of the same shape.
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
    target, preds = pair(target, preds)
    var = as_float("var", var)
    same_shape(preds=preds, var=var)
    var = jnp.maximum(var, epsilon)
    loss = 0.5 * (jnp.log(var) + (target - preds) ** 2 / var)
    return loss + 0.5 * math.log(2 * math.pi) if full else loss


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
