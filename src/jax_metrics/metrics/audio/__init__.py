"""Metrics of audio: separated and denoised signals, and speech."""

from jax_metrics.metrics.audio._permutation_invariant import (
    PermutationInvariantTraining as PermutationInvariantTraining,
)
from jax_metrics.metrics.audio._permutation_invariant import (
    permutation_invariant_training as permutation_invariant_training,
)
from jax_metrics.metrics.audio._permutation_invariant import pit_permutate as pit_permutate
from jax_metrics.metrics.audio._signal_distortion_ratio import (
    SignalDistortionRatio as SignalDistortionRatio,
)
from jax_metrics.metrics.audio._signal_distortion_ratio import (
    signal_distortion_ratio as signal_distortion_ratio,
)
from jax_metrics.metrics.audio._signal_ratios import (
    ComplexScaleInvariantSignalNoiseRatio as ComplexScaleInvariantSignalNoiseRatio,
)
from jax_metrics.metrics.audio._signal_ratios import (
    ScaleInvariantSignalDistortionRatio as ScaleInvariantSignalDistortionRatio,
)
from jax_metrics.metrics.audio._signal_ratios import (
    ScaleInvariantSignalNoiseRatio as ScaleInvariantSignalNoiseRatio,
)
from jax_metrics.metrics.audio._signal_ratios import SignalNoiseRatio as SignalNoiseRatio
from jax_metrics.metrics.audio._signal_ratios import (
    SourceAggregatedSignalDistortionRatio as SourceAggregatedSignalDistortionRatio,
)
from jax_metrics.metrics.audio._signal_ratios import (
    complex_scale_invariant_signal_noise_ratio as complex_scale_invariant_signal_noise_ratio,
)
from jax_metrics.metrics.audio._signal_ratios import (
    scale_invariant_signal_distortion_ratio as scale_invariant_signal_distortion_ratio,
)
from jax_metrics.metrics.audio._signal_ratios import (
    scale_invariant_signal_noise_ratio as scale_invariant_signal_noise_ratio,
)
from jax_metrics.metrics.audio._signal_ratios import signal_noise_ratio as signal_noise_ratio
from jax_metrics.metrics.audio._signal_ratios import (
    source_aggregated_signal_distortion_ratio as source_aggregated_signal_distortion_ratio,
)
from jax_metrics.metrics.audio._speech_alone import (
    DeepNoiseSuppressionMeanOpinionScore as DeepNoiseSuppressionMeanOpinionScore,
)
from jax_metrics.metrics.audio._speech_alone import (
    NonIntrusiveSpeechQualityAssessment as NonIntrusiveSpeechQualityAssessment,
)
from jax_metrics.metrics.audio._speech_alone import (
    SpeechReverberationModulationEnergyRatio as SpeechReverberationModulationEnergyRatio,
)
from jax_metrics.metrics.audio._speech_alone import (
    deep_noise_suppression_mean_opinion_score as deep_noise_suppression_mean_opinion_score,
)
from jax_metrics.metrics.audio._speech_alone import (
    non_intrusive_speech_quality_assessment as non_intrusive_speech_quality_assessment,
)
from jax_metrics.metrics.audio._speech_alone import (
    speech_reverberation_modulation_energy_ratio as speech_reverberation_modulation_energy_ratio,
)
from jax_metrics.metrics.audio._speech_quality import (
    PerceptualEvaluationSpeechQuality as PerceptualEvaluationSpeechQuality,
)
from jax_metrics.metrics.audio._speech_quality import (
    ShortTimeObjectiveIntelligibility as ShortTimeObjectiveIntelligibility,
)
from jax_metrics.metrics.audio._speech_quality import (
    perceptual_evaluation_speech_quality as perceptual_evaluation_speech_quality,
)
from jax_metrics.metrics.audio._speech_quality import (
    short_time_objective_intelligibility as short_time_objective_intelligibility,
)
