"""`BootStrapper`: the uncertainty of a value, from samples drawn with replacement."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import one_of
from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.counts import bincount
from jax_metrics.metrics.inputs import weights
from jax_metrics.metrics.wrappers._copies import Copies
from jax_metrics.module import Key, Rng

_SAMPLINGS = ("poisson", "multinomial")


class BootStrapper(Metric):
    """Mean and spread of a metric over samples drawn from the examples with replacement.

    All copies are updated as one program. An example that is drawn twice has twice the weight, so
    the metric must take `sample_weight`. `compute` returns a dict of the requested statistics.

    Args:
        metric: The metric; it is copied.
        num_bootstraps: The number of samples.
        mean: Whether to return the mean over the samples, as `mean`.
        std: Whether to return the standard deviation, with `ddof=1`, as `std`.
        quantile: The quantiles to return, as `quantile`.
        raw: Whether to return the values of all samples, as `raw`.
        sampling: `"poisson"` draws a number of repetitions for each example, which suits streams;
            `"multinomial"` draws from each batch as many examples as it has.
        key: A random key or a seed; a different one on each device.

    Raises:
        ValueError: If the sampling is unknown, or the metric takes no `sample_weight` or cannot be
            traced.

    Source: Efron: Bootstrap Methods (1979); Hanley and MacGibbon: Creating non-parametric bootstrap
    samples using Poisson frequencies (2006).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> strapped = jm.metrics.BootStrapper(jm.metrics.Mean(), num_bootstraps=200)
        >>> value = strapped.update(jnp.arange(100.0)).compute()
        >>> bool(abs(value["mean"] - 49.5) < 1), bool(abs(value["std"] - 2.9) < 0.5)
        (True, True)
    """

    copies: Copies
    key: jax.Array = Rng.node()

    def __init__(
        self,
        metric: Metric,
        *,
        num_bootstraps: int = 10,
        mean: bool = True,
        std: bool = True,
        quantile: float | Sequence[float] | None = None,
        raw: bool = False,
        sampling: str = "poisson",
        key: Any = 0,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        one_of("sampling", sampling, _SAMPLINGS)
        if "sample_weight" not in metric.signature.parameters:
            raise ValueError(
                f"BootStrapper weights examples, but {type(metric).__name__} takes no "
                f"`sample_weight`; it takes {', '.join(metric.signature.parameters)}."
            )
        if not metric.jittable:
            raise ValueError(
                f"BootStrapper updates all copies as one program, but {type(metric).__name__} has "
                "`jittable = False`."
            )
        self.mean, self.std, self.raw, self.sampling = mean, std, raw, sampling
        self.quantile = tuple(quantile) if isinstance(quantile, Sequence) else quantile
        self.copies = Copies(metric, num_bootstraps)
        self.key = Key(key)

    def update(self, *args: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Updates with a batch."""
        check_accepted(self, kwargs)
        data = {name: value for name, value in kwargs.items() if name != "mask"}
        size = jax.tree.leaves((args, data))[0].shape[0]
        weight = jnp.ones(size) if sample_weight is None else jnp.asarray(sample_weight)
        if weight.shape[:1] != (size,):
            raise ValueError(
                f"sample_weight of shape {weight.shape} does not fit a batch of {size} examples."
            )
        next_key, key = jax.random.split(self.key)

        def update(metric: Metric, key: jax.Array) -> Metric:
            repetitions = self._repetitions(key, size).reshape(size, *(1,) * (weight.ndim - 1))
            return metric.update(*args, sample_weight=weight * repetitions, **kwargs)

        self.copies = self.copies.updated(update, jax.random.split(key, self.copies.number))
        self.key = next_key

    def _repetitions(self, key: jax.Array, size: int) -> jax.Array:
        """How often each example is drawn."""
        if self.sampling == "poisson":
            return jax.random.poisson(key, 1.0, (size,))
        drawn = jax.random.randint(key, (size,), 0, size)
        return bincount(drawn, weights(drawn.shape), size)

    def compute(self) -> dict[str, jax.Array]:
        """The requested statistics, by name."""
        values = self.copies.values()
        result = {}
        if self.mean:
            result["mean"] = jax.tree.map(lambda x: x.mean(0), values)
        if self.std:
            result["std"] = jax.tree.map(lambda x: x.std(0, ddof=1), values)
        if self.quantile is not None:
            result["quantile"] = jax.tree.map(
                lambda x: jnp.quantile(x, jnp.asarray(self.quantile), axis=0), values
            )
        if self.raw:
            result["raw"] = values
        return result

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        return self.copies.metrics.signature.parameters
