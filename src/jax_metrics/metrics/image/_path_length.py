"""The perceptual path length of a generator."""

from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, between, one_of, pair, positive
from jax_metrics.metrics._checks import check_rules
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics._network import Network, as_network
from jax_metrics.metrics.inputs import rule_of_repetitions, weights, where_weighted
from jax_metrics.metrics.state import Buffer

_INTERPOLATIONS = ("lerp", "slerp_any", "slerp_unit")
_LEAST = 1e-7


class PerceptualPathLength(Metric):
    """How much the images of a generator change along short steps between latent points (PPL).

    `distance(g(z), g(z'))  / epsilon**2`, where `z'` lies the fraction `epsilon` of the way from
    one latent point to another. `compute` returns its `mean` and standard deviation `std` (with
    `ddof=1`) over the pairs as a dict, leaving out distances beyond two quantiles. The distances
    are kept; NaN if there were more than the capacity.

    Args:
        generator: A function or a module that maps latent points `[batch, n]`, and labels if given,
            to images.
        distance: A function or a module that maps two batches of images to their distances
            `[batch]`, such as the method `values` of a `LearnedPerceptualImagePatchSimilarity`. It
            scales and resizes the images itself, if needed.
        capacity: The maximum number of pairs.
        epsilon: The length of a step.
        interpolation_method: `"lerp"` along the straight line, `"slerp_any"` along the arc, or
            `"slerp_unit"` along the arc, divided by the norm.
        lower_discard: The quantile below which distances are left out; None for none.
        upper_discard: The quantile above which distances are left out; None for none.
        **options: See `Metric`.

    Raises:
        ValueError: If an option is out of range, or shapes do not fit.
        TypeError: If one of the functions cannot be called.

    Source: Karras, Laine, Aila: A Style-Based Generator Architecture for Generative Adversarial
    Networks (2018).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> def distance(first, second):
        ...     return ((first - second) ** 2).sum(-1)
        >>> ppl = jm.metrics.PerceptualPathLength(
        ...     generator=lambda z: 3 * z, distance=distance, capacity=16, epsilon=0.5
        ... )
        >>> ends = jax.numpy.ones((16, 2))
        >>> float(ppl(latents=0 * ends, other_latents=ends)["mean"])
        18.0
    """

    higher_is_better = False
    bounds = (0, None)
    generator: Any
    distance: Any
    distances: Buffer
    repetitions: Buffer

    def __init__(
        self,
        *,
        generator: Network,
        distance: Network,
        capacity: int = 10_000,
        epsilon: float = 1e-4,
        interpolation_method: str = "lerp",
        lower_discard: float | None = 0.01,
        upper_discard: float | None = 0.99,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        positive(epsilon=epsilon)
        one_of("interpolation_method", interpolation_method, _INTERPOLATIONS)
        for name, value in (("lower_discard", lower_discard), ("upper_discard", upper_discard)):
            if value is not None:
                between(0, 1, **{name: value})
        self.epsilon, self.interpolation_method = epsilon, interpolation_method
        self.lower_discard, self.upper_discard = lower_discard, upper_discard
        self.generator = as_network("generator", generator)
        self.distance = as_network("distance", distance)
        self.distances = Buffer(capacity, (), self.dtype)
        self.repetitions = Buffer(capacity, (), self.dtype)

    def update(
        self,
        *,
        latents: Any,
        other_latents: Any,
        labels: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
    ) -> Any:
        """Updates with pairs of latent points.

        Args:
            latents: The start of each step, `[batch, n]`.
            other_latents: The points that steps lead to, of the same shape.
            labels: What the generator takes besides latent points, such as classes.
            sample_weight: How often each pair counts, in whole numbers.
            mask: Booleans: false excludes a pair.
        """
        start, end = pair(latents, other_latents)
        weight = weights(start.shape[:1], sample_weight, mask)
        start, end = (where_weighted(one, weight) for one in (start, end))
        step = interpolate(start, end, self.epsilon, self.interpolation_method)
        given = () if labels is None else (labels,)
        images = [self.generator(points, *given) for points in (start, step)]
        distances = as_float("distance", self.distance(*images))
        if distances.shape != start.shape[:1]:
            raise ValueError(
                f"distance must return one number for each of {len(start)} pairs of images, but "
                f"returned the shape {list(distances.shape)}."
            )
        fault = check_rules([rule_of_repetitions(weight)])
        self.distances = self.distances.extended(distances / self.epsilon**2, weight != 0)
        self.repetitions = self.repetitions.extended(weight + fault, weight != 0)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more pairs than the capacity."""
        return self.distances.overflowed

    def compute(self) -> dict[str, jax.Array]:
        """The mean and the standard deviation of the distances."""
        values, weight = self.distances.values, self.repetitions.values
        kept = self.distances.filled
        order = jnp.argsort(jnp.where(kept, values, jnp.inf))
        ordered, number = values[order], jnp.cumsum(weight[order])
        for quantile, is_lower in ((self.lower_discard, True), (self.upper_discard, False)):
            if quantile is not None:
                # The next lower distance, as in the paper's implementation.
                place = jnp.floor(quantile * (number[-1] - 1))
                bound = ordered[jnp.searchsorted(number, place, side="right")]
                kept &= values >= bound if is_lower else values <= bound
        weight = jnp.where(kept, weight, 0)
        mean = (weight * values).sum() / weight.sum()
        deviations = jnp.where(kept, values - mean, 0)
        spread = jnp.sqrt((weight * deviations**2).sum() / (weight.sum() - 1))
        return {
            name: jnp.where(self.overflowed, jnp.nan, value)
            for name, value in {"mean": mean, "std": spread}.items()
        }

    @property
    def directions(self) -> dict[str, bool | None]:
        """Lower is better for the mean."""
        return {"mean": False, "std": None}


def interpolate(start: jax.Array, end: jax.Array, fraction: float, method: str) -> jax.Array:
    """Points between latent points `[..., n]`; see `PerceptualPathLength`."""
    line = start + (end - start) * fraction
    if method == "lerp":
        return line
    units = [x / _norm(x).clip(_LEAST) for x in (start, end)]
    cosine = (units[0] * units[1]).sum(-1, keepdims=True)
    is_line = abs(cosine) > 1 - _LEAST
    for unit in units:
        is_line |= _norm(unit) < _LEAST
    angle = jnp.arccos(jnp.where(is_line, 0, cosine))
    first, second = jnp.sin((1 - fraction) * angle), jnp.sin(fraction * angle)
    arc = (first * start + second * end) / jnp.sin(angle).clip(_LEAST)
    points = jnp.where(is_line, line, arc)
    return points if method == "slerp_any" else points / _norm(points).clip(_LEAST)


def _norm(vectors: jax.Array) -> jax.Array:
    return jnp.sqrt((vectors**2).sum(-1, keepdims=True))


perceptual_path_length = functional(PerceptualPathLength)
