"""The processes that save a checkpoint together: they wait for each other, and share failures."""

import itertools
from collections.abc import Callable

import jax
import numpy as np
from jax.experimental import multihost_utils

from jax_metrics.checkpoint._errors import CheckpointError
from jax_metrics.checkpoint._packages import package

_LONGEST_WAIT = 30 * 60  # seconds; a process that dies is noticed far earlier
_opened = itertools.count()


class Processes:
    """The processes of a training. Each makes one for the same Checkpointer, in the same order.

    Args:
        alone: Whether this process does not wait for others.
    """

    def __init__(self, alone: bool):
        self.index = jax.process_index()
        self.count = 1 if alone else jax.process_count()
        self.is_main = self.count == 1 or self.index == 0
        self._waits = itertools.count()
        self._name = f"jax_metrics checkpoints {next(_opened)}" if self.count > 1 else ""

    def in_stages(self, *stages: Callable[[], None]) -> None:
        """Runs functions, each after all processes have ended the one before.

        After a failure the process only waits with the others, and raises at the end.
        """
        failure: Exception | None = None
        for stage in stages:
            try:
                if failure is None:
                    stage()
            except Exception as error:
                failure = error
            self.wait()
        if failure is not None:
            raise failure

    def wait(self) -> None:
        """Waits for the others, in any thread.

        So it uses JAX's coordination service: collective operations would have to be in the same
        order in all processes.
        """
        if self.count > 1:
            barrier = package("orbax.checkpoint").multihost.get_barrier_sync_fn()
            key = f"{self._name} {next(self._waits)}"
            barrier(key=key, timeout_ms=_LONGEST_WAIT * 1000)

    def agree(self, failure: Exception | None) -> None:
        """Raises in all processes if one has failed. Not for threads: it is collective.

        Raises:
            CheckpointError: If another process has failed.
        """
        failed = np.zeros(0, int)
        if self.count > 1:
            failed = np.flatnonzero(multihost_utils.process_allgather(failure is not None))
        if failure is not None:
            raise failure
        if failed.size:
            raise CheckpointError(
                f"Process {failed[0]} could not use the folder: see the error that it printed."
            )
