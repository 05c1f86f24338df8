"""The input features of Whisper: energies in frequency bands, on a logarithmic scale."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.models.audio._as_waveform import as_waveform

_LINEAR_BELOW = 1000.0  # Hz
_HERTZ_PER_MEL = 200 / 3
_LOG_STEP = np.log(6.4) / 27


def _to_mel(hertz: Any) -> np.ndarray:
    """Slaney's scale, as in the Auditory Toolbox: linear at first, then logarithmic."""
    hertz = np.asarray(hertz, np.float64)
    above = np.maximum(hertz, _LINEAR_BELOW) / _LINEAR_BELOW
    logarithmic = _LINEAR_BELOW / _HERTZ_PER_MEL + np.log(above) / _LOG_STEP
    return np.where(hertz < _LINEAR_BELOW, hertz / _HERTZ_PER_MEL, logarithmic)


def _to_hertz(mel: np.ndarray) -> np.ndarray:
    corner = _LINEAR_BELOW / _HERTZ_PER_MEL
    logarithmic = _LINEAR_BELOW * np.exp(_LOG_STEP * (np.maximum(mel, corner) - corner))
    return np.where(mel < corner, mel * _HERTZ_PER_MEL, logarithmic)


@functools.lru_cache
def _mel_filters(num_mels: int, window_length: int, sample_rate: int) -> np.ndarray:
    """Overlapping triangles of equal area over the frequencies, `[frequencies, num_mels]`."""
    highest = sample_rate / 2
    frequencies = np.linspace(0, highest, window_length // 2 + 1)
    corners = _to_hertz(np.linspace(0, _to_mel(highest), num_mels + 2))
    widths = np.diff(corners)
    distances = frequencies[:, None] - corners
    rising = distances[:, :-2] / widths[:-1]
    falling = -distances[:, 2:] / widths[1:]
    triangles = np.maximum(np.minimum(rising, falling), 0)
    return (triangles * 2 / (corners[2:] - corners[:-2])).astype(np.float32)


def log_mel_spectrogram(
    samples: jax.Array,
    *,
    num_mels: int = 80,
    length: int | None = 480_000,
    sample_rate: int = 16_000,
    window_length: int = 400,
    hop_length: int = 160,
) -> jax.Array:
    """The log-mel spectrogram of audio, as `Whisper` takes it (Radford et al., 2023).

    The energies of 25 ms windows, one every 10 ms, are summed in overlapping bands. Their base-10
    logarithms are clipped to at most 8 below the maximum over bands and time; then 4 is added, and
    the result is divided by 4.

    Args:
        samples: Shape `[batch..., samples]`, floats from -1 to 1.
        num_mels: Number of bands; 128 for the preset `"large-v3"`.
        length: The number of samples to use: longer audio is cut at the end, and shorter audio is
            padded with zeros. None: the samples as they are. Whisper was trained with 30 seconds.
        sample_rate: Samples per second.
        window_length: Samples per window.
        hop_length: Samples from one window to the next.

    Raises:
        TypeError: If the samples are integers.
        ValueError: If there are too few samples for one window.

    Returns:
        Shape `[batch..., frames, num_mels]`, with one frame for each hop; float32.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> second = jnp.sin(2 * jnp.pi * 440 * jnp.arange(16_000) / 16_000)
        >>> features = jm.models.log_mel_spectrogram(second)
        >>> features.shape, int(features[50].argmax())
        ((3000, 80), 11)
    """
    samples = as_waveform("samples", samples).astype(jnp.float32)
    if length is not None:
        samples = samples[..., :length]
        missing = length - samples.shape[-1]
        samples = jnp.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(0, missing)])
    half = window_length // 2
    if samples.shape[-1] <= half:
        raise ValueError(
            f"log_mel_spectrogram needs more than {half} samples, half a window; got shape "
            f"{samples.shape}. Pass `length=` to pad them."
        )
    reflected = jnp.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(half, half)], mode="reflect")
    # The window around the end of the last hop belongs to the time after it.
    starts = np.arange(samples.shape[-1] // hop_length) * hop_length
    windows = reflected[..., starts[:, None] + np.arange(window_length)]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window_length) / window_length)
    spectrum = jnp.fft.rfft(windows * hann.astype(np.float32))
    energies = spectrum.real**2 + spectrum.imag**2
    mels = jnp.matmul(
        energies, _mel_filters(num_mels, window_length, sample_rate), precision="highest"
    )
    logs = jnp.log10(jnp.maximum(mels, 1e-10))
    loudest = logs.max(axis=(-2, -1), keepdims=True)
    return (jnp.maximum(logs, loudest - 8) + 4) / 4
