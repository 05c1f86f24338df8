"""The quality of speech, judged without clean speech."""

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from jax_metrics.metrics._network import as_network
from jax_metrics.metrics._reduced_mean import ReducedOptions, function_of_values, number_before
from jax_metrics.metrics.audio._by_package import WithoutReference, optional_package

_DNSMOS_KEYS = ("p808_mos", "sig_mos", "bak_mos", "ovrl_mos")  # of the package, in this order
_DNSMOS_RATE = 16000
_SRMRPY = "git+https://github.com/jfsantos/SRMRpy"
_SPEECHMOS = "speechmos librosa onnxruntime"


class SpeechReverberationModulationEnergyRatio(WithoutReference):
    """The mean ratio of slow to fast modulations of speech (SRMR), at least 0.

    Reverberation adds fast modulations. Signals `[..., time]` are scored by the package `srmrpy`,
    on the host. NaN before the first update.

    Args:
        fs: The sampling rate in Hz.
        n_cochlear_filters: The number of acoustic filters.
        low_freq: The lowest frequency of the acoustic filters in Hz.
        min_cf: The frequency of the first modulation filter in Hz.
        max_cf: The frequency of the last modulation filter; by default 30 Hz if `norm`, else 128
            Hz.
        norm: Whether energies are restricted to a range of 30 decibels.
        fast: Whether to compute it from a spectrogram instead of filtered signals.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ImportError: If the package `srmrpy` is missing.
        ValueError: If the rate is not positive.

    Source: Falk, Zheng, Chan: A Non-Intrusive Quality and Intelligibility Measure of Reverberant
    and Dereverberated Speech (2010).

    Example:
        >>> import jax_metrics as jm
        >>> jm.metrics.SpeechReverberationModulationEnergyRatio.higher_is_better
        True
    """

    bounds = (0, None)

    def __init__(
        self,
        *,
        fs: int,
        n_cochlear_filters: int = 23,
        low_freq: float = 125,
        min_cf: float = 4,
        max_cf: float | None = None,
        norm: bool = False,
        fast: bool = False,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(fs=fs, **options)
        self.settings = {
            "n_cochlear_filters": n_cochlear_filters,
            "low_freq": low_freq,
            "min_cf": min_cf,
            "max_cf": (30 if norm else 128) if max_cf is None else max_cf,
            "norm": norm,
            "fast": fast,
        }
        optional_package("srmrpy", type(self), _SRMRPY)

    def value_of(self, signal: np.ndarray) -> Any:
        """The ratio of one signal."""
        srmrpy = optional_package("srmrpy", type(self), _SRMRPY)
        return srmrpy.srmr(signal, self.fs, **self.settings)[0]


class NonIntrusiveSpeechQualityAssessment(WithoutReference):
    """The mean opinion scores that a network predicts for speech (NISQA), from 1 to 5.

    `compute` returns a dict with `mos`, the overall score, and the scores of `noisiness`,
    `discontinuity`, `coloration` and `loudness`. NaN before the first update.

    Args:
        fs: The sampling rate in Hz.
        model: A function or a module of one signal `[time]`, a NumPy array, and its sampling rate,
            that returns the five scores in this order, such as the network of the authors. Samples
            are passed on as they are, on the scale that they have.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        TypeError: If the model cannot be called.
        ValueError: If the rate is not positive.

    Source: Mittag, Naderi, Chehadi, Moeller: NISQA: A Deep CNN-Self-Attention Model for
    Multidimensional Speech Quality Prediction with Crowdsourced Datasets (2021).

    Example:
        >>> import numpy as np
        >>> import jax_metrics as jm
        >>> def model(signal, fs):
        ...     return [4.0, 3.0, 3.5, 4.5, 4.0]
        >>> nisqa = jm.metrics.NonIntrusiveSpeechQualityAssessment(fs=16000, model=model)
        >>> float(nisqa(np.zeros((2, 16000)))["mos"])
        4.0
    """

    outputs = ("mos", "noisiness", "discontinuity", "coloration", "loudness")

    def __init__(
        self, *, fs: int, model: Callable[[np.ndarray, int], Any], **options: Unpack[ReducedOptions]
    ):
        super().__init__(fs=fs, **options)
        if not callable(model):
            raise TypeError(
                "model must be a function of a signal and its sampling rate that returns five "
                f"opinions; got {type(model).__name__}. This library ships no networks."
            )
        self.model = as_network("model", model)

    def value_of(self, signal: np.ndarray) -> Any:
        """The opinion scores of one signal."""
        return self.model(signal, self.fs)


class DeepNoiseSuppressionMeanOpinionScore(WithoutReference):
    """The mean opinion scores that a network predicts for denoised speech (DNSMOS), from 1 to 5.

    `compute` returns a dict with `p808_mos`, and `mos_sig`, `mos_bak` and `mos_ovr` for the signal,
    the background and overall. Signals `[..., time]` with values from -1 to 1 are scored by the
    package `speechmos`, on the host. NaN before the first update.

    Args:
        fs: The sampling rate, 16000 Hz.
        personalized: Whether other speakers count as noise.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ImportError: If the package `speechmos`, or one that it needs, is missing.
        ValueError: If the rate is not 16000 Hz.

    Source: Reddy, Gopal, Cutler: DNSMOS: A Non-Intrusive Perceptual Objective Speech Quality Metric
    to Evaluate Noise Suppressors (2021).

    Example:
        >>> import jax_metrics as jm
        >>> jm.metrics.DeepNoiseSuppressionMeanOpinionScore.higher_is_better
        True
    """

    outputs = ("p808_mos", "mos_sig", "mos_bak", "mos_ovr")

    def __init__(
        self,
        *,
        fs: int = _DNSMOS_RATE,
        personalized: bool = False,
        **options: Unpack[ReducedOptions],
    ):
        super().__init__(fs=fs, **options)
        if fs != _DNSMOS_RATE:
            raise ValueError(
                f"The network of DNSMOS hears speech at fs={_DNSMOS_RATE}, not {fs}. Resample it, "
                "as with `scipy.signal.resample_poly`."
            )
        self.model_type = "dnsmos_personalized" if personalized else "dnsmos"
        optional_package("speechmos.dnsmos", type(self), _SPEECHMOS)

    def value_of(self, signal: np.ndarray) -> Any:
        """The opinion scores of one signal."""
        dnsmos = optional_package("speechmos.dnsmos", type(self), _SPEECHMOS)
        opinions = dnsmos.run(signal, self.fs, model_type=self.model_type)
        return [opinions[key] for key in _DNSMOS_KEYS]


speech_reverberation_modulation_energy_ratio = function_of_values(
    SpeechReverberationModulationEnergyRatio, number_before(1)
)
non_intrusive_speech_quality_assessment = function_of_values(
    NonIntrusiveSpeechQualityAssessment, number_before(1)
)
deep_noise_suppression_mean_opinion_score = function_of_values(
    DeepNoiseSuppressionMeanOpinionScore, number_before(1)
)
