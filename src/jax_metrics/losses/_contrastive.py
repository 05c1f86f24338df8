"""Losses that compare all embeddings of a batch with each other: NT-Xent and circle loss."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, positive
from jax_metrics.losses._loss import Loss
from jax_metrics.losses._reduction import Terms
from jax_metrics.losses._triplet import norm


def ntxent(target: Any, preds: Any, *, temperature: float = 0.07, mask: Any = None) -> jax.Array:
    """How badly each embedding tells those of its own group from all others, by cosine.

    For each other embedding of the group, `-log(e / (e + sum of e over other groups))` with
    `e = exp(cos / temperature)`; the mean of these, and 0 where the group has no other.

    Source: Chen et al., A Simple Framework for Contrastive Learning of Visual Representations,
    https://arxiv.org/abs/2002.05709, 2020.

    Args:
        target: The group of each embedding, integers, `[n]`.
        preds: The embeddings, `[n, d]`; their length does not matter.
        temperature: What the cosines are divided by.
        mask: Which embeddings are there, `[n]`.

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
    return _ntxent(target, preds, temperature, mask).values


def _ntxent(target: Any, preds: Any, temperature: float, mask: Any) -> Terms:
    # Not optax' form, which gives one number, has no mask, and is NaN where no group has a pair.
    positive(temperature=temperature)
    preds, together, apart = _groups(target, preds, mask, True)
    logits = _directions(preds)
    logits = logits @ logits.T / temperature
    others = jax.nn.logsumexp(jnp.where(apart, logits, -jnp.inf), axis=-1, keepdims=True)
    losses = jnp.logaddexp(logits, others) - logits
    count = jnp.sum(together, axis=-1)
    total = jnp.sum(jnp.where(together, losses, 0), axis=-1)
    return Terms(total / jnp.maximum(count, 1), mask=count > 0)


class NTXent(Loss):
    """The loss of `ntxent`, with its options. Embeddings that are alone count in no mean.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> print(f"{jm.losses.NTXent(temperature=1.0)(target=jnp.array([0, 0, 1]), preds=x):.4f}")
        0.3133
    """

    temperature: float = 0.07

    def call(self, target: Any, preds: Any, mask: Any = None) -> Terms:
        """See `ntxent`."""
        return _ntxent(target, preds, self.temperature, mask)


def circle(
    target: Any,
    preds: Any,
    *,
    gamma: float = 80.0,
    margin: float = 0.4,
    remove_diagonal: bool = True,
    mask: Any = None,
) -> jax.Array:
    """Draws embeddings of one group together and others apart, those most that are furthest off.

    `softplus(logsumexp(-gamma * a_p * (s_p - 1 + margin)) + logsumexp(gamma * a_n * (s_n -
    margin)))` with cosines `s_p` inside of the group and `s_n` outside, and the weights `a_p = 1 +
    margin - s_p` and `a_n = s_n + margin`, which have no gradient. 0 for an embedding without
    either.

    Source: Sun et al., Circle Loss, https://arxiv.org/abs/2002.10857, 2020.

    Args:
        target: The group of each embedding, integers, `[n]`.
        preds: The embeddings, `[n, d]`; their length does not matter.
        gamma: The scale.
        margin: How much is allowed.
        remove_diagonal: Whether an embedding is no member of its own group.
        mask: Which embeddings are there, `[n]`.

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
    preds, together, apart = _groups(target, preds, mask, remove_diagonal)
    unit = _directions(preds)
    # No cosine is greater than 1; rounding must not make a difference of it.
    similarity = jnp.minimum(unit @ unit.T, 1)
    fixed = jax.lax.stop_gradient(similarity)
    near = -gamma * jnp.maximum(1 + margin - fixed, 0) * (similarity - 1 + margin)
    far = gamma * jnp.maximum(fixed + margin, 0) * (similarity - margin)
    valid = together.any(-1) & apart.any(-1)
    near, far = (
        jax.nn.logsumexp(
            jnp.where(where & valid[:, None], x, jnp.where(valid[:, None], -jnp.inf, 0)), axis=-1
        )
        for x, where in ((near, together), (far, apart))
    )
    return jnp.where(valid, jax.nn.softplus(near + far), 0)


class Circle(Loss):
    """The loss of `circle`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x = jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> print(f"{jm.losses.Circle(gamma=1.0)(target=jnp.array([0, 0, 1]), preds=x):.4f}")
        0.3639
    """

    gamma: float = 80.0
    margin: float = 0.4
    remove_diagonal: bool = True

    def call(self, target: Any, preds: Any, mask: Any = None) -> jax.Array:
        """See `circle`."""
        return circle(
            target,
            preds,
            gamma=self.gamma,
            margin=self.margin,
            remove_diagonal=self.remove_diagonal,
            mask=mask,
        )


def _directions(preds: jax.Array) -> jax.Array:
    """The embeddings at length 1; one of zeros stays, with gradient 0."""
    scale = jax.lax.stop_gradient(jnp.max(jnp.abs(preds), axis=-1, keepdims=True))
    preds = preds / jnp.where(scale == 0, 1, scale)
    length = norm(preds, 2)[:, None]
    return preds / jnp.where(length == 0, 1, length)


def _groups(
    target: Any, preds: Any, mask: Any, remove_diagonal: bool
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The embeddings, and which pairs of them are of one group and of two.

    Raises:
        ValueError: If a shape does not fit.
        TypeError: If groups are no integers.
    """
    target, preds = jnp.asarray(target), as_float("preds", preds)
    if preds.ndim != 2 or target.shape != preds.shape[:1]:
        raise ValueError(
            "target must be groups [n] and preds embeddings [n, d], but got target "
            f"{list(target.shape)}, preds {list(preds.shape)}. Use `jax.vmap` for several batches."
        )
    if not jnp.issubdtype(target.dtype, jnp.integer):
        raise TypeError(f"target must be groups as integers, but is {target.dtype}.")
    there = jnp.ones(target.shape, bool) if mask is None else jnp.asarray(mask)
    if there.shape != target.shape:
        raise ValueError(
            f"mask has shape {list(there.shape)}, but must have that of target, "
            f"{list(target.shape)}: which embeddings are there."
        )
    preds = jnp.where(there[:, None], preds, 1)
    same = target[:, None] == target[None, :]
    pairs = there[:, None] & there[None, :]
    together = pairs & same
    if remove_diagonal:
        together &= ~jnp.eye(target.shape[0], dtype=bool)
    return preds, together, pairs & ~same
