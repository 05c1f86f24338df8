"""Metrics of predicted probabilities and of the order of scores."""

from jax_metrics.metrics.scores._brier_score import BrierScore as BrierScore
from jax_metrics.metrics.scores._brier_score import brier_score as brier_score
from jax_metrics.metrics.scores._calibration_error import (
    CalibrationError as CalibrationError,
)
from jax_metrics.metrics.scores._calibration_error import (
    calibration_error as calibration_error,
)
from jax_metrics.metrics.scores._clicks import ClickThroughRate as ClickThroughRate
from jax_metrics.metrics.scores._clicks import WeightedCalibration as WeightedCalibration
from jax_metrics.metrics.scores._clicks import click_through_rate as click_through_rate
from jax_metrics.metrics.scores._clicks import weighted_calibration as weighted_calibration
from jax_metrics.metrics.scores._d2_score import D2BrierScore as D2BrierScore
from jax_metrics.metrics.scores._d2_score import D2LogLossScore as D2LogLossScore
from jax_metrics.metrics.scores._d2_score import d2_brier_score as d2_brier_score
from jax_metrics.metrics.scores._d2_score import d2_log_loss_score as d2_log_loss_score
from jax_metrics.metrics.scores._hinge_loss import HingeLoss as HingeLoss
from jax_metrics.metrics.scores._hinge_loss import hinge_loss as hinge_loss
from jax_metrics.metrics.scores._log_loss import LogLoss as LogLoss
from jax_metrics.metrics.scores._log_loss import log_loss as log_loss
from jax_metrics.metrics.scores._normalized_entropy import (
    NormalizedEntropy as NormalizedEntropy,
)
from jax_metrics.metrics.scores._normalized_entropy import (
    normalized_entropy as normalized_entropy,
)
from jax_metrics.metrics.scores._ranking import CoverageError as CoverageError
from jax_metrics.metrics.scores._ranking import (
    LabelRankingAveragePrecision as LabelRankingAveragePrecision,
)
from jax_metrics.metrics.scores._ranking import LabelRankingLoss as LabelRankingLoss
from jax_metrics.metrics.scores._ranking import coverage_error as coverage_error
from jax_metrics.metrics.scores._ranking import (
    label_ranking_average_precision as label_ranking_average_precision,
)
from jax_metrics.metrics.scores._ranking import label_ranking_loss as label_ranking_loss
