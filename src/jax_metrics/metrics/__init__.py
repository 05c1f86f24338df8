"""Metrics, their bases, and the state to build them from."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from jax_metrics._other_names import missing_name as _missing_name
from jax_metrics.metrics._check_modes import checks as checks
from jax_metrics.metrics._checks import check as check
from jax_metrics.metrics._composite import Composite as Composite
from jax_metrics.metrics._expression import Expression as Expression
from jax_metrics.metrics._functional import functional as functional
from jax_metrics.metrics._mean_of import MeanOf as MeanOf
from jax_metrics.metrics._metric import Metric as Metric
from jax_metrics.metrics.aggregation import Cat as Cat
from jax_metrics.metrics.aggregation import LastValue as LastValue
from jax_metrics.metrics.aggregation import Max as Max
from jax_metrics.metrics.aggregation import Mean as Mean
from jax_metrics.metrics.aggregation import Min as Min
from jax_metrics.metrics.aggregation import Reduce as Reduce
from jax_metrics.metrics.aggregation import StandardError as StandardError
from jax_metrics.metrics.aggregation import Std as Std
from jax_metrics.metrics.aggregation import Sum as Sum
from jax_metrics.metrics.aggregation import Throughput as Throughput
from jax_metrics.metrics.aggregation import Variance as Variance
from jax_metrics.metrics.audio import (
    ComplexScaleInvariantSignalNoiseRatio as ComplexScaleInvariantSignalNoiseRatio,
)
from jax_metrics.metrics.audio import (
    DeepNoiseSuppressionMeanOpinionScore as DeepNoiseSuppressionMeanOpinionScore,
)
from jax_metrics.metrics.audio import (
    NonIntrusiveSpeechQualityAssessment as NonIntrusiveSpeechQualityAssessment,
)
from jax_metrics.metrics.audio import (
    PerceptualEvaluationSpeechQuality as PerceptualEvaluationSpeechQuality,
)
from jax_metrics.metrics.audio import PermutationInvariantTraining as PermutationInvariantTraining
from jax_metrics.metrics.audio import (
    ScaleInvariantSignalDistortionRatio as ScaleInvariantSignalDistortionRatio,
)
from jax_metrics.metrics.audio import (
    ScaleInvariantSignalNoiseRatio as ScaleInvariantSignalNoiseRatio,
)
from jax_metrics.metrics.audio import (
    ShortTimeObjectiveIntelligibility as ShortTimeObjectiveIntelligibility,
)
from jax_metrics.metrics.audio import SignalDistortionRatio as SignalDistortionRatio
from jax_metrics.metrics.audio import SignalNoiseRatio as SignalNoiseRatio
from jax_metrics.metrics.audio import (
    SourceAggregatedSignalDistortionRatio as SourceAggregatedSignalDistortionRatio,
)
from jax_metrics.metrics.audio import (
    SpeechReverberationModulationEnergyRatio as SpeechReverberationModulationEnergyRatio,
)
from jax_metrics.metrics.audio import (
    complex_scale_invariant_signal_noise_ratio as complex_scale_invariant_signal_noise_ratio,
)
from jax_metrics.metrics.audio import (
    deep_noise_suppression_mean_opinion_score as deep_noise_suppression_mean_opinion_score,
)
from jax_metrics.metrics.audio import (
    non_intrusive_speech_quality_assessment as non_intrusive_speech_quality_assessment,
)
from jax_metrics.metrics.audio import (
    perceptual_evaluation_speech_quality as perceptual_evaluation_speech_quality,
)
from jax_metrics.metrics.audio import (
    permutation_invariant_training as permutation_invariant_training,
)
from jax_metrics.metrics.audio import pit_permutate as pit_permutate
from jax_metrics.metrics.audio import (
    scale_invariant_signal_distortion_ratio as scale_invariant_signal_distortion_ratio,
)
from jax_metrics.metrics.audio import (
    scale_invariant_signal_noise_ratio as scale_invariant_signal_noise_ratio,
)
from jax_metrics.metrics.audio import (
    short_time_objective_intelligibility as short_time_objective_intelligibility,
)
from jax_metrics.metrics.audio import signal_distortion_ratio as signal_distortion_ratio
from jax_metrics.metrics.audio import signal_noise_ratio as signal_noise_ratio
from jax_metrics.metrics.audio import (
    source_aggregated_signal_distortion_ratio as source_aggregated_signal_distortion_ratio,
)
from jax_metrics.metrics.audio import (
    speech_reverberation_modulation_energy_ratio as speech_reverberation_modulation_energy_ratio,
)
from jax_metrics.metrics.classification import Accuracy as Accuracy
from jax_metrics.metrics.classification import BalancedAccuracy as BalancedAccuracy
from jax_metrics.metrics.classification import ClassificationReport as ClassificationReport
from jax_metrics.metrics.classification import CohenKappa as CohenKappa
from jax_metrics.metrics.classification import ConfusionMatrix as ConfusionMatrix
from jax_metrics.metrics.classification import Counting as Counting
from jax_metrics.metrics.classification import ExactMatch as ExactMatch
from jax_metrics.metrics.classification import F1Score as F1Score
from jax_metrics.metrics.classification import Fairness as Fairness
from jax_metrics.metrics.classification import FBetaScore as FBetaScore
from jax_metrics.metrics.classification import GroupStatRates as GroupStatRates
from jax_metrics.metrics.classification import HammingDistance as HammingDistance
from jax_metrics.metrics.classification import JaccardIndex as JaccardIndex
from jax_metrics.metrics.classification import MatthewsCorrCoef as MatthewsCorrCoef
from jax_metrics.metrics.classification import (
    MultilabelConfusionMatrix as MultilabelConfusionMatrix,
)
from jax_metrics.metrics.classification import NegativeLikelihoodRatio as NegativeLikelihoodRatio
from jax_metrics.metrics.classification import NegativePredictiveValue as NegativePredictiveValue
from jax_metrics.metrics.classification import PositiveLikelihoodRatio as PositiveLikelihoodRatio
from jax_metrics.metrics.classification import Precision as Precision
from jax_metrics.metrics.classification import Recall as Recall
from jax_metrics.metrics.classification import Specificity as Specificity
from jax_metrics.metrics.classification import StatScores as StatScores
from jax_metrics.metrics.classification import accuracy as accuracy
from jax_metrics.metrics.classification import balanced_accuracy as balanced_accuracy
from jax_metrics.metrics.classification import classification_report as classification_report
from jax_metrics.metrics.classification import cohen_kappa as cohen_kappa
from jax_metrics.metrics.classification import confusion_matrix as confusion_matrix
from jax_metrics.metrics.classification import exact_match as exact_match
from jax_metrics.metrics.classification import f1_score as f1_score
from jax_metrics.metrics.classification import fairness as fairness
from jax_metrics.metrics.classification import fbeta_score as fbeta_score
from jax_metrics.metrics.classification import group_stat_rates as group_stat_rates
from jax_metrics.metrics.classification import hamming_distance as hamming_distance
from jax_metrics.metrics.classification import jaccard_index as jaccard_index
from jax_metrics.metrics.classification import matthews_corrcoef as matthews_corrcoef
from jax_metrics.metrics.classification import (
    multilabel_confusion_matrix as multilabel_confusion_matrix,
)
from jax_metrics.metrics.classification import (
    negative_likelihood_ratio as negative_likelihood_ratio,
)
from jax_metrics.metrics.classification import (
    negative_predictive_value as negative_predictive_value,
)
from jax_metrics.metrics.classification import (
    positive_likelihood_ratio as positive_likelihood_ratio,
)
from jax_metrics.metrics.classification import precision as precision
from jax_metrics.metrics.classification import recall as recall
from jax_metrics.metrics.classification import specificity as specificity
from jax_metrics.metrics.classification import stat_scores as stat_scores
from jax_metrics.metrics.clustering import AdjustedMutualInfoScore as AdjustedMutualInfoScore
from jax_metrics.metrics.clustering import AdjustedRandScore as AdjustedRandScore
from jax_metrics.metrics.clustering import CalinskiHarabaszScore as CalinskiHarabaszScore
from jax_metrics.metrics.clustering import ClusterAccuracy as ClusterAccuracy
from jax_metrics.metrics.clustering import CompletenessScore as CompletenessScore
from jax_metrics.metrics.clustering import DaviesBouldinScore as DaviesBouldinScore
from jax_metrics.metrics.clustering import DunnIndex as DunnIndex
from jax_metrics.metrics.clustering import FowlkesMallowsIndex as FowlkesMallowsIndex
from jax_metrics.metrics.clustering import HomogeneityScore as HomogeneityScore
from jax_metrics.metrics.clustering import MutualInfoScore as MutualInfoScore
from jax_metrics.metrics.clustering import NormalizedMutualInfoScore as NormalizedMutualInfoScore
from jax_metrics.metrics.clustering import PairConfusionMatrix as PairConfusionMatrix
from jax_metrics.metrics.clustering import RandScore as RandScore
from jax_metrics.metrics.clustering import SilhouetteScore as SilhouetteScore
from jax_metrics.metrics.clustering import VMeasureScore as VMeasureScore
from jax_metrics.metrics.clustering import adjusted_mutual_info_score as adjusted_mutual_info_score
from jax_metrics.metrics.clustering import adjusted_rand_score as adjusted_rand_score
from jax_metrics.metrics.clustering import calinski_harabasz_score as calinski_harabasz_score
from jax_metrics.metrics.clustering import cluster_accuracy as cluster_accuracy
from jax_metrics.metrics.clustering import completeness_score as completeness_score
from jax_metrics.metrics.clustering import davies_bouldin_score as davies_bouldin_score
from jax_metrics.metrics.clustering import dunn_index as dunn_index
from jax_metrics.metrics.clustering import fowlkes_mallows_index as fowlkes_mallows_index
from jax_metrics.metrics.clustering import homogeneity_score as homogeneity_score
from jax_metrics.metrics.clustering import mutual_info_score as mutual_info_score
from jax_metrics.metrics.clustering import (
    normalized_mutual_info_score as normalized_mutual_info_score,
)
from jax_metrics.metrics.clustering import pair_confusion_matrix as pair_confusion_matrix
from jax_metrics.metrics.clustering import rand_score as rand_score
from jax_metrics.metrics.clustering import silhouette_samples as silhouette_samples
from jax_metrics.metrics.clustering import silhouette_score as silhouette_score
from jax_metrics.metrics.clustering import v_measure_score as v_measure_score
from jax_metrics.metrics.collections import AuxLosses as AuxLosses
from jax_metrics.metrics.collections import AuxMetrics as AuxMetrics
from jax_metrics.metrics.collections import LossAndLogs as LossAndLogs
from jax_metrics.metrics.collections import Losses as Losses
from jax_metrics.metrics.collections import Metrics as Metrics
from jax_metrics.metrics.counts import bincount as bincount
from jax_metrics.metrics.curves import AUC as AUC
from jax_metrics.metrics.curves import AUROC as AUROC
from jax_metrics.metrics.curves import DET as DET
from jax_metrics.metrics.curves import EER as EER
from jax_metrics.metrics.curves import ROC as ROC
from jax_metrics.metrics.curves import AveragePrecision as AveragePrecision
from jax_metrics.metrics.curves import BestThreshold as BestThreshold
from jax_metrics.metrics.curves import Characteristic as Characteristic
from jax_metrics.metrics.curves import (
    ConfusionMatrixAtThresholds as ConfusionMatrixAtThresholds,
)
from jax_metrics.metrics.curves import Confusions as Confusions
from jax_metrics.metrics.curves import Curve as Curve
from jax_metrics.metrics.curves import CurveScore as CurveScore
from jax_metrics.metrics.curves import DetectionErrorTradeoff as DetectionErrorTradeoff
from jax_metrics.metrics.curves import LogAUC as LogAUC
from jax_metrics.metrics.curves import OperatingPoint as OperatingPoint
from jax_metrics.metrics.curves import PrecisionAtFixedRecall as PrecisionAtFixedRecall
from jax_metrics.metrics.curves import PrecisionRecall as PrecisionRecall
from jax_metrics.metrics.curves import PrecisionRecallCurve as PrecisionRecallCurve
from jax_metrics.metrics.curves import RecallAtFixedPrecision as RecallAtFixedPrecision
from jax_metrics.metrics.curves import SensitivityAtSpecificity as SensitivityAtSpecificity
from jax_metrics.metrics.curves import SpecificityAtSensitivity as SpecificityAtSensitivity
from jax_metrics.metrics.curves import WindowedAUROC as WindowedAUROC
from jax_metrics.metrics.curves import auc as auc
from jax_metrics.metrics.curves import auroc as auroc
from jax_metrics.metrics.curves import average_precision as average_precision
from jax_metrics.metrics.curves import best_threshold as best_threshold
from jax_metrics.metrics.curves import (
    confusion_matrix_at_thresholds as confusion_matrix_at_thresholds,
)
from jax_metrics.metrics.curves import det as det
from jax_metrics.metrics.curves import eer as eer
from jax_metrics.metrics.curves import log_auc as log_auc
from jax_metrics.metrics.curves import precision_at_fixed_recall as precision_at_fixed_recall
from jax_metrics.metrics.curves import precision_recall_curve as precision_recall_curve
from jax_metrics.metrics.curves import recall_at_fixed_precision as recall_at_fixed_precision
from jax_metrics.metrics.curves import roc as roc
from jax_metrics.metrics.curves import sensitivity_at_specificity as sensitivity_at_specificity
from jax_metrics.metrics.curves import specificity_at_sensitivity as specificity_at_sensitivity
from jax_metrics.metrics.detection import (
    CompleteIntersectionOverUnion as CompleteIntersectionOverUnion,
)
from jax_metrics.metrics.detection import (
    DistanceIntersectionOverUnion as DistanceIntersectionOverUnion,
)
from jax_metrics.metrics.detection import (
    GeneralizedIntersectionOverUnion as GeneralizedIntersectionOverUnion,
)
from jax_metrics.metrics.detection import IntersectionOverUnion as IntersectionOverUnion
from jax_metrics.metrics.detection import MeanAveragePrecision as MeanAveragePrecision
from jax_metrics.metrics.detection import ModifiedPanopticQuality as ModifiedPanopticQuality
from jax_metrics.metrics.detection import PanopticQuality as PanopticQuality
from jax_metrics.metrics.detection import (
    complete_intersection_over_union as complete_intersection_over_union,
)
from jax_metrics.metrics.detection import (
    distance_intersection_over_union as distance_intersection_over_union,
)
from jax_metrics.metrics.detection import (
    generalized_intersection_over_union as generalized_intersection_over_union,
)
from jax_metrics.metrics.detection import intersection_over_union as intersection_over_union
from jax_metrics.metrics.detection import mean_average_precision as mean_average_precision
from jax_metrics.metrics.detection import modified_panoptic_quality as modified_panoptic_quality
from jax_metrics.metrics.detection import panoptic_quality as panoptic_quality
from jax_metrics.metrics.image import ARNIQA as ARNIQA
from jax_metrics.metrics.image import (
    DeepImageStructureAndTextureSimilarity as DeepImageStructureAndTextureSimilarity,
)
from jax_metrics.metrics.image import (
    ErrorRelativeGlobalDimensionlessSynthesis as ErrorRelativeGlobalDimensionlessSynthesis,
)
from jax_metrics.metrics.image import FeatureShare as FeatureShare
from jax_metrics.metrics.image import FrechetInceptionDistance as FrechetInceptionDistance
from jax_metrics.metrics.image import InceptionScore as InceptionScore
from jax_metrics.metrics.image import KernelInceptionDistance as KernelInceptionDistance
from jax_metrics.metrics.image import (
    LearnedPerceptualImagePatchSimilarity as LearnedPerceptualImagePatchSimilarity,
)
from jax_metrics.metrics.image import (
    MemorizationInformedFrechetInceptionDistance as MemorizationInformedFrechetInceptionDistance,
)
from jax_metrics.metrics.image import (
    MultiScaleStructuralSimilarityIndexMeasure as MultiScaleStructuralSimilarityIndexMeasure,
)
from jax_metrics.metrics.image import PeakSignalNoiseRatio as PeakSignalNoiseRatio
from jax_metrics.metrics.image import (
    PeakSignalNoiseRatioWithBlockedEffect as PeakSignalNoiseRatioWithBlockedEffect,
)
from jax_metrics.metrics.image import PerceptualPathLength as PerceptualPathLength
from jax_metrics.metrics.image import QualityWithNoReference as QualityWithNoReference
from jax_metrics.metrics.image import RelativeAverageSpectralError as RelativeAverageSpectralError
from jax_metrics.metrics.image import (
    RootMeanSquaredErrorUsingSlidingWindow as RootMeanSquaredErrorUsingSlidingWindow,
)
from jax_metrics.metrics.image import SpatialCorrelationCoefficient as SpatialCorrelationCoefficient
from jax_metrics.metrics.image import SpatialDistortionIndex as SpatialDistortionIndex
from jax_metrics.metrics.image import SpectralAngleMapper as SpectralAngleMapper
from jax_metrics.metrics.image import SpectralDistortionIndex as SpectralDistortionIndex
from jax_metrics.metrics.image import (
    StructuralSimilarityIndexMeasure as StructuralSimilarityIndexMeasure,
)
from jax_metrics.metrics.image import TotalVariation as TotalVariation
from jax_metrics.metrics.image import UniversalImageQualityIndex as UniversalImageQualityIndex
from jax_metrics.metrics.image import VisualInformationFidelity as VisualInformationFidelity
from jax_metrics.metrics.image import arniqa as arniqa
from jax_metrics.metrics.image import (
    deep_image_structure_and_texture_similarity as deep_image_structure_and_texture_similarity,
)
from jax_metrics.metrics.image import (
    error_relative_global_dimensionless_synthesis as error_relative_global_dimensionless_synthesis,
)
from jax_metrics.metrics.image import frechet_inception_distance as frechet_inception_distance
from jax_metrics.metrics.image import image_gradients as image_gradients
from jax_metrics.metrics.image import inception_score as inception_score
from jax_metrics.metrics.image import kernel_inception_distance as kernel_inception_distance
from jax_metrics.metrics.image import (
    learned_perceptual_image_patch_similarity as learned_perceptual_image_patch_similarity,
)
from jax_metrics.metrics.image import (
    memorization_informed_frechet_inception_distance as memorization_informed_frechet_inception_distance,  # noqa: E501
)
from jax_metrics.metrics.image import (
    multiscale_structural_similarity_index_measure as multiscale_structural_similarity_index_measure,  # noqa: E501
)
from jax_metrics.metrics.image import peak_signal_noise_ratio as peak_signal_noise_ratio
from jax_metrics.metrics.image import (
    peak_signal_noise_ratio_with_blocked_effect as peak_signal_noise_ratio_with_blocked_effect,
)
from jax_metrics.metrics.image import perceptual_path_length as perceptual_path_length
from jax_metrics.metrics.image import quality_with_no_reference as quality_with_no_reference
from jax_metrics.metrics.image import (
    relative_average_spectral_error as relative_average_spectral_error,
)
from jax_metrics.metrics.image import (
    root_mean_squared_error_using_sliding_window as root_mean_squared_error_using_sliding_window,
)
from jax_metrics.metrics.image import (
    spatial_correlation_coefficient as spatial_correlation_coefficient,
)
from jax_metrics.metrics.image import spatial_distortion_index as spatial_distortion_index
from jax_metrics.metrics.image import spectral_angle_mapper as spectral_angle_mapper
from jax_metrics.metrics.image import spectral_distortion_index as spectral_distortion_index
from jax_metrics.metrics.image import (
    structural_similarity_index_measure as structural_similarity_index_measure,
)
from jax_metrics.metrics.image import total_variation as total_variation
from jax_metrics.metrics.image import universal_image_quality_index as universal_image_quality_index
from jax_metrics.metrics.image import visual_information_fidelity as visual_information_fidelity
from jax_metrics.metrics.inputs import Labels as Labels
from jax_metrics.metrics.multimodal import CLIPImageQualityAssessment as CLIPImageQualityAssessment
from jax_metrics.metrics.multimodal import CLIPScore as CLIPScore
from jax_metrics.metrics.multimodal import LipVertexError as LipVertexError
from jax_metrics.metrics.multimodal import (
    clip_image_quality_assessment as clip_image_quality_assessment,
)
from jax_metrics.metrics.multimodal import clip_score as clip_score
from jax_metrics.metrics.multimodal import lip_vertex_error as lip_vertex_error
from jax_metrics.metrics.nominal import CramersV as CramersV
from jax_metrics.metrics.nominal import FleissKappa as FleissKappa
from jax_metrics.metrics.nominal import (
    PearsonsContingencyCoefficient as PearsonsContingencyCoefficient,
)
from jax_metrics.metrics.nominal import TheilsU as TheilsU
from jax_metrics.metrics.nominal import TschuprowsT as TschuprowsT
from jax_metrics.metrics.nominal import cramers_v as cramers_v
from jax_metrics.metrics.nominal import cramers_v_matrix as cramers_v_matrix
from jax_metrics.metrics.nominal import fleiss_kappa as fleiss_kappa
from jax_metrics.metrics.nominal import (
    pearsons_contingency_coefficient as pearsons_contingency_coefficient,
)
from jax_metrics.metrics.nominal import (
    pearsons_contingency_coefficient_matrix as pearsons_contingency_coefficient_matrix,
)
from jax_metrics.metrics.nominal import theils_u as theils_u
from jax_metrics.metrics.nominal import theils_u_matrix as theils_u_matrix
from jax_metrics.metrics.nominal import tschuprows_t as tschuprows_t
from jax_metrics.metrics.nominal import tschuprows_t_matrix as tschuprows_t_matrix
from jax_metrics.metrics.pairwise import pairwise_cosine_similarity as pairwise_cosine_similarity
from jax_metrics.metrics.pairwise import pairwise_euclidean_distance as pairwise_euclidean_distance
from jax_metrics.metrics.pairwise import pairwise_linear_similarity as pairwise_linear_similarity
from jax_metrics.metrics.pairwise import pairwise_manhattan_distance as pairwise_manhattan_distance
from jax_metrics.metrics.pairwise import pairwise_minkowski_distance as pairwise_minkowski_distance
from jax_metrics.metrics.regression import ConcordanceCorrCoef as ConcordanceCorrCoef
from jax_metrics.metrics.regression import (
    ContinuousRankedProbabilityScore as ContinuousRankedProbabilityScore,
)
from jax_metrics.metrics.regression import CosineSimilarity as CosineSimilarity
from jax_metrics.metrics.regression import CriticalSuccessIndex as CriticalSuccessIndex
from jax_metrics.metrics.regression import D2AbsoluteErrorScore as D2AbsoluteErrorScore
from jax_metrics.metrics.regression import D2PinballScore as D2PinballScore
from jax_metrics.metrics.regression import D2TweedieScore as D2TweedieScore
from jax_metrics.metrics.regression import ExplainedVariance as ExplainedVariance
from jax_metrics.metrics.regression import JensenShannonDivergence as JensenShannonDivergence
from jax_metrics.metrics.regression import KendallRankCorrCoef as KendallRankCorrCoef
from jax_metrics.metrics.regression import KLDivergence as KLDivergence
from jax_metrics.metrics.regression import LogCoshError as LogCoshError
from jax_metrics.metrics.regression import MaxError as MaxError
from jax_metrics.metrics.regression import MeanAbsoluteError as MeanAbsoluteError
from jax_metrics.metrics.regression import (
    MeanAbsolutePercentageError as MeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression import MeanPinballLoss as MeanPinballLoss
from jax_metrics.metrics.regression import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression import (
    MeanSquaredLogarithmicError as MeanSquaredLogarithmicError,
)
from jax_metrics.metrics.regression import MedianAbsoluteError as MedianAbsoluteError
from jax_metrics.metrics.regression import MinkowskiDistance as MinkowskiDistance
from jax_metrics.metrics.regression import (
    NormalizedRootMeanSquaredError as NormalizedRootMeanSquaredError,
)
from jax_metrics.metrics.regression import PearsonCorrCoef as PearsonCorrCoef
from jax_metrics.metrics.regression import Poisson as Poisson
from jax_metrics.metrics.regression import R2Score as R2Score
from jax_metrics.metrics.regression import Ranks as Ranks
from jax_metrics.metrics.regression import RelativeSquaredError as RelativeSquaredError
from jax_metrics.metrics.regression import RootMeanSquaredError as RootMeanSquaredError
from jax_metrics.metrics.regression import (
    RootMeanSquaredLogarithmicError as RootMeanSquaredLogarithmicError,
)
from jax_metrics.metrics.regression import SpearmanCorrCoef as SpearmanCorrCoef
from jax_metrics.metrics.regression import (
    SymmetricMeanAbsolutePercentageError as SymmetricMeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression import TweedieDevianceScore as TweedieDevianceScore
from jax_metrics.metrics.regression import (
    WeightedMeanAbsolutePercentageError as WeightedMeanAbsolutePercentageError,
)
from jax_metrics.metrics.regression import concordance_corrcoef as concordance_corrcoef
from jax_metrics.metrics.regression import (
    continuous_ranked_probability_score as continuous_ranked_probability_score,
)
from jax_metrics.metrics.regression import cosine_similarity as cosine_similarity
from jax_metrics.metrics.regression import critical_success_index as critical_success_index
from jax_metrics.metrics.regression import d2_absolute_error_score as d2_absolute_error_score
from jax_metrics.metrics.regression import d2_pinball_score as d2_pinball_score
from jax_metrics.metrics.regression import d2_tweedie_score as d2_tweedie_score
from jax_metrics.metrics.regression import explained_variance as explained_variance
from jax_metrics.metrics.regression import jensen_shannon_divergence as jensen_shannon_divergence
from jax_metrics.metrics.regression import kendall_rank_corrcoef as kendall_rank_corrcoef
from jax_metrics.metrics.regression import kl_divergence as kl_divergence
from jax_metrics.metrics.regression import log_cosh_error as log_cosh_error
from jax_metrics.metrics.regression import max_error as max_error
from jax_metrics.metrics.regression import mean_absolute_error as mean_absolute_error
from jax_metrics.metrics.regression import (
    mean_absolute_percentage_error as mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression import mean_pinball_loss as mean_pinball_loss
from jax_metrics.metrics.regression import mean_squared_error as mean_squared_error
from jax_metrics.metrics.regression import (
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
)
from jax_metrics.metrics.regression import median_absolute_error as median_absolute_error
from jax_metrics.metrics.regression import minkowski_distance as minkowski_distance
from jax_metrics.metrics.regression import (
    normalized_root_mean_squared_error as normalized_root_mean_squared_error,
)
from jax_metrics.metrics.regression import pearson_corrcoef as pearson_corrcoef
from jax_metrics.metrics.regression import poisson as poisson
from jax_metrics.metrics.regression import r2_score as r2_score
from jax_metrics.metrics.regression import relative_squared_error as relative_squared_error
from jax_metrics.metrics.regression import root_mean_squared_error as root_mean_squared_error
from jax_metrics.metrics.regression import (
    root_mean_squared_logarithmic_error as root_mean_squared_logarithmic_error,
)
from jax_metrics.metrics.regression import spearman_corrcoef as spearman_corrcoef
from jax_metrics.metrics.regression import (
    symmetric_mean_absolute_percentage_error as symmetric_mean_absolute_percentage_error,
)
from jax_metrics.metrics.regression import tweedie_deviance_score as tweedie_deviance_score
from jax_metrics.metrics.regression import (
    weighted_mean_absolute_percentage_error as weighted_mean_absolute_percentage_error,
)
from jax_metrics.metrics.retrieval import BestRecall as BestRecall
from jax_metrics.metrics.retrieval import PrecisionRecallByK as PrecisionRecallByK
from jax_metrics.metrics.retrieval import Ranked as Ranked
from jax_metrics.metrics.retrieval import RetrievalAUROC as RetrievalAUROC
from jax_metrics.metrics.retrieval import RetrievalDCG as RetrievalDCG
from jax_metrics.metrics.retrieval import RetrievalF1Score as RetrievalF1Score
from jax_metrics.metrics.retrieval import RetrievalFallOut as RetrievalFallOut
from jax_metrics.metrics.retrieval import RetrievalHitRate as RetrievalHitRate
from jax_metrics.metrics.retrieval import RetrievalMAP as RetrievalMAP
from jax_metrics.metrics.retrieval import RetrievalMetric as RetrievalMetric
from jax_metrics.metrics.retrieval import RetrievalMRR as RetrievalMRR
from jax_metrics.metrics.retrieval import RetrievalNormalizedDCG as RetrievalNormalizedDCG
from jax_metrics.metrics.retrieval import RetrievalPrecision as RetrievalPrecision
from jax_metrics.metrics.retrieval import (
    RetrievalPrecisionRecallCurve as RetrievalPrecisionRecallCurve,
)
from jax_metrics.metrics.retrieval import RetrievalRecall as RetrievalRecall
from jax_metrics.metrics.retrieval import (
    RetrievalRecallAtFixedPrecision as RetrievalRecallAtFixedPrecision,
)
from jax_metrics.metrics.retrieval import RetrievalRPrecision as RetrievalRPrecision
from jax_metrics.metrics.retrieval import retrieval_auroc as retrieval_auroc
from jax_metrics.metrics.retrieval import retrieval_average_precision as retrieval_average_precision
from jax_metrics.metrics.retrieval import retrieval_dcg as retrieval_dcg
from jax_metrics.metrics.retrieval import retrieval_f1_score as retrieval_f1_score
from jax_metrics.metrics.retrieval import retrieval_fall_out as retrieval_fall_out
from jax_metrics.metrics.retrieval import retrieval_hit_rate as retrieval_hit_rate
from jax_metrics.metrics.retrieval import retrieval_normalized_dcg as retrieval_normalized_dcg
from jax_metrics.metrics.retrieval import retrieval_precision as retrieval_precision
from jax_metrics.metrics.retrieval import (
    retrieval_precision_recall_curve as retrieval_precision_recall_curve,
)
from jax_metrics.metrics.retrieval import retrieval_r_precision as retrieval_r_precision
from jax_metrics.metrics.retrieval import retrieval_recall as retrieval_recall
from jax_metrics.metrics.retrieval import (
    retrieval_recall_at_fixed_precision as retrieval_recall_at_fixed_precision,
)
from jax_metrics.metrics.retrieval import retrieval_reciprocal_rank as retrieval_reciprocal_rank
from jax_metrics.metrics.scores import BrierScore as BrierScore
from jax_metrics.metrics.scores import CalibrationError as CalibrationError
from jax_metrics.metrics.scores import ClickThroughRate as ClickThroughRate
from jax_metrics.metrics.scores import CoverageError as CoverageError
from jax_metrics.metrics.scores import D2BrierScore as D2BrierScore
from jax_metrics.metrics.scores import D2LogLossScore as D2LogLossScore
from jax_metrics.metrics.scores import HingeLoss as HingeLoss
from jax_metrics.metrics.scores import (
    LabelRankingAveragePrecision as LabelRankingAveragePrecision,
)
from jax_metrics.metrics.scores import LabelRankingLoss as LabelRankingLoss
from jax_metrics.metrics.scores import LogLoss as LogLoss
from jax_metrics.metrics.scores import NormalizedEntropy as NormalizedEntropy
from jax_metrics.metrics.scores import WeightedCalibration as WeightedCalibration
from jax_metrics.metrics.scores import brier_score as brier_score
from jax_metrics.metrics.scores import calibration_error as calibration_error
from jax_metrics.metrics.scores import click_through_rate as click_through_rate
from jax_metrics.metrics.scores import coverage_error as coverage_error
from jax_metrics.metrics.scores import d2_brier_score as d2_brier_score
from jax_metrics.metrics.scores import d2_log_loss_score as d2_log_loss_score
from jax_metrics.metrics.scores import hinge_loss as hinge_loss
from jax_metrics.metrics.scores import (
    label_ranking_average_precision as label_ranking_average_precision,
)
from jax_metrics.metrics.scores import label_ranking_loss as label_ranking_loss
from jax_metrics.metrics.scores import log_loss as log_loss
from jax_metrics.metrics.scores import normalized_entropy as normalized_entropy
from jax_metrics.metrics.scores import weighted_calibration as weighted_calibration
from jax_metrics.metrics.segmentation import BinaryIoU as BinaryIoU
from jax_metrics.metrics.segmentation import DiceScore as DiceScore
from jax_metrics.metrics.segmentation import GeneralizedDiceScore as GeneralizedDiceScore
from jax_metrics.metrics.segmentation import HausdorffDistance as HausdorffDistance
from jax_metrics.metrics.segmentation import IoU as IoU
from jax_metrics.metrics.segmentation import MeanIoU as MeanIoU
from jax_metrics.metrics.segmentation import OneHotIoU as OneHotIoU
from jax_metrics.metrics.segmentation import OneHotMeanIoU as OneHotMeanIoU
from jax_metrics.metrics.segmentation import dice_score as dice_score
from jax_metrics.metrics.segmentation import generalized_dice_score as generalized_dice_score
from jax_metrics.metrics.segmentation import hausdorff_distance as hausdorff_distance
from jax_metrics.metrics.segmentation import mean_iou as mean_iou
from jax_metrics.metrics.shape import ProcrustesDisparity as ProcrustesDisparity
from jax_metrics.metrics.shape import procrustes as procrustes
from jax_metrics.metrics.shape import procrustes_disparity as procrustes_disparity
from jax_metrics.metrics.state import Accumulator as Accumulator
from jax_metrics.metrics.state import Buffer as Buffer
from jax_metrics.metrics.state import Moments as Moments
from jax_metrics.metrics.state import Total as Total
from jax_metrics.metrics.state import state as state
from jax_metrics.metrics.text import BERTScore as BERTScore
from jax_metrics.metrics.text import BLEUScore as BLEUScore
from jax_metrics.metrics.text import CharErrorRate as CharErrorRate
from jax_metrics.metrics.text import CHRFScore as CHRFScore
from jax_metrics.metrics.text import EditDistance as EditDistance
from jax_metrics.metrics.text import ExtendedEditDistance as ExtendedEditDistance
from jax_metrics.metrics.text import InfoLM as InfoLM
from jax_metrics.metrics.text import MatchErrorRate as MatchErrorRate
from jax_metrics.metrics.text import Perplexity as Perplexity
from jax_metrics.metrics.text import ROUGEScore as ROUGEScore
from jax_metrics.metrics.text import SacreBLEUScore as SacreBLEUScore
from jax_metrics.metrics.text import SQuAD as SQuAD
from jax_metrics.metrics.text import TextExactMatch as TextExactMatch
from jax_metrics.metrics.text import TextMetric as TextMetric
from jax_metrics.metrics.text import TokenEditDistance as TokenEditDistance
from jax_metrics.metrics.text import TranslationEditRate as TranslationEditRate
from jax_metrics.metrics.text import WordErrorRate as WordErrorRate
from jax_metrics.metrics.text import WordInfoLost as WordInfoLost
from jax_metrics.metrics.text import WordInfoPreserved as WordInfoPreserved
from jax_metrics.metrics.text import bert_score as bert_score
from jax_metrics.metrics.text import bleu_score as bleu_score
from jax_metrics.metrics.text import char_error_rate as char_error_rate
from jax_metrics.metrics.text import chrf_score as chrf_score
from jax_metrics.metrics.text import edit_distance as edit_distance
from jax_metrics.metrics.text import edit_distances as edit_distances
from jax_metrics.metrics.text import extended_edit_distance as extended_edit_distance
from jax_metrics.metrics.text import infolm as infolm
from jax_metrics.metrics.text import inverse_document_frequencies as inverse_document_frequencies
from jax_metrics.metrics.text import match_error_rate as match_error_rate
from jax_metrics.metrics.text import perplexity as perplexity
from jax_metrics.metrics.text import rouge_score as rouge_score
from jax_metrics.metrics.text import sacre_bleu_score as sacre_bleu_score
from jax_metrics.metrics.text import squad as squad
from jax_metrics.metrics.text import text_exact_match as text_exact_match
from jax_metrics.metrics.text import token_edit_distance as token_edit_distance
from jax_metrics.metrics.text import translation_edit_rate as translation_edit_rate
from jax_metrics.metrics.text import word_error_rate as word_error_rate
from jax_metrics.metrics.text import word_information_lost as word_information_lost
from jax_metrics.metrics.text import word_information_preserved as word_information_preserved
from jax_metrics.metrics.wrappers import BootStrapper as BootStrapper
from jax_metrics.metrics.wrappers import ByGroup as ByGroup
from jax_metrics.metrics.wrappers import Classwise as Classwise
from jax_metrics.metrics.wrappers import ConfidenceInterval as ConfidenceInterval
from jax_metrics.metrics.wrappers import MinMax as MinMax
from jax_metrics.metrics.wrappers import Multioutput as Multioutput
from jax_metrics.metrics.wrappers import Multitask as Multitask
from jax_metrics.metrics.wrappers import PairedComparison as PairedComparison
from jax_metrics.metrics.wrappers import Running as Running
from jax_metrics.metrics.wrappers import RunningMean as RunningMean
from jax_metrics.metrics.wrappers import RunningSum as RunningSum
from jax_metrics.metrics.wrappers import Tracker as Tracker
from jax_metrics.metrics.wrappers import Transformed as Transformed
from jax_metrics.tree import public_names as _public_names


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())


if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    globals()["__all__"] = __dir__()
    __getattr__ = _missing_name(__name__)
