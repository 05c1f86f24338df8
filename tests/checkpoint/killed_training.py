"""A training that is killed again and again, and one that is left alone; run as a script.

Usage: killed_training.py FOLDER KILLS

Each training is a process of its own, forked after the imports and before JAX starts.
"""

import os
import random
import select
import signal
import sys
import traceback
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint  # noqa: F401

import jax_metrics as jm

BATCH = 8


def first_state(generator):
    model = jm.Sequential(jm.BatchNorm(), jm.Dropout(0.5), jm.Linear(1))
    model = jax.jit(lambda: model.init(0, jnp.ones((BATCH, 3))))()
    return {
        "model": model,
        "optimizer": jm.Optimizer(optax.adam(1e-2)).init(model),
        "metric": jm.metrics.MeanSquaredError(),
        "key": jax.random.key(7, impl="rbg"),
        "data": generator.bit_generator.state,
        "seen": 0,
    }


def loss_and_preds(model, x, y):
    preds = model(x)
    return jnp.mean((preds - y) ** 2), preds


def train_step(model, optimizer, metric, key, x, y):
    key, noise = jax.random.split(key)
    x = x + jax.random.normal(noise, x.shape)
    (_, model, preds), grads = jm.value_and_grad(loss_and_preds, has_aux=True)(model, x, y)
    return optimizer.update(grads, model), optimizer, metric.update(target=y, preds=preds), key


def train(folder, steps, report):
    generator = np.random.default_rng(3)
    state = first_state(generator)
    step = jax.jit(train_step, donate_argnums=(0, 1, 2, 3))
    with jm.Checkpointer(folder, keep=2) as checkpoints:
        done = 0
        if there := checkpoints.steps():
            done, state = there[-1], checkpoints.restore(state)
            generator.bit_generator.state = state["data"]
        trained = state["model"], state["optimizer"], state["metric"], state["key"]
        for number in range(done + 1, steps + 1):
            x = generator.standard_normal((BATCH, 3), np.float32)
            y = x.sum(1, keepdims=True)
            trained = step(*trained, x, y)
            state = dict(zip(("model", "optimizer", "metric", "key"), trained, strict=True))
            position = generator.bit_generator.state
            checkpoints.save(number, **state, data=position, seen=number * BATCH)
            report()


def start(folder, steps):
    """Forks a training; returns its process id, and a pipe with one byte for each step."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    os.close(reader)
    status = 1
    try:
        train(folder, steps, lambda: os.write(writer, b"."))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for(process, expected=0):
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code != expected:
        raise SystemExit(f"A training has ended with {code}.")


def kill_once(folder, steps, rng):
    """Starts a training, and kills it after some steps and a random time."""
    process, reader = start(folder, steps)
    reports = rng.choice([0, 1, 1, 2])
    for _ in range(reports):
        os.read(reader, 1)
    # While it starts and restores, or while it computes and saves.
    select.select([], [], [], rng.uniform(0, 0.1 if reports else 1.0))
    os.kill(process, signal.SIGKILL)
    os.close(reader)
    wait_for(process, -signal.SIGKILL)


def main(folder, kills):
    steps = 3 * kills + 1  # more than there are between two kills, so that none comes too late
    # Forking after the imports saves seconds; no thread of JAX runs yet.
    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
    undisturbed, _ = start(folder / "undisturbed", steps)
    rng = random.Random(kills)
    for _ in range(kills):
        kill_once(folder / "killed", steps, rng)
    last, _ = start(folder / "killed", steps)
    wait_for(last)
    wait_for(undisturbed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
