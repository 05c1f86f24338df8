"""`MeanOverSignals`: the base of metrics with one value for each signal."""

from collections.abc import Callable
from typing import Any, ClassVar, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.metrics._mean_of import MeanOf
from jax_metrics.metrics._reduced_mean import (
    ReducedMean,
    ReducedOptions,
    function_of_values,
    number_before,
)
from jax_metrics.metrics.inputs import weights, where_weighted
from jax_metrics.metrics.state import power_of_two

# Between these magnitudes, sums of squares keep all their digits.
_ORDINARY = (1e-15, 1e25)


class MeanOverSignals(ReducedMean, MeanOf):
    """The base of metrics that compare signals, `[..., time]`.

    A subclass defines `values`, the value of each signal, `[...]`, also for signals whose leading
    axes are broadcast. A weight or a mask has one entry for each signal; to shorten a signal, set
    its end to zeros. NaN before the first update.

    Args:
        zero_mean: Whether the mean of each signal is subtracted first.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Attributes:
        axes: The number of axes of a signal.
    """

    higher_is_better = True
    axes: ClassVar[int] = 1

    def __init__(self, *, zero_mean: bool = False, **options: Unpack[ReducedOptions]):
        super().__init__(**options)
        self.zero_mean = zero_mean

    def update(
        self, *, target: Any, preds: Any, sample_weight: Any = None, mask: Any = None
    ) -> Any:
        """Updates with a batch: `target` and `preds` of one shape."""
        target, preds = self.read(target, preds)
        if target.ndim < self.axes:
            expected = {1: "[..., time]", 2: "[..., speakers, time]"}[self.axes]
            raise ValueError(f"Signals must be {expected}, but the shape is {list(target.shape)}.")
        if sample_weight is not None or mask is not None:
            weight = weights(target.shape[: target.ndim - self.axes], sample_weight, mask)
            target, preds = (where_weighted(one, weight) for one in (target, preds))
        self.add(self.values(target, preds), sample_weight, mask)

    def read(self, target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
        """The signals as floats, `[..., time]`."""
        return pair(target, preds)

    def centred(self, *signals: Any) -> list[jax.Array]:
        """The signals, without their means if `zero_mean`."""
        arrays = [jnp.asarray(one) for one in signals]
        if not self.zero_mean:
            return arrays
        return [one - one.mean(-1, keepdims=True) for one in arrays]


def function_of_signals(metric: Any) -> Any:
    """`functional`, where the capacity defaults to the number of signals, if values are kept."""
    return function_of_values(metric, number_before(metric.axes))


Energies = Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def decibels(
    energies: Energies, target: jax.Array, preds: jax.Array, *, together: bool, axes: int = 1
) -> jax.Array:
    """The ratio of the energies of signal and noise in decibels, independent of the loudness.

    It is finite for silence and without noise. Where squares are very small or large, the signals
    are scaled first.

    Args:
        energies: A function of target and predictions that returns the energies of signal and
            noise.
        target: Signals, `[..., time]`.
        preds: Signals of the same shape.
        together: Whether target and predictions are scaled by the same factor, or each by its own.
        axes: The number of axes of a signal.
    """

    def scaled() -> tuple[jax.Array, jax.Array]:
        if together:
            return of_one_shape(*to_unit(target, preds, axes=axes))
        return of_one_shape(*to_unit(target, axes=axes), *to_unit(preds, axes=axes))

    def of_one_shape(target: jax.Array, preds: jax.Array) -> tuple[jax.Array, jax.Array]:
        signal, noise = jnp.broadcast_arrays(*energies(target, preds))
        return signal, noise

    plain = of_one_shape(target, preds)
    ordinary = jnp.asarray(True)
    for one in plain:
        ordinary &= ((one > _ORDINARY[0]) & (one < _ORDINARY[1])).all()
    signal, noise = jax.lax.cond(ordinary, lambda: plain, scaled)
    info = jnp.finfo(signal.dtype)
    least = float(info.eps) ** 2 * jnp.maximum(signal, noise) + info.tiny
    return 10 * jnp.log10((signal + least) / (noise + least))


def to_unit(*signals: jax.Array, axes: int = 1) -> list[jax.Array]:
    """The signals times one power of two, so that the largest value is about 1.

    Args:
        *signals: Arrays of one shape.
        axes: The number of axes, the last ones, that have a common factor.
    """
    last = tuple(range(-axes, 0))
    largest = jnp.zeros(())
    for one in signals:
        largest = jnp.maximum(largest, abs(one).max(last, keepdims=True, initial=0))
    most = jnp.finfo(largest.dtype).maxexp - 2  # the factor must be a normal number
    exponent = jnp.frexp(jnp.where(jnp.isfinite(largest), largest, 1))[1].clip(-most, most)
    factor = power_of_two(-exponent, largest.dtype)
    return [one * factor for one in signals]


def energy(signals: jax.Array, axes: int = 1) -> jax.Array:
    """The sum of squares along the last axes."""
    return (signals**2).sum(tuple(range(-axes, 0)))


def after_projection(
    target: jax.Array, preds: jax.Array, axes: int = 1
) -> tuple[jax.Array, jax.Array]:
    """The energies of the target scaled to be closest to the prediction, and of the rest."""
    last = tuple(range(-axes, 0))
    own = energy(target, axes)
    factor = (preds * target).sum(last) / jnp.where(own == 0, 1, own)
    noise = energy(jnp.expand_dims(factor, last) * target - preds, axes)
    return factor**2 * own, noise
