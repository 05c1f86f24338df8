"""Losses that compare all embeddings of a batch: NT-Xent and circle loss."""

from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_array, as_float, bounded, explains_arguments, positive
from jax_metrics.losses.base import LossOptions, Terms, from_function, values_of_terms
from jax_metrics.losses.embeddings._triplet import norm


@explains_arguments
@values_of_terms
def ntxent(
    target: Any,
    preds: Any,
    *,
    temperature: float = 0.07,
    mean_over_pairs: bool = False,
    mask: Any = None,
) -> Terms:
    """The normalized temperature-scaled crossentropy of each embedding, by groups.

    `-log(e / (e + sum of e over other groups))` with `e = exp(cos / temperature)`, averaged over
    the other embeddings of the same group; 0 for an embedding without others in its group.

    Source: Chen et al., A Simple Framework for Contrastive Learning of Visual Representations,
    https://arxiv.org/abs/2002.05709, 2020.

    Args:
        target: The group of each embedding, integers, `[n]`.
        preds: The embeddings, `[n, d]`; their norm does not matter.
        temperature: The divisor of the cosines.
        mean_over_pairs: Whether the mean of the losses is taken over all pairs inside of groups, as
            in optax, so that embeddings of large groups count more.
        mask: Booleans `[n]`; false leaves an embedding out.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit, or `temperature` is not greater than 0.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> losses = jm.losses.ntxent(jnp.array([0, 0, 1]), x, temperature=1.0)
        >>> [round(loss, 4) for loss in losses.tolist()]
        [0.3133, 0.3133, 0.0]
    """
    # Not optax' form, which returns one number, has no mask, and is NaN where no group has a pair.
    positive(temperature=temperature)
    preds, same_group, other_group = _group_pairs(target, preds, mask, remove_diagonal=True)
    logits = _unit_vectors(preds)
    logits = logits @ logits.T / temperature
    others = jax.nn.logsumexp(jnp.where(other_group, logits, -jnp.inf), axis=-1, keepdims=True)
    losses = jax.nn.softplus(others - logits)  # the digits of logaddexp(...) - logits would cancel
    count = jnp.sum(same_group, axis=-1)
    total = jnp.sum(jnp.where(same_group, losses, 0), axis=-1)
    divisor = jnp.maximum(count, 1)
    if mean_over_pairs:  # the pairs of an embedding on average, for each
        divisor = jnp.maximum(jnp.sum(count), 1) / jnp.maximum(jnp.sum(count > 0), 1)
    return Terms(total / divisor, mask=count > 0)


class NTXent(from_function(ntxent, "mask"), init=False):
    """Reduces `ntxent` over a batch; embeddings without a pair are left out of means.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> print(f"{jm.losses.NTXent(temperature=1.0)(target=jnp.array([0, 0, 1]), preds=x):.4f}")
        0.3133
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            temperature: float = 0.07,
            mean_over_pairs: bool = False,
            **options: Unpack[LossOptions],
        ) -> None: ...

        def __call__(
            self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
        ) -> jax.Array: ...


@explains_arguments
def circle(
    target: Any,
    preds: Any,
    *,
    gamma: float = 80.0,
    margin: float = 0.4,
    remove_diagonal: bool = True,
    mask: Any = None,
) -> jax.Array:
    """The circle loss of each embedding: pairs far from their optimum get the largest weights.

    `softplus(logsumexp(-gamma * a_p * (s_p - 1 + margin)) + logsumexp(gamma * a_n * (s_n -
    margin)))` with cosines `s_p` inside of the group and `s_n` outside, and the weights `a_p = 1 +
    margin - s_p` and `a_n = s_n + margin`, which have no gradient. 0 for an embedding that lacks
    pairs of either kind.

    Source: Sun et al., Circle Loss, https://arxiv.org/abs/2002.10857, 2020.

    Args:
        target: The group of each embedding, integers, `[n]`.
        preds: The embeddings, `[n, d]`; their norm does not matter.
        gamma: The scale of the cosines.
        margin: The relaxation of the optimum: `1 - margin` in a group, `margin` between groups.
        remove_diagonal: Whether to leave out pairs of an embedding with itself.
        mask: Booleans `[n]`; false leaves an embedding out.

    Returns:
        The losses, `[n]`.

    Raises:
        ValueError: If a shape does not fit.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> losses = jm.losses.circle(jnp.array([0, 0, 1]), x, gamma=1.0)
        >>> [round(loss, 4) for loss in losses.tolist()]
        [0.5459, 0.5459, 0.0]
    """
    preds, same_group, other_group = _group_pairs(
        target, preds, mask, remove_diagonal=remove_diagonal
    )
    unit = _unit_vectors(preds)
    similarity = bounded(unit @ unit.T, -1, 1)
    constant = jax.lax.stop_gradient(similarity)
    positive_logits = -gamma * jnp.maximum(1 + margin - constant, 0) * (similarity - 1 + margin)
    negative_logits = gamma * jnp.maximum(constant + margin, 0) * (similarity - margin)
    valid = same_group.any(-1) & other_group.any(-1)
    filler = jnp.where(valid[:, None], -jnp.inf, 0)  # a row of only -inf has NaN gradients
    in_group, between_groups = (
        jax.nn.logsumexp(jnp.where(pairs & valid[:, None], logits, filler), axis=-1)
        for logits, pairs in ((positive_logits, same_group), (negative_logits, other_group))
    )
    return jnp.where(valid, jax.nn.softplus(in_group + between_groups), 0)


class Circle(from_function(circle, "mask"), init=False):
    """Reduces `circle` over a batch, with the options of the function."""

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            gamma: float = 80.0,
            margin: float = 0.4,
            remove_diagonal: bool = True,
            **options: Unpack[LossOptions],
        ) -> None: ...

        def __call__(
            self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
        ) -> jax.Array: ...


def _unit_vectors(preds: jax.Array) -> jax.Array:
    """The embeddings scaled to length 1; a zero vector stays zero, with gradient 0."""
    scale = jax.lax.stop_gradient(jnp.max(jnp.abs(preds), axis=-1, keepdims=True))
    preds = preds / jnp.where(scale == 0, 1, scale)
    length = norm(preds, 2)[:, None]
    return preds / jnp.where(length == 0, 1, length)


def _group_pairs(
    target: Any, preds: Any, mask: Any, *, remove_diagonal: bool
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The embeddings, and masks `[n, n]` of pairs in one group and of pairs in two groups.

    Raises:
        ValueError: If a shape does not fit.
        TypeError: If groups are not integers.
    """
    target, preds = as_array("target", target), as_float("preds", preds)
    if preds.ndim != 2 or target.shape != preds.shape[:1]:
        raise ValueError(
            "target must be groups [n] and preds embeddings [n, d], but got target "
            f"{list(target.shape)}, preds {list(preds.shape)}. Use `jax.vmap` for several batches."
        )
    if not jnp.issubdtype(target.dtype, jnp.integer):
        raise TypeError(f"target must be groups as integers, but is {target.dtype}.")
    present = jnp.ones(target.shape, bool) if mask is None else jnp.asarray(mask)
    if present.shape != target.shape:
        raise ValueError(
            f"mask has shape {list(present.shape)}, but must have the shape of target, "
            f"{list(target.shape)}: one boolean for each embedding."
        )
    preds = jnp.where(present[:, None], preds, 1)
    equal = target[:, None] == target[None, :]
    pairs = present[:, None] & present[None, :]
    same_group = pairs & equal
    if remove_diagonal:
        same_group &= ~jnp.eye(target.shape[0], dtype=bool)
    return preds, same_group, pairs & ~equal
