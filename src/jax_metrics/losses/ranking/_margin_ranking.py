"""Which of two items ranks higher."""

from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments, pair, signs, subtract
from jax_metrics.losses.base import LossOptions, from_function


@explains_arguments
def margin_ranking(target: Any, preds: Any, *, other: Any, margin: float = 0.0) -> jax.Array:
    """`max(0, margin - target * (preds - other))` of each element.

    Args:
        target: 1 where `preds` should rank higher than `other`, -1 or 0 where lower, `[...]`.
        preds: The scores of the first items, of the same shape.
        other: The scores of the second items, of the same shape.
        margin: The difference of scores at which the loss becomes 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.losses.margin_ranking(jnp.array([1, -1]), jnp.ones(2), other=jnp.zeros(2))
        Array([0., 1.], dtype=float32)
    """
    target, _ = pair(target, preds)
    difference = subtract(preds, other, names=("preds", "other"))
    return jnp.maximum(0, margin - signs(target) * difference)


class MarginRanking(from_function(margin_ranking, "other"), init=False):
    """Reduces `margin_ranking` over a batch; `other` comes with each call.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.MarginRanking(margin=0.5)
        >>> loss(target=jnp.array([1]), preds=jnp.zeros(1), other=jnp.zeros(1))
        Array(0.5, dtype=float32)
    """

    if TYPE_CHECKING:

        def __init__(self, *, margin: float = 0.0, **options: Unpack[LossOptions]) -> None: ...

        def __call__(
            self,
            *,
            target: Any,
            preds: Any,
            other: Any,
            sample_weight: Any = None,
            mask: Any = None,
        ) -> jax.Array: ...
