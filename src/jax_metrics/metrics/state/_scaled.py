"""`Scaled`: numbers with a separate exponent, so that squares neither overflow nor vanish."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Scaled(NamedTuple):
    """The numbers `fraction * 2**exponent`, such as squares of numbers up to 1e30.

    Attributes:
        fraction: Floats.
        exponent: An int32 for each number, an even one for squares; 0 unless the numbers are
            extreme.
    """

    fraction: jax.Array
    exponent: Any = 0

    @classmethod
    def square(cls, values: jax.Array) -> "Scaled":
        """The squares of floats."""
        exponent = scale(abs(values))
        return cls(jnp.ldexp(values, -exponent) ** 2, 2 * exponent)

    @property
    def value(self) -> jax.Array:
        """The numbers as floats: infinite or 0 if they are too large or too small."""
        return jnp.ldexp(self.fraction, self.exponent)

    def times(self, factor: jax.Array) -> "Scaled":
        """The products with floats of ordinary size."""
        return self._replace(fraction=self.fraction * factor)

    def plus(self, other: "Scaled") -> "Scaled":
        """The sums."""
        exponent = jnp.maximum(self.exponent, other.exponent)
        parts = (jnp.ldexp(x.fraction, x.exponent - exponent) for x in (self, other))
        return Scaled(sum(parts, start=jnp.zeros_like(self.fraction)), exponent)

    def over(self, other: "Scaled") -> "Scaled":
        """The quotients."""
        return Scaled(self.fraction / other.fraction, self.exponent - other.exponent)

    def root(self) -> "Scaled":
        """The square roots; exponents must be even."""
        return Scaled(jnp.sqrt(self.fraction), self.exponent // 2)


def least_exponent(dtype: Any) -> int:
    """The exponent of zero, which is smaller than that of any other number."""
    return int(jnp.finfo(dtype).minexp)


def scale(size: jax.Array) -> jax.Array:
    """The exponents to divide sizes by before squaring them: 0 for those of ordinary size.

    Args:
        size: Nonnegative floats.
    """
    info = jnp.finfo(size.dtype)
    ordinary = (size >= 2.0 ** -(info.maxexp // 4)) & (size <= 2.0 ** (info.maxexp // 3))
    exponent = jnp.where(ordinary, 0, jnp.frexp(size)[1])
    largest = -info.minexp
    exponent = jnp.clip(exponent, info.minexp, largest)
    return jnp.where(size == 0, info.minexp, exponent).astype(jnp.int32)


def power_of_two(exponent: jax.Array, dtype: Any) -> jax.Array:
    """`2**exponent`: a product with it takes a sixth of the time of `jnp.ldexp` of an array.

    Args:
        exponent: Integers for which it is a normal number, such as results of `scale` and their
            negatives.
        dtype: The dtype of floats.
    """
    return jnp.ldexp(jnp.ones(exponent.shape, dtype), exponent)


def ordinary_squares(sums: jax.Array) -> jax.Array:
    """Whether sums of squares are neither so small nor so large that squares were lost."""
    maxexp = jnp.finfo(sums.dtype).maxexp
    return (sums >= 2.0 ** -(maxexp // 2)) & (sums <= 2.0 ** (2 * (maxexp // 3)))
