"""How well one set of points can be aligned with another."""

from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explaining, pair
from jax_metrics.metrics._in_float64 import in_float64
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._reduced_mean import (
    ReducedMean,
    function_of_values,
    number_of_examples,
)
from jax_metrics.metrics.inputs import weights, where_weighted


class ProcrustesDisparity(ReducedMean, MeanOf):
    """The mean disparity of sets of points after the best shift, scale and rotation, from 0 to 1.

    The sum of squared distances between the points `[batch, points, n]`, both sets centred and
    scaled to unit norm, and the second rotated and scaled to lie closest to the first. Computed in
    float64, even where x64 is not enabled. NaN before the first update.

    Args:
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If the shape is not that of sets of points.

    Source: Gower: Generalized Procrustes analysis (1975); `scipy.spatial.procrustes`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])
        >>> turned = 3 * target[..., ::-1] + 1
        >>> round(float(jm.metrics.ProcrustesDisparity()(target=target, preds=turned)), 6)
        0.0
    """

    higher_is_better = False
    bounds = (0, 1)

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        target, preds = pair(target, preds)
        if target.ndim != 3:
            raise ValueError(
                f"Sets of points must be [batch, points, n], but the shape is {list(target.shape)}."
            )
        weight = weights(target.shape[:1], sample_weight, mask)
        points = (where_weighted(one, weight) for one in (target, preds))
        self.add(self.values(*points), sample_weight, mask)

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The disparity of each pair of sets, `[batch]`."""
        return procrustes(target, preds)[0]


@explaining("it returns the values of all examples. `ProcrustesDisparity` takes `{name}`.")
def procrustes(target: Any, preds: Any) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The disparity of each pair of sets of points, and the transform that aligns them.

    Args:
        target: Points `[batch, points, n]`.
        preds: Points of the same shape.

    Returns:
        Disparity `[batch]`, scale `[batch, 1]` and rotation `[batch, n, n]`, such that the centred
        and normalized `preds @ rotation.T * scale` lie closest to the target.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])
        >>> disparity, scale, rotation = jm.metrics.procrustes(target, 2 * target)
        >>> bool(jnp.allclose(rotation, jnp.eye(2), atol=1e-6))
        True
    """
    return _procrustes(*pair(target, preds))


@in_float64
def _procrustes(target: jax.Array, preds: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    target, preds = _normalized(target), _normalized(preds)
    u, sizes, v = jnp.linalg.svd(jnp.swapaxes(target, 1, 2) @ preds, full_matrices=False)
    rotation, scale = u @ v, sizes.sum(1, keepdims=True)
    laid = scale[:, None] * (preds @ jnp.swapaxes(rotation, 1, 2))
    return ((target - laid) ** 2).sum((1, 2)), scale, rotation


def _normalized(points: jax.Array) -> jax.Array:
    points = points - points.mean(1, keepdims=True)
    return points / jnp.sqrt((points**2).sum((1, 2), keepdims=True))


procrustes_disparity = function_of_values(ProcrustesDisparity, number_of_examples)
