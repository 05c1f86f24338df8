"""Continuous ranked probability score, of ensembles of predictions."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import MeanOf


class ContinuousRankedProbabilityScore(MeanOf):
    """How far ensembles of predictions are from the targets; the absolute error for one member.

    `mean(|x - target|) - mean(|x - y|) / 2` with x and y from all members: the area between the
    squared distribution functions of ensemble and target. The mean over the batch; NaN before the
    first update. `target` is `[...]`, `preds` is `[..., members]`.

    Source: Gneiting and Raftery, Strictly Proper Scoring Rules, Prediction, and Estimation, 2007.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([1.0]), jnp.array([[0.0, 4.0]])
        >>> float(jm.metrics.ContinuousRankedProbabilityScore()(target=target, preds=preds))
        1.0
        >>> float(jm.metrics.continuous_ranked_probability_score(target, preds[:, :1]))
        1.0
    """

    higher_is_better = False

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The scores, `[...]`."""
        target, preds = as_float("target", target), as_float("preds", preds)
        if preds.shape[:-1] != target.shape or preds.ndim == 0 or preds.shape[-1] == 0:
            raise ValueError(
                f"preds must be {[*target.shape, 'members']} for targets {list(target.shape)}, "
                f"but is {list(preds.shape)}."
            )
        # The area, as a sum of what is not negative: between two members, the distribution function
        # is the share of members up to there.
        members = preds.shape[-1]
        apart = jnp.sort(preds - target[..., None], -1)
        below, above = jnp.minimum(apart, 0), jnp.maximum(apart, 0)
        share = jnp.arange(1, members + 1, dtype=apart.dtype) / members
        zero = jnp.zeros_like(apart[..., :1])
        lower = jnp.diff(below, axis=-1, append=zero) * share**2
        upper = jnp.diff(above, axis=-1, prepend=zero) * (1 - (share - 1 / members)) ** 2
        return (lower + upper).sum(-1)


continuous_ranked_probability_score = functional(ContinuousRankedProbabilityScore)
