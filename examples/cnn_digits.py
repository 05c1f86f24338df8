"""Trains a convolutional network on handwritten digits, and shows what it gets right and wrong.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/cnn_digits.py

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
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

CLASSES = 10
BATCH = 64


class ConvBlock(jm.Module):
    """A convolution with normalization."""

    def __init__(self, features: int):
        self.conv = jm.Conv(features, (3, 3), use_bias=False)
        self.norm = jm.BatchNorm(momentum=0.9)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(self.norm(self.conv(x)))


def classifier():
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


def shifted(key, x):
    """Moves each image by up to a pixel: the digit stays the same one."""
    padded = jm.nn.Pad(1)(x)
    starts = jax.random.randint(key, (len(x), 2), 0, 3)

    def crop(image, start):
        return jax.lax.dynamic_slice(image, (*start, 0), x.shape[1:])

    return jax.vmap(crop)(padded, starts)


def loss_fn(params, model, x, y):
    model = model.merge(params)
    logits = model(x)
    labels = optax.smooth_labels(jax.nn.one_hot(y, CLASSES), 0.05)
    return optax.softmax_cross_entropy(logits, labels).mean(), model


@jax.jit
def train_step(model, optimizer, keys, x, y):
    x = shifted(keys(), x)
    params = model.parameters()
    (loss, model), grads = jax.value_and_grad(loss_fn, has_aux=True)(params, model, x, y)
    model = optimizer.update(grads, model)
    return loss, model, optimizer, keys


@jax.jit
def predict(model, x):
    return jnp.argmax(model(x), axis=-1)


def batches(rng, x, y):
    order = rng.permutation(len(x))
    for start in range(0, len(x) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        yield x[chosen], y[chosen]


def train(x, y, x_test, y_test, epochs):
    model = classifier().init(42, x[:BATCH])
    steps = epochs * (len(x) // BATCH)
    schedule = optax.cosine_decay_schedule(3e-3, steps)
    optimizer = jm.Optimizer(optax.adamw(schedule, weight_decay=1e-3)).init(model)
    keys = jm.KeySeq(0)
    print(model.tabulate(x[:BATCH], depth=2))
    rng = np.random.default_rng(0)
    curve = []
    for _ in track(range(epochs), description="training"):
        losses = []
        for x_batch, y_batch in batches(rng, x, y):
            loss, model, optimizer, keys = train_step(model, optimizer, keys, x_batch, y_batch)
            losses.append(loss)
        accuracy = np.mean(predict(model.eval(), x_test) == y_test)
        curve.append((float(jnp.stack(losses).mean()), float(accuracy)))
    return model.eval(), curve


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
    wrong = np.flatnonzero(predicted != y)[:10]
    figure, axes = plt.subplots(1, 10, figsize=(12, 2), layout="constrained")
    for axis in axes.flat:
        axis.axis("off")
    for axis, index in zip(axes.flat, wrong, strict=False):
        axis.imshow(x[index, ..., 0], cmap="gray_r")
        axis.set_title(f"{y[index]} as {predicted[index]}", fontsize=9)
    figure.suptitle("Held-out digits that were mistaken")
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
    model, curve = train(x, y, x_test, y_test, epochs=2 if options.quick else 30)
    predicted = np.asarray(predict(model, x_test))
    print(f"mistakes: {np.sum(predicted != y_test)} of {len(y_test)}")
    print(f"held-out accuracy: {np.mean(predicted == y_test):.2%}")
    save_learning_curve(curve, options.out / "cnn_digits_learning_curve.png")
    save_mistakes(x_test, y_test, predicted, options.out / "cnn_digits_mistakes.png")


if __name__ == "__main__":
    main()
