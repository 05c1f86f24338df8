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
from jax_metrics.metrics.classification import Accuracy as Accuracy
from jax_metrics.metrics.classification import BalancedAccuracy as BalancedAccuracy
from jax_metrics.metrics.classification import ClassificationReport as ClassificationReport
from jax_metrics.metrics.classification import CohenKappa as CohenKappa
from jax_metrics.metrics.classification import ConfusionMatrix as ConfusionMatrix
from jax_metrics.metrics.classification import Counting as Counting
from jax_metrics.metrics.classification import DiceScore as DiceScore
from jax_metrics.metrics.classification import ExactMatch as ExactMatch
from jax_metrics.metrics.classification import F1Score as F1Score
from jax_metrics.metrics.classification import Fairness as Fairness
from jax_metrics.metrics.classification import FBetaScore as FBetaScore
from jax_metrics.metrics.classification import GroupStatRates as GroupStatRates
from jax_metrics.metrics.classification import HammingDistance as HammingDistance
from jax_metrics.metrics.classification import JaccardIndex as JaccardIndex
from jax_metrics.metrics.classification import MatthewsCorrCoef as MatthewsCorrCoef
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
from jax_metrics.metrics.classification import dice_score as dice_score
from jax_metrics.metrics.classification import exact_match as exact_match
from jax_metrics.metrics.classification import f1_score as f1_score
from jax_metrics.metrics.classification import fairness as fairness
from jax_metrics.metrics.classification import fbeta_score as fbeta_score
from jax_metrics.metrics.classification import group_stat_rates as group_stat_rates
from jax_metrics.metrics.classification import hamming_distance as hamming_distance
from jax_metrics.metrics.classification import jaccard_index as jaccard_index
from jax_metrics.metrics.classification import matthews_corrcoef as matthews_corrcoef
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
from jax_metrics.metrics.curves import Characteristic as Characteristic
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
from jax_metrics.metrics.curves import det as det
from jax_metrics.metrics.curves import eer as eer
from jax_metrics.metrics.curves import log_auc as log_auc
from jax_metrics.metrics.curves import precision_at_fixed_recall as precision_at_fixed_recall
from jax_metrics.metrics.curves import precision_recall_curve as precision_recall_curve
from jax_metrics.metrics.curves import recall_at_fixed_precision as recall_at_fixed_precision
from jax_metrics.metrics.curves import roc as roc
from jax_metrics.metrics.curves import sensitivity_at_specificity as sensitivity_at_specificity
from jax_metrics.metrics.curves import specificity_at_sensitivity as specificity_at_sensitivity
from jax_metrics.metrics.inputs import Labels as Labels
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
from jax_metrics.metrics.state import Accumulator as Accumulator
from jax_metrics.metrics.state import Buffer as Buffer
from jax_metrics.metrics.state import Moments as Moments
from jax_metrics.metrics.state import Total as Total
from jax_metrics.metrics.state import state as state
from jax_metrics.metrics.wrappers import BootStrapper as BootStrapper
from jax_metrics.metrics.wrappers import Classwise as Classwise
from jax_metrics.metrics.wrappers import MinMax as MinMax
from jax_metrics.metrics.wrappers import Multioutput as Multioutput
from jax_metrics.metrics.wrappers import Multitask as Multitask
from jax_metrics.metrics.wrappers import Running as Running
from jax_metrics.metrics.wrappers import RunningMean as RunningMean
from jax_metrics.metrics.wrappers import RunningSum as RunningSum
from jax_metrics.metrics.wrappers import Tracker as Tracker
from jax_metrics.metrics.wrappers import Transformed as Transformed
from jax_metrics.tree import public_names as _public_names

if not _TYPE_CHECKING:  # for type checkers a name that is missing is an error
    __getattr__ = _missing_name(__name__)


def __dir__() -> list[str]:
    """The public names."""
    return _public_names(globals())
