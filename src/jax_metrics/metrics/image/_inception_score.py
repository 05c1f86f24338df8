"""The Inception score of generated images."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import multiply_log, positive
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics.image._features import image_weights, read_features
from jax_metrics.metrics.inputs import where_weighted
from jax_metrics.metrics.state import Total, state


class InceptionScore(Metric):
    """How certain and how varied the classes of generated images are (IS), at least 1.

    `exp(mean(KL(p(y|x), p(y))))` of the classes that a network predicts. Images are dealt in turn
    to a number of splits; `compute` returns the `mean` and the standard deviation `std` of the
    scores of the splits as a dict. The state consists of sums of probabilities for each split,
    whatever the number of images. NaN while a split has no images.

    Args:
        num_features: The number of classes.
        feature: A function or a module that maps images to logits `[batch, num_features]`; see
            `FrechetInceptionDistance`.
        splits: The number of splits.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or logits have another shape.
        TypeError: If `feature` cannot be called.

    Source: Salimans et al.: Improved Techniques for Training GANs (2016).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> score = jm.metrics.InceptionScore(num_features=4, splits=2)
        >>> value = score.update(images=100 * jnp.eye(4)[jnp.arange(8) // 2]).compute()
        >>> float(value["mean"]), float(value["std"])
        (4.0, 0.0)
    """

    higher_is_better = True
    bounds = (0, None)
    feature: Any
    probabilities: Total
    negative_entropy: Total
    weight: Total
    dealt: jax.Array = state("sum")

    def __init__(
        self,
        *,
        num_features: int,
        feature: Network | None = None,
        splits: int = 10,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        positive(num_features=num_features, splits=splits)
        self.num_features, self.splits = num_features, splits
        self.feature = as_network("feature", feature)
        self.probabilities = Total.zeros((splits, num_features), self.dtype)
        self.negative_entropy = Total.zeros((splits,), self.dtype)
        self.weight = Total.zeros((splits,), self.dtype)
        self.dealt = jnp.zeros((), jnp.int32)

    def update(self, *, images: Any, sample_weight: Any = None, mask: Any = None) -> Any:
        """Updates with a batch of generated images.

        Args:
            images: What `feature` takes.
            sample_weight: The weight of each image.
            mask: Booleans: false excludes an image.
        """
        logits = read_features(self.feature, images, self.num_features).astype(self.dtype)
        weight = image_weights(len(logits), sample_weight, mask, self.dtype)
        logs = jax.nn.log_softmax(where_weighted(logits, weight))
        probabilities = jnp.exp(logs)
        included = weight != 0
        order = self.dealt + jnp.cumsum(included) - 1
        # Each image has its weight in the column of its split.
        dealt = jnp.where(
            order[:, None] % self.splits == jnp.arange(self.splits), weight[:, None], 0
        )
        dealt = dealt.astype(self.dtype)
        highest = jax.lax.Precision.HIGHEST
        self.probabilities += jnp.matmul(dealt.T, probabilities, precision=highest)
        entropies = multiply_log(probabilities, logs).sum(-1)
        self.negative_entropy += jnp.matmul(dealt.T, entropies, precision=highest)
        self.weight += dealt.sum(0)
        # The remainder is enough, and does not overflow.
        self.dealt = (self.dealt + included.sum(dtype=jnp.int32)) % self.splits

    def compute(self) -> dict[str, jax.Array]:
        """The mean and the standard deviation (`ddof=1`) over the splits."""
        weight = self.weight.value
        mean = self.probabilities.value / weight[:, None]
        of_mean = jnp.where(mean == 0, 0, mean * jnp.log(jnp.where(mean == 0, 1, mean))).sum(-1)
        scores = jnp.exp((self.negative_entropy.value / weight - of_mean).clip(0))
        return {"mean": scores.mean(), "std": scores.std(ddof=1)}

    @property
    def directions(self) -> dict[str, bool | None]:
        """Higher is better for the mean."""
        return {"mean": True, "std": None}


inception_score = functional(InceptionScore)
