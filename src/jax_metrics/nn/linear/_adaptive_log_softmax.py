"""The last layer of a model with very many classes, only a few of which are frequent."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer
from jax_metrics.nn._explicit_axes import run_sharded
from jax_metrics.nn.linear._linear import Linear
from jax_metrics.tree import outside_compact

_KERNEL_INIT = initializers.lecun_normal()


class AdaptiveLogSoftmax(CheckedLayer):
    """Log-probabilities of many classes, sorted by frequency, with few parameters.

    The classes below `cutoffs[0]` and one entry for each cluster of rarer classes share a softmax;
    the classes of a cluster have their own softmax, after a projection to fewer features. So rare
    classes have fewer parameters. Class 0 must be the most frequent one.

    Takes an array of shape `[..., features]` and returns log-probabilities `[..., num_classes]`.
    To train, use `log_likelihood`, which needs less memory.

    Source: Grave et al., Efficient softmax approximation for GPUs,
    https://arxiv.org/abs/1609.04309, 2017.

    Args:
        num_classes: The number of classes.
        cutoffs: The first class of each cluster, increasing, between 1 and `num_classes - 1`.
        div_value: Each cluster has this many times fewer features than the previous one.
        head_bias: Whether the first softmax has a bias.
        dtype: As in `jm.Linear`.
        param_dtype: As in `jm.Linear`.
        precision: As in `jm.Linear`.
        kernel_init: As in `jm.Linear`.
        name: A name for the module.

    Raises:
        ValueError: If the cutoffs do not increase or are out of range, or `div_value` is less
            than 1.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.AdaptiveLogSoftmax(1000, cutoffs=[20, 200]).init(0, jnp.ones((2, 64)))
        >>> layer(jnp.ones((2, 64))).shape
        (2, 1000)
        >>> -layer.log_likelihood(jnp.ones((2, 64)), jnp.array([3, 500])).mean() > 0
        Array(True, dtype=bool)
    """

    head: Linear
    projections: list[Linear]
    outputs: list[Linear]

    def __init__(
        self,
        num_classes: int,
        *,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        precision: Any = None,
        kernel_init: initializers.InitializerLike = _KERNEL_INIT,
        name: str | None = None,
    ):
        super().__init__(name)
        cutoffs = tuple(cutoffs)
        ends = (0, *cutoffs, num_classes)
        if not cutoffs or any(a >= b for a, b in zip(ends, ends[1:], strict=False)):
            raise ValueError(
                "AdaptiveLogSoftmax: `cutoffs` must increase, between 1 and num_classes - 1 = "
                f"{num_classes - 1}; got {list(cutoffs)}."
            )
        if not div_value >= 1:
            raise ValueError(f"AdaptiveLogSoftmax: `div_value` is at least 1; got {div_value}.")
        self.num_classes, self.cutoffs = num_classes, cutoffs
        self.div_value, self.head_bias = div_value, head_bias
        self.dtype, self.param_dtype = dtype, param_dtype
        self.precision, self.kernel_init = precision, kernel_init

    def __call__(self, x: jax.Array) -> jax.Array:
        """The log-probability of each class.

        Args:
            x: Shape `[..., features]`.
        """
        first = self.cutoffs[0]

        def run(logits: list[jax.Array]) -> jax.Array:
            head, *tails = map(jax.nn.log_softmax, logits)
            parts = [head[..., first + i, None] + tail for i, tail in enumerate(tails)]
            return jnp.concatenate([head[..., :first], *parts], axis=-1)

        return run_sharded(run, self._logits(x), like=x)

    def log_likelihood(self, x: jax.Array, target: jax.Array) -> jax.Array:
        """The log-probability of one class for each row, `[...]`; the loss is minus its mean.

        Args:
            x: Shape `[..., features]`.
            target: Classes, integers `[...]`.
        """
        first = self.cutoffs[0]

        def run(logits: list[jax.Array], target: jax.Array) -> jax.Array:
            head, *tails = map(jax.nn.log_softmax, logits)
            result = _at(head, target, 0, first)
            for i, (tail, start) in enumerate(zip(tails, self.cutoffs, strict=True)):
                end = start + tail.shape[-1]
                own = head[..., first + i] + _at(tail, target, start, end)
                result = jnp.where((target >= start) & (target < end), own, result)
            is_class = (target >= 0) & (target < self.num_classes)
            return jnp.where(is_class, result, jnp.nan)

        return run_sharded(run, self._logits(x), target, like=x)

    def _logits(self, x: jax.Array) -> list[jax.Array]:
        """Those of frequent classes and clusters, and those inside of each cluster."""
        if self.initializing() and "head" not in vars(self):
            self._make(x.shape[-1])
        pairs = zip(self.projections, self.outputs, strict=True)
        return [self.head(x), *(output(project(x)) for project, output in pairs)]

    def _make(self, features: int) -> None:
        ends = (*self.cutoffs[1:], self.num_classes)
        sizes = [end - start for start, end in zip(self.cutoffs, ends, strict=True)]
        with outside_compact():  # a compact method around would take them for its own
            self.head = self._linear(self.cutoffs[0] + len(sizes), self.head_bias)
            widths = [int(features // self.div_value ** (i + 1)) for i in range(len(sizes))]
            self.projections = [self._linear(max(width, 1)) for width in widths]
            self.outputs = [self._linear(size) for size in sizes]

    def _linear(self, features: int, use_bias: bool = False) -> Linear:
        return Linear(
            features,
            use_bias=use_bias,
            dtype=self.dtype,
            param_dtype=self.param_dtype,
            precision=self.precision,
            kernel_init=self.kernel_init,
        )


def _at(values: jax.Array, target: jax.Array, start: int, end: int) -> jax.Array:
    """The value at a class, of those from `start` to `end` along the last axis."""
    index = jnp.clip(target, start, end - 1) - start
    return jnp.take_along_axis(values, index[..., None], axis=-1)[..., 0]
