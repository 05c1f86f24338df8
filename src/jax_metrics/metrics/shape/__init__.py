"""Metrics of sets of points."""

from jax_metrics.metrics.shape._procrustes_disparity import (
    ProcrustesDisparity as ProcrustesDisparity,
)
from jax_metrics.metrics.shape._procrustes_disparity import procrustes as procrustes
from jax_metrics.metrics.shape._procrustes_disparity import (
    procrustes_disparity as procrustes_disparity,
)
