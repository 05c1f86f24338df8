"""How rotary embeddings are stretched to sequences longer than those of the first training."""

import dataclasses
import math

import jax
import jax.numpy as jnp

from jax_metrics.nn._options import check_option


@dataclasses.dataclass(frozen=True)
class LinearRotaryScaling:
    """Divides all frequencies of a `RotaryEmbedding`, as if positions were closer (Chen, 2023).

    Args:
        factor: The divisor.

    Raises:
        ValueError: If it is not positive.

    Example:
        >>> import jax_metrics as jm
        >>> rope = jm.nn.RotaryEmbedding(scaling=jm.nn.LinearRotaryScaling(4.0))
    """

    factor: float

    def __post_init__(self) -> None:
        _check_positive(self)

    def __call__(self, frequencies: jax.Array) -> jax.Array:
        """The frequencies to use.

        Args:
            frequencies: Radians per position, of any shape.
        """
        return frequencies / self.factor


@dataclasses.dataclass(frozen=True)
class Llama3RotaryScaling:
    """Divides the low frequencies of a `RotaryEmbedding` only (Llama 3.1; Dubey et al., 2024).

    The frequencies of short waves, relative to `original_length`, stay unchanged, those of long
    waves are divided by `factor`, and those in between change gradually.

    Args:
        factor: By how much the low frequencies are divided.
        low_frequency_factor: Waves that fit into `original_length` fewer times are long.
        high_frequency_factor: Waves that fit into it more often are short.
        original_length: The number of positions in the first training.

    Raises:
        ValueError: If one is not positive, or the first factor is not below the second.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> scaling = jm.nn.Llama3RotaryScaling(factor=8.0)
        >>> scaling(jnp.array([1.0, 1e-5])).tolist() == [1.0, jnp.float32(1e-5) / 8]
        True
        >>> rope = jm.nn.RotaryEmbedding(500_000.0, scaling=scaling)
    """

    factor: float
    low_frequency_factor: float = 1.0
    high_frequency_factor: float = 4.0
    original_length: int = 8192

    def __post_init__(self) -> None:
        _check_positive(self)
        if self.low_frequency_factor >= self.high_frequency_factor:
            raise ValueError(
                "Llama3RotaryScaling expects `low_frequency_factor` below "
                f"`high_frequency_factor`; got {self.low_frequency_factor} and "
                f"{self.high_frequency_factor}."
            )

    def __call__(self, frequencies: jax.Array) -> jax.Array:
        """The frequencies to use.

        Args:
            frequencies: Radians per position, of any shape.
        """
        waves = frequencies * self.original_length / (2 * math.pi)  # that fit into the length
        low, high = self.low_frequency_factor, self.high_frequency_factor
        kept = jnp.clip((waves - low) / (high - low), 0, 1)
        return kept * frequencies + (1 - kept) * frequencies / self.factor


def _check_positive(scaling: LinearRotaryScaling | Llama3RotaryScaling) -> None:
    owner = type(scaling).__name__
    for name, value in vars(scaling).items():
        check_option(owner, name, value, int if name == "original_length" else float)
        if not value > 0:
            raise ValueError(f"{owner} expects a positive number for `{name}`; got {value}.")
