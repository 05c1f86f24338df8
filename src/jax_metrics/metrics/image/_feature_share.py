"""`FeatureShare`: metrics that share one call of a network."""

from collections.abc import Sequence
from typing import Any, Unpack

from jax_metrics.metrics._metric import Common
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics.collections import Metrics


class FeatureShare(Metrics):
    """A collection of metrics of image features that call their network only once.

    The metrics are created without `feature` and get the features in place of the images.

    Args:
        metrics: The metrics, as in `Metrics`.
        feature: A function or a module that maps images to features; see
            `FrechetInceptionDistance`.
        prefix: A prefix of the names in the logs.
        postfix: A postfix of the names in the logs.
        pad_to: As in `Metrics`.
        **options: See `Metric`.

    Raises:
        TypeError: If `feature` cannot be called.
        ValueError: If a metric has a network of its own.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> def mean_color(images):
        ...     return images.mean((1, 2))
        >>> share = jm.metrics.FeatureShare(
        ...     {
        ...         "fid": jm.metrics.FrechetInceptionDistance(num_features=3),
        ...         "is": jm.metrics.InceptionScore(num_features=3, splits=2),
        ...     },
        ...     feature=mean_color,
        ... )
        >>> images = jax.random.uniform(jax.random.key(0), (8, 4, 4, 3))
        >>> list(share.update(images=images, real=False).compute())
        ['fid', 'is/mean', 'is/std']
    """

    feature: Any

    def __init__(
        self,
        metrics: Any,
        *,
        feature: Network,
        prefix: str = "",
        postfix: str = "",
        pad_to: int | Sequence[int] | None = None,
        **options: Unpack[Common],
    ):
        super().__init__(metrics, prefix=prefix, postfix=postfix, pad_to=pad_to, **options)
        if feature is None:
            raise TypeError("FeatureShare needs the network that its metrics share, `feature`.")
        self.feature = as_network("feature", feature)
        for name, metric in self.items():
            if getattr(metric, "feature", None) is not None:
                raise ValueError(
                    f"The metric {name!r} has a network of its own, but within FeatureShare it "
                    "gets features. Make it without `feature`."
                )

    def update(self, images: Any, **arguments: Any) -> Any:
        """Updates all metrics with the features of a batch.

        Args:
            images: What `feature` takes.
            **arguments: The other arguments of the metrics, such as `real` and `mask`.
        """
        super().update(images=self.feature(images), **arguments)
