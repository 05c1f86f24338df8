"""Kills a training run twice, resumes it, and gets the same numbers as an uninterrupted run.

The data are real scans of handwritten digits, 8 x 8 pixels each, that come with scikit-learn. Run
it with

    python examples/resume.py

Processes train with `jm.training.fit`, checkpoints and a log, and are killed without any warning,
as in a power failure. The script prints where each began and ended, compares the final parameters
bit for bit, and saves a picture of the curves to the current folder.
"""

import argparse
import csv
import multiprocessing
import os
import signal
import tempfile
from pathlib import Path

import jax
import matplotlib
import numpy as np
import optax
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first


class PowerFailure(jm.training.Callback):
    """Kills the process after a step."""

    def __init__(self, step):
        self.step = step

    def on_step(self, run):
        jax.block_until_ready(run.model)  # else the last rows of the log may still be computed
        if run.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def digits():
    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    data = jm.training.batches({"x": x, "y": y}, 64, shuffle=0)
    return data, jm.training.batches({"x": x_test, "y": y_test}, 64)


def train(folder, epochs, fails_at=None):
    """Trains from the latest checkpoint in the folder, or from the start if there is none."""
    data, held_out = digits()
    model = jm.Sequential(jm.Linear(128), jax.nn.relu, jm.Dropout(0.3), jm.Linear(10))
    return jm.training.fit(
        model.init(0, np.zeros((1, 64), np.float32)),
        jm.Optimizer(optax.adam(optax.cosine_decay_schedule(3e-3, epochs * len(data)))),
        jm.losses.Crossentropy(),
        data,
        metrics=jm.metrics.Accuracy(),
        validation=held_out,
        epochs=epochs,
        log_every=11,
        callbacks=[
            # These steps are short, so a save in the background would end many of them later.
            jm.training.Checkpoints(folder / "checkpoints", every=25, asynchronous=False),
            *([] if fails_at is None else [PowerFailure(fails_at)]),
        ],
        loggers=[jm.training.CSVLogger(folder / "log.csv")],
        progress=False,
    )


def read_log(folder):
    with open(folder / "log.csv", newline="") as file:
        return list(csv.DictReader(file))


def train_and_fail(folder, epochs, fails_at):
    """Trains in a process of its own, which is killed, and returns the rows of the log by then."""
    process = multiprocessing.get_context("spawn").Process(
        target=train, args=(folder, epochs, fails_at)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return read_log(folder)


def latest_checkpoint(folder):
    with jm.Checkpointer(folder / "checkpoints", read_only=True) as checkpoints:
        return max(checkpoints.steps(), default=0)


def losses_of(rows):
    named = [(int(row["step"]), float(row["loss"])) for row in rows if row["loss"]]
    return np.array(named).T


def save_picture(parts, history, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for number, (start, rows) in enumerate(parts, start=1):
        steps, losses = losses_of(rows)
        own = steps > start
        left.plot(steps[own], losses[own], linewidth=4, alpha=0.5, label=f"process {number}")
        if number < len(parts):
            left.axvline(steps[-1], color="black", linestyle=":", linewidth=1)
    left.plot(*history["loss"], color="black", linewidth=1, label="undisturbed")
    left.set(xlabel="step", yscale="log", title="loss in training")
    left.legend()
    history.plot(["accuracy"], ax=right)
    right.set(title="accuracy")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Kill a training, and continue it.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()
    epochs, failures = (3, [17, 41]) if options.quick else (20, [138, 287])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "disturbed"
        table = Table("process", "from step", "to step", "then", title="One training")
        parts, start = [], 0
        for number, step in enumerate(failures, start=1):
            parts.append((start, train_and_fail(folder, epochs, step)))
            table.add_row(str(number), str(start), str(step), "killed")
            start = latest_checkpoint(folder)
        run = train(folder, epochs)
        parts.append((start, read_log(folder)))
        table.add_row(str(len(parts)), str(start), str(run.step), "finished")
        undisturbed = train(Path(name) / "undisturbed", epochs)
        same_log = read_log(folder) == read_log(Path(name) / "undisturbed")

    Console().print(table)
    print(
        f"equal to an undisturbed training, bit for bit: {jm.equal(run.model, undisturbed.model)}"
    )
    print(f"each row of the log once, with the same numbers: {same_log}")
    print(f"held-out accuracy: {run.values['val/accuracy']:.2%}")
    save_picture(parts, undisturbed.history, options.out / "resume.png")


if __name__ == "__main__":
    main()
