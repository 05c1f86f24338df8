"""Trains a convolutional network on handwritten digits, and shows the hardest ones.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/cnn_digits.py

It prints several metrics on held-out digits, and saves two pictures to the current folder: the
learning curves, and the held-out digits that are hardest for the model.
"""

import argparse
from pathlib import Path

import jax
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
crossentropy = jm.losses.Crossentropy(label_smoothing=0.05)


class ConvBlock(jm.Module):
    """A convolution with normalization."""

    def __init__(self, features: int):
        self.conv = jm.Conv(features, (3, 3), use_bias=False)
        self.norm = jm.BatchNorm(momentum=0.9)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(self.norm(self.conv(x)))


def make_classifier():
    return jm.Sequential(
        ConvBlock(32),
        jm.nn.Residual(ConvBlock(32)),
        jm.nn.MaxPool((2, 2)),
        jm.nn.SpatialDropout(0.1),
        ConvBlock(64),
        jm.nn.Residual(ConvBlock(64)),
        jm.nn.MaxPool((2, 2)),
        jm.Flatten(),
        jm.Dropout(0.4),
        jm.Linear(CLASSES),
    )


def make_metrics():
    return jm.metrics.Metrics(
        {
            "log loss": jm.metrics.LogLoss(num_classes=CLASSES, from_logits=True),
            "accuracy": jm.metrics.Accuracy(num_classes=CLASSES),
            "accuracy of the best two": jm.metrics.Accuracy(num_classes=CLASSES, top_k=2),
            "macro F1": jm.metrics.F1Score(num_classes=CLASSES),
            "AUROC": jm.metrics.AUROC(num_classes=CLASSES, from_logits=True),
        }
    )


def shift(key, x):
    """Shifts each image by up to one pixel, which does not change its class."""
    padded = jm.nn.Pad(1)(x)
    starts = jax.random.randint(key, (len(x), 2), 0, 3)

    def crop(image, start):
        return jax.lax.dynamic_slice(image, (*start, 0), x.shape[1:])

    return jax.vmap(crop)(padded, starts)


def loss_fn(model, x, y):
    logits = model(x)
    return crossentropy(target=y, preds=logits), logits


@jax.jit
def train_step(model, optimizer, metrics, keys, x, y):
    grads, model, logits = jm.grad(loss_fn, has_aux=True)(model, shift(keys(), x), y)
    model = optimizer.update(grads, model)
    return model, optimizer, metrics.update(target=y, preds=logits), keys


@jax.jit
def eval_step(model, metrics, x, y, mask):
    return metrics.update(target=y, preds=model(x), mask=mask)


def evaluate(model, metrics, x, y):
    """Updates the metrics with all examples, in batches of one shape: the last one is padded."""
    for start in range(0, len(x), BATCH):
        indices = np.arange(start, start + BATCH)
        mask = indices < len(x)
        metrics = eval_step(model, metrics, x[indices * mask], y[indices * mask], mask)
    return metrics


def train(x, y, x_test, y_test, epochs):
    model = make_classifier().init(42, x[:BATCH])
    steps = epochs * (len(x) // BATCH)
    schedule = optax.cosine_decay_schedule(3e-3, steps)
    optimizer = jm.Optimizer(optax.adamw(schedule, weight_decay=1e-3)).init(model)
    keys = jm.KeySeq(0)
    print(model.tabulate(x[:BATCH], depth=2))
    rng = np.random.default_rng(0)
    history = []
    for _ in track(range(epochs), description="training"):
        metrics = make_metrics()
        order = rng.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            batch = order[start : start + BATCH]
            model, optimizer, metrics, keys = train_step(
                model, optimizer, metrics, keys, x[batch], y[batch]
            )
        held_out = evaluate(model.eval(), make_metrics(), x_test, y_test)
        history.append((metrics.compute(), held_out.compute()))
    return model.eval(), history


def report(training, held_out):
    table = Table("metric", "training", "held out", title="After the last epoch")
    for name, value in held_out.items():
        table.add_row(name, f"{float(training[name]):.4f}", f"{float(value):.4f}")
    Console().print(table)
    print(f"held-out accuracy: {float(held_out['accuracy']):.2%}")


def save_learning_curves(history, path):
    epochs = range(1, len(history) + 1)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, name in zip(axes, ("log loss", "accuracy"), strict=True):
        for part, label in enumerate(("training: shifted, with dropout", "held out")):
            axis.plot(epochs, [float(metrics[part][name]) for metrics in history], label=label)
        axis.set(xlabel="epoch", title=name)
        axis.grid(alpha=0.3)
        axis.legend()
    axes[0].set_yscale("log")
    figure.savefig(path)
    print(f"saved: {path}")


def save_hardest(x, y, probabilities, path, number=20):
    """Draws the digits whose true class got the lowest probability, the lowest first."""
    of_truth = probabilities[np.arange(len(y)), y]
    predicted = probabilities.argmax(-1)
    figure, axes = plt.subplots(2, number // 2, figsize=(12, 3.6), layout="constrained")
    for axis, i in zip(axes.flat, np.argsort(of_truth)[:number], strict=True):
        axis.imshow(x[i, ..., 0], cmap="gray_r")
        axis.axis("off")
        mistaken = predicted[i] != y[i]
        title = f"{y[i]} as {predicted[i]}" if mistaken else f"{y[i]}"
        color = "tab:red" if mistaken else "black"
        axis.set_title(f"{title}\n{of_truth[i]:.0%}", fontsize=9, color=color)
    figure.suptitle("Hardest held-out digits, and the probability of the truth; mistakes in red")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train a CNN on handwritten digits.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the pictures")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    model, history = train(x, y, x_test, y_test, epochs=2 if options.quick else 30)
    report(*history[-1])
    save_learning_curves(history, options.out / "cnn_digits_learning_curves.png")
    probabilities = np.asarray(jax.jit(lambda model, x: jax.nn.softmax(model(x)))(model, x_test))
    save_hardest(x_test, y_test, probabilities, options.out / "cnn_digits_hardest.png")


if __name__ == "__main__":
    main()
