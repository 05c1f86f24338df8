"""The similarity of images and texts in a common space."""

from collections.abc import Callable
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._network import as_network
from jax_metrics.metrics.inputs import weights, where_weighted


class CLIPScore(WeightedMean):
    """The mean cosine of the embeddings of images and texts, times 100 (CLIPScore), from 0 to 100.

    Source and target may also both be images, or both texts. A negative mean counts as 0, as in
    TorchMetrics. NaN before the first update.

    Args:
        source_encoder: A function or a module that maps the source, such as images, to embeddings
            `[batch, n]`; None if the source is given as embeddings.
        target_encoder: The encoder of the target, such as token ids.
        tokenizer: A function of a list of strings that returns the input of `target_encoder`. With
            it the metric runs on the host, and cannot be traced.
        **options: See `Metric`.

    Raises:
        TypeError: If an encoder cannot be called.
        ValueError: If shapes do not fit.

    Source: Hessel et al.: CLIPScore: A Reference-free Evaluation Metric for Image Captioning
    (2021).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> images, texts = jnp.array([[1.0, 0.0], [0.0, 2.0]]), jnp.array([[1.0, 0.0], [1.0, 1.0]])
        >>> round(float(jm.metrics.CLIPScore()(source=images, target=texts)), 2)
        85.36
    """

    higher_is_better = True
    bounds = (0, 100)
    source_encoder: Any
    target_encoder: Any

    def __init__(
        self,
        *,
        source_encoder: Callable[..., Any] | None = None,
        target_encoder: Callable[..., Any] | None = None,
        tokenizer: Callable[[list[str]], Any] | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        self.source_encoder = as_network("source_encoder", source_encoder)
        self.target_encoder = as_network("target_encoder", target_encoder)
        self.tokenizer = tokenizer

    @property
    def jittable(self) -> bool:
        """Whether the metric takes no strings."""
        return self.tokenizer is None

    def update(
        self, *, source: Any, target: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch.

        Args:
            source: What `source_encoder` takes.
            target: What `target_encoder` takes, or with a tokenizer a list of strings.
            sample_weight: The weight of each pair.
            mask: Booleans: false excludes a pair.
        """
        if self.tokenizer is not None:
            target = self.tokenizer([target] if isinstance(target, str) else list(target))
        both = [
            embeddings(name, encoder, given)
            for name, encoder, given in (
                ("source", self.source_encoder, source),
                ("target", self.target_encoder, target),
            )
        ]
        if both[0].shape != both[1].shape:
            raise ValueError(
                f"The embeddings of source and target must have one shape, but have "
                f"{list(both[0].shape)} and {list(both[1].shape)}."
            )
        weight = weights(both[0].shape[:1], sample_weight, mask)
        both = [where_weighted(one, weight) for one in both]
        self.add(100 * (unit(both[0]) * unit(both[1])).sum(-1), sample_weight, mask)

    def compute(self) -> jax.Array:
        """The score."""
        return jnp.maximum(super().compute(), 0)


def embeddings(name: str, encoder: Any, given: Any) -> jax.Array:
    """Embeddings `[batch, n]` as floats.

    Raises:
        ValueError: If they have another shape.
    """
    values = as_float(name, given if encoder is None else encoder(given))
    if values.ndim != 2:
        raise ValueError(
            f"The embeddings of {name} must be [batch, n], but have the shape {list(values.shape)}."
        )
    return values


def unit(vectors: jax.Array) -> jax.Array:
    """Vectors of length 1; zeros stay zeros."""
    largest = abs(vectors).max(-1, keepdims=True)
    vectors = vectors / jnp.where(largest == 0, 1, largest)
    norm = jnp.sqrt((vectors**2).sum(-1, keepdims=True))
    return vectors / jnp.where(norm == 0, 1, norm)


clip_score = functional(CLIPScore)
