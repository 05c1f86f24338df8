"""`load`: the arrays of a safetensors file, or of several with an index."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

import jax
import numpy as np

from jax_metrics.arguments import names_arguments
from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._file import File
from jax_metrics.checkpoint._inverse import Rule
from jax_metrics.checkpoint._load_state_dict import Rename, apply_rules, assign
from jax_metrics.checkpoint._memory import copies
from jax_metrics.checkpoint._names import natural_order
from jax_metrics.checkpoint._read_ahead import Stored, check, read_ahead
from jax_metrics.checkpoint._shards import index_path, read_index
from jax_metrics.checkpoint._tied_names import StateDict, Tied, follow_ties, origin_of
from jax_metrics.checkpoint._views import views_of

A = TypeVar("A")


@overload
def load(
    path: str | os.PathLike[str],
    like: None = None,
    *,
    strict: bool = True,
    rename: Rename | None = None,
    rules: Iterable[Rule] = (),
    cast: bool = False,
    verify: bool = True,
) -> dict[str, Any]: ...
@overload
def load(
    path: str | os.PathLike[str],
    like: A,
    *,
    strict: bool = True,
    rename: Rename | None = None,
    rules: Iterable[Rule] = (),
    cast: bool = False,
    verify: bool = True,
) -> A: ...


@names_arguments
def load(
    path: str | os.PathLike[str],
    like: Any = None,
    *,
    strict: bool = True,
    rename: Rename | None = None,
    rules: Iterable[Rule] = (),
    cast: bool = False,
    verify: bool = True,
) -> Any:
    """Reads the arrays of a safetensors file, which may come from another library.

    Args:
        path: The file, its index, or the folder that has `model.safetensors` or its index.
        like: A tree to load into, which is not changed, or the result of `jax.eval_shape`. Its
            arrays decide on which devices the new ones are placed: for shapes with shardings, such
            as `jax.ShapeDtypeStruct(shape, dtype, sharding=...)`, arrays go straight to their
            devices, and each device gets only its part. Without `like`, the result is a flat dict
            of NumPy arrays, with JAX arrays for random keys.
        strict: Whether every name, shape and dtype of `like` must fit; see `jm.load_state_dict`.
            If False, the result is a pair of the tree and a `LeftOut`.
        rename: As in `jm.load_state_dict`.
        rules: As in `jm.load_state_dict`.
        cast: As in `jm.load_state_dict`.
        verify: Whether to compare the loaded arrays with the checksums that `jm.save` wrote. Files
            of other libraries have none. The header of a file is always checked.

    Raises:
        CheckpointError: If a file is damaged, or does not fit.
        FileNotFoundError: If there is no file.
        ImportError: If the packages of the extra `checkpoint` are not installed.

    Example:
        >>> import tempfile
        >>> import jax.numpy as jnp
        >>> import jax_metrics as jm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.save(f"{folder}/a.safetensors", {"x": [jnp.ones(2), 3.5]})
        ...     jm.load(f"{folder}/a.safetensors")
        {'x.0': array([1., 1.], dtype=float32), 'x.1': array(3.5)}
    """
    files = _open(Path(path))
    arrays: dict[str, Any] = {}
    noted: dict[str, Tied] = {}
    origins: dict[int, Stored] = {}
    for file in files:
        noted.update(file.ties)
        for name, array in file.arrays().items():
            arrays[name] = array
            origins[id(array)] = Stored(file, name)
    derived = {} if like is None else follow_ties(arrays, noted)
    state = apply_rules({**arrays, **derived}, rules, rename)
    stored = {name: origins[id(value)] for name, value in state.items() if id(value) in origins}
    other = {name: value for name, value in state.items() if name not in stored}
    views = views_of(other, arrays, origins, verify=verify)
    # What the rules took apart or put together is not read below, so it is checked here; so is
    # what gave tied positions their values.
    if verify:
        seen = {*stored.values(), *(one for one, _ in views.values())}
        used = {origin_of(name, noted) for name in derived}
        check([one for one in origins.values() if one not in seen or one.name in used])

    def read(names: Sequence[str]) -> Iterator[tuple[str, Any]]:
        values = read_ahead([stored[name] for name in names if name in stored], verify=verify)
        copied = copies((views[name][1], state[name].dtype) for name in names if name in views)
        for name in names:
            if name in stored:
                yield name, next(values)
            elif name in views:
                yield name, next(copied)
            else:
                yield (
                    name,
                    state[name] if isinstance(state[name], jax.Array) else np.array(state[name]),
                )
                for file in files:
                    file.release()

    if like is not None:
        result, left_out = assign(
            like,
            state,
            strict=strict,
            cast=cast,
            noted=noted,
            derived=derived,
            source=str(path),
            read=read,
        )
        return result if strict else (result, left_out)
    loaded = dict(read(sorted(state, key=natural_order)))
    return StateDict(loaded, noted) if noted and loaded.keys() == arrays.keys() else loaded


@names_arguments
def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """The strings that were given to `jm.save(metadata=...)`, or those of another library.

    Args:
        path: As in `jm.load`; the arrays are not read.

    Raises:
        CheckpointError: If the file is damaged.
        FileNotFoundError: If there is no file.

    Example:
        >>> import tempfile
        >>> import jax_metrics as jm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     jm.save(f"{folder}/a.safetensors", {"x": 1}, metadata={"epoch": "3"})
        ...     jm.checkpoint.read_metadata(f"{folder}/a.safetensors")
        {'epoch': '3'}
    """
    return _open(Path(path))[0].metadata


def _open(path: Path) -> list[File]:
    if path.is_dir():
        path = path / "model.safetensors"
    index = path if path.name.endswith(".index.json") else index_path(path)
    if path != index and (path.exists() or not index.exists()):
        return [File(path)]
    names, sums = read_index(index)
    files = []
    for file_name, expected in names.items():
        file = File(index.with_name(file_name))
        if file_name in sums and sums[file_name] != file.header_checksum:
            raise CheckpointError(f"{file.path} is not the file that {index} was written with.")
        if lacking := set(expected) - set(file.names):
            raise CheckpointError(
                f"{file.path} lacks {sorted(lacking)[0]!r}, which {index} says is there."
            )
        files.append(file)
    if not files:
        raise CheckpointError(f"{index} names no file.")
    return files
