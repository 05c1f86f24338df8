"""Starts the processes of a training on this machine, and collects what they print."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SCRIPT = "training_process.py"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def started(
    count: int, folder: Path, *arguments: str, devices: int = 1, script: str = SCRIPT
) -> Iterator[Sequence[subprocess.Popen]]:
    """The processes; those that still run at the end are killed."""
    flags = [
        flag
        for flag in os.environ.get("XLA_FLAGS", "").split()
        if "host_platform_device_count" not in flag
    ]
    flags.append(f"--xla_force_host_platform_device_count={devices}")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"127.0.0.1:{free_port()}"
    processes = []
    try:
        for index in range(count):
            path = Path(__file__).with_name(script)
            command = [sys.executable, str(path), address, str(count), str(index), str(folder)]
            with open(folder / f"output-{index}.txt", "w") as output:
                process = subprocess.Popen(
                    [*command, *arguments],
                    env={**os.environ, "XLA_FLAGS": " ".join(flags)},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def finish(processes: Sequence[subprocess.Popen], folder: Path, timeout: float = 200) -> list[str]:
    """Waits for the processes; returns what each has printed."""
    end = time.monotonic() + timeout
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, end - time.monotonic()))
    return [(folder / f"output-{index}.txt").read_text() for index in range(len(processes))]


def run(count: int, folder: Path, *arguments: str, **options: Any) -> list[str]:
    """Runs processes that must end well; returns what each has printed."""
    with started(count, folder, *arguments, **options) as processes:
        printed = finish(processes, folder)
        codes = [process.poll() for process in processes]
        assert codes == [0] * count, f"ended with {codes}:\n" + "\n".join(printed)
    return printed
