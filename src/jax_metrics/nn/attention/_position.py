"""Position embeddings: rotary, sinusoidal and learned."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.module import Parameter, describe_place, next_key
from jax_metrics.nn import initializers
from jax_metrics.nn._checked_layer import CheckedLayer

Scaling = Callable[[jax.Array], jax.Array]
_EMBEDDING_INIT = initializers.normal(0.02)


def expand_positions(positions: Any, length: int) -> jax.Array:
    """Positions as an array: counted from 0, or from an offset, or as they are.

    Args:
        positions: None, an integer offset, or an integer array `[..., length]`.
        length: The number of positions.

    Raises:
        TypeError: If they are not integers.
        ValueError: If there are more or fewer.
    """
    positions = jnp.asarray(0 if positions is None else positions)
    if not jnp.issubdtype(positions.dtype, jnp.integer):
        raise TypeError(f"`positions` needs integers; got {positions.dtype}.")
    if positions.ndim == 0:
        return positions + jnp.arange(length, dtype=positions.dtype)
    if positions.shape[-1] != length:
        raise ValueError(
            f"`positions` needs one integer for all, an offset, or the shape [..., {length}]; got "
            f"{positions.shape}."
        )
    return positions


def _angles(
    positions: jax.Array,
    size: int,
    base: float,
    *,
    scaling: Scaling | None = None,
    last: bool = False,
) -> jax.Array:
    """`position / base**(2 i / size)` in float32, `[..., length, size / 2]`.

    With `last`, the divisor is smaller, so that the last exponent is 1.
    """
    divisor = max(size + size % 2 - 2, 1) if last else size
    exponents = jnp.arange(0, size, 2, dtype=jnp.float32) / divisor
    frequencies = base**-exponents
    if scaling is not None:
        frequencies = scaling(frequencies)
    return positions.astype(jnp.float32)[..., None] * frequencies


class RotaryEmbedding(CheckedLayer):
    """Rotates pairs of features by angles that grow with the position (RoPE; Su et al., 2021).

    When applied to queries and keys, their products depend only on the distance between the two.
    Takes an array of shape `[batch..., length, heads, head_dim]` and returns an array of the same
    shape and dtype; the angles are computed in float32. It has no parameters, so one object may be
    used by many layers.

    Args:
        base: The base of the wavelengths, which go from `2 pi` to `2 pi base`.
        fraction: The fraction of the features that is rotated, starting with the first; the others
            are unchanged.
        interleaved: Whether the pairs are neighbours, as in the paper; otherwise the first half of
            the rotated features is paired with the second half, as in GPT-NeoX and Llama.
        scaling: Maps the frequencies, in radians per position, `[size / 2]`, to the frequencies to
            use, such as a `Llama3RotaryScaling`; None: unchanged.
        name: A name for the module.

    Raises:
        ValueError: If the fraction or the base is out of range; in a call, if the rotated features
            are an odd number, or axes are missing.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> rope = jm.nn.RotaryEmbedding()
        >>> x = jnp.ones((1, 5, 2, 4))
        >>> bool(jnp.allclose(rope(x)[:, 3:], rope(x[:, 3:], positions=3)))
        True
    """

    def __init__(
        self,
        base: float = 10_000.0,
        *,
        fraction: float = 1.0,
        interleaved: bool = False,
        scaling: Scaling | None = None,
        name: str | None = None,
    ):
        super().__init__(name)
        if not (base > 0 and 0 < fraction <= 1):
            raise ValueError(
                "RotaryEmbedding needs a `base` above 0 and a `fraction` from 0 to 1; got "
                f"{base} and {fraction}."
            )
        self.base = base
        self.fraction = fraction
        self.interleaved = interleaved
        self.scaling = scaling

    def __call__(self, x: jax.Array, positions: Any = None) -> jax.Array:
        """Rotates.

        Args:
            x: Shape `[batch..., length, heads, head_dim]`.
            positions: The positions of the inputs: an offset to count from, or integers
                `[batch..., length]`; None: counted from 0.
        """
        if jnp.ndim(x) < 3:
            raise ValueError(
                f"{describe_place(self)} expects `[batch..., length, heads, head_dim]`; got shape "
                f"{jnp.shape(x)}."
            )
        size = round(self.fraction * x.shape[-1])
        if size % 2 or not size:
            raise ValueError(
                f"{describe_place(self)} rotates pairs of features, an even number of them; "
                f"{self.fraction} of head_dim {x.shape[-1]} is {size}."
            )
        positions = expand_positions(positions, x.shape[-3])
        angles = _angles(positions, size, self.base, scaling=self.scaling)[..., None, :]
        sin, cos = jnp.sin(angles), jnp.cos(angles)
        rotated, rest = x[..., :size].astype(jnp.float32), x[..., size:]
        if self.interleaved:
            first, second = rotated[..., ::2], rotated[..., 1::2]
        else:
            first, second = jnp.split(rotated, 2, axis=-1)
        pair = (first * cos - second * sin, second * cos + first * sin)
        if self.interleaved:
            rotated = jnp.stack(pair, axis=-1).reshape(rotated.shape)
        else:
            rotated = jnp.concatenate(pair, axis=-1)
        return jnp.concatenate([rotated.astype(x.dtype), rest], axis=-1)


class SinusoidalPositionEmbedding(CheckedLayer):
    """Adds sines and cosines of the position, of many wavelengths (Vaswani et al., 2017).

    Takes an array of shape `[batch..., length, features]` and returns an array of the same shape
    and dtype. Even features get the sine and odd features the cosine; it has no parameters.

    Args:
        base: The base of the wavelengths, which go from `2 pi` to `2 pi base`.
        interleaved: Whether sines and cosines alternate, as in the paper; otherwise the first half
            of the features are sines and the second half cosines, as in Tensor2Tensor and Whisper.
        endpoint: Whether the last wavelength is `2 pi base` itself, as in Tensor2Tensor and
            Whisper; in the paper it is one step shorter.
        name: A name for the module.

    Raises:
        ValueError: In a call, if axes are missing, or the positions have another shape.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> jm.nn.SinusoidalPositionEmbedding()(jnp.zeros((2, 4))).round()
        Array([[0., 1., 0., 1.],
               [1., 1., 0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        base: float = 10_000.0,
        *,
        interleaved: bool = True,
        endpoint: bool = False,
        name: str | None = None,
    ):
        super().__init__(name)
        if not base > 0:
            raise ValueError(f"`base` must be above 0; got {base}.")
        self.base = base
        self.interleaved = interleaved
        self.endpoint = endpoint

    def __call__(self, x: jax.Array, positions: Any = None) -> jax.Array:
        """Adds the embedding.

        Args:
            x: Shape `[batch..., length, features]`.
            positions: As in `RotaryEmbedding`.
        """
        _check_sequence(self, x)
        features = x.shape[-1]
        positions = expand_positions(positions, x.shape[-2])
        angles = _angles(positions, features, self.base, last=self.endpoint)
        waves = [jnp.sin(angles), jnp.cos(angles)]
        if self.interleaved:
            table = jnp.stack(waves, axis=-1)
            table = table.reshape(*angles.shape[:-1], 2 * angles.shape[-1])
        else:
            table = jnp.concatenate(waves, axis=-1)
        table = table[..., :features]
        return x + table.astype(x.dtype)


class LearnedPositionEmbedding(CheckedLayer):
    """Adds a separate learned vector for each position (Gehring et al., 2017).

    Takes an array of shape `[batch..., length, features]` and returns an array of the same shape. A
    position below 0 or beyond the last is an error, or NaN where `positions` is an array.

    Args:
        num_embeddings: Number of positions.
        dtype: Output dtype; None: promoted from inputs and parameters.
        param_dtype: Parameter dtype.
        embedding_init: Initializer of `embedding`, `[num_embeddings, features]`.
        name: A name for the module.

    Raises:
        ValueError: In a call, if positions are counted and the sequence has more than
            `num_embeddings`, or begins below 0; if axes are missing, or the number of features
            differs from that in `init`.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> layer = jm.nn.LearnedPositionEmbedding(128).init(0, jnp.zeros((1, 10, 16)))
        >>> layer.embedding.shape
        (128, 16)
    """

    embedding: jax.Array = Parameter.node(init=False)

    def __init__(
        self,
        num_embeddings: int,
        *,
        dtype: Any = None,
        param_dtype: Any = jnp.float32,
        embedding_init: initializers.InitializerLike = _EMBEDDING_INIT,
        name: str | None = None,
    ):
        super().__init__(name)
        self.num_embeddings = num_embeddings
        self.dtype = dtype
        self.param_dtype = param_dtype
        self.embedding_init = embedding_init

    def __call__(self, x: jax.Array, positions: Any = None) -> jax.Array:
        """Adds the embedding.

        Args:
            x: Shape `[batch..., length, features]`.
            positions: As in `RotaryEmbedding`.
        """
        _check_sequence(self, x)
        length, features = x.shape[-2:]
        if self.initializing() and "embedding" not in vars(self):
            shape = (self.num_embeddings, features)
            self.embedding = self.embedding_init(next_key(), shape, self.param_dtype)
        if self.embedding.shape[-1] != features:
            raise ValueError(
                f"{describe_place(self)} was initialized for {self.embedding.shape[-1]} features; "
                f"got shape {x.shape}."
            )
        first = int(positions) if isinstance(positions, int | np.integer) else 0
        counted = positions is None or jnp.ndim(positions) == 0
        if first < 0:
            raise ValueError(
                f"{describe_place(self)} has positions from 0; got `positions={first}`, where the "
                "sequence would begin. Count from 0 on."
            )
        if counted and first + length > self.num_embeddings:
            raise ValueError(
                f"{describe_place(self)} has {self.num_embeddings} positions, from 0; got a "
                f"sequence that goes to {first + length - 1}. Make it with a larger "
                "`num_embeddings`."
            )
        indices = expand_positions(positions, length)
        # A gather of JAX counts negative indices from the end.
        table = self.embedding.at[indices].get(
            mode="fill", fill_value=jnp.nan, wrap_negative_indices=False
        )
        dtype = jnp.result_type(x, table) if self.dtype is None else self.dtype
        return x.astype(dtype) + table.astype(dtype)


def _check_sequence(layer: Any, x: jax.Array) -> None:
    if jnp.ndim(x) < 2:
        raise ValueError(
            f"{describe_place(layer)} expects `[batch..., length, features]`; got shape "
            f"{jnp.shape(x)}."
        )
