"""`BootStrapper`: the uncertainty of a value, from samples drawn with replacement."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import between, one_of
from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._metric import Common, Metric, same_direction
from jax_metrics.metrics.counts import bincount
from jax_metrics.metrics.state import Total
from jax_metrics.metrics.wrappers._copies import Copies
from jax_metrics.metrics.wrappers._examples import (
    Examples,
    check_weights_repeat,
    read_examples,
    times,
)
from jax_metrics.metrics.wrappers._samples import Samples

_SAMPLINGS = ("poisson", "multinomial")


class BootStrapper(Metric):
    """Mean and spread of a metric over samples drawn from the examples with replacement.

    All copies are updated as one program. An example that is drawn twice has twice the weight, so
    the metric must take `sample_weight`. `compute` returns a dict of the requested statistics.
    Metrics of strings and others that run on the host (`jittable = False`) read each example once.

    With `indexes`, as retrieval metrics with a capacity take them, whole queries are drawn, not
    documents: the key and the query alone decide how often. If the documents of a query are on
    several devices, give these the same key. Otherwise, merging pairs the samples of both parts at
    random, so that parts may begin with the same key.

    The statistics cover only samples that have a value. With few examples, some samples draw none,
    and some lack what the metric needs, such as a positive example for `AUROC`. Such samples are
    left out of the statistics and are NaN in `raw`. If no sample has a value, or the metric of all
    examples is NaN, the statistics are NaN.

    Args:
        metric: The metric; it is copied.
        num_bootstraps: The number of samples, at least 1.
        mean: Whether to return the mean over the samples, as `mean`.
        std: Whether to return the standard deviation, with `ddof=1`, as `std`.
        quantile: The levels, from 0 to 1, of quantiles to return, as `quantile`.
        raw: Whether to return the values of all samples, as `raw`.
        sampling: `"poisson"` draws a number of repetitions for each example, which suits streams;
            `"multinomial"` draws as many examples from each batch as the batch has, not counting
            masked ones.
        key: A random key or a seed.

    Raises:
        ValueError: If the sampling is unknown, a number or level is out of range, or the metric
            takes no `sample_weight`, or does not count an example of weight two like two examples
            (`weights_repeat = False`).

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

    samples: Samples

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
        if num_bootstraps < 1:
            raise ValueError(f"num_bootstraps must be at least 1, but is {num_bootstraps}.")
        if "sample_weight" not in metric.signature.parameters:
            raise ValueError(
                f"BootStrapper weights examples, but {type(metric).__name__} takes no "
                f"`sample_weight`; it takes {', '.join(metric.signature.parameters)}."
            )
        check_weights_repeat("BootStrapper", metric)
        self.mean, self.std, self.raw, self.sampling = mean, std, raw, sampling
        self.quantile = None if quantile is None else _levels(quantile)
        self.jittable = metric.jittable
        self.higher_is_better = metric.higher_is_better
        if not std:
            self.bounds = metric.bounds
        # The first copy counts each example once, and shows which NaN is not due to sampling.
        number = num_bootstraps + 1
        copies, drawn = Copies(metric, number), Total.zeros((number,))
        self.samples = Samples(key, (1, num_bootstraps), copies=copies, drawn=drawn)

    def update(self, *args: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Updates with a batch."""
        check_accepted(self, kwargs)
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        examples = read_examples(self.copies.metrics, args, kwargs)
        size = examples.size(self)
        given = examples.sample_weight
        weight = jnp.ones(size) if given is None else given
        included = examples.included(size)
        by_query = examples.queries is not None
        key, next_key = self.samples.keys(1, by_query)
        keys = jax.random.split(key, self.copies.number - 1)
        drawn = jax.vmap(lambda key: self._repetitions(key, examples, included))(keys)
        repetitions = jnp.concatenate([jnp.ones_like(drawn[:1]), drawn])
        weight_of_copies = jax.vmap(lambda x: times(weight, x))(repetitions)

        def update(metric: Metric, sample_weight: jax.Array) -> Metric:
            return metric.update(*args, **{**kwargs, "sample_weight": sample_weight})

        number = ((repetitions > 0) & included).sum(tuple(range(1, drawn.ndim)), dtype=jnp.int32)
        self.samples = self.samples.updated(
            next_key,
            by_query,
            copies=self.copies.weighted(update, weight_of_copies),
            drawn=self.samples.parts["drawn"] + number,
        )

    def _repetitions(self, key: jax.Array, examples: Examples, included: jax.Array) -> jax.Array:
        """How often each example is drawn."""
        size = len(included)
        if self.sampling == "poisson":
            return examples.drawn(lambda key, shape: jax.random.poisson(key, 1.0, shape), key, size)
        if examples.queries is not None:
            raise ValueError(
                'sampling="multinomial" draws from each batch, but the documents of a query in '
                '`indexes` may be in several. Use sampling="poisson".'
            )
        number = included.sum(dtype=jnp.int32)
        candidates = jnp.argsort(~included)  # stable: those that count come first
        drawn = candidates[jax.random.randint(key, (size,), 0, jnp.maximum(number, 1))]
        return bincount(drawn, (jnp.arange(size) < number).astype(jnp.int32), size)

    def compute(self) -> dict[str, jax.Array]:
        """The requested statistics, by name."""
        values = jax.tree.map(self._of_samples, self.copies.values())
        result = {}
        if self.mean:
            result["mean"] = jax.tree.map(lambda x: jnp.nanmean(x, 0), values)
        if self.std:
            result["std"] = jax.tree.map(lambda x: jnp.nanstd(x, 0, ddof=1), values)
        if self.quantile is not None:
            result["quantile"] = jax.tree.map(
                lambda x: jnp.nanquantile(x, jnp.asarray(self.quantile), axis=0), values
            )
        if self.raw:
            result["raw"] = values
        return result

    @property
    def copies(self) -> Copies:
        """The metric of all examples, and those of the samples."""
        return self.samples.parts["copies"]

    @property
    def directions(self) -> dict[str, Any]:
        """The directions of the metric, for all statistics but the spread."""
        directions = self.copies.directions
        known = {
            "mean": (self.mean, directions),
            "std": (self.std, same_direction(directions, None)),
            "quantile": (self.quantile is not None, directions),
            "raw": (self.raw, directions),
        }
        return {name: found for name, (given, found) in known.items() if given}

    def _of_samples(self, values: jax.Array) -> jax.Array:
        """The values of the samples, NaN where a sample has none."""
        everything, samples = values[0], values[1:]
        if not jnp.issubdtype(values.dtype, jnp.inexact):
            samples = samples.astype(self.dtype)
        is_drawn = self.samples.parts["drawn"].value[1:] > 0
        is_drawn = is_drawn.reshape(-1, *(1,) * (samples.ndim - 1))
        return jnp.where(is_drawn & (everything == everything), samples, jnp.nan)

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(self.copies.metrics)

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        return self._prepared_inputs_by(self.copies.metrics, inputs)

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        return self.copies.metrics.signature.parameters


def _levels(quantile: float | Sequence[float]) -> float | tuple[float, ...]:
    """The levels of quantiles as floats; not as integers, which have no quantiles in JAX."""
    levels = np.asarray(quantile, float)
    if levels.ndim > 1:
        raise ValueError(f"quantile must be a number or a list of numbers, but is {quantile}.")
    for level in levels.reshape(-1).tolist():
        between(0, 1, quantile=level)
    return tuple(levels.tolist()) if levels.ndim else float(levels)
