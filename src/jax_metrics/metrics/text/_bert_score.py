"""BERTScore: tokens compared by their embeddings."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.metrics._network import as_network
from jax_metrics.metrics.text._encoding import (
    Encoder,
    Tokenized,
    Tokenizer,
    batches,
    check_encoded,
    tokenized,
)
from jax_metrics.metrics.text._sentence_metric import (
    SentenceMetric,
    SentenceOptions,
    function_of_sentences,
)

_NAMES = ("precision", "recall", "f1")


class BERTScore(SentenceMetric):
    """How similar the tokens of predictions and references are, by embeddings of an encoder.

    The similarity of two tokens is the cosine of their embeddings, at least 0. The precision is the
    mean over the predicted tokens of the largest similarity with a token of the reference, the
    recall the one over the tokens of the reference. The value is a dict of the means over the
    examples of precision, recall and F1, each of the best one of several references. The state is
    three sums and a count, not the embeddings.

    Args:
        tokenizer: A function of a list of strings that returns a dict of `input_ids` and
            `attention_mask`, both `[texts, tokens]`. Pad to a constant length, or each new one
            compiles.
        encoder: A function or a module of both that returns embeddings `[texts, tokens, features]`,
            such as the last hidden states of a language model.
        idf: A weight for each token id, `[vocabulary]`; see `inverse_document_frequencies`. By
            default all tokens count the same.
        special_tokens: Whether the first and the last token of each text do not count, since they
            mark its beginning and its end.
        baseline: Precision, recall and F1 of unrelated texts, which become 0: the scores are
            `(score - baseline) / (1 - baseline)`.
        batch_size: How many texts the encoder gets at once.
        **options: `return_sentence_level_score` and `capacity`, as in `SentenceMetric`.

    Source: Zhang, Kishore, Wu, Weinberger, Artzi: BERTScore: Evaluating Text Generation with BERT,
    2020.

    Example:
        >>> import jax.numpy as jnp
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> def tokenizer(texts):
        ...     ids = np.array([[ord(letter) - ord("a") for letter in text] for text in texts])
        ...     return {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        >>> def encoder(ids, mask):
        ...     return jnp.eye(26)[ids]
        >>> metric = jm.metrics.BERTScore(
        ...     tokenizer=tokenizer, encoder=encoder, special_tokens=False
        ... )
        >>> scores = metric(target=["abcd"], preds=["aabc"])
        >>> float(scores["precision"]), float(scores["recall"])
        (1.0, 0.75)
    """

    higher_is_better = True
    bounds = (-1, 1)
    several_references = True

    def __init__(
        self,
        *,
        tokenizer: Tokenizer,
        encoder: Encoder,
        idf: Any = None,
        special_tokens: bool = True,
        baseline: tuple[float, float, float] | None = None,
        batch_size: int = 64,
        **options: Unpack[SentenceOptions],
    ):
        super().__init__(4, outputs=(len(_NAMES),), **options)
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, but is {batch_size}.")
        if baseline is not None and (len(baseline) != 3 or 1 in baseline):
            raise ValueError(f"baseline must be three numbers below 1, but is {baseline}.")
        self.tokenizer, self.encoder = tokenizer, as_network("encoder", encoder)
        self.idf = None if idf is None else np.asarray(idf)
        self.special_tokens, self.batch_size = special_tokens, batch_size
        self.baseline = None if baseline is None else tuple(baseline)
        if baseline is not None:
            self.bounds = (None, 1)

    def rows(self, targets: list[Any], preds: list[Any]) -> np.ndarray:
        """Precision, recall and F1 of the best reference, and 1, for each example."""
        pairs = [(i, one) for i, references in enumerate(targets) for one in references]
        result = np.zeros((len(preds), 4))
        result[:, 3] = 1
        for batch in batches(pairs, self.batch_size):
            index, references = map(list, zip(*batch, strict=True))
            found = self._encoded([preds[i] for i in index])
            scores = _scores(*self._encoded(references), *found)
            np.maximum.at(result[:, :3], index, np.asarray(scores))
        return result

    def _encoded(self, texts: list[str]) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The embeddings of tokens, whether each counts, and its weight."""
        found = tokenized(self.tokenizer, texts)
        counted = without_ends(found) if self.special_tokens else found.mask
        encoded = self.encoder(found.ids, found.mask.astype(found.ids.dtype))
        embeddings = jnp.asarray(check_encoded("encoder", encoded, found.ids))
        weight = counted * (1.0 if self.idf is None else self.idf[found.ids])
        return embeddings, jnp.asarray(counted), jnp.asarray(weight, embeddings.dtype)

    def score(self, sums: np.ndarray) -> np.ndarray:
        """The means, in the order of their names."""
        with np.errstate(invalid="ignore"):
            means = sums[:-1] / sums[-1]
        if self.baseline is None:
            return means
        baseline = np.asarray(self.baseline, np.float64)
        return (means - baseline) / (1 - baseline)

    def named(self, scores: jax.Array) -> dict[str, jax.Array]:
        """The scores by name."""
        return {name: scores[..., i] for i, name in enumerate(_NAMES)}


def without_ends(found: Tokenized) -> np.ndarray:
    """Which tokens are neither the first nor the last of their text."""
    place = found.mask.cumsum(1)  # from 1, wherever the padding is
    return found.mask & (place > 1) & (place < place[:, -1:])


@jax.jit
def _scores(
    target: jax.Array,
    target_counted: jax.Array,
    target_weight: jax.Array,
    preds: jax.Array,
    preds_counted: jax.Array,
    preds_weight: jax.Array,
) -> jax.Array:
    """Precision, recall and F1 of each pair, `[pairs, 3]`."""
    target, preds = (one / jnp.linalg.norm(one, axis=-1, keepdims=True) for one in (target, preds))
    target, preds = (
        jnp.where(counted[..., None], one, 0)
        for one, counted in ((target, target_counted), (preds, preds_counted))
    )
    similarity = jnp.einsum("bpf,btf->bpt", preds, target, precision="highest")
    best = similarity.max(2, initial=0), similarity.max(1, initial=0)
    precision, recall = (
        (one * weight).sum(1) / jnp.where(weight.sum(1) > 0, weight.sum(1), 1)
        for one, weight in zip(best, (preds_weight, target_weight), strict=True)
    )
    total = precision + recall
    f1 = 2 * precision * recall / jnp.where(total > 0, total, 1)
    return jnp.stack([precision, recall, f1], -1)


bert_score = function_of_sentences(BERTScore)
