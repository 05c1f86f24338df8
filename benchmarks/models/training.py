"""The interface of a training in a benchmark, in any library."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import optax

TRANSFORMATION = optax.adam(1e-3)


@dataclasses.dataclass
class Training:
    """A model and its optimizer in one library, compiled as its users would.

    Attributes:
        state: All arrays of the model and the optimizer, or the objects that have them.
        step: Maps the state, a batch and its target to the next state and the loss.
    """

    state: Any
    step: Callable[[Any, jax.Array, jax.Array], tuple[Any, jax.Array]]
