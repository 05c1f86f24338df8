"""Steps on disk, written and read by orbax."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from jax_metrics.checkpoint._packages import package

_ARRAYS, _CONTENTS = "arrays", "contents"


class OrbaxStore:
    """A `CheckpointManager` of orbax for flat dicts of arrays, with JSON beside them.

    All of its work happens in the calling thread; it keeps every step, and casts nothing.

    Args:
        folder: The folder with the steps.
    """

    def __init__(self, folder: Path):
        self._orbax = package("orbax.checkpoint")
        self._folder = folder
        self._manager: Any = None

    def write(self, step: int, arrays: Mapping[str, np.ndarray], contents: Any) -> None:
        """Writes a step; whatever orbax raises comes out."""
        args = self._orbax.args
        items = {_CONTENTS: args.JsonSave(contents)}
        if arrays:  # orbax refuses an empty dict
            items[_ARRAYS] = args.PyTreeSave(
                {_escaped(name): array for name, array in arrays.items()}
            )
        self._opened().save(step, args=args.Composite(**items), force=True)

    def read_contents(self, step: int) -> Any:
        """Reads the JSON of a step; whatever orbax raises comes out."""
        args = self._orbax.args
        items = args.Composite(**{_CONTENTS: args.JsonRestore()})
        return self._opened().restore(step, args=items)[_CONTENTS]

    def read_arrays(self, step: int, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Reads some of the arrays of a step; whatever orbax raises comes out."""
        escaped = {name: _escaped(name) for name in names}
        if not escaped:
            return {}
        args, as_numpy = self._orbax.args, self._orbax.RestoreArgs(restore_type=np.ndarray)
        restore = args.PyTreeRestore(
            item=dict.fromkeys(escaped.values(), 0),
            restore_args=dict.fromkeys(escaped.values(), as_numpy),
            partial_restore=True,
        )
        found = self._opened().restore(step, args=args.Composite(**{_ARRAYS: restore}))[_ARRAYS]
        return {name: found[stored] for name, stored in escaped.items()}

    def close(self) -> None:
        """Forgets the manager, which has a list of the steps; the next call makes another one."""
        manager, self._manager = self._manager, None
        if manager is not None:
            manager.close()

    def _opened(self) -> Any:
        if self._manager is None:
            orbax = self._orbax
            options = orbax.CheckpointManagerOptions(create=False, enable_async_checkpointing=False)
            handlers = {
                # Compression takes longer than writing, and weights hardly become smaller.
                _ARRAYS: orbax.PyTreeCheckpointHandler(use_compression=False),
                _CONTENTS: orbax.JsonCheckpointHandler(),
            }
            self._manager = orbax.CheckpointManager(
                self._folder, options=options, item_handlers=handlers
            )
        return self._manager


def _escaped(name: str) -> str:
    """A name without slashes, of which orbax would make folders."""
    return quote(name, safe="")
