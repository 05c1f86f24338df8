"""How metrics read targets, predictions, weights and masks."""

from jax_metrics.metrics.inputs._exact import as_exact as as_exact
from jax_metrics.metrics.inputs._exact import exact_scores as exact_scores
from jax_metrics.metrics.inputs._labels import LabelBatch as LabelBatch
from jax_metrics.metrics.inputs._labels import LabelOptions as LabelOptions
from jax_metrics.metrics.inputs._labels import Labels as Labels
from jax_metrics.metrics.inputs._labels import as_labels as as_labels
from jax_metrics.metrics.inputs._labels import refuse_swapped as refuse_swapped
from jax_metrics.metrics.inputs._largest import largest as largest
from jax_metrics.metrics.inputs._scores import ScoreBatch as ScoreBatch
from jax_metrics.metrics.inputs._scores import as_log_odds as as_log_odds
from jax_metrics.metrics.inputs._scores import as_probabilities as as_probabilities
from jax_metrics.metrics.inputs._scores import (
    as_smaller_probabilities as as_smaller_probabilities,
)
from jax_metrics.metrics.inputs._scores import one_versus_rest as one_versus_rest
from jax_metrics.metrics.inputs._scores import read_scores as read_scores
from jax_metrics.metrics.inputs._scores import sum_to_one as sum_to_one
from jax_metrics.metrics.inputs._weights import as_numbers as as_numbers
from jax_metrics.metrics.inputs._weights import batch_weights as batch_weights
from jax_metrics.metrics.inputs._weights import counted_once as counted_once
from jax_metrics.metrics.inputs._weights import rule_of_repetitions as rule_of_repetitions
from jax_metrics.metrics.inputs._weights import times_weight as times_weight
from jax_metrics.metrics.inputs._weights import weights as weights
from jax_metrics.metrics.inputs._weights import where_weighted as where_weighted
