"""Opened weights: their names and shapes, what they say of their model, and how to read them."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models.pretrained._gguf_file import GGUFFile
from jax_metrics.models.pretrained._packages import package
from jax_metrics.models.pretrained._source import Source, shards_of
from jax_metrics.models.pretrained._torch_file import read_torch
from jax_metrics.models.weights import GGUF_FORMATS


class Weights(NamedTuple):
    """Weights that are open.

    Args:
        path: The file, or the index of several.
        config: As of a `config.json`; None if there is none.
        shapes: The shapes of the arrays by name.
        arrays: Reads the arrays; None for safetensors, which `jm.load` reads.
    """

    path: Path
    config: Mapping[str, Any] | None
    shapes: Mapping[str, tuple[int, ...]]
    arrays: Callable[[], Mapping[str, Any]] | None

    def converted_names(self, rules: Iterable[Any]) -> set[str]:
        """The names that rules make of these.

        Raises:
            CheckpointError: If the rules do not fit.
        """
        return set(_converted(_stand_ins(self.shapes), rules))


def open_weights(source: Source) -> Weights:
    """Opens weights; the arrays are not read yet.

    Raises:
        CheckpointError: If the file is damaged.
        FileNotFoundError: If there is none.
        ImportError: If a package that reads the file is not installed.
    """
    if source.kind == "safetensors":
        return Weights(source.path, source.config, _shapes_of_safetensors(source.path), None)
    if source.kind == "torch":
        arrays = read_torch(source.path)
        shapes = {name: array.shape for name, array in arrays.items()}
        return Weights(source.path, source.config, shapes, lambda: arrays)
    return _gguf(source)


def _gguf(source: Source) -> Weights:
    file = GGUFFile(source.path)
    shapes = {name: tensor.shape for name, tensor in file.tensors.items()}
    format = GGUF_FORMATS.get(str(file.metadata.get("general.architecture")))
    if format is None:
        return Weights(source.path, source.config, shapes, file.arrays)
    try:
        config = format.to_config(file.metadata, shapes.keys())
    except KeyError as error:
        raise CheckpointError(
            f"{source.path} lacks the entry {error} of its metadata, which files of the "
            f"architecture {format.architecture!r} have."
        ) from error
    except CheckpointError as error:
        raise CheckpointError(f"{source.path}: {error}") from error
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise CheckpointError(
            f"{source.path} has metadata that files of the architecture {format.architecture!r} "
            f"do not have: {error}."
        ) from error
    rules = format.rules(config)
    named = {name: a.shape for name, a in _converted(_stand_ins(shapes), rules).items()}
    return Weights(source.path, config, named, lambda: _converted(file.arrays(), rules))


def _converted(state: dict[str, Any], rules: Iterable[Any]) -> dict[str, Any]:
    for rule in rules:
        state = rule(state)
    return state


def _stand_ins(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Arrays of these shapes that take no memory."""
    zero = np.uint8(0)
    return {name: np.broadcast_to(zero, shape) for name, shape in shapes.items()}


def _shapes_of_safetensors(path: Path) -> dict[str, tuple[int, ...]]:
    safetensors = package("safetensors", "A safetensors file")
    files = [path]
    if path.suffix == ".json":
        files = shards_of(path)
        if lacking := [one.name for one in files if not one.is_file()]:
            raise CheckpointError(
                f"{path} names files that are not beside it: {', '.join(lacking)}. Copy them there."
            )
    found = {}
    for one in files:
        try:
            with safetensors.safe_open(one, framework="np") as file:
                found |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
        except (safetensors.SafetensorError, ValueError, OverflowError) as error:
            raise CheckpointError(f"{one} is damaged, or no safetensors file: {error}.") from error
    return found
