"""Distances and similarities of all pairs of rows of two matrices."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jax_metrics.arguments import as_float, bounded, names_arguments, one_of
from jax_metrics.metrics.state import power_of_two

REDUCTIONS = ("mean", "sum", "none", None)
_BLOCK = 16  # features whose differences are computed together


@names_arguments
def pairwise_cosine_similarity(
    x: Any, y: Any = None, *, reduction: str | None = None, zero_diagonal: bool | None = None
) -> jax.Array:
    """The cosine of the angle between each row of `x` and each row of `y`; 0 for rows of zeros.

    Args:
        x: Numbers, `[n, features]`.
        y: Numbers, `[m, features]`; by default `x`.
        reduction: `"mean"` or `"sum"` over the rows of `y`; None or `"none"` for all values.
        zero_diagonal: Whether the diagonal becomes 0, by default if there is no `y`.

    Returns:
        Shape `[n, m]`, or `[n]` with a reduction.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, y = jnp.array([[1.0, 0.0], [3.0, 4.0]]), jnp.array([[2.0, 0.0]])
        >>> jm.metrics.pairwise_cosine_similarity(x, y)
        Array([[1. ],
               [0.6]], dtype=float32)
    """
    return _pairwise(_cosines, x, y, reduction, zero_diagonal)


@names_arguments
def pairwise_linear_similarity(
    x: Any, y: Any = None, *, reduction: str | None = None, zero_diagonal: bool | None = None
) -> jax.Array:
    """The dot product of each row of `x` and each row of `y`.

    See `pairwise_cosine_similarity` for the arguments.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, y = jnp.array([[1.0, 0.0], [3.0, 4.0]]), jnp.array([[2.0, 1.0]])
        >>> jm.metrics.pairwise_linear_similarity(x, y)
        Array([[ 2.],
               [10.]], dtype=float32)
    """
    return _pairwise(_products, x, y, reduction, zero_diagonal)


@names_arguments
def pairwise_euclidean_distance(
    x: Any, y: Any = None, *, reduction: str | None = None, zero_diagonal: bool | None = None
) -> jax.Array:
    """The Euclidean distance of each row of `x` from each row of `y`.

    It is computed from differences, so that close rows under an offset keep their digits. See
    `pairwise_cosine_similarity` for the arguments.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, y = jnp.array([[1.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])
        >>> jm.metrics.pairwise_euclidean_distance(x, y)
        Array([[1.],
               [5.]], dtype=float32)
    """
    return _pairwise(_euclidean, x, y, reduction, zero_diagonal)


@names_arguments
def pairwise_manhattan_distance(
    x: Any, y: Any = None, *, reduction: str | None = None, zero_diagonal: bool | None = None
) -> jax.Array:
    """The sum of the absolute differences of each row of `x` and each row of `y`.

    See `pairwise_cosine_similarity` for the arguments.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, y = jnp.array([[1.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])
        >>> jm.metrics.pairwise_manhattan_distance(x, y)
        Array([[1.],
               [7.]], dtype=float32)
    """
    return _pairwise(_norms(1.0), x, y, reduction, zero_diagonal)


@names_arguments
def pairwise_minkowski_distance(
    x: Any,
    y: Any = None,
    *,
    exponent: float = 2,
    reduction: str | None = None,
    zero_diagonal: bool | None = None,
) -> jax.Array:
    """The distance `sum(|x - y|**exponent)**(1 / exponent)` of each row of `x` and of `y`.

    Args:
        x: Numbers, `[n, features]`.
        y: Numbers, `[m, features]`; by default `x`.
        exponent: 1 is the Manhattan distance, 2 the Euclidean one; may be infinity.
        reduction: See `pairwise_cosine_similarity`.
        zero_diagonal: See `pairwise_cosine_similarity`.

    Returns:
        Shape `[n, m]`, or `[n]` with a reduction.

    Raises:
        ValueError: If the exponent is smaller than 1.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> x, y = jnp.array([[1.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])
        >>> jm.metrics.pairwise_minkowski_distance(x, y, exponent=float("inf"))
        Array([[1.],
               [4.]], dtype=float32)
    """
    if not exponent >= 1:
        raise ValueError(f"exponent must be a number, 1 or more, but is {exponent}.")
    pairs = _euclidean if exponent == 2 else _norms(float(exponent))
    return _pairwise(pairs, x, y, reduction, zero_diagonal)


Pairs = Callable[[jax.Array, jax.Array], jax.Array]


def _pairwise(
    pairs: Pairs, x: Any, y: Any, reduction: str | None, zero_diagonal: bool | None
) -> jax.Array:
    """The value of each pair of rows, reduced.

    Raises:
        ValueError: If the shapes do not match, or the reduction is unknown.
    """
    one_of("reduction", reduction, REDUCTIONS)
    zero_diagonal = y is None if zero_diagonal is None else zero_diagonal
    x = as_float("x", x)
    y = x if y is None else as_float("y", y)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(
            f"x and y must be [n, features] and [m, features], but are {list(x.shape)} and "
            f"{list(y.shape)}."
        )
    return _reduced(x, y, pairs, reduction, zero_diagonal)


@functools.partial(jax.jit, static_argnames=("pairs", "reduction", "zero_diagonal"))
def _reduced(
    x: jax.Array, y: jax.Array, pairs: Pairs, reduction: str | None, zero_diagonal: bool
) -> jax.Array:
    values = pairs(x, y)
    if zero_diagonal:
        values = jnp.where(jnp.eye(*values.shape, dtype=bool), 0, values)
    if reduction == "mean":
        return values.mean(-1)
    return values.sum(-1) if reduction == "sum" else values


def _products(x: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.matmul(x, y.T, precision=jax.lax.Precision.HIGHEST)


def _cosines(x: jax.Array, y: jax.Array) -> jax.Array:
    return bounded(_products(_normalized(x), _normalized(y)), -1, 1)


def _normalized(x: jax.Array) -> jax.Array:
    """The rows divided by their lengths, none of whose squares overflow or vanish."""
    size = abs(x).max(-1, keepdims=True, initial=0)
    scaled = x / jnp.where(size == 0, 1, size)
    length = jnp.sqrt((scaled**2).sum(-1, keepdims=True))
    return scaled / jnp.where(length == 0, 1, length)


def _euclidean(x: jax.Array, y: jax.Array) -> jax.Array:
    # With a largest number of 2**40 no sum of squares overflows, and only differences that are
    # 2**103 times as small vanish. The clip keeps both factors within the range of floats.
    largest = jnp.maximum(abs(x).max(initial=0), abs(y).max(initial=0))
    exponent = jnp.clip(jnp.frexp(largest)[1], -80, None) - 40
    x, y = (value * power_of_two(-exponent, value.dtype) for value in (x, y))

    squares = _over_features(x, y, jnp.square)
    return _root(squares, 2) * power_of_two(exponent, squares.dtype)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _root(powers: jax.Array, exponent: float) -> jax.Array:
    """The root of sums of powers; at 0 its gradient is 0, as for a row and itself."""
    return jnp.sqrt(powers) if exponent == 2 else powers ** (1 / exponent)


@_root.defjvp
def _root_jvp(
    exponent: float, primals: tuple[jax.Array], tangents: tuple[jax.Array]
) -> tuple[jax.Array, jax.Array]:
    (powers,), (tangent,) = primals, tangents
    root, present = _root(powers, exponent), powers != 0
    slope = root / (exponent * jnp.where(present, powers, 1))
    return root, jnp.where(present, slope * tangent, 0)


@functools.cache
def _norms(exponent: float) -> Pairs:
    """The function of two matrices with the norm of the difference of each pair of rows."""

    def norms(x: jax.Array, y: jax.Array) -> jax.Array:
        if exponent == 1:
            return _over_features(x, y, jnp.abs)
        largest = _over_features(x, y, jnp.abs, jnp.maximum)
        if exponent == jnp.inf:
            return largest
        divisor = jnp.where((largest == 0) | jnp.isinf(largest), 1, largest)
        powers = _over_features(x, y, lambda gap: (abs(gap) / divisor) ** exponent)
        return divisor * _root(powers, exponent)

    return norms


def _over_features(
    x: jax.Array,
    y: jax.Array,
    term: Callable[[jax.Array], jax.Array],
    combined: Callable[[jax.Array, jax.Array], jax.Array] = jnp.add,
) -> jax.Array:
    """The sum, or another combination, of the terms of all features of each pair of rows.

    A loop over features computes whole rows of pairs at once, without the memory of all
    differences; this takes a fifth of the time of a sum over the last axis.

    Args:
        x: Shape `[n, features]`.
        y: Shape `[m, features]`.
        term: The term of the differences of one feature, `[n, m]`; 0 if there is none.
        combined: How two terms are combined, none of which is negative.
    """
    features = x.shape[1]
    # XLA would fuse a single block with a mean of the values, and no longer use all processors.
    blocks = max(-(-features // _BLOCK), 2)
    columns = [
        jnp.pad(rows.T, ((0, blocks * _BLOCK - features), (0, 0))).reshape(
            blocks, _BLOCK, len(rows)
        )
        for rows in (x, y)
    ]

    def with_block(total: jax.Array, block: list[jax.Array]) -> tuple[jax.Array, None]:
        terms = [term(one[:, None] - other) for one, other in zip(*block, strict=True)]
        return combined(total, functools.reduce(combined, terms)), None

    start = jnp.zeros((len(x), len(y)), jnp.result_type(x, y))
    return jax.lax.scan(with_block, start, columns)[0]


def norm(vectors: jax.Array, exponent: float) -> jax.Array:
    """The norms along the last axis.

    Args:
        vectors: Floats, `[..., n]`; of a size that can be squared, if the exponent is 2.
        exponent: 1 or more; may be infinity.
    """
    if exponent == 2:
        return jnp.sqrt((vectors**2).sum(-1))
    sizes = abs(vectors)
    if exponent == 1:
        return sizes.sum(-1)
    largest = sizes.max(-1, initial=0)
    if exponent == jnp.inf:
        return largest
    divisor = jnp.where((largest == 0) | jnp.isinf(largest), 1, largest)
    return divisor * ((sizes / divisor[..., None]) ** exponent).sum(-1) ** (1 / exponent)
