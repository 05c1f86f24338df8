"""The kernel distance between the features of real and generated images."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import positive
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._in_float64 import in_float64
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics.image._features import FeatureRows, image_weights, read_features, read_real
from jax_metrics.metrics.state import Buffer
from jax_metrics.module import Key, Rng


class KernelInceptionDistance(Metric):
    """The squared maximum mean discrepancy of features of real and generated images (KID).

    The unbiased estimate with the kernel `(gamma * x @ y + coef)**degree`, on random subsets of the
    images, drawn without replacement; `compute` returns its `mean` over the subsets and their
    standard deviation `std` as a dict. It is computed in float64, even where x64 is not enabled.
    NaN while there are fewer images of one kind than `subset_size`, or if there were more than the
    capacity.

    Args:
        num_features: The number of features.
        capacity: The maximum number of images of each kind, whose features are kept.
        feature: As in `FrechetInceptionDistance`.
        subsets: The number of subsets.
        subset_size: The number of images of each kind in a subset.
        degree: The degree of the kernel.
        gamma: The scale of the kernel; by default `1 / num_features`.
        coef: The constant of the kernel.
        key: A random key or a seed for the subsets.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or features have another shape.
        TypeError: If `feature` cannot be called.

    Source: Binkowski, Sutherland, Arbel, Gretton: Demystifying MMD GANs (2018).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> real, generated = jax.random.normal(jax.random.key(0), (2, 64, 8))
        >>> kid = jm.metrics.KernelInceptionDistance(num_features=8, capacity=64, subset_size=32)
        >>> kid = kid.update(images=real, real=True).update(images=generated + 1, real=False)
        >>> value = kid.compute()
        >>> bool(value["mean"] > 1)
        True
    """

    higher_is_better = False
    feature: Any
    rows: FeatureRows
    key: jax.Array = Rng.node()

    def __init__(
        self,
        *,
        num_features: int,
        capacity: int,
        feature: Network | None = None,
        subsets: int = 100,
        subset_size: int = 1000,
        degree: int = 3,
        gamma: float | None = None,
        coef: float = 1.0,
        key: Any = 0,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        positive(num_features=num_features, subsets=subsets, degree=degree, coef=coef)
        if not 2 <= subset_size <= capacity:
            raise ValueError(
                f"subset_size must be from 2 to the capacity, {capacity}, but is {subset_size}."
            )
        if gamma is not None:
            positive(gamma=gamma)
        self.num_features, self.subsets, self.subset_size = num_features, subsets, subset_size
        self.degree, self.coef = degree, coef
        self.gamma = 1 / num_features if gamma is None else gamma
        self.feature = as_network("feature", feature)
        self.rows = FeatureRows(capacity, num_features, self.dtype)
        self.key = Key(key)

    def update(self, *, images: Any, real: Any, mask: Any = None) -> Any:
        """Updates with a batch; see `FrechetInceptionDistance.update`."""
        features = read_features(self.feature, images, self.num_features)
        weight = image_weights(len(features), None, mask, self.dtype)
        self.rows = self.rows.extended(features, read_real(real, len(features)), weight)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more images of a kind than the capacity."""
        return self.rows.overflowed

    def compute(self) -> dict[str, jax.Array]:
        """The mean and the standard deviation over the subsets."""
        keys = jax.random.split(self.key, (self.subsets, 2))
        both = self.rows.real, self.rows.generated
        enough = (both[0].count >= self.subset_size) & (both[1].count >= self.subset_size)

        def of_subset(keys: jax.Array) -> jax.Array:
            real, generated = (
                _drawn(key, rows, self.subset_size) for key, rows in zip(keys, both, strict=True)
            )
            return self._discrepancy(real, generated)

        values = jax.lax.map(of_subset, keys)
        valid = enough & ~self.overflowed
        statistics = {"mean": values.mean(), "std": values.std()}
        return {name: jnp.where(valid, value, jnp.nan) for name, value in statistics.items()}

    @property
    def directions(self) -> dict[str, bool | None]:
        """Lower is better for the mean."""
        return {"mean": False, "std": None}

    def _discrepancy(self, real: jax.Array, generated: jax.Array) -> jax.Array:
        @in_float64
        def discrepancy(real: jax.Array, generated: jax.Array) -> jax.Array:
            size = len(real)
            within = sum(self._kernel(x, x).sum() - self._norms(x).sum() for x in (real, generated))
            across = self._kernel(real, generated).sum()
            return within / (size * (size - 1)) - 2 * across / size**2

        return discrepancy(real, generated)

    def _kernel(self, first: jax.Array, second: jax.Array) -> jax.Array:
        return (self.gamma * first @ second.T + self.coef) ** self.degree

    def _norms(self, features: jax.Array) -> jax.Array:
        """The kernel of each example with itself."""
        return (self.gamma * (features**2).sum(-1) + self.coef) ** self.degree


def _drawn(key: jax.Array, rows: Buffer, number: int) -> jax.Array:
    """Some of the rows, drawn without replacement."""
    order = jnp.where(rows.filled, jax.random.uniform(key, (rows.capacity,)), -1)
    return rows.values[jax.lax.top_k(order, number)[1]]


kernel_inception_distance = functional(KernelInceptionDistance)
