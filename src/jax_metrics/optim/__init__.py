"""The optimizer: any optax transformation and its state as one pytree."""

from jax_metrics.optim._decay_mask import decay_mask as decay_mask
from jax_metrics.optim._groups import groups as groups
from jax_metrics.optim._hyperparams import with_hyperparams as with_hyperparams
from jax_metrics.optim._loss_scaling import loss_scaling as loss_scaling
from jax_metrics.optim._master_weights import master_weights as master_weights
from jax_metrics.optim._norms import with_norms as with_norms
from jax_metrics.optim._optimizer import Optimizer as Optimizer
