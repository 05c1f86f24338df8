"""Several files with an index, as Hugging Face has them."""

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jax_metrics.checkpoint._atomic import replacing
from jax_metrics.checkpoint._checksums import ZERO, checksum
from jax_metrics.checkpoint._errors import CheckpointError

_SHARD = re.compile(r"[^/\\]*-\d{5}-of-\d{5}\.safetensors")


class Index(NamedTuple):
    """The names of the arrays in each file, and the checksums of the headers, if there are any."""

    names: dict[str, list[str]]
    checksums: dict[str, str]


def index_path(target: Path) -> Path:
    """The path of the index that belongs to a file that was split."""
    return target.with_name(f"{target.name}.index.json")


def grouped(state: Mapping[str, Any], shard_size: int | None) -> list[list[str]]:
    """The names of the arrays by shard, in their order."""
    groups: list[list[str]] = [[]]
    size = 0
    for name, leaf in state.items():
        if shard_size is not None and groups[-1] and size + leaf.nbytes > shard_size:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += leaf.nbytes
    return groups


def new_shard_names(target: Path, count: int) -> list[str]:
    """Names for the files, none of which are there: older files stay until the index changes."""
    tag = ""
    while True:
        names = [
            f"{target.stem}{tag}-{number:05}-of-{count:05}.safetensors"
            for number in range(1, count + 1)
        ]
        if not any(target.with_name(name).exists() for name in names):
            return names
        tag = f"-{secrets.token_hex(4)}"


def write_index(
    target: Path, names: Mapping[str, list[str]], sums: Mapping[str, str], size: int
) -> None:
    """Writes the index in the place of an older one.

    Raises:
        CheckpointError: If it cannot be written; an older index is unchanged.
    """
    ours = {"checksum": ZERO, "headers": dict(sums)}
    weight_map = {name: file_name for file_name, group in names.items() for name in group}
    index = {"metadata": {"total_size": size, "jax_metrics": ours}, "weight_map": weight_map}
    text = json.dumps(index, indent=2)
    text = text.replace(_signature(ZERO), _signature(checksum(text.encode())), 1)
    with replacing(index_path(target)) as temporary:
        temporary.write_text(text)


def _signature(value: str) -> str:
    return f'"checksum": "{value}"'


def read_index(path: Path) -> Index:
    """Reads an index.

    Raises:
        CheckpointError: If it is damaged, or not an index.
    """
    try:
        text = path.read_bytes().decode()
        index = json.loads(text)
        ours = index.get("metadata", {}).get("jax_metrics")
        names: dict[str, list[str]] = {}
        for name, file_name in index["weight_map"].items():
            if not _is_shard(file_name):
                raise CheckpointError(f"{path} names {file_name!r}, which is no file next to it.")
            names.setdefault(file_name, []).append(name)
        if ours is None:
            return Index(names, {})
        value, sums = ours["checksum"], dict(ours["headers"])
        unsigned = text.replace(_signature(value), _signature(ZERO), 1)
    except (UnicodeDecodeError, ValueError, LookupError, AttributeError, TypeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is damaged, or no index of shards: {error}.") from error
    except RecursionError as error:
        raise CheckpointError(f"{path} is damaged, or no index of shards: too deep.") from error
    if checksum(unsigned.encode()) != value or set(sums) != set(names):
        raise CheckpointError(f"{path} is damaged: its checksum does not fit.")
    return Index(names, sums)


def _is_shard(file_name: Any) -> bool:
    return (
        isinstance(file_name, str)
        and Path(file_name).name == file_name
        and file_name.endswith(".safetensors")
        and "\\" not in file_name
        and "\0" not in file_name
    )


def shards_in(target: Path) -> set[str]:
    """The files that the index names now; none if there is no index that can be read."""
    try:
        return set(read_index(index_path(target)).names)
    except (CheckpointError, OSError):
        return set()


def remove(target: Path, file_names: Iterable[str]) -> None:
    """Removes shards that no index names any more."""
    for file_name in file_names:
        if _SHARD.fullmatch(file_name):
            target.with_name(file_name).unlink(missing_ok=True)
