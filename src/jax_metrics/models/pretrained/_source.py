"""Where weights are: a file, a folder, or a repository in the local cache of Hugging Face."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models.pretrained._json_files import read_json
from jax_metrics.models.pretrained._packages import package

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_TORCH = (".pth", ".pt", ".bin")
_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model"]
# In a folder, the first of these that is there is meant.
_NAMES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "*.safetensors",
    "*.gguf",
    "pytorch_model.bin",
    "*.pth",
    "*.pt",
    "*.bin",
)


class Source(NamedTuple):
    """A file of weights, and what it says of its model.

    Args:
        path: The file, or the index of several.
        kind: `"safetensors"`, `"gguf"` or `"torch"`.
        config: What `config.json` beside it has; None if there is none.
    """

    path: Path
    kind: str
    config: Mapping[str, Any] | None


def find_source(path: str | os.PathLike[str], *, download: bool, revision: str) -> Source:
    """Finds the weights.

    Args:
        path: A file, a folder, or the id of a repository.
        download: Whether to ask the hub for a repository that the cache lacks.
        revision: The branch, tag or commit of a repository.

    Raises:
        CheckpointError: If a folder has no weights, or several; or nothing has this name.
    """
    found = local_path(path, download=download, revision=revision)
    if found.is_dir():
        return Source(*_weights_in(found), _config_beside(found))
    return Source(found, _kind_of(found), _config_beside(found.parent))


def local_path(path: str | os.PathLike[str], *, download: bool, revision: str) -> Path:
    """The file or folder itself, or the snapshot of a repository on this machine.

    Raises:
        CheckpointError: If there is none.
    """
    given = Path(path).expanduser()
    if given.exists():
        return given
    name = os.fspath(path)
    if not _REPOSITORY.fullmatch(name):
        raise CheckpointError(f"There is no file or folder {name}.")
    cached = _cached(name, revision)
    if cached is not None:
        return cached
    if download:
        return _downloaded(name, revision)
    raise CheckpointError(
        f"There is no file or folder {name!r}, and {_cache()} has no repository of this name at "
        f"revision {revision!r}. Pass `download=True` to fetch it from the hub."
    )


def _cache() -> Path:
    """The folder in which the tools of Hugging Face keep repositories."""
    if named := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(named).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    general = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(general).expanduser() / "huggingface" / "hub"


def _cached(name: str, revision: str) -> Path | None:
    folder = _cache() / f"models--{name.replace('/', '--')}"
    reference = folder / "refs" / revision
    commit = reference.read_text().strip() if reference.is_file() else revision
    snapshot = folder / "snapshots" / commit
    # An interrupted download can leave a snapshot without weights.
    return snapshot if snapshot.is_dir() and _matches(snapshot) else None


def _downloaded(name: str, revision: str) -> Path:
    hub = package("huggingface_hub", "A download")
    try:
        return Path(hub.snapshot_download(name, revision=revision, allow_patterns=_WANTED))
    except Exception as error:  # each way to be offline, or without access, has its own
        raise CheckpointError(
            f"{name!r} at revision {revision!r} could not be fetched from the hub: {error} Without "
            "a connection, give a folder or file, or copy the repository into "
            f"{_cache()} on this machine."
        ) from error


def _matches(folder: Path) -> list[Path]:
    """The files of the first kind of name that is there; parts of an index are not weights."""
    for name in _NAMES:
        if found := sorted(folder.glob(name)):
            return found
    return []


def _weights_in(folder: Path) -> tuple[Path, str]:
    found = _matches(folder)
    if len(found) == 1:
        return found[0], _kind_of(found[0])
    if not found:
        raise CheckpointError(
            f"{folder} has no weights: expected model.safetensors or its index, or one file that "
            "ends in .safetensors, .gguf, .pth, .pt or .bin."
        )
    names = ", ".join(path.name for path in found)
    raise CheckpointError(f"{folder} has several files of weights: {names}. Give one of them.")


def _kind_of(path: Path) -> str:
    if path.suffix == ".safetensors" or path.name.endswith(".safetensors.index.json"):
        return "safetensors"
    if path.suffix == ".gguf":
        return "gguf"
    if path.suffix in _TORCH:
        return "torch"
    raise CheckpointError(
        f"{path} is no file of weights: expected a name that ends in .safetensors, "
        ".safetensors.index.json, .gguf, .pth, .pt or .bin."
    )


def _config_beside(folder: Path) -> Mapping[str, Any] | None:
    return read_json(folder / "config.json", dict)
