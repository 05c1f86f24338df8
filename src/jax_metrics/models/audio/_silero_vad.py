"""`SileroVAD`: voice activity detection."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_metrics.models._architecture import Architecture
from jax_metrics.models.audio._as_waveform import as_waveform
from jax_metrics.module import Cache, Inputs
from jax_metrics.nn import Conv, Linear, OptimizedLSTMCell, standing_for
from jax_metrics.tree import copy, make_mutable

_FEATURES = (128, 64, 64, 128)
_STRIDES = (1, 2, 2, 1)


class SileroVAD(Architecture):
    """Silero's voice activity detector, versions 5 and 6: a small network for chunks of 32 ms.

    The magnitudes of a short-time Fourier transform, four convolutions with ReLU, an LSTM cell, and
    a linear layer. Each chunk is processed together with the end of the previous chunk.

    Args:
        sample_rate: 16000 or 8000 samples per second.

    Raises:
        ValueError: If the rate is neither of these.

    Example:
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> model = jm.models.SileroVAD()
        >>> model = model.init(0, model.example_inputs()).eval()
        >>> wave = jnp.zeros(1600)
        >>> model(wave).shape  # four chunks, the last one filled up with zeros
        (4,)
        >>> streaming = model.start_stream()
        >>> bool(jnp.allclose(streaming.stream(wave[:512]), model(wave)[0], atol=1e-6))
        True
    """

    presets = {"16k": {"sample_rate": 16000}, "8k": {"sample_rate": 8000}}

    context: jax.Array | None = Cache.node()
    carry: tuple[jax.Array, jax.Array] | None = Cache.node()

    def __init__(self, sample_rate: int = 16000):
        if sample_rate not in (8000, 16000):
            raise ValueError(f"`sample_rate` is 8000 or 16000 samples a second; got {sample_rate}.")
        self.sample_rate = sample_rate
        self.context = self.carry = None
        window = 2 * self.chunk_size // 4
        # The real and the imaginary parts, from a kernel that comes with the weights.
        self.stft = Conv(
            window + 2, (window,), strides=window // 2, padding="VALID", use_bias=False
        )
        self.encoder = [
            Conv(features, (3,), strides=stride, padding=1)
            for features, stride in zip(_FEATURES, _STRIDES, strict=True)
        ]
        self.lstm = OptimizedLSTMCell(_FEATURES[-1])
        self.head = Linear(1)

    @property
    def chunk_size(self) -> int:
        """The number of samples for one probability: 32 ms."""
        return self.sample_rate * 32 // 1000

    @property
    def context_size(self) -> int:
        """The number of samples repeated from the previous chunk: 4 ms."""
        return self.chunk_size // 8

    def example_inputs(self) -> Inputs:
        """A chunk of silence."""
        return Inputs(jnp.zeros((1, self.chunk_size)))

    def __call__(self, wave: jax.Array) -> jax.Array:
        """The probability of speech in each chunk of complete recordings.

        Args:
            wave: Shape `[batch..., samples]`, floats from -1 to 1. The last chunk is padded with
                zeros.

        Raises:
            TypeError: If they are integers.

        Returns:
            Shape `[batch..., ceil(samples / chunk_size)]`.
        """
        wave = as_waveform("wave", wave)
        *batch, samples = wave.shape
        axes = [(0, 0)] * len(batch)
        wave = jnp.pad(wave, [*axes, (self.context_size, -samples % self.chunk_size)])
        count = (wave.shape[-1] - self.context_size) // self.chunk_size
        # The convolutions see all chunks at once; only the cell goes through them in time.
        begins = jnp.arange(count)[:, None] * self.chunk_size
        features = self.features(
            wave[..., begins + jnp.arange(self.context_size + self.chunk_size)]
        )
        carry = self._empty_carry(batch, features.dtype)
        in_time = jnp.moveaxis(features, -2, 0)
        if self.initializing():
            _, outputs = self.lstm(carry, in_time[0])
            outputs = jnp.broadcast_to(outputs, in_time.shape)
        else:
            _, outputs = jax.lax.scan(self.lstm, carry, in_time)
        return self._probability(jnp.moveaxis(outputs, 0, -2))

    def features(self, chunks: jax.Array) -> jax.Array:
        """The outputs of the convolutions for chunks, before the LSTM cell.

        Args:
            chunks: Shape `[batch..., context_size + chunk_size]`.

        Returns:
            Shape `[batch..., 128]`.
        """
        x = self.spectrum(chunks)
        for conv in self.encoder:
            x = jax.nn.relu(conv(x))
        return x[..., 0, :]  # one frame is left

    def spectrum(self, chunks: jax.Array) -> jax.Array:
        """The magnitudes of the Fourier transforms of overlapping windows.

        Args:
            chunks: As in `features`.

        Returns:
            Shape `[batch..., 4, chunk_size / 4 + 1]`.
        """
        axes = [(0, 0)] * (chunks.ndim - 1)
        padded = jnp.pad(chunks, [*axes, (0, self.context_size)], mode="reflect")
        real, imaginary = jnp.split(self.stft(padded[..., None]), 2, axis=-1)
        power = real**2 + imaginary**2
        silent = power == 0  # where the gradient of the root is infinite
        return jnp.where(silent, 0, jnp.sqrt(jnp.where(silent, 1, power)))

    def start_stream(self, batch_size: int | Sequence[int] = ()) -> "SileroVAD":
        """Returns the model at the start of recordings, to be processed in chunks by `stream`.

        Args:
            batch_size: The batch axis, or axes, of the chunks; `()` for none.
        """
        one = isinstance(batch_size, int | np.integer)
        batch = (int(batch_size),) if one else tuple(batch_size)
        model = copy(self)
        with make_mutable(model):
            dtype = standing_for(self.head).kernel.dtype
            model.context = jnp.zeros((*batch, self.context_size), dtype)
            model.carry = self._empty_carry(batch, dtype)
        return model

    def stream(self, chunk: jax.Array) -> jax.Array:
        """The probability of speech in the next chunk; under `jit`, return the model, too.

        Args:
            chunk: Shape `[batch..., chunk_size]`, floats from -1 to 1.

        Returns:
            Shape `[batch...]`.

        Raises:
            RuntimeError: If the stream was not started.
            TypeError: If they are integers.
            ValueError: If the chunk has another shape.
        """
        if self.context is None or self.carry is None:
            raise RuntimeError("The stream was not started: `model = model.start_stream(...)`.")
        chunk = as_waveform("chunk", chunk)
        expected = (*self.context.shape[:-1], self.chunk_size)
        if chunk.shape != expected:
            raise ValueError(
                f"A chunk of this stream has the shape {expected}; got {chunk.shape}. Start a "
                "stream with the batch axes of the chunks, and fill up the last chunk with zeros."
            )
        whole = jnp.concatenate([self.context, chunk.astype(self.context.dtype)], axis=-1)
        self.carry, output = self.lstm(self.carry, self.features(whole))
        self.context = whole[..., -self.context_size :]
        return self._probability(output)

    def _empty_carry(self, batch: Sequence[int], dtype: Any) -> tuple[jax.Array, jax.Array]:
        zeros = jnp.zeros((*batch, _FEATURES[-1]), dtype)
        return zeros, zeros

    def _probability(self, outputs: jax.Array) -> jax.Array:
        return jax.nn.sigmoid(self.head(jax.nn.relu(outputs)))[..., 0]
