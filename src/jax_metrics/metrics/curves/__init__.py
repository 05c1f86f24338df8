"""Metrics that consider many thresholds of scores."""

from jax_metrics.metrics.curves._at_thresholds import (
    ConfusionMatrixAtThresholds as ConfusionMatrixAtThresholds,
)
from jax_metrics.metrics.curves._at_thresholds import Confusions as Confusions
from jax_metrics.metrics.curves._at_thresholds import (
    confusion_matrix_at_thresholds as confusion_matrix_at_thresholds,
)
from jax_metrics.metrics.curves._auc import AUC as AUC
from jax_metrics.metrics.curves._auc import auc as auc
from jax_metrics.metrics.curves._auroc import AUROC as AUROC
from jax_metrics.metrics.curves._auroc import auroc as auroc
from jax_metrics.metrics.curves._average_precision import AveragePrecision as AveragePrecision
from jax_metrics.metrics.curves._average_precision import average_precision as average_precision
from jax_metrics.metrics.curves._best_threshold import BestThreshold as BestThreshold
from jax_metrics.metrics.curves._best_threshold import best_threshold as best_threshold
from jax_metrics.metrics.curves._curve import Curve as Curve
from jax_metrics.metrics.curves._curve import CurveScore as CurveScore
from jax_metrics.metrics.curves._curves import DET as DET
from jax_metrics.metrics.curves._curves import ROC as ROC
from jax_metrics.metrics.curves._curves import Characteristic as Characteristic
from jax_metrics.metrics.curves._curves import DetectionErrorTradeoff as DetectionErrorTradeoff
from jax_metrics.metrics.curves._curves import PrecisionRecall as PrecisionRecall
from jax_metrics.metrics.curves._curves import PrecisionRecallCurve as PrecisionRecallCurve
from jax_metrics.metrics.curves._curves import det as det
from jax_metrics.metrics.curves._curves import precision_recall_curve as precision_recall_curve
from jax_metrics.metrics.curves._eer import EER as EER
from jax_metrics.metrics.curves._eer import eer as eer
from jax_metrics.metrics.curves._fixed import OperatingPoint as OperatingPoint
from jax_metrics.metrics.curves._fixed import PrecisionAtFixedRecall as PrecisionAtFixedRecall
from jax_metrics.metrics.curves._fixed import RecallAtFixedPrecision as RecallAtFixedPrecision
from jax_metrics.metrics.curves._fixed import SensitivityAtSpecificity as SensitivityAtSpecificity
from jax_metrics.metrics.curves._fixed import SpecificityAtSensitivity as SpecificityAtSensitivity
from jax_metrics.metrics.curves._fixed import precision_at_fixed_recall as precision_at_fixed_recall
from jax_metrics.metrics.curves._fixed import recall_at_fixed_precision as recall_at_fixed_precision
from jax_metrics.metrics.curves._fixed import (
    sensitivity_at_specificity as sensitivity_at_specificity,
)
from jax_metrics.metrics.curves._fixed import (
    specificity_at_sensitivity as specificity_at_sensitivity,
)
from jax_metrics.metrics.curves._log_auc import LogAUC as LogAUC
from jax_metrics.metrics.curves._log_auc import log_auc as log_auc
from jax_metrics.metrics.curves._roc import roc as roc
from jax_metrics.metrics.curves._windowed_auroc import WindowedAUROC as WindowedAUROC
