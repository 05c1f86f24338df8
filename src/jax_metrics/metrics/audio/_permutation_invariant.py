"""Metrics of separated speakers, in the best order."""

import itertools
from collections.abc import Callable
from typing import Any, Unpack

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.arguments import explaining, names_arguments, one_of, pair
from jax_metrics.metrics._mean_of import MeanOf, WeightedMean
from jax_metrics.metrics._reduced_mean import ReducedMean, ReducedOptions
from jax_metrics.metrics.audio._mean_over_signals import MeanOverSignals
from jax_metrics.metrics.inputs import weights, where_weighted

MetricFunc = Callable[..., Any]
_MODES = ("speaker-wise", "permutation-wise")
_EVALUATIONS = ("max", "min")
# For more speakers there are too many permutations, and an assignment problem is solved.
_MOST_LISTED = 5


class PermutationInvariantTraining(ReducedMean):
    """The mean of a metric of separated speakers in the best order (PIT).

    Signals are `[batch, speakers, ...]`. For each example the predicted speakers are assigned to
    the targets so that the mean of the metric is best. NaN before the first update.

    Args:
        metric_func: A metric with a value for each signal, such as
            `ScaleInvariantSignalNoiseRatio()`; or a function of target and predictions `[batch,
            ...]` that returns `[batch]`.
        mode: `"speaker-wise"`: the metric compares every target speaker with every predicted one.
            Or `"permutation-wise"`: it compares all speakers of an example,
            `[batch, speakers, ...]`, in each order.
        eval_func: `"max"` if a higher value is better, or `"min"`.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If an option is unknown, or shapes do not fit.
        TypeError: If `metric_func` is not such a metric or function.

    Source: Yu, Kolbaek, Tan, Jensen: Permutation Invariant Training of Deep Models for
    Speaker-Independent Multi-talker Speech Separation (2017).

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> target = jax.random.normal(jax.random.key(0), (4, 2, 100))
        >>> pit = jm.metrics.PermutationInvariantTraining(
        ...     metric_func=jm.metrics.ScaleInvariantSignalNoiseRatio()
        ... )
        >>> bool(pit(target=target, preds=target[:, ::-1]) > 60)
        True
    """

    metric_func: Any

    def __init__(
        self,
        *,
        metric_func: MeanOf | MetricFunc,
        mode: str = "speaker-wise",
        eval_func: str = "max",
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(**options)
        one_of("mode", mode, _MODES)
        one_of("eval_func", eval_func, _EVALUATIONS)
        as_function(metric_func)
        self.metric_func, self.mode, self.eval_func = metric_func, mode, eval_func
        self.higher_is_better = eval_func == "max"

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        target, preds = pair(target, preds)
        if sample_weight is not None or mask is not None:
            weight = weights(target.shape[:1], sample_weight, mask)
            target, preds = (where_weighted(one, weight) for one in (target, preds))
        values, _ = permutation_invariant_training(
            target, preds, metric_func=self.metric_func, mode=self.mode, eval_func=self.eval_func
        )
        self.add(values, sample_weight, mask)


@explaining("it returns the values of all examples. `PermutationInvariantTraining` takes `{name}`.")
def permutation_invariant_training(
    target: Any,
    preds: Any,
    *,
    metric_func: MeanOf | MetricFunc,
    mode: str = "speaker-wise",
    eval_func: str = "max",
) -> tuple[jax.Array, jax.Array]:
    """The value of a metric for the best order of speakers, and this order.

    Args:
        target: Signals `[batch, speakers, ...]`.
        preds: Signals of the same shape.
        metric_func: As in `PermutationInvariantTraining`.
        mode: As in `PermutationInvariantTraining`.
        eval_func: As in `PermutationInvariantTraining`.

    Returns:
        The value of each example, `[batch]`, and for each target the index of the predicted
        speaker, `[batch, speakers]`.

    Raises:
        ValueError: If an option is unknown, or shapes do not fit.
        TypeError: If `metric_func` is not such a metric or function.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> target = jax.random.normal(jax.random.key(0), (1, 3, 100))
        >>> _, order = jm.metrics.permutation_invariant_training(
        ...     target, target[:, ::-1], metric_func=jm.metrics.SignalNoiseRatio()
        ... )
        >>> order
        Array([[2, 1, 0]], dtype=int32)
    """
    one_of("mode", mode, _MODES)
    one_of("eval_func", eval_func, _EVALUATIONS)
    function = as_function(metric_func)
    target, preds = pair(target, preds)
    if target.ndim < 2:
        raise ValueError(
            f"Signals must be [batch, speakers, ...], but the shape is {list(target.shape)}."
        )
    sign = 1 if eval_func == "max" else -1
    if mode == "speaker-wise":
        # Every target with every prediction, `[batch, speakers, speakers]`.
        if isinstance(metric_func, MeanOverSignals) and metric_func.axes == 1:
            matrix = _of_each_pair(metric_func.values, target, preds)
        else:
            each = jax.vmap(jax.vmap(function, (None, 1)), (1, None))(target, preds)
            matrix = _checked(jnp.moveaxis(each, -1, 0), target.shape[:1], metric_func)
        order = _assigned(sign * matrix)
        return jnp.take_along_axis(matrix, order[..., None], 2).mean((1, 2)), order
    orders = _permutations(target.shape[1])
    of_orders = jax.vmap(lambda order: function(target, preds[:, order]))(orders)
    values = jnp.moveaxis(of_orders, 0, -1)
    values = values.mean(tuple(range(1, values.ndim - 1))) if values.ndim > 2 else values
    values = _checked(values, target.shape[:1], metric_func)
    best = (sign * values).argmax(-1)
    return jnp.take_along_axis(values, best[:, None], 1)[:, 0], orders[best]


@names_arguments
def pit_permutate(preds: Any, perm: Any) -> jax.Array:
    """The predicted speakers in the order that `permutation_invariant_training` found.

    Args:
        preds: Signals `[batch, speakers, ...]`.
        perm: The order, `[batch, speakers]`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.metrics.pit_permutate(jnp.array([[[1.0], [2.0]]]), jnp.array([[1, 0]])).ravel()
        Array([2., 1.], dtype=float32)
    """
    return jax.vmap(lambda signals, order: signals[order])(jnp.asarray(preds), jnp.asarray(perm))


def as_function(metric_func: Any) -> MetricFunc:
    """A metric as a function of target and predictions that returns a value for each signal.

    Raises:
        TypeError: If it is something else.
    """
    if isinstance(metric_func, MeanOf):
        return metric_func.values
    if not callable(metric_func) or isinstance(metric_func, type | WeightedMean):
        raise TypeError(
            "metric_func must be a metric with a value for each signal, such as "
            "`jm.metrics.SignalNoiseRatio()`, or a function of target and predictions that returns "
            f"one value for each example; got {metric_func!r}."
        )
    return metric_func


def _of_each_pair(values: MetricFunc, target: jax.Array, preds: jax.Array) -> jax.Array:
    """The value of every target with every prediction, `[batch, speakers, speakers]`.

    It compares the targets with the predictions shifted by one speaker after the other.
    Broadcasting the predictions to the targets would take 1.5 times as long, since XLA does not
    vectorize their sums on CPUs; and within `vmap`, both branches of the values would be computed.
    """
    speakers = np.arange(target.shape[1])
    shifted = jnp.stack([values(target, jnp.roll(preds, -shift, 1)) for shift in speakers], 2)
    return shifted[:, speakers[:, None], (speakers - speakers[:, None]) % len(speakers)]


def _checked(values: jax.Array, batch: tuple[int, ...], metric_func: Any) -> jax.Array:
    if values.shape[:1] != batch or values.ndim > 3:
        raise ValueError(
            f"metric_func must return one value for each of {batch[0]} examples, but the values of "
            f"all speakers have the shape {list(values.shape)}. A function of this library, such "
            "as `jm.metrics.signal_noise_ratio`, returns their mean: give the metric instead, "
            "`jm.metrics.SignalNoiseRatio()`."
        )
    return values


def _permutations(speakers: int) -> jax.Array:
    return jnp.asarray(list(itertools.permutations(range(speakers))), jnp.int32)


def _assigned(matrix: jax.Array) -> jax.Array:
    """The column assigned to each row, so that the sum of the chosen entries is largest."""
    if matrix.shape[1] <= _MOST_LISTED:
        orders = _permutations(matrix.shape[1])
        rows = jnp.arange(matrix.shape[1])
        sums = jax.vmap(lambda order: matrix[:, rows, order].sum(-1), out_axes=1)(orders)
        return orders[sums.argmax(-1)]
    from optax.assignment import hungarian_algorithm

    def one(matrix: jax.Array) -> jax.Array:
        rows, columns = hungarian_algorithm(-matrix)
        return jnp.zeros_like(columns).at[rows].set(columns)

    return jax.vmap(one)(matrix).astype(jnp.int32)
