"""Class labels and class weights, checked and converted."""

from jax_metrics.losses.labels._bounds import check_log_probabilities as check_log_probabilities
from jax_metrics.losses.labels._bounds import check_probabilities as check_probabilities
from jax_metrics.losses.labels._bounds import warn_of_probabilities as warn_of_probabilities
from jax_metrics.losses.labels._class_labels import at_label as at_label
from jax_metrics.losses.labels._class_labels import check_labels as check_labels
from jax_metrics.losses.labels._class_labels import class_labels as class_labels
from jax_metrics.losses.labels._class_labels import either as either
from jax_metrics.losses.labels._class_labels import is_sparse as is_sparse
from jax_metrics.losses.labels._class_labels import nan_where as nan_where
from jax_metrics.losses.labels._class_labels import one_hot_target as one_hot_target
from jax_metrics.losses.labels._class_labels import target_and_scores as target_and_scores
from jax_metrics.losses.labels._class_weights import as_class_weights as as_class_weights
from jax_metrics.losses.labels._log_softmax import log_softmax as log_softmax
from jax_metrics.losses.labels._log_softmax import shifted_logits as shifted_logits
from jax_metrics.losses.labels._smooth_labels import smooth_labels as smooth_labels
