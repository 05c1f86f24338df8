"""Ranking of whole lists."""

from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, explains_arguments, multiply_log, pair, same_shape
from jax_metrics.losses.base import LossOptions, from_function
from jax_metrics.losses.labels import log_softmax


@explains_arguments
def ranking_softmax(
    target: Any, preds: Any, *, where: Any = None, item_weights: Any = None
) -> jax.Array:
    """`-sum(item_weights * target * log_softmax(preds))` over the items of a list.

    Source: Cao et al., Learning to Rank: From Pairwise Approach to Listwise Approach (ListNet),
    2007.

    Args:
        target: The relevance of each item, `[..., items]`.
        preds: Scores of the same shape.
        where: Booleans of the same shape, false for padding of shorter lists. The loss of an empty
            list is 0.
        item_weights: A factor for each item, of the same shape.

    Returns:
        The loss of each list, `[...]`.

    Raises:
        ValueError: If the shapes differ.
        TypeError: If `where` is not boolean.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.ranking_softmax(jnp.array([1, 0, 0]), jnp.array([2.0, 1.0, 3.0]))
        >>> print(f"{loss:.4f}")
        1.4076
    """
    target, preds = pair(target, preds)
    if where is not None:
        where = jnp.asarray(where)
        if where.dtype != bool:
            raise TypeError(f"where must be boolean, but is {where.dtype}. Write `where > 0`.")
        same_shape(preds=preds, where=where)
    if item_weights is not None:
        item_weights = as_float("item_weights", item_weights)
        same_shape(preds=preds, item_weights=item_weights)
    # Not optax' form: it is NaN where a score is infinite.
    if item_weights is not None:
        target = target * item_weights
    if where is not None:
        target = jnp.where(where, target, 0)
        has_items = where.any(-1, keepdims=True)
        preds = jnp.where(where, preds, jnp.where(has_items, -jnp.inf, 0))
    return -jnp.sum(multiply_log(target, log_softmax(preds)), axis=-1)


class RankingSoftmax(from_function(ranking_softmax, "where", "item_weights"), init=False):
    """Reduces `ranking_softmax` over a batch; `where` and `item_weights` may come with each call.

    `mask` and `sample_weight` apply to whole lists.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> loss = jm.losses.RankingSoftmax()
        >>> loss(target=jnp.array([[1.0, 0.0]]), preds=jnp.zeros((1, 2)))
        Array(0.6931472, dtype=float32)
    """

    if TYPE_CHECKING:

        def __init__(self, **options: Unpack[LossOptions]) -> None: ...

        def __call__(
            self,
            *,
            target: Any,
            preds: Any,
            where: Any = None,
            item_weights: Any = None,
            sample_weight: Any = None,
            mask: Any = None,
        ) -> jax.Array: ...
