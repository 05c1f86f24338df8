"""Information that two labelings share, from their contingency matrix."""

import jax
import jax.numpy as jnp

from jax_metrics.metrics.counts import divide, geometric_mean

AVERAGE_METHODS = ("arithmetic", "geometric", "min", "max")


def mutual_information(matrix: jax.Array) -> jax.Array:
    """The mutual information in nats: `sum(p * log(p / (a * b)))`, at least 0.

    It is a sum of positive terms, `a * b * divergence`, so that a small value is not a difference
    of large numbers.
    """
    joint = matrix / matrix.sum()
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    return (independent * _divergence(divide(joint - independent, independent, 0.0))).sum()


def _divergence(x: jax.Array) -> jax.Array:
    """`(1 + x) * log(1 + x) - x`, which is 1 at -1."""
    return (1 + x) * jnp.log1p(jnp.where(x <= -1, 0, x)) - x


def entropy(counts: jax.Array) -> jax.Array:
    """The entropy of counts in nats; exactly 0 if only one count is not 0."""
    fractions = counts / counts.sum()
    value = -(fractions * jnp.log(jnp.where(fractions == 0, 1, fractions))).sum()
    return jnp.where((counts != 0).sum() <= 1, 0, value)


def entropies(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The entropies of the rows and of the columns."""
    return entropy(matrix.sum(1)), entropy(matrix.sum(0))


def average(first: jax.Array, second: jax.Array, method: str) -> jax.Array:
    """The mean of two entropies; see `AVERAGE_METHODS`."""
    return {
        "arithmetic": (first + second) / 2,
        "geometric": geometric_mean(first, second),
        "min": jnp.minimum(first, second),
        "max": jnp.maximum(first, second),
    }[method]


def expected_mutual_information(matrix: jax.Array) -> jax.Array:
    """The mean mutual information over all matrices of counts with the same row and column sums.

    The count of a cell then has a hypergeometric distribution. Its probabilities are computed
    relative to the most likely count, by the ratios of successive counts in both directions, until
    they vanish. Their logarithms are differences of large numbers and would lose all digits.

    Source: Vinh, Epps, Bailey, Information Theoretic Measures for Clusterings Comparison, 2010.
    """
    total = matrix.sum()
    row, column = matrix.sum(1, keepdims=True), matrix.sum(0, keepdims=True)
    rest = total - row - column
    mean = row * (column / total)
    most_likely = jnp.floor((row + 1) * ((column + 1) / (total + 2)))
    start = jnp.clip(most_likely, jnp.maximum(0, -rest), jnp.minimum(row, column))
    least = jnp.finfo(matrix.dtype).eps ** 2

    def term(count: jax.Array, probability: jax.Array) -> jax.Array:
        return probability * _divergence(divide(count - mean, mean, 0.0))

    def unfinished(carry: tuple[jax.Array, ...]) -> jax.Array:
        _, up, _, down, _, _ = carry
        return (jnp.maximum(up, down) > least).any()

    def step(carry: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        high, up, low, down, weight, value = carry
        up *= (row - high) * (column - high) / ((high + 1) * (rest + high + 1))
        down *= low * (rest + low) / ((row - low + 1) * (column - low + 1))
        high, low = high + 1, low - 1
        weight = weight + up + down
        return high, up, low, down, weight, value + term(high, up) + term(low, down)

    one = jnp.ones_like(start) + 0 * start
    initial = (start, one, start, one, one, term(start, one))
    *_, weight, value = jax.lax.while_loop(unfinished, step, initial)
    return (mean / total * value / weight).sum()
