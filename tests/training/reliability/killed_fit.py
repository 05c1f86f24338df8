"""A `fit` that is killed or asked to stop again and again, and one left alone; run as a script.

Usage: killed_fit.py FOLDER

Each run is a process of its own, forked after the imports and before JAX starts.
"""

import os
import random
import select
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

import orbax.checkpoint  # noqa: F401

sys.path.append(str(Path(__file__).parents[1]))

import problem

import jax_metrics as jm
from jax_metrics.training import Callback, Checkpoints, CSVLogger, EarlyStopping, KeepBest

STEPS_A_RUN = 24  # more than there are between two signals, so that none comes too late
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Report(Callback):
    """Writes a byte for each step into a pipe, and takes longer for all than any signal waits."""

    def __init__(self, pipe):
        self.pipe = pipe

    def on_step(self, run):
        os.write(self.pipe, b".")
        time.sleep(0.015)


def train(folder, steps, pipe):
    problem.fit(
        model=problem.stateful_model,
        steps=steps,
        metrics=jm.metrics.Accuracy(),
        validation=problem.batches(8),
        log_every=5,
        loggers=[CSVLogger(folder / "rows.csv")],
        callbacks=[
            Checkpoints(folder / "checkpoints", every=4, keep=2),
            KeepBest(),
            EarlyStopping(patience=10_000),
            Report(pipe),
        ],
    )


def start(folder, steps):
    """Forks a run; returns its process id, and a pipe with one byte for each step."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    os.close(reader)
    status = 1
    try:
        train(folder, steps, writer)
        status = 0
    except SystemExit as stopped:
        status = stopped.code
    except KeyboardInterrupt:  # before the first step, or after the last
        status = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for(process, *expected):
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code not in expected:
        raise SystemExit(f"A run has ended with {code}.")


def stop_once(folder, steps, rng, number, starts):
    """Starts a run, and sends a signal after some steps and a random time."""
    process, reader = start(folder, steps)
    for _ in range(0 if starts else rng.choice([1, 4, 8])):
        os.read(reader, 1)
    # While it starts, restores and compiles, or while it computes and saves.
    select.select([], [], [], rng.uniform(0, 1.5 if starts else 0.03))
    os.kill(process, number)
    wait_for(process, -number, 128 + number)
    os.close(reader)


def main(folder):
    rng = random.Random(6)
    moments = [(number, starts) for number in SIGNALS for starts in (True, False)]
    rng.shuffle(moments)
    steps = STEPS_A_RUN * len(moments)
    # Forking after the imports saves seconds; no thread of JAX runs yet.
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
    for name in ("undisturbed", "stopped"):
        (folder / name).mkdir()
    undisturbed, reader = start(folder / "undisturbed", steps)
    wait_for(undisturbed, 0)
    os.close(reader)
    for number, starts in moments:
        stop_once(folder / "stopped", steps, rng, number, starts)
    last, _ = start(folder / "stopped", steps)
    wait_for(last, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
