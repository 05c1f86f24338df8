"""One process of a small training; run as a script.

Usage: training_process.py ADDRESS COUNT INDEX FOLDER RULES STEPS [SIGNAL PROCESS STEP]

With SIGNAL, the process of that number sends it to itself before that step. The tests import
`train` for the same training in one process.
"""

import itertools
import os
import signal
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.experimental import multihost_utils

import jax_metrics as jm

rng = np.random.default_rng(0)
EXAMPLES = {
    "x": rng.standard_normal((28, 16)).astype(np.float32),
    "y": rng.integers(0, 4, 28).astype(np.int32),
}
SIZE = 8


def first_state(mesh, rules):
    model = jm.sharding.init(jm.MLP([32, 4]), 0, EXAMPLES["x"][:SIZE], mesh, rules)
    # Adam would turn rounding errors of gradients near zero into steps.
    optimizer = jm.Optimizer(optax.adam(1e-2, eps=1e-3)).init(model)
    metrics = jm.metrics.Metrics({"accuracy": jm.metrics.Accuracy(), "loss": jm.metrics.Mean()})
    state = {"model": model, "optimizer": optimizer, "metrics": metrics, "key": jax.random.key(3)}
    return jm.sharding.shard(state, mesh, rules)


def train_step(model, optimizer, metrics, key, batch):
    key, noise = jax.random.split(key)
    x = batch["x"] + 0.1 * jax.random.normal(noise, batch["x"].shape)

    def loss_and_preds(model):
        preds = model(x)
        loss = jm.losses.Crossentropy(reduction="none")(target=batch["y"], preds=preds)
        return jnp.mean(loss, where=batch["mask"]), (loss, preds)

    (loss, model, (losses, preds)), grads = jm.value_and_grad(loss_and_preds, has_aux=True)(model)
    model = optimizer.update(grads, model)
    metrics["accuracy"].update(target=batch["y"], preds=preds, mask=batch["mask"])
    metrics["loss"].update(losses, mask=batch["mask"])
    return loss, {"model": model, "optimizer": optimizer, "metrics": metrics, "key": key}


def train(folder, rules, steps, before_step=lambda step: None):
    """Trains, or goes on from the last checkpoint; returns the results of all as NumPy arrays."""
    mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.NamedSharding(mesh, jax.P("data"))
    rules = jm.sharding.fsdp(mesh, min_size=32) if rules == "fsdp" else {...: None}
    data = jm.training.batches(EXAMPLES, SIZE, shuffle=1, sharding=split)
    state, losses, step = first_state(mesh, rules), [], 0

    @jax.jit
    def placed_step(state, batch):
        loss, state = train_step(**state, batch=batch)
        return loss, jm.sharding.shard(state, mesh, rules)

    with jm.Checkpointer(folder / "checkpoints", keep=2, every=2) as checkpoints:
        if checkpoints.steps():
            step = checkpoints.steps()[-1]
            state = checkpoints.restore({**state, "data": None})
            data.state = state.pop("data")
            print("resumed at", step, flush=True)
        while step < steps:
            for batch in itertools.islice(data, steps - step):
                step += 1
                before_step(step)
                loss, state = placed_step(state, batch)
                losses.append(float(loss))
                leaving = jm.sharding.preempted(step)
                checkpoints.save(step, **state, data=data.state, force=leaving)
                if leaving:
                    print("left at", step, flush=True)
                    return None
    metrics = {name: float(value) for name, value in state["metrics"].compute().items()}
    weights = multihost_utils.process_allgather(jm.state_dict(state["model"]), tiled=True)
    return {**metrics, **weights, "losses": np.array(losses)}


def main(address, count, index, folder, rules, steps, kind=None, process=None, at=None):
    folder = Path(folder)
    jm.sharding.initialize(address, int(count), int(index), heartbeat_timeout_seconds=10)
    jm.sharding.initialize()  # a second call does nothing

    def before_step(step):
        if kind is not None and index == process and step == int(at):
            os.kill(os.getpid(), getattr(signal, kind))
        if kind == "SIGTERM":
            time.sleep(0.05)  # the others hear of it after a moment

    found = train(folder, rules, int(steps), before_step)
    if found is not None:
        np.savez(folder / f"results-{index}.npz", **found)
    if jm.sharding.is_main():
        print("this is the main process", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
