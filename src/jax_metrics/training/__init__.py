"""The parts of a training run; each can be used alone in a loop of one's own."""

from jax_metrics.training._batches import Batches as Batches
from jax_metrics.training._make_batches import batches as batches
