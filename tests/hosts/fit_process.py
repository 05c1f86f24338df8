"""One process of a training by `fit`; run as a script.

Usage: fit_process.py ADDRESS COUNT INDEX FOLDER [STEP]

With STEP, process 1 gets SIGTERM after that step. The test imports `train` for one process.
"""

import os
import signal
import sys
import time
from pathlib import Path

import jax
import numpy as np
import optax
from training_process import EXAMPLES, SIZE

import jax_metrics as jm


class Terminated(jm.training.Callback):
    """Sends SIGTERM to a process; the other ones hear of it after a moment."""

    def __init__(self, process, step):
        self.process, self.step = process, step

    def on_step(self, run):
        if run.step == self.step and jax.process_index() == self.process:
            os.kill(os.getpid(), signal.SIGTERM)
        if run.step >= self.step:
            time.sleep(0.1)


def train(folder, *callbacks, epochs=5):
    mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.NamedSharding(mesh, jax.P("data"))
    rules = jm.sharding.fsdp(mesh, min_size=32)
    model = jm.sharding.init(jm.MLP([32, 4]), 0, EXAMPLES["x"][:SIZE], mesh, rules)
    run = jm.training.fit(
        model,
        jm.Optimizer(optax.adam(1e-2, eps=1e-3)),
        jm.losses.Crossentropy(),
        jm.training.batches(EXAMPLES, SIZE, shuffle=1, sharding=split),
        metrics=jm.metrics.Accuracy(),
        epochs=epochs,
        callbacks=[jm.training.Checkpoints(folder / "checkpoints", every=3), *callbacks],
        loggers=[jm.training.JSONLinesLogger(folder / "log.jsonl")],
        progress=False,
    )
    assert run.step == epochs * 4
    return {name: run.history[name][1] for name in run.history.names() if "second" not in name}


def main(address, count, index, folder, step=None):
    jm.sharding.initialize(address, int(count), int(index), heartbeat_timeout_seconds=10)
    folder, stopped = Path(folder), [Terminated(1, int(step))] if step else []
    found = train(folder, *stopped, epochs=1000 if step else 5)
    np.savez(folder / f"results-{index}.npz", **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
