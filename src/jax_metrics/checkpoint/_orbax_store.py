"""Steps on disk, written and read by orbax."""

import asyncio
import inspect
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import jax
import numpy as np

from jax_metrics.checkpoint._packages import package

_ARRAYS, _CONTENTS = "arrays", "contents"
A = TypeVar("A")


class OrbaxStore:
    """A `CheckpointManager` of orbax for flat dicts of arrays, with JSON beside them.

    It keeps every step, and casts nothing. Whatever orbax raises comes out.

    Args:
        folder: The folder with the steps.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._manager: Any = None

    def write(self, step: int, arrays: Mapping[str, np.ndarray], contents: Any) -> None:
        """Writes a step."""
        args = package("orbax.checkpoint").args
        items = {_CONTENTS: args.JsonSave(contents)}
        if arrays:  # orbax refuses an empty dict
            escaped = {_escaped(name): array for name, array in arrays.items()}
            items[_ARRAYS] = args.PyTreeSave(escaped)
        _in_thread(lambda: self._opened().save(step, args=args.Composite(**items), force=True))

    def read_contents(self, step: int) -> Any:
        """Reads the JSON of a step."""
        return self._restore(step, _CONTENTS, package("orbax.checkpoint").args.JsonRestore())

    def read_arrays(self, step: int, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Reads some of the arrays of a step."""
        escaped = {name: _escaped(name) for name in names}
        if not escaped:
            return {}
        orbax = package("orbax.checkpoint")
        args = orbax.args.PyTreeRestore(
            item=dict.fromkeys(escaped.values(), 0),
            restore_args=dict.fromkeys(
                escaped.values(), orbax.RestoreArgs(restore_type=np.ndarray)
            ),
            partial_restore=True,
        )
        found = self._restore(step, _ARRAYS, args)
        return {name: found[stored] for name, stored in escaped.items()}

    def refresh(self) -> None:
        """Lists the steps again: orbax keeps those that were removed forever."""
        if self._manager is not None:
            _in_thread(self._manager.reload)

    def close(self) -> None:
        """Forgets the manager, which has a list of the steps; the next call makes another one."""
        manager, self._manager = self._manager, None
        if manager is not None:
            _in_thread(manager.close)

    def _restore(self, step: int, item: str, args: Any) -> Any:
        everything = package("orbax.checkpoint").args.Composite(**{item: args})
        return _in_thread(lambda: self._opened().restore(step, args=everything))[item]

    def _opened(self) -> Any:
        if self._manager is None:
            orbax = package("orbax.checkpoint")
            # This process alone: with several, each has stores of its own.
            here = jax.process_index()
            alone = orbax.options.MultiprocessingOptions(here, {here})
            options = orbax.CheckpointManagerOptions(
                create=False, enable_async_checkpointing=False, multiprocessing_options=alone
            )
            self._manager = orbax.CheckpointManager(
                self._folder,
                options=options,
                item_handlers={
                    _ARRAYS: _array_handler(orbax, alone),
                    _CONTENTS: orbax.JsonCheckpointHandler(multiprocessing_options=alone),
                },
            )
        return self._manager


class OrbaxStep(NamedTuple):
    """A step in a store."""

    store: OrbaxStore
    number: int

    def read_contents(self) -> Any:
        """Reads its JSON."""
        return self.store.read_contents(self.number)

    def read_arrays(self, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Reads some of its arrays."""
        return self.store.read_arrays(self.number, names)


def _array_handler(orbax: Any, alone: Any) -> Any:
    class NumpyHandler(orbax.type_handlers.NumpyHandler):
        """Lets all reads end before the first error is raised.

        Else orbax closes the event loop under those that still run, which Python reports.
        """

        async def deserialize(self, infos: Any, args: Any = None) -> Any:
            args = [None] * len(infos) if args is None else args
            reads = [
                super(NumpyHandler, self).deserialize([info], [arg])
                for info, arg in zip(infos, args, strict=True)
            ]
            results: Any = await asyncio.gather(*reads, return_exceptions=True)
            for result in results:
                if isinstance(result, BaseException):
                    raise result
            return [result[0] for result in results]

    types = orbax.type_handlers
    # Later versions can be told that the arrays are ours already, and need no second copy.
    options = {"deepcopy_host_arrays": False}
    known = inspect.signature(types.NumpyHandler).parameters
    options = {name: value for name, value in options.items() if name in known}
    # Arrays of JAX are never written, but without a handler for them orbax warns.
    registry = types.create_type_handler_registry(
        (np.ndarray, NumpyHandler(**options)), (jax.Array, types.ArrayHandler())
    )
    return orbax.PyTreeCheckpointHandler(
        # Compression takes longer than writing, and weights hardly become smaller.
        use_compression=False,
        type_handler_registry=registry,
        multiprocessing_options=alone,
    )


def _in_thread(job: Callable[[], A]) -> A:
    """Runs a job in a thread: orbax needs one without an event loop, unlike that of a notebook."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(job).result()


def _escaped(name: str) -> str:
    """A name without slashes, of which orbax would make folders."""
    return quote(name, safe="")
