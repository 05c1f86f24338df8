"""The quantile loss, also called pinball loss."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import between, explains_arguments, subtract
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
    if isinstance(q, Sequence):
        between(0, 1, **{f"q[{index}]": value for index, value in enumerate(q)})
        shape, given = jnp.shape(target), jnp.shape(preds)
        if given != (*shape, len(q)):
            raise ValueError(
                f"With {len(q)} quantiles, preds must be {[*shape, len(q)]} for targets "
                f"{list(shape)}, but is {list(given)}."
            )
        library: Any = np if isinstance(target, np.ndarray | np.generic) else jnp
        error = subtract(library.broadcast_to(library.expand_dims(target, -1), given), preds)
    else:
        between(0, 1, q=q)
        error = subtract(target, preds)
    level = jnp.asarray(q, error.dtype)
    return jnp.where(error > 0, level, level - 1) * error


class Quantile(from_function(quantile), init=False):
    """Reduces `quantile` over a batch; `Quantile(q=0.5)` is half the absolute error."""
