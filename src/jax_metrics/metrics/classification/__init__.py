"""Metrics of predicted classes and labels."""

from jax_metrics.metrics.classification._accuracy import Accuracy as Accuracy
from jax_metrics.metrics.classification._accuracy import HammingDistance as HammingDistance
from jax_metrics.metrics.classification._accuracy import accuracy as accuracy
from jax_metrics.metrics.classification._accuracy import hamming_distance as hamming_distance
from jax_metrics.metrics.classification._balanced_accuracy import (
    BalancedAccuracy as BalancedAccuracy,
)
from jax_metrics.metrics.classification._balanced_accuracy import (
    balanced_accuracy as balanced_accuracy,
)
from jax_metrics.metrics.classification._classification_report import (
    ClassificationReport as ClassificationReport,
)
from jax_metrics.metrics.classification._classification_report import (
    classification_report as classification_report,
)
from jax_metrics.metrics.classification._cohen_kappa import CohenKappa as CohenKappa
from jax_metrics.metrics.classification._cohen_kappa import cohen_kappa as cohen_kappa
from jax_metrics.metrics.classification._confusion_matrix import ConfusionMatrix as ConfusionMatrix
from jax_metrics.metrics.classification._confusion_matrix import (
    confusion_matrix as confusion_matrix,
)
from jax_metrics.metrics.classification._counting import Counting as Counting
from jax_metrics.metrics.classification._counting import CountingOptions as CountingOptions
from jax_metrics.metrics.classification._exact_match import ExactMatch as ExactMatch
from jax_metrics.metrics.classification._exact_match import exact_match as exact_match
from jax_metrics.metrics.classification._f_score import F1Score as F1Score
from jax_metrics.metrics.classification._f_score import FBetaScore as FBetaScore
from jax_metrics.metrics.classification._f_score import f1_score as f1_score
from jax_metrics.metrics.classification._f_score import fbeta_score as fbeta_score
from jax_metrics.metrics.classification._fairness import Fairness as Fairness
from jax_metrics.metrics.classification._fairness import GroupStatRates as GroupStatRates
from jax_metrics.metrics.classification._fairness import fairness as fairness
from jax_metrics.metrics.classification._fairness import group_stat_rates as group_stat_rates
from jax_metrics.metrics.classification._jaccard_index import JaccardIndex as JaccardIndex
from jax_metrics.metrics.classification._jaccard_index import jaccard_index as jaccard_index
from jax_metrics.metrics.classification._label_metric import LabelMetric as LabelMetric
from jax_metrics.metrics.classification._likelihood_ratio import (
    NegativeLikelihoodRatio as NegativeLikelihoodRatio,
)
from jax_metrics.metrics.classification._likelihood_ratio import (
    PositiveLikelihoodRatio as PositiveLikelihoodRatio,
)
from jax_metrics.metrics.classification._likelihood_ratio import (
    negative_likelihood_ratio as negative_likelihood_ratio,
)
from jax_metrics.metrics.classification._likelihood_ratio import (
    positive_likelihood_ratio as positive_likelihood_ratio,
)
from jax_metrics.metrics.classification._matthews_corrcoef import (
    MatthewsCorrCoef as MatthewsCorrCoef,
)
from jax_metrics.metrics.classification._matthews_corrcoef import (
    matthews_corrcoef as matthews_corrcoef,
)
from jax_metrics.metrics.classification._multilabel_confusion_matrix import (
    MultilabelConfusionMatrix as MultilabelConfusionMatrix,
)
from jax_metrics.metrics.classification._multilabel_confusion_matrix import (
    multilabel_confusion_matrix as multilabel_confusion_matrix,
)
from jax_metrics.metrics.classification._outcomes import Outcomes as Outcomes
from jax_metrics.metrics.classification._outcomes import add_outcomes as add_outcomes
from jax_metrics.metrics.classification._outcomes import count_outcomes as count_outcomes
from jax_metrics.metrics.classification._outcomes import zero_outcomes as zero_outcomes
from jax_metrics.metrics.classification._precision import Precision as Precision
from jax_metrics.metrics.classification._precision import precision as precision
from jax_metrics.metrics.classification._recall import Recall as Recall
from jax_metrics.metrics.classification._recall import recall as recall
from jax_metrics.metrics.classification._specificity import (
    NegativePredictiveValue as NegativePredictiveValue,
)
from jax_metrics.metrics.classification._specificity import Specificity as Specificity
from jax_metrics.metrics.classification._specificity import (
    negative_predictive_value as negative_predictive_value,
)
from jax_metrics.metrics.classification._specificity import specificity as specificity
from jax_metrics.metrics.classification._stat_scores import StatScores as StatScores
from jax_metrics.metrics.classification._stat_scores import stat_scores as stat_scores
