"""Counts of labels and scores, and averages of the values computed from them."""

from jax_metrics.metrics.counts._averages import AVERAGES as AVERAGES
from jax_metrics.metrics.counts._averages import average_scores as average_scores
from jax_metrics.metrics.counts._averages import divide as divide
from jax_metrics.metrics.counts._averages import geometric_mean as geometric_mean
from jax_metrics.metrics.counts._bincount import bincount as bincount
from jax_metrics.metrics.counts._bins import Thresholds as Thresholds
from jax_metrics.metrics.counts._bins import bin_indices as bin_indices
from jax_metrics.metrics.counts._bins import checked_thresholds as checked_thresholds
from jax_metrics.metrics.counts._bins import number_of_thresholds as number_of_thresholds
from jax_metrics.metrics.counts._checked import checked_bincount as checked_bincount
from jax_metrics.metrics.counts._checked import checked_sum as checked_sum
from jax_metrics.metrics.counts._examples import as_examples as as_examples
from jax_metrics.metrics.counts._odds_bins import folded as folded
from jax_metrics.metrics.counts._points import Points as Points
from jax_metrics.metrics.counts._points import binned_points as binned_points
from jax_metrics.metrics.counts._points import descending_key as descending_key
from jax_metrics.metrics.counts._points import exact_points as exact_points
