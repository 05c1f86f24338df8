"""Processes on several machines: connecting them, and what each has to know about the others."""

import errno
import inspect
import re
import socket
from typing import Any

import jax
from jax.experimental import multihost_utils

from jax_metrics.arguments import names_arguments, refuse_unknown

_HOW = (
    "Pass `coordinator_address` (of process 0, as 'host:port'), `num_processes` and `process_id`, "
    "or start the program with a launcher that JAX knows, such as SLURM's `srun` or `mpirun`."
)
_alone = False


def initialize(
    coordinator_address: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    *,
    heartbeat_timeout_seconds: int = 30,
    **options: Any,
) -> None:
    """Connects the processes of a training run, as `jax.distributed.initialize` does.

    Call it at the start of the program in every process, before anything asks for devices. Without
    arguments, JAX looks for the variables that launchers set: those of SLURM, Open MPI, Kubernetes
    and Cloud TPUs. If there are none, the process stays alone, so the same program runs on a
    laptop. A second call does nothing.

    When a process dies, all others stop, with a message that names it.

    Args:
        coordinator_address: The address of process 0 and a free port there: `"10.0.0.1:1234"`.
        num_processes: The number of processes.
        process_id: The index of this process, from 0.
        heartbeat_timeout_seconds: After how long a process that does not respond counts as dead.
            JAX's own default is 100 seconds.
        **options: Other arguments of `jax.distributed.initialize`, such as `local_device_ids`.

    Raises:
        RuntimeError: If JAX has used its devices already, the port is in use, or the process was
            connected with other numbers.
        TypeError: If there is no such option.
        ValueError: If the arguments and the environment do not provide all of these.

    Example:
        >>> import jax_metrics as jm
        >>> jm.sharding.initialize()  # doctest: +SKIP
    """
    global _alone
    known = inspect.signature(jax.distributed.initialize).parameters
    refuse_unknown("initialize", options.keys() - known.keys(), known)
    given = coordinator_address, num_processes, process_id
    nothing = given == (None, None, None)
    if jax.distributed.is_initialized():
        _check_connected(num_processes, process_id)
        return
    if _alone and nothing:
        return
    if coordinator_address is not None:
        _check_address(coordinator_address, process_id, options)
    try:
        jax.distributed.initialize(
            *given, heartbeat_timeout_seconds=heartbeat_timeout_seconds, **options
        )
    except ValueError as error:
        if nothing and "coordinator_address" in str(error):  # neither arguments nor a launcher
            _alone = True
            return
        raise ValueError(f"The processes cannot be connected: {error} {_HOW}") from error
    except RuntimeError as error:
        if "before any JAX calls" not in str(error):
            raise
        raise RuntimeError(
            "JAX has used its devices already, and processes must be connected before. Call "
            "`jm.sharding.initialize()` at the very start of the program, before any array, key "
            "or mesh is made; look at the top of the modules that it imports, too."
        ) from error


def is_main() -> bool:
    """Whether this is the first process, which prints and writes what is needed only once.

    Use it only for such side effects: a computation on global arrays has to be started by every
    process, or all of them wait.

    Example:
        >>> import jax_metrics as jm
        >>> if jm.sharding.is_main():
        ...     print("step 1")
        step 1
    """
    return jax.process_index() == 0


@names_arguments
def preempted(step: int) -> bool:
    """Whether all processes should save and stop after this step, since one was told to end.

    A scheduler that reclaims a machine sends SIGTERM first. JAX tells the other processes, and they
    agree on one of the next steps; at that step the result is True in all of them. A call takes
    less than a microsecond. Call it in every process, at each step.

    Args:
        step: The number of the step, which is the same in all processes.

    Returns:
        True at the step that was agreed on; always False before `jm.sharding.initialize` has
        connected the process.

    Raises:
        RuntimeError: If JAX's option `jax_enable_preemption_service` is off.

    Example:
        >>> import jax_metrics as jm
        >>> jm.sharding.preempted(step=1)
        False
    """
    return multihost_utils.reached_preemption_sync_point(step)


def _check_connected(num_processes: int | None, process_id: int | None) -> None:
    expected = {"num_processes": num_processes, "process_id": process_id}
    found = {"num_processes": jax.process_count(), "process_id": jax.process_index()}
    if wrong := [n for n in found if expected[n] is not None and expected[n] != found[n]]:
        name = wrong[0]
        raise RuntimeError(
            f"This process is connected already, with {name}={found[name]}, not {expected[name]}. "
            "A program can do so once."
        )


def _check_address(address: str, process_id: int | None, options: dict[str, Any]) -> None:
    if not re.fullmatch(r".+:\d+", address):
        raise ValueError(
            "`coordinator_address` expected an address with a port, such as '10.0.0.1:1234'; got "
            f"{address!r}."
        )
    if process_id != 0 or options.get("coordinator_bind_address") is not None:
        return
    try:  # JAX would end without an exception
        socket.create_server(("", int(address.rpartition(":")[2]))).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RuntimeError(
                f"The port of `coordinator_address`, {address!r}, is in use on this machine. "
                "Choose another one, the same in all processes."
            ) from error
