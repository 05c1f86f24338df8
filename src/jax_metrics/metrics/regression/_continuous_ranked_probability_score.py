"""Continuous ranked probability score, of ensembles of predictions."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, subtract
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._metric import Common


class ContinuousRankedProbabilityScore(MeanOf):
    """The distance of ensembles of predictions from targets; for one member, the absolute error.

    `mean(|x - target|) - mean(|x - y|) / 2` over all members x and y: the integral of the squared
    difference between the distribution functions of ensemble and target. The value is the mean of
    this score over all targets; NaN before the first update. `target` is `[...]`, `preds` is
    `[..., members]`.

    Args:
        fair: Whether the second mean is over pairs of two different members. Its expectation then
            does not depend on the number of members, of which there must be two or more; the value
            may be negative.
        **options: See `Metric`.

    Source: Gneiting and Raftery, Strictly Proper Scoring Rules, Prediction, and Estimation, 2007;
    Ferro, Fair Scores for Ensemble Forecasts, 2014.

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
    bounds = (0, None)
    same_shape = False

    def __init__(self, *, fair: bool = False, **options: Unpack[Common]):
        super().__init__(**options)
        self.fair = fair
        if fair:
            self.bounds = (None, None)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The scores, `[...]`."""
        given = target, preds
        target, preds = as_float("target", target), as_float("preds", preds)
        if preds.shape[:-1] != target.shape or preds.ndim == 0 or preds.shape[-1] == 0:
            raise ValueError(
                f"preds must be {[*target.shape, 'members']} for targets {list(target.shape)}, "
                f"but is {list(preds.shape)}."
            )
        if self.fair and preds.shape[-1] < 2:
            raise ValueError(
                "fair=True compares different members, so preds must have two or more, but are "
                f"{list(preds.shape)}."
            )
        # The integral is a sum of nonnegative terms: between two members, the distribution function
        # of the ensemble is the fraction of members below.
        members = preds.shape[-1]
        each, ensemble = jnp.asarray(given[0])[..., None], jnp.asarray(given[1])
        difference = jnp.sort(subtract(ensemble, jnp.broadcast_to(each, ensemble.shape)), -1)
        below, above = jnp.minimum(difference, 0), jnp.maximum(difference, 0)
        fraction = jnp.arange(1, members + 1, dtype=difference.dtype) / members
        zero = jnp.zeros_like(difference[..., :1])
        lower = jnp.diff(below, axis=-1, append=zero) * fraction**2
        upper = jnp.diff(above, axis=-1, prepend=zero) * (1 - (fraction - 1 / members)) ** 2
        score = (lower + upper).sum(-1)
        if not self.fair:
            return score
        # The part of the mean over all pairs that comes from dividing by n * n, not n * (n - 1).
        pairs = jnp.diff(difference, axis=-1) * (fraction * (1 - fraction))[:-1]
        return score - pairs.sum(-1) / (members - 1)


continuous_ranked_probability_score = functional(ContinuousRankedProbabilityScore)
