"""Cosine similarity."""

from typing import Any

import jax

from jax_metrics import losses
from jax_metrics.metrics.regression._mean_over_rows import MeanOverRows, function_over_rows


class CosineSimilarity(MeanOverRows):
    """The mean cosine of the angle between the rows of `target` and `preds`, `[..., n]`.

    From -1 to 1; the loss of the same name is its negative. The cosine of a row of zeros is 0.

    Args:
        **options: `reduction` and `capacity`, as in `MeanOverRows`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[1.0, 0.0], [1.0, 0.0]])
        >>> preds = jnp.array([[2.0, 0.0], [0.0, 2.0]])
        >>> float(jm.metrics.CosineSimilarity()(target=target, preds=preds))
        0.5
        >>> float(jm.metrics.cosine_similarity(target, preds, reduction="sum"))
        1.0
    """

    higher_is_better = True
    bounds = (-1, 1)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The cosines, `[...]`."""
        return -losses.cosine_similarity(target, preds)


cosine_similarity = function_over_rows(CosineSimilarity)
