"""Perplexity of a language model."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, between, equals
from jax_metrics.metrics._checks import Rule, check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics.inputs import Labels, as_labels, refuse_swapped, weights

_TOLERANCE = 0.02  # of a sum of probabilities: bfloat16 has eight bits
_NO_PROBABILITIES = (
    "preds must be probabilities from 0 to 1 that sum to 1 over the vocabulary. If they are "
    "logits, leave out `from_logits=False`."
)


class Perplexity(WeightedMean):
    """The exponential of the mean crossentropy of tokens, `exp(-mean(log(p)))`.

    `p` is the predicted probability of the target token. At least 1; that of a uniform guess is the
    size of the vocabulary. Targets are integers `[..., tokens]`, predictions
    `[..., tokens, vocabulary]`; `sample_weight` and `mask` have a prefix of the shape of the
    targets. The state is two sums. NaN before the first update.

    Args:
        from_logits: Whether predictions are logits, instead of probabilities.
        ignore_index: Tokens with this target are ignored, such as padding. It need not be in the
            vocabulary.
        epsilon: The lower bound of probabilities; logits need no bound.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([[0, 3, -100]]), jnp.zeros((1, 3, 8))
        >>> metric = jm.metrics.Perplexity(ignore_index=-100)
        >>> round(float(metric(target=target, preds=preds)), 4)
        8.0
        >>> round(float(jm.metrics.perplexity(target, preds, ignore_index=-100)), 4)
        8.0
    """

    higher_is_better = False
    bounds = (1, None)

    def __init__(
        self,
        *,
        from_logits: bool = True,
        ignore_index: int | None = None,
        epsilon: float = 1e-7,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        between(0, 1, epsilon=epsilon)
        self.from_logits = from_logits
        self.ignore_index = ignore_index
        self.epsilon = epsilon

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch; see `Perplexity` for shapes."""
        shape = jnp.shape(preds)
        if len(shape) < 2:
            raise ValueError(f"preds must be [..., tokens, vocabulary], but has shape {shape}.")
        labels = Labels(num_classes=shape[-1], ignore_index=self.ignore_index)
        refuse_swapped(target, preds)
        given = jnp.asarray(target)
        target, scores = as_labels("target", given), as_float("preds", preds)
        labels.check_shapes(target, scores, True)
        weight = weights(target.shape, sample_weight, mask, self.dtype)
        if self.ignore_index is not None:
            weight = jnp.where(equals(given, self.ignore_index), 0, weight)
        target, known = labels.replace_unknown("target", target, weight)
        costs, holds, message = self._costs(target, scores)
        costs += check_rules([known, Rule(holds | (weight == 0), message)])
        if sample_weight is None:  # a mask makes integer weights, which sum exactly
            self.add(costs, mask=weight != 0)
        else:
            self.add(costs, weight)

    def _costs(self, target: jax.Array, scores: jax.Array) -> tuple[jax.Array, jax.Array, str]:
        """The costs of tokens, which of them are valid, and what they must be."""
        chosen = jnp.take_along_axis(scores, target[..., None], -1)[..., 0]
        if self.from_logits:  # a NaN in the logits is one in the costs, so they need no other pass
            costs = _crossentropies(scores, chosen)
            return costs, ~jnp.isnan(costs), "preds must be numbers, not NaN or infinity."
        bounded = ((scores >= 0) & (scores <= 1)).all(-1)
        holds = bounded & (abs(scores.sum(-1) - 1) < _TOLERANCE)
        return -jnp.log(jnp.maximum(chosen, self.epsilon)), holds, _NO_PROBABILITIES

    def compute(self) -> jax.Array:
        """The perplexity of all tokens."""
        return jnp.exp(super().compute())


def _crossentropies(logits: jax.Array, chosen: jax.Array) -> jax.Array:
    """The crossentropy of each token from the logits and the one of its target."""
    # Relative to the chosen logit one pass is enough, unless an exponential overflows: the largest
    # logit, which makes that impossible, takes a pass of its own.
    total = jnp.exp(logits - chosen[..., None]).sum(-1)

    def by_largest() -> jax.Array:
        largest = logits.max(-1)
        return jnp.log(jnp.exp(logits - largest[..., None]).sum(-1)) - (chosen - largest)

    return jax.lax.cond(jnp.isfinite(total).all(), lambda: jnp.log(total), by_largest)


perplexity = functional(Perplexity)
