"""Random changes in training, other than plain dropout."""

import jax
import jax.numpy as jnp

from jax_metrics.module import describe_place
from jax_metrics.nn._rate import check_rate
from jax_metrics.nn.noise._random_layer import RandomChange

# Constants of SELU: the limit of its activation at minus infinity.
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _dropped(key: jax.Array, x: jax.Array, rate: float, shape: tuple[int, ...]) -> jax.Array:
    """Zeroes the parts of `x` that `shape` broadcasts to with this probability, scales the rest."""
    if rate == 1:
        return jnp.zeros_like(x)
    keep = jax.random.bernoulli(key, 1 - rate, shape)
    return jnp.where(keep, x / jnp.asarray(1 - rate, x.dtype), jnp.zeros_like(x))


class StochasticDepth(RandomChange):
    """Zeroes random examples in training, and scales up the others (Huang et al., 2016).

    At the end of a residual branch it skips the branch. Takes and returns an array of shape
    `[batch, ...]`. It keeps a random key, as `jm.Dropout` does.

    Args:
        rate: The probability that a value is zeroed.
        mode: `"row"`: each example separately; `"batch"`: all examples or none.
        name: A name for the module.

    Raises:
        ValueError: If the rate is not a probability, or the mode is unknown.
        TypeError: In a call, if the input is not of floats.
        RuntimeError: In a call in training mode, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.StochasticDepth(0.5).init(0)
        >>> sorted(set(layer(jnp.ones((100, 3))).sum(axis=1).tolist()))
        [0.0, 6.0]
    """

    def __init__(self, rate: float, mode: str = "row", *, name: str | None = None):
        check_rate(rate)
        if mode not in ("row", "batch"):
            raise ValueError(f"`mode` may be 'row' or 'batch'; got {mode!r}.")
        self.rate = rate
        super().__init__(name=name)
        self.mode = mode

    def _change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        rows = x.shape[:1] if self.mode == "row" else (1,)
        return _dropped(key, x, self.rate, (rows + (1,) * (x.ndim - 1))[: x.ndim])


class SpatialDropout(RandomChange):
    """Zeroes random channels in training, and scales up the others (Tompson et al., 2015).

    Takes and returns an array of shape `[batch, spatial..., channels]`; one mask is broadcast over
    all positions of a channel. It keeps a random key, as `jm.Dropout` does.

    Args:
        rate: The probability that a value is zeroed.
        name: A name for the module.

    Raises:
        ValueError: If the rate is not a probability, or, in a call, there is no spatial axis.
        TypeError: In a call, if the input is not of floats.
        RuntimeError: In a call in training mode, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.SpatialDropout(0.5).init(0)
        >>> sorted(set(layer(jnp.ones((1, 4, 4, 100))).sum(axis=(1, 2)).ravel().tolist()))
        [0.0, 32.0]
    """

    def __init__(self, rate: float, *, name: str | None = None):
        check_rate(rate)
        self.rate = rate
        super().__init__(name=name)

    def _change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        if x.ndim < 3:
            raise ValueError(
                f"{describe_place(self)} expects `[batch, spatial..., channels]`, with at least "
                f"one spatial axis; got shape {x.shape}. For single values use Dropout."
            )
        return _dropped(key, x, self.rate, (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]))


class AlphaDropout(RandomChange):
    """Dropout that keeps mean 0 and variance 1, for SELU networks (Klambauer et al., 2017).

    Dropped values become the lowest value of `jax.nn.selu`, and all values are then shifted and
    scaled. It keeps a random key, as `jm.Dropout` does.

    Args:
        rate: The probability of being dropped.
        name: A name for the module.

    Raises:
        ValueError: If the rate is not a probability, or is 1.
        TypeError: In a call, if the input is not of floats.
        RuntimeError: In a call in training mode, without a key.

    Example:
        >>> import jax
        >>> import jax_metrics as jm
        >>> layer = jm.nn.AlphaDropout(0.3).init(0)
        >>> y = layer(jax.random.normal(jax.random.key(0), (100_000,)))
        >>> abs(round(float(y.mean()), 1)), round(float(y.std()), 1)
        (0.0, 1.0)
    """

    def __init__(self, rate: float, *, name: str | None = None):
        check_rate(rate)
        if rate == 1:
            raise ValueError("AlphaDropout cannot drop everything: `rate` must be below 1; got 1.")
        self.rate = rate
        super().__init__(name=name)

    def _change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        lowest = -_SELU_ALPHA * _SELU_SCALE
        scale = ((1 - self.rate) * (1 + self.rate * lowest**2)) ** -0.5
        keep = jax.random.bernoulli(key, 1 - self.rate, x.shape)
        return scale * jnp.where(keep, x, lowest) - scale * lowest * self.rate


class GaussianDropout(RandomChange):
    """Multiplies by normal noise around 1, of variance `rate / (1 - rate)` (Srivastava, 2014).

    Dropout at this rate has the same variance. It keeps a random key, as `jm.Dropout`
    does.

    Args:
        rate: The dropout probability with the same variance.
        name: A name for the module.

    Raises:
        ValueError: If the rate is not a probability, or is 1.
        TypeError: In a call, if the input is not of floats.
        RuntimeError: In a call in training mode, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.GaussianDropout(0.5).init(0)
        >>> round(float(layer(jnp.ones(100_000)).std()), 1)
        1.0
    """

    def __init__(self, rate: float, *, name: str | None = None):
        check_rate(rate)
        if rate == 1:
            raise ValueError(
                "GaussianDropout with `rate=1` would have infinite variance: it must be below 1."
            )
        self.rate = rate
        super().__init__(name=name)

    def _change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        deviation = (self.rate / (1 - self.rate)) ** 0.5
        return x * (1 + deviation * jax.random.normal(key, x.shape, x.dtype))


class GaussianNoise(RandomChange):
    """Adds normal noise around 0 in training.

    It keeps a random key, as `jm.Dropout` does.

    Args:
        stddev: The standard deviation of the noise.
        name: A name for the module.

    Raises:
        ValueError: If the deviation is negative.
        TypeError: In a call, if the input is not of floats.
        RuntimeError: In a call in training mode, without a key.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.GaussianNoise(0.5).init(0)
        >>> round(float(layer(jnp.ones(100_000)).std()), 1)
        0.5
    """

    _strength = "stddev"

    def __init__(self, stddev: float, *, name: str | None = None):
        if not stddev >= 0:
            raise ValueError(f"`stddev` must be at least 0; got {stddev}.")
        self.stddev = stddev
        super().__init__(name=name)

    def _change(self, key: jax.Array, x: jax.Array) -> jax.Array:
        return x + self.stddev * jax.random.normal(key, x.shape, x.dtype)
