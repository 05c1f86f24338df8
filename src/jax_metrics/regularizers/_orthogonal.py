"""A penalty of rows or columns of a matrix that have similar directions."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import explains_arguments
from jax_metrics.regularizers._regularizer import Filter, Regularizer, total_penalty
from jax_metrics.tree import static


@explains_arguments
def orthogonal(
    parameters: Any, *, mode: str = "rows", filters: Filter | Sequence[Filter] = ()
) -> jax.Array:
    """The mean of `|cos|` over pairs of rows of a matrix, summed over the matrices.

    Source: Brock et al., Neural Photo Editing with Introspective Adversarial Networks,
    https://arxiv.org/abs/1609.07093, 2016, with the cosines of Keras' OrthogonalRegularizer.

    Args:
        parameters: See `selected_parameters`. Arrays with more than two axes are reshaped to
            matrices `[-1, last]`; those with fewer, such as biases, are ignored.
        mode: `"rows"` or `"columns"`.
        filters: See `selected_parameters`.

    Raises:
        ValueError: If the mode is unknown.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.regularizers.orthogonal({"w": jnp.array([[1.0, 0.0], [1.0, 1.0]])}).round(4)
        Array(0.7071, dtype=float32)
    """
    return total_penalty(lambda x: _mean_cosine(x, mode), parameters, filters)


def _mean_cosine(x: jax.Array, mode: str) -> jax.Array:
    if mode not in ("rows", "columns"):
        raise ValueError(f"mode must be 'rows' or 'columns', not {mode!r}.")
    if x.ndim < 2:
        return jnp.zeros((), x.real.dtype)
    matrix = x.reshape(-1, x.shape[-1])
    matrix = matrix if mode == "rows" else matrix.T
    size = matrix.shape[0]
    squares = jnp.sum((matrix * jnp.conj(matrix)).real, axis=-1, keepdims=True)
    zero = squares == 0
    unit = jnp.where(zero, 0, matrix / jnp.sqrt(jnp.where(zero, 1, squares)))
    pairs = jnp.where(jnp.eye(size, dtype=bool), 0, jnp.abs(unit @ jnp.conj(unit).T))
    return jnp.sum(pairs) / max(size * (size - 1), 1)


class Orthogonal(Regularizer):
    """`factor` times the mean cosine of `orthogonal`, with its options.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.regularizers.Orthogonal(0.5)(parameters={"w": jnp.ones((3, 2))}).round(4)
        Array(0.5, dtype=float32)
    """

    factor: float = static(default=0.01, kw_only=False)
    mode: str = "rows"

    def penalty(self, parameter: jax.Array) -> jax.Array:
        """See `orthogonal`."""
        return self.factor * _mean_cosine(parameter, self.mode)
