"""Trains a classifier of handwritten digits, and shows what it gets right and wrong.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/digits.py

It prints the accuracy on digits that the model has not seen, and saves two pictures into the
current folder: the learning curve, and the digits that it mistook.
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


def loss_fn(params, model, x, y):
    model = model.merge(params)
    logits = model(x)
    loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
    return loss, model


@jax.jit
def train_step(model, optimizer, x, y):
    params = model.parameters()
    (loss, model), grads = jax.value_and_grad(loss_fn, has_aux=True)(params, model, x, y)
    model = optimizer.update(grads, model)
    return loss, model, optimizer


@jax.jit
def predict(model, x):
    return jnp.argmax(model(x), axis=-1)


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
        losses = []
        for x_batch, y_batch in batches(rng, x, y):
            loss, model, optimizer = train_step(model, optimizer, x_batch, y_batch)
            losses.append(loss)
        accuracy = np.mean(predict(model.eval(), x_test) == y_test)
        curve.append((float(jnp.stack(losses).mean()), float(accuracy)))
    return model.eval(), curve


def report(y, predicted):
    table = Table("digit", "scans", "errors", "mistaken for", title="Held-out digits by class")
    for digit in range(CLASSES):
        of_class = y == digit
        wrong = predicted[of_class & (predicted != digit)]
        table.add_row(str(digit), str(of_class.sum()), str(len(wrong)), ", ".join(map(str, wrong)))
    Console().print(table)
    print(f"held-out accuracy: {np.mean(predicted == y):.2%}")


def save_learning_curve(curve, path):
    losses, accuracies = zip(*curve, strict=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(losses)
    left.set(xlabel="epoch", ylabel="training loss", yscale="log")
    right.plot(accuracies)
    right.set(xlabel="epoch", ylabel="held-out accuracy")
    figure.savefig(path)
    print(f"saved: {path}")


def save_mistakes(x, y, predicted, path):
    wrong = np.flatnonzero(predicted != y)[:20]
    figure, axes = plt.subplots(2, 10, figsize=(12, 3.2), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, index in zip(axes.flat, wrong, strict=False):
        axis.imshow(x[index].reshape(8, 8), cmap="gray_r")
        axis.set_title(f"{y[index]} as {predicted[index]}", fontsize=9)
    figure.suptitle("Held-out digits that were mistaken")
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
    predicted = np.asarray(predict(model, x_test))
    report(y_test, predicted)
    save_learning_curve(curve, options.out / "digits_learning_curve.png")
    save_mistakes(x_test, y_test, predicted, options.out / "digits_mistakes.png")


if __name__ == "__main__":
    main()
