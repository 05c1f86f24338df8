"""Trains a classifier of handwritten digits, and reports its errors.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/digits.py

It prints a report on held-out digits, and saves three pictures to the current folder: the learning
curve, the confusion matrix, and the misclassified digits.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

CLASSES = 10
BATCH = 64
crossentropy = jm.losses.Crossentropy()


class Classifier(jm.Module):
    """Two hidden layers with normalization and dropout."""

    def __init__(self, width: int = 256):
        self.width = width

    @jm.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for _ in range(2):
            x = jm.Linear(self.width, use_bias=False)(x)
            x = jax.nn.relu(jm.BatchNorm(momentum=0.9)(x))
            x = jm.Dropout(0.3)(x)
        return jm.Linear(CLASSES)(x)


def loss_fn(model, x, y):
    return crossentropy(target=y, preds=model(x))


@jax.jit
def train_step(model, optimizer, mean_loss, x, y):
    (loss, model), grads = jm.value_and_grad(loss_fn)(model, x, y)
    model = optimizer.update(grads, model)
    return model, optimizer, mean_loss.update(loss)


@jax.jit
def evaluate(model, metrics, x, y):
    return metrics.update(target=y, preds=model(x))


def batches(rng, x, y):
    order = rng.permutation(len(x))
    for start in range(0, len(x) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        yield x[chosen], y[chosen]


def train(x, y, x_test, y_test, epochs):
    model = Classifier().init(42, x[:BATCH])
    steps = epochs * (len(x) // BATCH)
    schedule = optax.cosine_decay_schedule(3e-3, steps)
    optimizer = jm.Optimizer(optax.adamw(schedule, weight_decay=1e-3)).init(model)
    print(model.tabulate(x[:BATCH]))
    rng = np.random.default_rng(0)
    curve = []
    for _ in track(range(epochs), description="training"):
        mean_loss = jm.metrics.Mean(name="training loss")
        for x_batch, y_batch in batches(rng, x, y):
            model, optimizer, mean_loss = train_step(model, optimizer, mean_loss, x_batch, y_batch)
        accuracy = evaluate(model.eval(), jm.metrics.Accuracy(name="held-out"), x_test, y_test)
        curve.append((mean_loss.compute(), accuracy.compute()))
    return model.eval(), curve


def held_out_metrics():
    return jm.metrics.Metrics(
        {
            "accuracy": jm.metrics.Accuracy(),
            "report": jm.metrics.ClassificationReport(num_classes=CLASSES),
            "digits": jm.metrics.ConfusionMatrix(num_classes=CLASSES),
        }
    )


def report(metrics):
    print(metrics["report"].table())
    table = Table("digit", "scans", "errors", "mistaken for", title="Held-out digits by class")
    for digit, row in enumerate(np.asarray(metrics["digits"].compute(), int)):
        mistaken = [
            f"{other} ({count})" for other, count in enumerate(row) if count and other != digit
        ]
        table.add_row(str(digit), str(row.sum()), str(row.sum() - row[digit]), ", ".join(mistaken))
    Console().print(table)
    print(f"held-out accuracy: {float(metrics['accuracy'].compute()):.2%}")


def save_learning_curve(curve, path):
    losses, accuracies = map(list, zip(*curve, strict=True))
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    jm.metrics.Mean(name="training loss").plot(losses, ax=left)
    left.set(yscale="log")
    jm.metrics.Accuracy(name="held-out accuracy").plot(accuracies, ax=right)
    figure.savefig(path)
    print(f"saved: {path}")


def save_confusion_matrix(confusion_matrix, path):
    figure, _ = confusion_matrix.plot()
    figure.savefig(path)
    print(f"saved: {path}")


def save_mistakes(x, y, predicted, path):
    mistakes = np.flatnonzero(predicted != y)
    shown = mistakes[:10]
    figure = plt.figure(figsize=(12, 2), layout="constrained")
    for position, index in enumerate(shown, start=1):
        axis = figure.add_subplot(1, len(shown), position)
        axis.imshow(x[index].reshape(8, 8), cmap="gray_r")
        axis.set_title(f"{y[index]} as {predicted[index]}", fontsize=9)
        axis.axis("off")
    figure.suptitle(f"Held-out mistakes: {len(shown)} shown of {len(mistakes)}")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train a classifier of handwritten digits.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the pictures")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    model, curve = train(x, y, x_test, y_test, epochs=3 if options.quick else 60)
    metrics = evaluate(model, held_out_metrics(), x_test, y_test)
    report(metrics)
    save_learning_curve(curve, options.out / "digits_learning_curve.png")
    save_confusion_matrix(metrics["digits"], options.out / "digits_confusion_matrix.png")
    predicted = np.asarray(jnp.argmax(model(x_test), axis=-1))
    save_mistakes(x_test, y_test, predicted, options.out / "digits_mistakes.png")


if __name__ == "__main__":
    main()
