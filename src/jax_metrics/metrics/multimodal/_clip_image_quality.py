"""The quality of images, from their similarity to opposite texts."""

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import did_you_mean, distinct, positive
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._mean_of import WeightedMean
from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._network import as_network
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.multimodal._clip_score import embeddings, unit

PROMPTS = {
    "quality": ("Good photo.", "Bad photo."),
    "brightness": ("Bright photo.", "Dark photo."),
    "noisiness": ("Clean photo.", "Noisy photo."),
    "colorfullness": ("Colorful photo.", "Dull photo."),
    "sharpness": ("Sharp photo.", "Blurry photo."),
    "contrast": ("High contrast photo.", "Low contrast photo."),
    "complexity": ("Complex photo.", "Simple photo."),
    "natural": ("Natural photo.", "Synthetic photo."),
    "happy": ("Happy photo.", "Sad photo."),
    "scary": ("Scary photo.", "Peaceful photo."),
    "new": ("New photo.", "Old photo."),
    "warm": ("Warm photo.", "Cold photo."),
    "real": ("Real photo.", "Abstract photo."),
    "beautiful": ("Beautiful photo.", "Ugly photo."),
    "lonely": ("Lonely photo.", "Sociable photo."),
    "relaxing": ("Relaxing photo.", "Stressful photo."),
}
"""Pairs of opposite texts by name, those of TorchMetrics."""


class CLIPImageQualityAssessment(WeightedMean):
    """The mean probability that images fit a text better than its opposite (CLIP-IQA).

    From 0 to 1: the softmax of 100 times the cosines between the embedding of the image and those
    of both texts. `compute` returns the mean over the images; with several pairs of texts, a dict
    by the name of the pair. NaN before the first update.

    Args:
        text_encoder: A function of a list of strings that returns their embeddings `[texts, n]`. It
            is called once, when the metric is made.
        image_encoder: A function or a module that maps images to embeddings `[batch, n]`; None if
            images are given as embeddings.
        prompts: Names of pairs of texts, such as `"quality"`, `"brightness"` or `"sharpness"`, or
            pairs of texts, which are called `user_defined_0` and so on.
        data_range: The number that images are divided by before they are encoded.
        **options: See `Metric`.

    Raises:
        TypeError: If an encoder cannot be called.
        ValueError: If a name is unknown, or shapes do not fit.

    Source: Wang, Chan, Loy: Exploring CLIP for Assessing the Look and Feel of Images (2022).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> def text_encoder(texts):
        ...     return jnp.array([[1.0, 0.0] if "Good" in text else [0.0, 1.0] for text in texts])
        >>> iqa = jm.metrics.CLIPImageQualityAssessment(text_encoder=text_encoder)
        >>> float(iqa(images=jnp.array([[1.0, 1.0]])))
        0.5
    """

    higher_is_better = True
    bounds = (0, 1)
    image_encoder: Any

    def __init__(
        self,
        *,
        text_encoder: Callable[[list[str]], Any],
        image_encoder: Callable[..., Any] | None = None,
        prompts: Sequence[str | tuple[str, str]] = ("quality",),
        data_range: float = 1.0,
        **options: Unpack[Common],
    ):
        names, texts = _named(prompts)
        super().__init__((len(names),), **options)
        positive(data_range=data_range)
        self.prompts, self.data_range = names, data_range
        self.image_encoder = as_network("image_encoder", image_encoder)
        encoded = embeddings("texts", as_network("text_encoder", text_encoder), texts)
        if len(encoded) != len(texts):
            raise ValueError(
                f"text_encoder must return one embedding for each of {len(texts)} texts, but "
                f"returned the shape {list(encoded.shape)}."
            )
        # NumPy arrays are part of the program, not of the state.
        self.anchors = np.asarray(unit(encoded))

    def update(self, *, images: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch of images, or of their embeddings."""
        given = images if self.image_encoder is None else jnp.asarray(images) / self.data_range
        encoded = embeddings("images", self.image_encoder, given)
        if encoded.shape[-1] != self.anchors.shape[-1]:
            raise ValueError(
                f"The embeddings of images have {encoded.shape[-1]} numbers, but those of texts "
                f"{self.anchors.shape[-1]}."
            )
        weight = weights(encoded.shape[:1], sample_weight, mask)
        encoded = unit(where_weighted(encoded, weight))
        cosines = jnp.matmul(encoded, self.anchors.T, precision=jax.lax.Precision.HIGHEST)
        cosines = cosines.reshape(len(encoded), len(self.prompts), 2)
        # The softmax of two numbers.
        values = jax.nn.sigmoid(100 * (cosines[..., 0] - cosines[..., 1]))
        self.add(values, sample_weight, mask)

    def compute(self) -> Any:
        """The mean probability, by name if there are several pairs."""
        values = super().compute()
        if len(self.prompts) == 1:
            return values[0]
        return dict(zip(self.prompts, values, strict=True))


def _named(prompts: Sequence[str | tuple[str, str]]) -> tuple[tuple[str, ...], list[str]]:
    """The names of pairs of texts, and all texts."""
    if isinstance(prompts, str) or not prompts:
        raise ValueError(
            f'prompts must be a sequence of names or pairs of texts, as ("quality",); got '
            f"{prompts!r}."
        )
    names, texts, own = [], [], 0
    for prompt in prompts:
        if isinstance(prompt, str):
            if prompt not in PROMPTS:
                raise ValueError(
                    f"There is no pair of texts {prompt!r}; there are {', '.join(PROMPTS)}."
                    f"{did_you_mean(prompt, PROMPTS)}"
                )
            names.append(prompt)
            texts += PROMPTS[prompt]
        elif len(prompt) == 2:
            names.append(f"user_defined_{own}")
            texts += prompt
            own += 1
        else:
            raise ValueError(f"A pair of texts must have two of them; got {prompt!r}.")
    return distinct("prompts", names), texts


clip_image_quality_assessment = functional(CLIPImageQualityAssessment)
