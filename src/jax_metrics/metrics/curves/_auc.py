"""Area under a curve through given points."""

from typing import Any, Protocol, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, one_of, same_shape
from jax_metrics.metrics._functional import functional
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.curves._area import SUMMATION_METHODS, area
from jax_metrics.metrics.inputs import as_exact, weights
from jax_metrics.metrics.state import Buffer


class AUC(Metric):
    """The area under a curve through points, sorted by x and then by y.

    `update(x, y, mask=None)`: both of the same shape. The area of fewer than two points is 0. For
    the area under the ROC curve of scores see `AUROC`.

    Args:
        capacity: The maximum number of points. With more, the value is NaN: see `overflowed`.
        summation_method: What connects two points: `"interpolation"` a straight line, `"minoring"`
            steps at the lower of the two, `"majoring"` steps at the higher.
        **options: See `Metric`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, y = jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 1.0])
        >>> float(jm.metrics.AUC(capacity=10).update(x, y).compute())
        1.5
        >>> float(jm.metrics.auc(x, y, capacity=3))
        1.5
    """

    buffer: Buffer

    def __init__(
        self,
        *,
        capacity: int,
        summation_method: str = "interpolation",
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        one_of("summation_method", summation_method, SUMMATION_METHODS)
        self.summation_method = summation_method
        self.buffer = Buffer(capacity, (2,), self.dtype)

    def update(self, x: Any, y: Any, mask: Any = None) -> Any:
        """Updates with points."""
        position, y = as_float("x", x), as_float("y", y)
        same_shape(x=position, y=y)
        weight = weights(position.shape, None, mask)
        # The area is of differences of x, which a rounded integer would change.
        hint = "Subtract a constant from all of them."
        x = as_exact(x, position.dtype, weight, "x", hint)
        included = weight.reshape(-1) != 0
        self.buffer = self.buffer.extended(jnp.stack([x.reshape(-1), y.reshape(-1)], -1), included)

    @property
    def overflowed(self) -> jax.Array:
        """Whether there were more points than the capacity."""
        return self.buffer.overflowed

    def compute(self) -> jax.Array:
        """The area."""
        x = jnp.where(self.buffer.filled, self.buffer.values[:, 0], jnp.inf)
        x, y = jax.lax.sort((x, self.buffer.values[:, 1]), num_keys=2)
        # Empty rows come last. Moved onto the last point, they add no area.
        last = jnp.maximum(self.buffer.count - 1, 0)
        filled = jnp.arange(len(x)) <= last
        x, y = (jnp.where(filled, values, values[last]) for values in (x, y))
        x = jnp.where(self.buffer.count == 0, 0, x)
        value = area(x, y, method=self.summation_method)
        return jnp.where(self.overflowed, jnp.nan, value)


class AreaFunction(Protocol):
    """The type of `auc`."""

    __name__: str

    def __call__(
        self,
        x: Any,
        y: Any,
        *,
        mask: Any = None,
        capacity: int,
        summation_method: str = "interpolation",
    ) -> jax.Array:
        """The area under the points of one batch."""
        ...


auc: AreaFunction = functional(AUC, "auc")
