"""The quality and the intelligibility of speech, compared with clean speech."""

from typing import Any, Unpack

import numpy as np

from jax_metrics.arguments import one_of
from jax_metrics.metrics._reduced_mean import ReducedOptions, function_of_values, number_before
from jax_metrics.metrics.audio._by_package import Comparing, optional_package


class PerceptualEvaluationSpeechQuality(Comparing):
    """The mean perceptual quality of speech (PESQ), from -0.5 to 4.5.

    Signals `[..., time]` are scored by the package `pesq`, on the host. NaN before the first
    update.

    Args:
        fs: The sampling rate, 8000 or 16000 Hz.
        mode: `"wb"` for wide-band speech, only at 16000 Hz, or `"nb"` for narrow-band.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ImportError: If the package `pesq` is missing.
        ValueError: If an option is unknown.

    Source: ITU-T Recommendations P.862 and P.862.2.

    Example:
        >>> import jax_metrics as jm
        >>> jm.metrics.PerceptualEvaluationSpeechQuality.higher_is_better
        True
    """

    def __init__(self, *, fs: int, mode: str, **options: Unpack[ReducedOptions]):
        super().__init__(fs=fs, **options)
        one_of("fs", fs, (8000, 16000))
        one_of("mode", mode, ("wb", "nb"))
        if mode == "wb" and fs == 8000:
            raise ValueError("Wide-band speech, mode='wb', has a sampling rate of fs=16000.")
        self.mode = mode
        optional_package("pesq", type(self), "pesq")

    def value_of(self, target: np.ndarray, preds: np.ndarray) -> Any:
        """The quality of one signal."""
        pesq = optional_package("pesq", type(self), "pesq")
        return pesq.pesq(self.fs, target, preds, self.mode)


class ShortTimeObjectiveIntelligibility(Comparing):
    """The mean short-time objective intelligibility of speech (STOI), at most 1.

    Signals `[..., time]` are scored by the package `pystoi`, on the host. NaN before the first
    update.

    Args:
        fs: The sampling rate in Hz.
        extended: Whether to compute the extended measure, which also suits noise that changes
            quickly.
        **options: `reduction` and `capacity`, as in `ReducedMean`.

    Raises:
        ImportError: If the package `pystoi` is missing.
        ValueError: If the rate is not positive.

    Source: Taal, Hendriks, Heusdens, Jensen: An Algorithm for Intelligibility Prediction of
    Time-Frequency Weighted Noisy Speech (2011); Jensen, Taal: An Algorithm for Predicting the
    Intelligibility of Speech Masked by Modulated Noise Maskers (2016).

    Example:
        >>> import jax_metrics as jm
        >>> jm.metrics.ShortTimeObjectiveIntelligibility.higher_is_better
        True
    """

    bounds = (-1, 1)

    def __init__(self, *, fs: int, extended: bool = False, **options: Unpack[ReducedOptions]):
        super().__init__(fs=fs, **options)
        self.extended = extended
        optional_package("pystoi", type(self), "pystoi")

    def value_of(self, target: np.ndarray, preds: np.ndarray) -> Any:
        """The intelligibility of one signal."""
        pystoi = optional_package("pystoi", type(self), "pystoi")
        return pystoi.stoi(target, preds, self.fs, extended=self.extended)


perceptual_evaluation_speech_quality = function_of_values(
    PerceptualEvaluationSpeechQuality, number_before(1)
)
short_time_objective_intelligibility = function_of_values(
    ShortTimeObjectiveIntelligibility, number_before(1)
)
