"""The optimizer: any optax transformation as a pytree that holds its own state."""

from jax_metrics.optim._optimizer import Optimizer as Optimizer
