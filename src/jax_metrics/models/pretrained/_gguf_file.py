"""A GGUF file: its metadata and tensors, which are dequantized when they are read."""

import functools
import math
import mmap
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jax_metrics.checkpoint import CheckpointError, Deferred
from jax_metrics.models.pretrained._dequantize import PLAIN, dequantize
from jax_metrics.models.pretrained._packages import package

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)  # the first had shorter counts, and is gone
_STRING, _ARRAY = 8, 9
_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_COUNT = struct.Struct("<Q")


class Tensor(NamedTuple):
    """A tensor of the file.

    Args:
        shape: Its shape, the last axis the contiguous one.
        kind: The name of its type, such as `"Q4_1"`.
        begin: Where its bytes begin in the file.
        size: How many there are.
    """

    shape: tuple[int, ...]
    kind: str
    begin: int
    size: int

    @property
    def dtype(self) -> Any:
        """The dtype of the array."""
        return jnp.dtype(PLAIN.get(self.kind, "float32"))


class _Metadata(Mapping[str, Any]):
    """Entries by name, of which some are made when they are asked for, by functions."""

    def __init__(self) -> None:
        self._entries: dict[str, Any] = {}

    def add(self, name: str, value: Any) -> None:
        self._entries[name] = value

    def __getitem__(self, name: str) -> Any:
        value = self._entries[name]
        if callable(value):
            value = self._entries[name] = value()
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class GGUFFile:
    """The metadata of a GGUF file, and its tensors.

    The header is read here, because the reader of the package `gguf` makes an array of every string
    of a vocabulary, which takes seconds; here they are skipped, and read when they are asked for.
    The package knows the types of tensors.

    Raises:
        CheckpointError: If the file is damaged, or not a GGUF file.
        FileNotFoundError: If there is none.
        ImportError: If the package `gguf` is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self._gguf = package("gguf", "A GGUF file")
        with open(self.path, "rb") as file:
            if not (size := os.fstat(file.fileno()).st_size):
                raise CheckpointError(f"{self.path} is empty.")
            self._map = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        try:
            self._read_header()
        except CheckpointError:
            raise
        except (struct.error, ValueError, LookupError, OverflowError, RecursionError) as error:
            raise CheckpointError(
                f"{self.path} is damaged, or no GGUF file of version 2 or 3: {error}."
            ) from error

    def _read_header(self) -> None:
        if self._map[:4] != _MAGIC:
            raise ValueError(f"it begins with {self._map[:4]!r} instead of {_MAGIC!r}")
        version = struct.unpack_from("<I", self._map, 4)[0]
        if version not in _VERSIONS:
            raise ValueError(f"it has version {version}")
        num_tensors, num_entries = struct.unpack_from("<QQ", self._map, 8)
        self._place = 24
        self.metadata = _Metadata()
        for _ in range(num_entries):
            name = self._string()
            self.metadata.add(name, self._value(self._number("I")))
        infos = [self._tensor_info() for _ in range(num_tensors)]
        alignment = self.metadata.get("general.alignment", 32)
        if type(alignment) is not int or alignment < 1:
            raise ValueError(f"`general.alignment` is {alignment!r} instead of a number of bytes")
        start = -(-self._place // alignment) * alignment
        self.tensors = {info[0]: self._tensor(start, *info) for info in infos}
        if len(self.tensors) < len(infos):
            raise ValueError("two tensors have one name")

    def _number(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self._map, self._place)
        self._place += struct.calcsize(code) if code not in "Qqd" else 8
        return value

    def _string(self) -> str:
        begin = self._place
        self._skip_strings(1)
        return self._strings(begin, 1)[0]

    def _skip_strings(self, count: int) -> None:
        place, file, length_at = self._place, self._map, _COUNT.unpack_from
        for _ in range(count):
            place += 8 + length_at(file, place)[0]
        if place > len(file):
            raise ValueError("a string ends after the file")
        self._place = place

    def _strings(self, begin: int, count: int) -> list[str]:
        found = []
        for _ in range(count):
            end = begin + 8 + _COUNT.unpack_from(self._map, begin)[0]
            found.append(self._map[begin + 8 : end].decode("utf-8", "replace"))
            begin = end
        return found

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_NUMBERS[kind])
        kind, count = self._number("I"), self._number("Q")
        if kind == _STRING:
            begin = self._place
            self._skip_strings(count)
            return functools.partial(self._strings, begin, count)
        if kind == _ARRAY:
            parts = [self._value(kind) for _ in range(count)]
            return [part() if callable(part) else part for part in parts]
        dtype = np.dtype(_NUMBERS[kind]).newbyteorder("<")
        values = np.frombuffer(self._map, dtype, count, self._place).tolist()
        self._place += count * dtype.itemsize
        return values

    def _tensor_info(self) -> tuple[str, list[int], int, int]:
        name, rank = self._string(), self._number("I")
        shape = [self._number("Q") for _ in range(rank)]
        return name, shape, self._number("I"), self._number("Q")

    def _tensor(self, start: int, name: str, sizes: list[int], kind: int, offset: int) -> Tensor:
        found = self._gguf.GGMLQuantizationType(kind)
        block, width = self._gguf.GGML_QUANT_SIZES[found]
        tensor = Tensor(
            tuple(reversed(sizes)), found.name, start + offset, math.prod(sizes) // block * width
        )
        if sizes and sizes[0] % block:
            raise ValueError(f"the rows of {name!r} are no multiples of {block}")
        if tensor.begin + tensor.size > len(self._map):
            raise ValueError(f"the tensor {name!r} ends after the file")
        return tensor

    def read(self, name: str) -> np.ndarray:
        """A tensor: of float32 if it is quantized, and else of its own dtype.

        Raises:
            CheckpointError: If it is of a type that cannot be dequantized.
        """
        tensor = self.tensors[name]
        data = np.frombuffer(self._map, np.uint8, tensor.size, tensor.begin)
        try:
            return dequantize(data, tensor.kind, tensor.shape)
        except NotImplementedError as error:
            raise CheckpointError(
                f"{self.path}: {name!r} is of the type {tensor.kind}, which the package gguf "
                "cannot dequantize."
            ) from error

    def arrays(self) -> dict[str, Deferred]:
        """The tensors by name; they are dequantized when they are needed."""
        return {
            name: Deferred(functools.partial(self.read, name), tensor.shape, tensor.dtype)
            for name, tensor in self.tensors.items()
        }
