"""Distances and similarities of all pairs of rows of two matrices."""

from jax_metrics.metrics.pairwise._distances import norm as norm
from jax_metrics.metrics.pairwise._distances import (
    pairwise_cosine_similarity as pairwise_cosine_similarity,
)
from jax_metrics.metrics.pairwise._distances import (
    pairwise_euclidean_distance as pairwise_euclidean_distance,
)
from jax_metrics.metrics.pairwise._distances import (
    pairwise_linear_similarity as pairwise_linear_similarity,
)
from jax_metrics.metrics.pairwise._distances import (
    pairwise_manhattan_distance as pairwise_manhattan_distance,
)
from jax_metrics.metrics.pairwise._distances import (
    pairwise_minkowski_distance as pairwise_minkowski_distance,
)
