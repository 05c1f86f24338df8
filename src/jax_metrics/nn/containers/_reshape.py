"""The layer that reshapes its input."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place
from jax_metrics.nn._checked_layer import CheckedLayer


class Reshape(CheckedLayer):
    """Reshapes every example: `[batch, ...]` to `[batch, *shape]`.

    Args:
        shape: The new shape; one size may be -1: it is inferred.
        preserve_dims: How many leading axes stay as they are.
        name: A name for the module.

    Raises:
        ValueError: If more than one size is -1; in a call, if the sizes do not multiply to those
            of the input.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.Reshape((4, -1))(jnp.ones((5, 8, 3))).shape
        (5, 4, 6)
    """

    def __init__(
        self, shape: int | Sequence[int], *, preserve_dims: int = 1, name: str | None = None
    ):
        super().__init__(name)
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        if self.shape.count(-1) > 1 or any(size < -1 for size in self.shape):
            raise ValueError(
                f"`shape` needs sizes, of which at most one is -1; got {self.shape!r}."
            )
        self.preserve_dims = preserve_dims

    def __call__(self, x: jax.Array) -> jax.Array:
        """Reshapes.

        Args:
            x: Shape `[batch, ...]`.
        """
        leading, rest = jnp.shape(x)[: self.preserve_dims], jnp.shape(x)[self.preserve_dims :]
        if len(leading) == self.preserve_dims:
            size, known = math.prod(rest), math.prod(n for n in self.shape if n != -1)
            if -1 not in self.shape and known == size:
                return jnp.reshape(x, (*leading, *self.shape))
            if -1 in self.shape and (size % known == 0 if known else size == 0):
                left = size // known if known else 0
                return jnp.reshape(x, (*leading, *(left if n == -1 else n for n in self.shape)))
        raise ValueError(
            f"{describe_place(self)} cannot bring {jnp.shape(x)} to the shape {self.shape} while "
            f"it keeps the first {self.preserve_dims} axes: it holds {math.prod(rest)} values for "
            "each of those."
        )
