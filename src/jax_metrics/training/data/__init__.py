"""Batches of one shape, on the device, from a position that can be saved."""

from jax_metrics.training.data._batches import Batches as Batches
from jax_metrics.training.data._batches import groups_of_epoch as groups_of_epoch
from jax_metrics.training.data._loader_batches import LoaderBatches as LoaderBatches
from jax_metrics.training.data._make_batches import batches as batches
