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
from jax_metrics.metrics.classification import Accuracy as Accuracy
from jax_metrics.metrics.classification import BalancedAccuracy as BalancedAccuracy
from jax_metrics.metrics.classification import CohenKappa as CohenKappa
from jax_metrics.metrics.classification import ConfusionMatrix as ConfusionMatrix
from jax_metrics.metrics.classification import Counting as Counting
from jax_metrics.metrics.classification import DiceScore as DiceScore
from jax_metrics.metrics.classification import ExactMatch as ExactMatch
from jax_metrics.metrics.classification import F1Score as F1Score
from jax_metrics.metrics.classification import FBetaScore as FBetaScore
from jax_metrics.metrics.classification import HammingDistance as HammingDistance
from jax_metrics.metrics.classification import JaccardIndex as JaccardIndex
from jax_metrics.metrics.classification import Labels as Labels
from jax_metrics.metrics.classification import MatthewsCorrCoef as MatthewsCorrCoef
from jax_metrics.metrics.classification import NegativePredictiveValue as NegativePredictiveValue
from jax_metrics.metrics.classification import Precision as Precision
from jax_metrics.metrics.classification import Recall as Recall
from jax_metrics.metrics.classification import Specificity as Specificity
from jax_metrics.metrics.classification import StatScores as StatScores
from jax_metrics.metrics.classification import accuracy as accuracy
from jax_metrics.metrics.classification import balanced_accuracy as balanced_accuracy
from jax_metrics.metrics.classification import cohen_kappa as cohen_kappa
from jax_metrics.metrics.classification import confusion_matrix as confusion_matrix
from jax_metrics.metrics.classification import dice_score as dice_score
from jax_metrics.metrics.classification import exact_match as exact_match
from jax_metrics.metrics.classification import f1_score as f1_score
from jax_metrics.metrics.classification import fbeta_score as fbeta_score
from jax_metrics.metrics.classification import hamming_distance as hamming_distance
from jax_metrics.metrics.classification import jaccard_index as jaccard_index
from jax_metrics.metrics.classification import matthews_corrcoef as matthews_corrcoef
from jax_metrics.metrics.classification import (
    negative_predictive_value as negative_predictive_value,
)
from jax_metrics.metrics.classification import precision as precision
from jax_metrics.metrics.classification import recall as recall
from jax_metrics.metrics.classification import specificity as specificity
from jax_metrics.metrics.classification import stat_scores as stat_scores
from jax_metrics.metrics.regression import MeanSquaredError as MeanSquaredError
from jax_metrics.metrics.regression import RootMeanSquaredError as RootMeanSquaredError
from jax_metrics.metrics.regression import mean_squared_error as mean_squared_error
from jax_metrics.metrics.regression import root_mean_squared_error as root_mean_squared_error
from jax_metrics.metrics.state import Accumulator as Accumulator
from jax_metrics.metrics.state import Buffer as Buffer
from jax_metrics.metrics.state import Moments as Moments
from jax_metrics.metrics.state import Total as Total
from jax_metrics.metrics.state import state as state
