"""Arrays from the blocks of quantized numbers in GGUF files."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from jax_metrics.models.pretrained._packages import package

PLAIN = {
    "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64",
    "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
}  # fmt: skip
_VALUES = 32  # numbers in a block of the types below
_CHUNK = 2**12  # blocks that fit a processor's cache, with what becomes of them


def dequantize(data: np.ndarray, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """The array that a tensor of a GGUF file stands for.

    Args:
        data: Its bytes.
        kind: The name of its type, such as `"Q4_1"`.
        shape: Its shape.

    Raises:
        NotImplementedError: If the package `gguf` knows no way.
    """
    if kind in PLAIN:
        # Views of bytes, because NumPy's buffers have no bfloat16.
        return data.view(jnp.dtype(PLAIN[kind])).reshape(shape)
    if kind not in _BLOCKS:
        gguf = package("gguf", "A GGUF file")
        found = gguf.GGMLQuantizationType[kind]
        _, width = gguf.GGML_QUANT_SIZES[found]
        return gguf.dequantize(data.reshape(-1, width), found).reshape(shape)
    width, convert = _BLOCKS[kind]
    blocks = data.reshape(-1, width)
    result = np.empty((len(blocks), _VALUES), np.float32)
    for begin in range(0, len(blocks), _CHUNK):
        convert(blocks[begin : begin + _CHUNK], result[begin : begin + _CHUNK])
    return result.reshape(shape)


def _number(blocks: np.ndarray, begin: int) -> np.ndarray:
    """The float16 that begins at this byte of each block."""
    return blocks[:, begin : begin + 2].copy().view(np.float16).astype(np.float32)


def _halves(quantized: np.ndarray, out: np.ndarray) -> None:
    """The first half of the numbers is in the lower four bits of the bytes."""
    np.bitwise_and(quantized, 15, out=out[:, :16], casting="unsafe")
    np.right_shift(quantized, 4, out=out[:, 16:], casting="unsafe")


def _q8_0(blocks: np.ndarray, out: np.ndarray) -> None:
    """A scale and 32 signed bytes."""
    np.multiply(blocks[:, 2:].view(np.int8), _number(blocks, 0), out=out)


def _q4_0(blocks: np.ndarray, out: np.ndarray) -> None:
    """A scale and 32 times 4 bits, of which 8 means zero."""
    _halves(blocks[:, 2:], out)
    out -= 8
    out *= _number(blocks, 0)


def _q4_1(blocks: np.ndarray, out: np.ndarray) -> None:
    """A scale, a minimum and 32 times 4 bits."""
    _halves(blocks[:, 4:], out)
    out *= _number(blocks, 0)
    out += _number(blocks, 2)


_BLOCKS: dict[str, tuple[int, Callable[[np.ndarray, np.ndarray], None]]] = {
    "Q8_0": (34, _q8_0),
    "Q4_0": (18, _q4_0),
    "Q4_1": (20, _q4_1),
}
