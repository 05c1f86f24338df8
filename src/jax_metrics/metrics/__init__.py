"""Metrics, and what they are made of."""

from jax_metrics.metrics._bincount import bincount as bincount
from jax_metrics.metrics._checks import check as check
from jax_metrics.metrics._composite import Composite as Composite
from jax_metrics.metrics._expression import Expression as Expression
from jax_metrics.metrics._functional import functional as functional
from jax_metrics.metrics._mean_of import MeanOf as MeanOf
from jax_metrics.metrics._metric import Metric as Metric
from jax_metrics.metrics.aggregation import Max as Max
from jax_metrics.metrics.aggregation import Mean as Mean
from jax_metrics.metrics.aggregation import Min as Min
from jax_metrics.metrics.aggregation import Sum as Sum
from jax_metrics.metrics.classification import Counting as Counting
from jax_metrics.metrics.classification import Labels as Labels
from jax_metrics.metrics.classification import Precision as Precision
from jax_metrics.metrics.classification import precision as precision
from jax_metrics.metrics.curves import AUC as AUC
from jax_metrics.metrics.curves import AUROC as AUROC
from jax_metrics.metrics.curves import EER as EER
from jax_metrics.metrics.curves import ROC as ROC
from jax_metrics.metrics.curves import AveragePrecision as AveragePrecision
from jax_metrics.metrics.curves import Characteristic as Characteristic
from jax_metrics.metrics.curves import Curve as Curve
from jax_metrics.metrics.curves import CurveScore as CurveScore
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
from jax_metrics.metrics.curves import eer as eer
from jax_metrics.metrics.curves import log_auc as log_auc
from jax_metrics.metrics.curves import precision_at_fixed_recall as precision_at_fixed_recall
from jax_metrics.metrics.curves import precision_recall_curve as precision_recall_curve
from jax_metrics.metrics.curves import recall_at_fixed_precision as recall_at_fixed_precision
from jax_metrics.metrics.curves import roc as roc
from jax_metrics.metrics.curves import sensitivity_at_specificity as sensitivity_at_specificity
from jax_metrics.metrics.curves import specificity_at_sensitivity as specificity_at_sensitivity
from jax_metrics.metrics.probabilities import BrierScore as BrierScore
from jax_metrics.metrics.probabilities import CalibrationError as CalibrationError
from jax_metrics.metrics.probabilities import ClickThroughRate as ClickThroughRate
from jax_metrics.metrics.probabilities import CoverageError as CoverageError
from jax_metrics.metrics.probabilities import HingeLoss as HingeLoss
from jax_metrics.metrics.probabilities import (
    LabelRankingAveragePrecision as LabelRankingAveragePrecision,
)
from jax_metrics.metrics.probabilities import LabelRankingLoss as LabelRankingLoss
from jax_metrics.metrics.probabilities import LogLoss as LogLoss
from jax_metrics.metrics.probabilities import NormalizedEntropy as NormalizedEntropy
from jax_metrics.metrics.probabilities import WeightedCalibration as WeightedCalibration
from jax_metrics.metrics.probabilities import brier_score as brier_score
from jax_metrics.metrics.probabilities import calibration_error as calibration_error
from jax_metrics.metrics.probabilities import click_through_rate as click_through_rate
from jax_metrics.metrics.probabilities import coverage_error as coverage_error
from jax_metrics.metrics.probabilities import hinge_loss as hinge_loss
from jax_metrics.metrics.probabilities import (
    label_ranking_average_precision as label_ranking_average_precision,
)
from jax_metrics.metrics.probabilities import label_ranking_loss as label_ranking_loss
from jax_metrics.metrics.probabilities import log_loss as log_loss
from jax_metrics.metrics.probabilities import normalized_entropy as normalized_entropy
from jax_metrics.metrics.probabilities import weighted_calibration as weighted_calibration
from jax_metrics.metrics.regression import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression import RootMeanSquaredError as RootMeanSquaredError
from jax_metrics.metrics.regression import mean_squared_error as mean_squared_error
from jax_metrics.metrics.regression import root_mean_squared_error as root_mean_squared_error
from jax_metrics.metrics.state import Accumulator as Accumulator
from jax_metrics.metrics.state import Buffer as Buffer
from jax_metrics.metrics.state import Moments as Moments
from jax_metrics.metrics.state import Total as Total
from jax_metrics.metrics.state import state as state
