"""Ratios of the energies of signals and noise."""

import functools
import math
from typing import Any, Unpack

import jax
import jax.numpy as jnp

from jax_metrics.arguments import pair
from jax_metrics.metrics._reduced_mean import ReducedOptions, function_of_values, number_before
from jax_metrics.metrics.audio._mean_over_signals import (
    MeanOverSignals,
    after_projection,
    decibels,
    energy,
    function_of_signals,
)


class SignalNoiseRatio(MeanOverSignals):
    """The mean signal-to-noise ratio (SNR) of signals `[..., time]` in decibels.

    `10 * log10(sum(target**2) / sum((target - preds)**2))`. NaN before the first update.

    Args:
        **options: `zero_mean`, `reduction` and `capacity`, as in `MeanOverSignals`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([3.0, -0.5, 2.0, 7.0]), jnp.array([2.5, 0.0, 2.0, 8.0])
        >>> round(float(jm.metrics.SignalNoiseRatio()(target=target, preds=preds)), 4)
        16.1805
        >>> round(float(jm.metrics.signal_noise_ratio(target, preds, zero_mean=True)), 4)
        13.6829
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The ratio of each signal, `[...]`."""
        return decibels(_of_difference, *self.centred(target, preds), together=True)


class ScaleInvariantSignalDistortionRatio(MeanOverSignals):
    """The mean scale-invariant signal-to-distortion ratio (SI-SDR) of signals in decibels.

    Like `SignalNoiseRatio`, after the target `[..., time]` is multiplied by the factor that brings
    it closest to the prediction. NaN before the first update.

    Args:
        **options: `zero_mean`, `reduction` and `capacity`, as in `MeanOverSignals`.

    Source: Le Roux, Wisdom, Erdogan, Hershey: SDR - Half-baked or Well Done? (2019).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([3.0, -0.5, 2.0, 7.0]), jnp.array([2.5, 0.0, 2.0, 8.0])
        >>> si_sdr = jm.metrics.ScaleInvariantSignalDistortionRatio()
        >>> round(float(si_sdr(target=target, preds=preds)), 3)
        18.403
    """

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The ratio of each signal, `[...]`."""
        return decibels(after_projection, *self.centred(target, preds), together=False)


class ScaleInvariantSignalNoiseRatio(ScaleInvariantSignalDistortionRatio):
    """The mean scale-invariant signal-to-noise ratio (SI-SNR) of signals in decibels.

    `ScaleInvariantSignalDistortionRatio` of signals `[..., time]` after their means are subtracted.
    NaN before the first update.

    Args:
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Source: Luo, Mesgarani: TasNet: Time-domain Audio Separation Network for Real-time,
    Single-channel Speech Separation (2018).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target, preds = jnp.array([3.0, -0.5, 2.0, 7.0]), jnp.array([2.5, 0.0, 2.0, 8.0])
        >>> si_snr = jm.metrics.ScaleInvariantSignalNoiseRatio()
        >>> round(float(si_snr(target=target, preds=preds)), 4)
        15.0918
    """

    def __init__(self, **options: Unpack[ReducedOptions]):
        super().__init__(zero_mean=True, **options)


class ComplexScaleInvariantSignalNoiseRatio(ScaleInvariantSignalDistortionRatio):
    """The mean scale-invariant signal-to-noise ratio of spectra in decibels (C-SI-SNR).

    Spectra are complex, `[..., frequency, time]`, or their real and imaginary parts, `[...,
    frequency, time, 2]`. NaN before the first update.

    Args:
        **options: `zero_mean`, `reduction` and `capacity`, as in `MeanOverSignals`.

    Raises:
        ValueError: If the shape is not that of spectra.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[3.0 + 1j, -0.5], [2.0, 7.0]])
        >>> c_si_snr = jm.metrics.ComplexScaleInvariantSignalNoiseRatio()
        >>> round(float(c_si_snr(target=target, preds=target + 0.5)), 4)
        21.9787
    """

    def read(self, target: Any, preds: Any) -> tuple[jax.Array, jax.Array]:
        """The real and imaginary parts of each spectrum as one row, `[..., parts]`."""
        parts = []
        for name, spectrum in (("target", target), ("preds", preds)):
            spectrum = jnp.asarray(spectrum)
            if jnp.iscomplexobj(spectrum):
                spectrum = jnp.stack([spectrum.real, spectrum.imag], -1)
            if spectrum.ndim < 3 or spectrum.shape[-1] != 2:
                raise ValueError(
                    f"{name} must be complex, [..., frequency, time], or its parts, [..., "
                    f"frequency, time, 2]; got {spectrum.dtype} of shape {list(spectrum.shape)}."
                )
            parts.append(spectrum)
        target, preds = pair(*parts)
        shape = (*target.shape[:-3], math.prod(target.shape[-3:]))
        return target.reshape(shape), preds.reshape(shape)


class SourceAggregatedSignalDistortionRatio(MeanOverSignals):
    """The mean ratio of the energies of several speakers together in decibels (SA-SDR).

    Signals are `[..., speakers, time]`; energies are summed over the speakers before the ratio, so
    that a silent speaker does not dominate the ratio. NaN before the first update.

    Args:
        scale_invariant: Whether the targets are multiplied by the common factor that brings them
            closest to the predictions.
        zero_mean: Whether the mean of each signal is subtracted first.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ValueError: If there is no axis of speakers.

    Source: von Neumann et al.: SA-SDR: A novel loss function for separation of meeting style data
    (2022).

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> target = jnp.array([[3.0, -0.5], [2.0, 7.0]])
        >>> preds = jnp.array([[2.5, 0.0], [2.0, 8.0]])
        >>> sa_sdr = jm.metrics.SourceAggregatedSignalDistortionRatio()
        >>> round(float(sa_sdr(target=target, preds=preds)), 3)
        18.403
    """

    axes = 2

    def __init__(
        self,
        *,
        scale_invariant: bool = True,
        zero_mean: bool = False,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(zero_mean=zero_mean, **options)
        self.scale_invariant = scale_invariant

    def values(self, target: Any, preds: Any) -> jax.Array:
        """The ratio of each group of speakers, `[...]`."""
        energies = after_projection if self.scale_invariant else _of_difference
        return decibels(
            functools.partial(energies, axes=2),
            *self.centred(target, preds),
            together=not self.scale_invariant,
            axes=2,
        )


def _of_difference(
    target: jax.Array, preds: jax.Array, axes: int = 1
) -> tuple[jax.Array, jax.Array]:
    return energy(target, axes), energy(target - preds, axes)


signal_noise_ratio = function_of_signals(SignalNoiseRatio)
scale_invariant_signal_distortion_ratio = function_of_signals(ScaleInvariantSignalDistortionRatio)
scale_invariant_signal_noise_ratio = function_of_signals(ScaleInvariantSignalNoiseRatio)


def _number_of_spectra(given: dict[str, Any]) -> int:
    axes = 2 if jnp.iscomplexobj(given["target"]) else 3
    return number_before(axes)(given)


complex_scale_invariant_signal_noise_ratio = function_of_values(
    ComplexScaleInvariantSignalNoiseRatio, _number_of_spectra
)
source_aggregated_signal_distortion_ratio = function_of_signals(
    SourceAggregatedSignalDistortionRatio
)
