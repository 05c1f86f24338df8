"""InfoLM: texts compared by the words that a masked language model expects in them."""

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import bounded, one_of
from jax_metrics.metrics._network import as_network
from jax_metrics.metrics.text._encoding import (
    Encoder,
    Tokenizer,
    batches,
    check_encoded,
    tokenized,
)
from jax_metrics.metrics.text._sentence_metric import (
    SentenceMetric,
    SentenceOptions,
    function_of_sentences,
    quotient,
)

Measure = Callable[[jax.Array, jax.Array, float, float], jax.Array]

_SLACK = 1e-3  # how far rounding may take the sum of a distribution from 1


def _kl(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    least = jnp.finfo(preds.dtype).tiny
    target, preds = jnp.maximum(target, least), jnp.maximum(preds, least)
    return (target * (jnp.log(target) - jnp.log(preds))).sum(-1)


def _alpha(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    return (_common(target, preds, alpha, 1 - alpha) - 1) / (alpha * (alpha - 1))


def _ab(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    both = alpha + beta
    own = jnp.log(_common(target, preds, both, 0.0)) / (beta * both)
    other = jnp.log(_common(target, preds, 0.0, both)) / (alpha * both)
    return own + other - jnp.log(_common(target, preds, alpha, beta)) / (alpha * beta)


def _beta(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    return _ab(target, preds, 1.0, beta)


def _renyi(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    return jnp.log(_common(target, preds, alpha, 1 - alpha)) / (alpha - 1)


def _l1(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    return abs(target - preds).sum(-1)


def _l2(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    return jnp.sqrt(((target - preds) ** 2).sum(-1))


def _l_infinity(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    return abs(target - preds).max(-1)


def _fisher_rao(target: jax.Array, preds: jax.Array, alpha: float, beta: float) -> jax.Array:
    one, other = jnp.sqrt(target), jnp.sqrt(preds)
    cosine, chord = (one * other).sum(-1), jnp.sqrt(((one - other) ** 2).sum(-1))
    # The angle of close distributions is lost in their cosine.
    near = 2 * jnp.arcsin((chord / 2).clip(0, 1))
    return 2 * jnp.where(cosine > 0.5, near, jnp.arccos(cosine.clip(0, 1)))


def _common(target: jax.Array, preds: jax.Array, a: float, b: float) -> jax.Array:
    """The sum of `target**a * preds**b`, in which words that neither expects count 0."""
    neither = (target == 0) & (preds == 0)
    target, preds = jnp.where(neither, 1, target), jnp.where(neither, 1, preds)
    return jnp.where(neither, 0, target**a * preds**b).sum(-1)


# Each with the numbers that it needs, and those that they must not be.
_MEASURES: dict[str, tuple[Measure, dict[str, tuple[float, ...]]]] = {
    "kl_divergence": (_kl, {}),
    "alpha_divergence": (_alpha, {"alpha": (0, 1)}),
    "beta_divergence": (_beta, {"beta": (0, -1)}),
    "ab_divergence": (_ab, {"alpha": (0,), "beta": (0,)}),
    "renyi_divergence": (_renyi, {"alpha": (1,)}),
    "l1_distance": (_l1, {}),
    "l2_distance": (_l2, {}),
    "l_infinity_distance": (_l_infinity, {}),
    "fisher_rao_distance": (_fisher_rao, {}),
}


def _distance(
    name: str, target: jax.Array, preds: jax.Array, alpha: float, beta: float
) -> jax.Array:
    """The distance of distributions `[texts, vocabulary]`, without the wrong sign of rounding."""
    value = _MEASURES[name][0](target, preds, alpha, beta)
    low, high = (-jnp.inf, 0) if name == "renyi_divergence" and alpha < 0 else (0, jnp.inf)
    whole = [abs(x.sum(-1) - 1) < _SLACK for x in (target, preds)]  # no text is empty
    return jnp.where(whole[0] & whole[1], bounded(value, low, high), value)


class InfoLM(SentenceMetric):
    """The mean distance of the words that a masked language model expects in texts.

    Each token of a text is masked in turn; the mean of the distributions that the model predicts in
    its place is the distribution of the text. The distance is that of the distributions of target
    and prediction; at least 0, but at most 0 for a Rényi divergence of negative `alpha`. NaN before
    the first update. The state is two sums.

    Args:
        tokenizer: A function of a list of strings that returns a dict of `input_ids` and
            `attention_mask`, both `[texts, tokens]`. Pad to a constant length, or each new one
            compiles.
        encoder: A function or a module of both that returns logits `[texts, tokens, vocabulary]`.
            It is called once for each token.
        mask_id: The id of the token that stands for a masked one.
        special_ids: The ids of tokens that are not masked, such as those of the beginning, the end
            and the padding of a text.
        temperature: Divides the logits.
        information_measure: `"kl_divergence"` of the prediction from the target,
            `"alpha_divergence"`, `"beta_divergence"`, `"ab_divergence"`, `"renyi_divergence"`,
            `"l1_distance"`, `"l2_distance"`, `"l_infinity_distance"` or `"fisher_rao_distance"`.
        alpha: A number that alpha, AB and Rényi divergences need.
        beta: A number that beta and AB divergences need.
        idf: A weight for each token id, `[vocabulary]`; see `inverse_document_frequencies`. By
            default all tokens count the same.
        batch_size: How many texts the encoder gets at once.
        **options: `return_sentence_level_score` and `capacity`, as in `SentenceMetric`.

    Source: Colombo, Clavel, Piantanida: InfoLM: A New Metric to Evaluate Summarization &
    Data2Text Generation, 2022.

    Example:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> def tokenizer(texts):
        ...     ids = np.array([[ord(letter) - ord("a") for letter in text] for text in texts])
        ...     return {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        >>> def encoder(ids, mask):  # expects the letter before
        ...     return 10 * jnp.roll(jnp.eye(27)[ids], 1, axis=1)
        >>> metric = jm.metrics.InfoLM(
        ...     tokenizer=tokenizer, encoder=encoder, mask_id=26, information_measure="l1_distance"
        ... )
        >>> round(float(metric(target=["abcd"], preds=["abce"])), 4)
        0.5
    """

    higher_is_better = False

    def __init__(
        self,
        *,
        tokenizer: Tokenizer,
        encoder: Encoder,
        mask_id: int,
        special_ids: Sequence[int] = (),
        temperature: float = 0.25,
        information_measure: str = "kl_divergence",
        alpha: float | None = None,
        beta: float | None = None,
        idf: Any = None,
        batch_size: int = 64,
        **options: Unpack[SentenceOptions],
    ):
        super().__init__(2, **options)
        one_of("information_measure", information_measure, tuple(_MEASURES))
        given = {"alpha": alpha, "beta": beta}
        for name, excluded in _MEASURES[information_measure][1].items():
            number = given[name]
            if number is None or number in excluded:
                listed = " or ".join(map(str, excluded))
                raise ValueError(
                    f"{information_measure} needs {name}, a number that is not {listed}; got "
                    f"{number}."
                )
        if information_measure == "ab_divergence" and (alpha or 0) + (beta or 0) == 0:
            raise ValueError("ab_divergence needs alpha and beta whose sum is not 0.")
        if temperature <= 0:
            raise ValueError(f"temperature must be positive, but is {temperature}.")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, but is {batch_size}.")
        self.tokenizer, self.mask_id = tokenizer, mask_id
        self.encoder = as_network("encoder", encoder)
        self.special_ids, self.temperature = tuple(special_ids), temperature
        self.information_measure, self.alpha, self.beta = information_measure, alpha, beta
        self.idf = None if idf is None else np.asarray(idf)
        self.batch_size = batch_size

    def rows(self, targets: list[Any], preds: list[Any]) -> np.ndarray:
        """The distance, and 1, for each example."""
        if not preds:
            return np.zeros((0, 2))
        target, found = (
            jnp.concatenate([self._distribution(one) for one in batches(texts, self.batch_size)])
            for texts in (targets, preds)
        )
        distances = _distance(
            self.information_measure, target, found, self.alpha or 0.0, self.beta or 0.0
        )
        return np.stack([np.asarray(distances)[: len(preds)], np.ones(len(preds))], 1)

    def _distribution(self, texts: list[str]) -> jax.Array:
        """The distribution over the vocabulary of each text, `[texts, vocabulary]`."""
        ids, mask = tokenized(self.tokenizer, texts)
        weight = (mask & ~np.isin(ids, self.special_ids)).astype(np.float32)
        weight *= 1.0 if self.idf is None else self.idf[ids]
        total: Any = 0.0
        for position in np.flatnonzero(weight.any(0)).tolist():
            masked = ids.copy()
            masked[:, position] = self.mask_id
            logits = self.encoder(masked, mask.astype(ids.dtype))
            logits = jnp.asarray(check_encoded("encoder", logits, ids))
            total = _added(total, logits[:, position], weight[:, position], self.temperature)
        return total / np.maximum(weight.sum(1), np.finfo(np.float32).tiny)[:, None]

    def score(self, sums: np.ndarray) -> float:
        """The mean of examples."""
        return quotient(*sums)


@jax.jit
def _added(total: Any, logits: jax.Array, weight: Any, temperature: Any) -> jax.Array:
    return total + jax.nn.softmax(logits / temperature) * weight[:, None]


infolm = function_of_sentences(InfoLM, "infolm")
