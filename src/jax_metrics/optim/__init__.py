"""The optimizer: any optax transformation and its state as one pytree."""

from jax_metrics.optim._optimizer import Optimizer as Optimizer
