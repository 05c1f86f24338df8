"""`PairedComparison`: whether one model is better than another on the same examples."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.metrics._composite import check_accepted
from jax_metrics.metrics._metric import Common, Metric
from jax_metrics.metrics.wrappers._copies import Copies
from jax_metrics.metrics.wrappers._examples import (
    check_weights_repeat,
    included_examples,
    read_examples,
    sizes_of,
    times,
)
from jax_metrics.metrics.wrappers._samples import Samples

_AT_ONCE = 64  # samples that are updated at the same time, as each may need much memory
_SAME = 1e-5  # relative to the values: smaller differences are rounding errors


class PairedComparison(Metric):
    """Compares a metric of a model with that of a baseline, both evaluated on the same examples.

    `compute` returns a dict: `model` and `baseline`, the two values; `difference`; `lower` and
    `upper`, the ends of its confidence interval by a paired bootstrap, in which both models are
    evaluated on the same samples of the examples; and `p_value`, the probability of a difference at
    least this large, in either direction, if the models were equally good, by a permutation test,
    which swaps the predictions of both for random examples.

    Examples must be independent; with `indexes`, as retrieval metrics with a capacity take them,
    these are queries: their documents are drawn and swapped together. A small p-value means that
    the models differ; it does not say by how much. Samples and permutations where a model has no
    value, such as a correlation of constant predictions, are left out.

    Merging pairs the samples of both parts at random, so that parts may begin with the same key; if
    the documents of a query are on several devices, these must have the same one.

    Args:
        metric: The metric, with one scalar value; it is copied. It must take `preds` and
            `sample_weight`.
        num_samples: The number of bootstrap samples and of permutations. Each has two states. The
            p-value is at least 1 divided by one more than the permutations with a value.
        level: The confidence level, between 0 and 1.
        key: A random key or a seed.

    Raises:
        ValueError: If an option is out of range, or the metric lacks an argument, or does not count
            an example of weight two like two examples (`weights_repeat = False`).

    Source: Efron and Tibshirani: An Introduction to the Bootstrap (1993), chapters 13 and 15.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> comparison = jm.metrics.PairedComparison(jm.metrics.Accuracy(), num_samples=99)
        >>> target = jnp.arange(40) % 2
        >>> worse = jnp.where(jnp.arange(40) < 20, 1 - target, target)
        >>> value = comparison(target=target, preds=target, baseline=worse)
        >>> float(value["difference"]), round(float(value["p_value"]), 2)
        (0.5, 0.01)
    """

    samples: Samples

    def __init__(
        self,
        metric: Metric,
        *,
        num_samples: int = 1000,
        level: float = 0.95,
        key: Any = 0,
        **options: Unpack[Common],
    ):
        super().__init__(**options)
        accepted = metric.signature.parameters
        for name in ("preds", "sample_weight"):
            if name not in accepted:
                raise ValueError(
                    f"PairedComparison needs a metric that takes `{name}`; {type(metric).__name__} "
                    f"takes {', '.join(accepted)}."
                )
        check_weights_repeat("PairedComparison", metric)
        if num_samples < 1:
            raise ValueError(f"num_samples must be at least 1, but is {num_samples}.")
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, but is {level}.")
        self.num_samples, self.level = num_samples, level
        self.jittable = metric.jittable
        self.higher_is_better = metric.higher_is_better
        # The first copies count the examples as they are.
        blocks = (1, num_samples, num_samples)
        model, baseline = (Copies(metric, sum(blocks)) for _ in range(2))
        self.samples = Samples(key, blocks, model=model, baseline=baseline)

    def update(
        self, *, preds: Any, baseline: Any, sample_weight: Any = None, **arguments: Any
    ) -> Any:
        """Updates with a batch.

        Args:
            preds: The predictions of the model, as for the metric.
            baseline: The predictions of the baseline for the same examples.
            sample_weight: As for the metric.
            **arguments: As for the metric, such as `target` and `mask`.
        """
        check_accepted(self, arguments)
        metric = self.model.metrics
        given = {"sample_weight": sample_weight, **arguments}
        size = self._size(preds, baseline, given)
        examples = read_examples(metric, (), {"preds": preds, **given})
        weight = examples.sample_weight
        weight = jnp.ones(size) if weight is None else weight
        included_examples(size, sample_weight=weight)  # raises if its shape does not fit
        by_query = examples.queries is not None
        drawing, swapping, next_key = self.samples.keys(2, by_query)

        def samples(draw: Callable[..., jax.Array], key: jax.Array) -> jax.Array:
            keys = jax.random.split(key, self.num_samples)
            return jax.vmap(lambda key: examples.drawn(draw, key, size))(keys)

        drawn = samples(lambda key, shape: jax.random.poisson(key, 1.0, shape), drawing)
        swapped = samples(lambda key, shape: jax.random.bernoulli(key, 0.5, shape), swapping)
        once, never = jnp.ones_like(drawn), jnp.zeros_like(swapped)
        repetitions = jnp.concatenate([once[:1], drawn, once])
        swaps = jnp.concatenate([never[:1], never, swapped])
        of_copies = jax.vmap(lambda x: times(weight, x))
        own, others = (of_copies(jnp.where(swaps == x, repetitions, 0)) for x in (False, True))
        # The copies of both, as one: each example counts for one of its two predictions.
        copies = self.model.joined(self.baseline)
        for one, first, second in ((preds, own, others), (baseline, others, own)):
            copies = copies.weighted(
                functools.partial(_updated, preds=one, **arguments),
                jnp.concatenate([first, second]),
                at_once=_AT_ONCE,
            )
        model, baseline_ = copies.split(len(swaps))
        self.samples = self.samples.updated(next_key, by_query, model=model, baseline=baseline_)

    @property
    def model(self) -> Copies:
        """The metric of the model on all examples, on samples of them, and with swaps."""
        return self.samples.parts["model"]

    @property
    def baseline(self) -> Copies:
        """As `model`, of the baseline."""
        return self.samples.parts["baseline"]

    def _size(self, preds: Any, baseline: Any, given: Mapping[str, Any]) -> int:
        """The number of examples.

        Raises:
            ValueError: If it differs between predictions and baseline, or both are single numbers.
        """
        metric, sizes = self.model.metrics, []
        for one in (preds, baseline):
            received = metric._unprepared((), {**given, "preds": one})[1]
            number = metric._number_of_examples(received)
            sizes.append(next(sizes_of(received["preds"]), None) if number is None else number)
        if sizes[0] is None or sizes[0] != sizes[1]:
            found = [
                f"{size} examples" if size is not None else "a single number" for size in sizes
            ]
            raise ValueError(
                "preds and baseline must be predictions of two models for the same examples, but "
                f"preds have {found[0]} and baseline has {found[1]}."
            )
        return sizes[0]

    def compute(self) -> dict[str, jax.Array]:
        """The two values, their difference, its interval, and the p-value."""
        model, baseline = self.model.values(), self.baseline.values()
        if not isinstance(model, jax.Array):
            raise ValueError(
                f"PairedComparison compares numbers, but a value of the metric is a "
                f"{type(model).__name__}. Choose one of its numbers, as in `metric[0]`, or compare "
                "each metric on its own."
            )
        if model.ndim != 1:
            raise ValueError(
                f"PairedComparison compares numbers, but the metric has values of shape "
                f"{model.shape[1:]}. Choose an `average`."
            )
        differences = model - baseline
        difference, drawn, swapped = jnp.split(differences, [1, 1 + self.num_samples])
        difference = difference[0]
        tail = (1 - self.level) / 2
        lower, upper = jnp.nanquantile(drawn, jnp.array([tail, 1 - tail]))
        same = _SAME * jnp.maximum(jnp.abs(model[0]), jnp.abs(baseline[0]))
        extreme = jnp.abs(swapped) >= jnp.abs(difference) - same
        p_value = (1 + extreme.sum()) / (1 + (~jnp.isnan(swapped)).sum())
        defined = ~jnp.isnan(difference)
        return {
            "model": model[0],
            "baseline": baseline[0],
            "difference": difference,
            "lower": jnp.where(defined, lower, jnp.nan),
            "upper": jnp.where(defined, upper, jnp.nan),
            "p_value": jnp.where(defined, p_value, jnp.nan),
        }

    @property
    def directions(self) -> dict[str, bool | None]:
        """The direction of the metric for values and difference; None for the p-value."""
        better = self.higher_is_better
        names = ("model", "baseline", "difference", "lower", "upper")
        return {**dict.fromkeys(names, better), "p_value": None}

    def _preparations(self) -> frozenset[Any]:
        return self._preparations_by(self.model.metrics)

    def _prepared_inputs(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Both predictions as the metric prepares them, next to the same target."""
        if not inputs.keys() >= {"preds", "baseline"}:
            return inputs  # an error follows
        metric = self.model.metrics
        try:
            other = self._prepared_inputs_by(metric, {**inputs, "preds": inputs["baseline"]})
        except (TypeError, ValueError) as error:
            error.add_note("This was with `baseline` as `preds`.")
            raise
        return {**self._prepared_inputs_by(metric, inputs), "baseline": other["preds"]}

    def _accepted_parameters(self) -> Mapping[str, inspect.Parameter]:
        parameters = dict(self.model.metrics.signature.parameters)
        parameters["baseline"] = inspect.Parameter("baseline", inspect.Parameter.KEYWORD_ONLY)
        return parameters


def _updated(metric: Metric, sample_weight: jax.Array, **arguments: Any) -> Metric:
    return metric.update(sample_weight=sample_weight, **arguments)
