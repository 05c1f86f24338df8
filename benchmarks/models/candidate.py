"""The interface of a model in a benchmark, in any library."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from models.training import Training

RATE = 0.01


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes of the models."""

    blocks: Sequence[int] = (3, 4, 6, 3)  # of each stage of the ResNet; these make it a ResNet-50
    classes: int = 1000
    layers: int = 12  # of the transformer
    features: int = 256  # of the transformer and of the LSTM
    heads: int = 8


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A model of one library.

    Attributes:
        state: All its arrays, as a pytree.
        parameters: The trained ones among these arrays.
        forward: Maps the state and a batch to the output, in evaluation mode.
        step: A step of gradient descent: maps the state, a batch and its target to the next
            state and the loss.
        train: Makes a training with an optimizer of optax, which takes the state over.
    """

    state: Any
    parameters: Any
    forward: Callable[[Any, jax.Array], jax.Array]
    step: Callable[[Any, jax.Array, jax.Array], tuple[Any, jax.Array]]
    train: Callable[[], Training]

    @property
    def count(self) -> int:
        """The number of trained values."""
        return sum(np.size(leaf) for leaf in jax.tree.leaves(self.parameters))


def mean_squared_error(target: jax.Array, preds: jax.Array) -> jax.Array:
    """The loss of all models."""
    return ((preds - target) ** 2).mean()


def descend(parameters: Any, gradients: Any) -> Any:
    """One step of stochastic gradient descent."""
    return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients)
