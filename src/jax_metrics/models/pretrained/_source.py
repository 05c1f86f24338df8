"""Where weights are: a file, a folder, or a repository in the local cache of Hugging Face."""

import fnmatch
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jax_metrics.checkpoint import CheckpointError
from jax_metrics.models.pretrained._json_files import read_json
from jax_metrics.models.pretrained._packages import package

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_TORCH = (".pth", ".pt", ".bin")
_INDEX = ".safetensors.index.json"
_TEXTS = ("*.json", "*.jinja", "*.txt", "*.model")


class Wanted(NamedTuple):
    """What is looked for in a folder or a repository.

    Args:
        what: Its name, for messages.
        names: Patterns of files, of which the first that is there is meant.
        fetched: Patterns of all files that are downloaded together. One that `names` has and these
            lack is downloaded if it is the only one, because repositories have many of them.
    """

    what: str
    names: tuple[str, ...]
    fetched: tuple[str, ...]


WEIGHTS = Wanted(
    "weights",
    (
        "model.safetensors",
        f"model{_INDEX}",
        "*.safetensors",
        "*.gguf",
        "pytorch_model.bin",
        "*.pth",
        "*.pt",
        "*.bin",
    ),
    (*_TEXTS, "*.safetensors"),
)
TOKENIZER = Wanted("tokenizer", ("tokenizer.json", "*.gguf"), _TEXTS)


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
        download: Whether to ask the hub for what the cache lacks.
        revision: The branch, tag or commit of a repository.

    Raises:
        CheckpointError: If a folder has no weights, or several; or nothing has this name.
    """
    found = local_path(path, WEIGHTS, download=download, revision=revision)
    if found.is_dir():
        return Source(*_weights_in(found), _config_beside(found))
    return Source(found, _kind_of(found), _config_beside(found.parent))


def local_path(
    path: str | os.PathLike[str], wanted: Wanted, *, download: bool, revision: str
) -> Path:
    """The file or folder itself, or the snapshot of a repository on this machine.

    Args:
        path: A file, a folder, or the id of a repository.
        wanted: What a snapshot must have to be complete.
        download: As in `find_source`.
        revision: As in `find_source`.

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
    # An interrupted download, or one of something else, can leave a snapshot without some files.
    if cached.is_dir() and _is_complete(cached, wanted):
        return cached
    if download:
        return _downloaded(name, wanted, revision)
    has = f"no {wanted.what} in its snapshot" if cached.is_dir() else "no repository of this name"
    raise CheckpointError(
        f"There is no file or folder {name!r}, and {_cache()} has {has} at revision "
        f"{revision!r}. Pass `download=True` to fetch it from the hub."
    )


def shards_of(index: Path) -> list[Path]:
    """The files that an index of safetensors names.

    Raises:
        CheckpointError: If it is no index.
    """
    try:
        found = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        return [index.with_name(name) for name in sorted(set(found.values()))]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{index} is no index of weights: {error!r}.") from error


def _cache() -> Path:
    """The folder in which the tools of Hugging Face keep repositories."""
    if named := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(named).expanduser()
    if home := os.environ.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    general = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(general).expanduser() / "huggingface" / "hub"


def _cached(name: str, revision: str) -> Path:
    """Where the snapshot of a repository is, if there is one."""
    folder = _cache() / f"models--{name.replace('/', '--')}"
    reference = folder / "refs" / revision
    commit = reference.read_text().strip() if reference.is_file() else revision
    return folder / "snapshots" / commit


def _is_complete(folder: Path, wanted: Wanted) -> bool:
    found = _matches(folder, wanted.names)
    indices = [path for path in found if path.name.endswith(_INDEX)]
    return bool(found) and all(part.is_file() for path in indices for part in shards_of(path))


def _downloaded(name: str, wanted: Wanted, revision: str) -> Path:
    hub = package("huggingface_hub", "A download")

    def fetch(*patterns: str) -> Path:
        return Path(hub.snapshot_download(name, revision=revision, allow_patterns=list(patterns)))

    try:
        folder = fetch(*wanted.fetched)
        if not _matches(folder, wanted.names):
            listed = hub.list_repo_files(name, revision=revision)
            files = _first([file for file in listed if "/" not in file], wanted.names)
            if len(files) > 1:
                raise CheckpointError(
                    f"The repository {name!r} has several files of {wanted.what}: "
                    f"{', '.join(files)}. Download one of them, with "
                    "`huggingface_hub.hf_hub_download`, and give its path."
                )
            if files:
                return fetch(*wanted.fetched, *files)
        return folder
    except CheckpointError:
        raise
    except Exception as error:  # each way to be offline, or without access, has its own
        raise CheckpointError(
            f"{name!r} at revision {revision!r} could not be fetched from the hub: {error} Without "
            "a connection, give a folder or file, or copy the repository into "
            f"{_cache()} on this machine."
        ) from error


def _first(files: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The files of the first kind of name that is there; parts of an index are not weights."""
    files = sorted(files)
    for pattern in patterns:
        if found := fnmatch.filter(files, pattern):
            return found
    return []


def _matches(folder: Path, patterns: Iterable[str]) -> list[Path]:
    # Links in the cache may lead nowhere.
    files = [path.name for path in folder.iterdir() if path.is_file()]
    return [folder / name for name in _first(files, patterns)]


def _weights_in(folder: Path) -> tuple[Path, str]:
    found = _matches(folder, WEIGHTS.names)
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
    if path.suffix == ".safetensors" or path.name.endswith(_INDEX):
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
