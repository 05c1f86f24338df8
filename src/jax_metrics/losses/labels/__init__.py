"""Class labels and class weights, checked and converted."""

from jax_metrics.losses.labels._class_labels import at_label as at_label
from jax_metrics.losses.labels._class_labels import check_labels as check_labels
from jax_metrics.losses.labels._class_labels import class_labels as class_labels
from jax_metrics.losses.labels._class_labels import is_sparse as is_sparse
from jax_metrics.losses.labels._class_labels import nan_where as nan_where
from jax_metrics.losses.labels._class_labels import one_hot_target as one_hot_target
from jax_metrics.losses.labels._class_weights import as_class_weights as as_class_weights
from jax_metrics.losses.labels._log_softmax import log_softmax as log_softmax
from jax_metrics.losses.labels._log_softmax import shifted_logits as shifted_logits
from jax_metrics.losses.labels._smooth_labels import smooth_labels as smooth_labels
