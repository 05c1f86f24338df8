"""Saving and loading arrays, as ratios to writing and reading the same bytes.

All candidates save the same arrays. `bytes` writes them from one buffer to one file, with `fsync`,
and reads them into one buffer. `torch` does not wait until the disk has the file, all others do.
`cold` reads after the system was told to forget the files.
"""

import argparse
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from _measure import Prepared, fastest_call, table
from flax import nnx

import jax_metrics as jm

try:
    import torch
except ImportError:
    torch = None

SIDE = 2048  # 16 MiB an array


class NNXModel(nnx.Module):
    def __init__(self, kernels: list[jax.Array]):
        self.kernels = nnx.List([nnx.Param(kernel) for kernel in kernels])


class Candidate:
    """How a library saves and loads."""

    def __init__(self, path: Path, save: Callable[[Path], object], load: Callable[[Path], object]):
        self.path = path
        self.save = functools.partial(save, path)
        self.load = lambda: jax.block_until_ready(load(path))

    def remove(self) -> None:
        shutil.rmtree(self.path) if self.path.is_dir() else self.path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Takes the files out of the memory of the system."""
        files = self.path.rglob("*") if self.path.is_dir() else [self.path]
        for file in files:
            if file.is_file():
                descriptor = os.open(file, os.O_RDONLY)
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)


def write_bytes(data: np.ndarray, path: Path) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_bytes(path: Path) -> np.ndarray:
    return np.fromfile(path, np.uint8)


def candidates(folder: Path, kernels: list[jax.Array]) -> dict[str, Candidate]:
    tree = {f"layer_{i:03}": kernel for i, kernel in enumerate(kernels)}
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), tree)
    data = np.concatenate([np.asarray(kernel).reshape(-1) for kernel in kernels])
    ocp_save, ocp_load = with_orbax(tree)
    nnx_save, nnx_load = with_orbax(nnx.state(NNXModel(kernels)))
    shard_size = max(1, data.nbytes // 4)
    found = {
        "bytes": Candidate(folder / "bytes", functools.partial(write_bytes, data), read_bytes),
        "jm": Candidate(
            folder / "one.safetensors",
            lambda path: jm.save(path, tree),
            lambda path: jm.load(path, like=shapes),
        ),
        "jm, shards": Candidate(
            folder / "shards",
            lambda path: save_shards(path, tree, shard_size),
            lambda path: jm.load(path, like=shapes),
        ),
        "jm, NumPy": Candidate(
            folder / "numpy.safetensors",
            lambda path: jm.save(path, jax.tree.map(np.asarray, tree)),
            jm.load,
        ),
        "jm, unverified": Candidate(
            folder / "unverified.safetensors",
            lambda path: jm.save(path, tree),
            lambda path: jm.load(path, like=shapes, verify=False),
        ),
        "orbax": Candidate(folder / "orbax", ocp_save, ocp_load),
        "nnx + orbax": Candidate(folder / "nnx", nnx_save, nnx_load),
    }
    if torch is not None:
        tensors = {name: torch.from_numpy(np.array(leaf)) for name, leaf in tree.items()}
        found["torch"] = Candidate(
            folder / "torch", functools.partial(torch.save, tensors), torch.load
        )
    return found


def save_shards(path: Path, tree: Any, shard_size: int) -> None:
    path.mkdir(exist_ok=True)
    jm.save(path / "model.safetensors", tree, shard_size=shard_size)


def with_orbax(tree: Any) -> tuple[Callable[[Path], None], Callable[[Path], Any]]:
    checkpointer = ocp.StandardCheckpointer()
    shapes = jax.tree.map(ocp.utils.to_shape_dtype_struct, tree)

    def save(path: Path) -> None:
        checkpointer.save(path, tree, force=True)
        checkpointer.wait_until_finished()

    return save, lambda path: checkpointer.restore(path, shapes)


def pauses(folder: Path, kernels: list[jax.Array], rounds: int) -> dict[str, float]:
    """The time until an asynchronous save lets the training go on."""
    tree = {f"layer_{i:03}": kernel for i, kernel in enumerate(kernels)}
    steps = iter(range(10**6))
    with (
        jm.Checkpointer(folder / "ours", keep=1) as ours,
        contextlib.closing(ocp.AsyncCheckpointer(ocp.StandardCheckpointHandler())) as orbax,
    ):

        def clear() -> None:
            orbax.wait_until_finished()
            for old in folder.glob("orbax-*"):
                shutil.rmtree(old)

        def save_with_orbax() -> None:
            orbax.save(folder / f"orbax-{next(steps)}", args=ocp.args.StandardSave(tree))

        cases = {
            "copy": Prepared(lambda: [np.array(kernel) for kernel in kernels]),
            "jm": Prepared(lambda: ours.save(next(steps), model=tree), ours.wait),
            "orbax": Prepared(save_with_orbax, clear),
        }
        return fastest_call(cases, rounds=rounds, seconds=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="on the disk to be measured")
    options = parser.parse_args()
    count = max(1, options.megabytes // 16)
    keys = jax.random.split(jax.random.key(0), count)
    kernels = [jax.random.normal(key, (SIDE, SIDE)) for key in keys]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        every = candidates(folder, kernels)
        once = {"rounds": options.rounds, "seconds": 0}
        rows = {
            "save": fastest_call(
                {n: Prepared(one.save, one.remove) for n, one in every.items()}, **once
            ),
            "load": fastest_call({n: Prepared(one.load) for n, one in every.items()}, **once),
        }
        if hasattr(os, "posix_fadvise"):
            rows["load, cold"] = fastest_call(
                {n: Prepared(one.load, one.forget) for n, one in every.items()}, **once
            )
        table(f"{count * 16} MiB in arrays of 16 MiB (ratios to bytes)", rows, "bytes")
        row = pauses(folder, kernels, options.rounds)
        table("pause of an asynchronous save (ratios to a copy)", {"pause": row}, "copy")


if __name__ == "__main__":
    main()
