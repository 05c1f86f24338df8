"""The quantile loss, also called pinball loss."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, between, explains_arguments, same_shape
from jax_metrics.losses.base import from_function


@explains_arguments
def quantile(target: Any, preds: Any, *, q: float | Sequence[float] = 0.5) -> jax.Array:
    """The pinball loss of each element, minimal when `preds` is the quantile `q` of the targets.

    `q * e` where the error `e = target - preds` is positive, and `(q - 1) * e` elsewhere.

    Source: Koenker and Bassett, Regression Quantiles, 1978.

    Args:
        target: True values, `[...]`.
        preds: Predictions: `[...]`, or `[..., quantiles]` when `q` is a sequence.
        q: The quantile or quantiles, between 0 and 1.

    Returns:
        The losses, of the shape of `preds`.

    Raises:
        ValueError: If a quantile is out of range, or the shapes do not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.quantile(jnp.zeros(2), jnp.array([1.0, -1.0]), q=0.75)
        Array([0.25, 0.75], dtype=float32)
        >>> jm.losses.quantile(jnp.zeros(1), jnp.array([[-1.0, 1.0]]), q=(0.25, 0.75))
        Array([[0.25, 0.25]], dtype=float32)
    """
    target, preds = as_float("target", target), as_float("preds", preds)
    if isinstance(q, Sequence):
        between(0, 1, **{f"q[{index}]": value for index, value in enumerate(q)})
        if preds.shape != (*target.shape, len(q)):
            raise ValueError(
                f"With {len(q)} quantiles, preds must be {[*target.shape, len(q)]} for targets "
                f"{list(target.shape)}, but is {list(preds.shape)}."
            )
        error = target[..., None] - preds
        level = jnp.asarray(q, preds.dtype)
    else:
        between(0, 1, q=q)
        same_shape(target=target, preds=preds)
        error = target - preds
        level = jnp.asarray(q, preds.dtype)
    return jnp.where(error > 0, level, level - 1) * error


class Quantile(from_function(quantile), init=False):
    """Reduces `quantile` over a batch; `Quantile(q=0.5)` is half the absolute error."""
