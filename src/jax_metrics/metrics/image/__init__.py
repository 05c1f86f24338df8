"""Metrics of images, and of the features of images."""

from jax_metrics.metrics.image._feature_share import FeatureShare as FeatureShare
from jax_metrics.metrics.image._frechet_distance import (
    FrechetInceptionDistance as FrechetInceptionDistance,
)
from jax_metrics.metrics.image._frechet_distance import (
    frechet_inception_distance as frechet_inception_distance,
)
from jax_metrics.metrics.image._inception_score import InceptionScore as InceptionScore
from jax_metrics.metrics.image._inception_score import inception_score as inception_score
from jax_metrics.metrics.image._kernel_distance import (
    KernelInceptionDistance as KernelInceptionDistance,
)
from jax_metrics.metrics.image._kernel_distance import (
    kernel_inception_distance as kernel_inception_distance,
)
from jax_metrics.metrics.image._memorization_distance import (
    MemorizationInformedFrechetInceptionDistance as MemorizationInformedFrechetInceptionDistance,
)
from jax_metrics.metrics.image._memorization_distance import (
    memorization_informed_frechet_inception_distance as memorization_informed_frechet_inception_distance,  # noqa: E501
)
from jax_metrics.metrics.image._no_reference_quality import ARNIQA as ARNIQA
from jax_metrics.metrics.image._no_reference_quality import arniqa as arniqa
from jax_metrics.metrics.image._pan_sharpening import (
    QualityWithNoReference as QualityWithNoReference,
)
from jax_metrics.metrics.image._pan_sharpening import (
    SpatialDistortionIndex as SpatialDistortionIndex,
)
from jax_metrics.metrics.image._pan_sharpening import (
    SpectralDistortionIndex as SpectralDistortionIndex,
)
from jax_metrics.metrics.image._pan_sharpening import (
    quality_with_no_reference as quality_with_no_reference,
)
from jax_metrics.metrics.image._pan_sharpening import (
    spatial_distortion_index as spatial_distortion_index,
)
from jax_metrics.metrics.image._pan_sharpening import (
    spectral_distortion_index as spectral_distortion_index,
)
from jax_metrics.metrics.image._path_length import PerceptualPathLength as PerceptualPathLength
from jax_metrics.metrics.image._path_length import perceptual_path_length as perceptual_path_length
from jax_metrics.metrics.image._peak_signal_noise_ratio import (
    PeakSignalNoiseRatio as PeakSignalNoiseRatio,
)
from jax_metrics.metrics.image._peak_signal_noise_ratio import (
    PeakSignalNoiseRatioWithBlockedEffect as PeakSignalNoiseRatioWithBlockedEffect,
)
from jax_metrics.metrics.image._peak_signal_noise_ratio import (
    peak_signal_noise_ratio as peak_signal_noise_ratio,
)
from jax_metrics.metrics.image._peak_signal_noise_ratio import (
    peak_signal_noise_ratio_with_blocked_effect as peak_signal_noise_ratio_with_blocked_effect,
)
from jax_metrics.metrics.image._perceptual_similarity import (
    LearnedPerceptualImagePatchSimilarity as LearnedPerceptualImagePatchSimilarity,
)
from jax_metrics.metrics.image._perceptual_similarity import (
    learned_perceptual_image_patch_similarity as learned_perceptual_image_patch_similarity,
)
from jax_metrics.metrics.image._relative_global_error import (
    ErrorRelativeGlobalDimensionlessSynthesis as ErrorRelativeGlobalDimensionlessSynthesis,
)
from jax_metrics.metrics.image._relative_global_error import (
    error_relative_global_dimensionless_synthesis as error_relative_global_dimensionless_synthesis,
)
from jax_metrics.metrics.image._sliding_window_error import (
    RelativeAverageSpectralError as RelativeAverageSpectralError,
)
from jax_metrics.metrics.image._sliding_window_error import (
    RootMeanSquaredErrorUsingSlidingWindow as RootMeanSquaredErrorUsingSlidingWindow,
)
from jax_metrics.metrics.image._sliding_window_error import (
    relative_average_spectral_error as relative_average_spectral_error,
)
from jax_metrics.metrics.image._sliding_window_error import (
    root_mean_squared_error_using_sliding_window as root_mean_squared_error_using_sliding_window,
)
from jax_metrics.metrics.image._spatial_correlation import (
    SpatialCorrelationCoefficient as SpatialCorrelationCoefficient,
)
from jax_metrics.metrics.image._spatial_correlation import (
    spatial_correlation_coefficient as spatial_correlation_coefficient,
)
from jax_metrics.metrics.image._spectral_angle import SpectralAngleMapper as SpectralAngleMapper
from jax_metrics.metrics.image._spectral_angle import spectral_angle_mapper as spectral_angle_mapper
from jax_metrics.metrics.image._structural_similarity import (
    MultiScaleStructuralSimilarityIndexMeasure as MultiScaleStructuralSimilarityIndexMeasure,
)
from jax_metrics.metrics.image._structural_similarity import (
    StructuralSimilarityIndexMeasure as StructuralSimilarityIndexMeasure,
)
from jax_metrics.metrics.image._structural_similarity import (
    multiscale_structural_similarity_index_measure as multiscale_structural_similarity_index_measure,  # noqa: E501
)
from jax_metrics.metrics.image._structural_similarity import (
    structural_similarity_index_measure as structural_similarity_index_measure,
)
from jax_metrics.metrics.image._structure_and_texture import (
    DeepImageStructureAndTextureSimilarity as DeepImageStructureAndTextureSimilarity,
)
from jax_metrics.metrics.image._structure_and_texture import (
    deep_image_structure_and_texture_similarity as deep_image_structure_and_texture_similarity,
)
from jax_metrics.metrics.image._total_variation import TotalVariation as TotalVariation
from jax_metrics.metrics.image._total_variation import image_gradients as image_gradients
from jax_metrics.metrics.image._total_variation import total_variation as total_variation
from jax_metrics.metrics.image._universal_quality import (
    UniversalImageQualityIndex as UniversalImageQualityIndex,
)
from jax_metrics.metrics.image._universal_quality import (
    universal_image_quality_index as universal_image_quality_index,
)
from jax_metrics.metrics.image._visual_information_fidelity import (
    VisualInformationFidelity as VisualInformationFidelity,
)
from jax_metrics.metrics.image._visual_information_fidelity import (
    visual_information_fidelity as visual_information_fidelity,
)
