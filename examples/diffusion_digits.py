"""Trains a flow that turns noise into handwritten digits, and evaluates its samples.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/diffusion_digits.py

The network learns the direction from noise to the scans of a digit (flow matching, Lipman et al.,
2023), and digits are sampled by following it. The script compares the samples with held-out scans
and with samples from normal distributions, and saves a picture to the current folder.
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
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

PIXELS, DIGITS = 64, 10
BATCH = 128
STEPS_OF_DRAWING = 50
mean_squared_error = jm.losses.MeanSquaredError()


class Block(jm.Module):
    """A residual layer that is told what to draw, and how far the drawing is."""

    def __init__(self, width: int):
        self.norm = jm.LayerNorm()
        self.condition = jm.Linear(width)
        self.layers = jm.MLP([2 * width, width], jax.nn.silu)

    def __call__(self, x: jax.Array, condition: jax.Array) -> jax.Array:
        return x + self.layers(self.norm(x) + self.condition(condition))


class Flow(jm.Module):
    """The velocity of images `[batch, pixels]` of some digits, at times from 0 to 1."""

    def __init__(self, width: int = 192, depth: int = 3):
        self.digit = jm.Embed(DIGITS, width)
        self.time = jm.MLP([width, width], jax.nn.silu)
        self.first = jm.Linear(width)
        self.blocks = [Block(width) for _ in range(depth)]
        self.last = jm.Linear(PIXELS, kernel_init=jm.initializers.zeros)

    def __call__(self, x: jax.Array, time: jax.Array, digit: jax.Array) -> jax.Array:
        angles = time[:, None] * jnp.pi * jnp.arange(1, 17)
        waves = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)
        condition = jax.nn.silu(self.time(waves) + self.digit(digit))
        x = self.first(x)
        for block in self.blocks:
            x = block(x, condition)
        return self.last(x)


def loss_fn(model, key, x, y):
    """On straight lines from noise to scans, the velocity is their difference."""
    for_noise, for_time = jax.random.split(key)
    noise = jax.random.normal(for_noise, x.shape)
    time = jax.random.uniform(for_time, y.shape)
    between = noise + time[:, None] * (x - noise)
    return mean_squared_error(target=x - noise, preds=model(between, time, y))


@jax.jit
def train_step(model, optimizer, average, mean_loss, keys, x, y):
    (loss, model), grads = jm.value_and_grad(loss_fn)(model, keys(), x, y)
    model = optimizer.update(grads, model)
    return model, optimizer, average.update(model), mean_loss.update(loss), keys


@jax.jit
def draw(model, key, digit):
    """Draws digits: returns the images at all times, from noise to the end."""
    noise = jax.random.normal(key, (*digit.shape, PIXELS))

    def velocity(x, time):
        return model(x, jnp.full(digit.shape, time), digit)

    def step(x, time):
        # Heun's method: the mean of the velocities here and at the end of the step.
        size = 1 / STEPS_OF_DRAWING
        here = velocity(x, time)
        x = x + size * (here + velocity(x + size * here, time + size)) / 2
        return x, x

    _, images = jax.lax.scan(step, noise, jnp.arange(STEPS_OF_DRAWING) / STEPS_OF_DRAWING)
    return jnp.concatenate([noise[None], images])


def train(x, y, epochs):
    model = Flow().init(42, (x[:1], jnp.zeros(1), y[:1]))
    steps = epochs * (len(x) // BATCH)
    schedule = optax.cosine_decay_schedule(2e-3, steps)
    optimizer = jm.Optimizer(optax.adam(schedule)).init(model)
    # Averaged parameters draw better digits.
    average = jm.nn.ExponentialMovingAverage(model, 0.995)
    keys = jm.KeySeq(0)
    print(f"{jm.num_parameters(model):,} parameters")
    data = jm.training.batches({"x": x, "y": y}, BATCH, shuffle=0, drop_last=True)
    losses = []
    for _ in track(range(epochs), description="training"):
        mean_loss = jm.metrics.Mean()
        for batch in data:
            model, optimizer, average, mean_loss, keys = train_step(
                model, optimizer, average, mean_loss, keys, batch["x"], batch["y"]
            )
        losses.append(float(mean_loss.compute()))
    return average.model.eval(), losses


def on_grays(x):
    """Rounds pixels to the 17 grays of scans, from -1 to 1."""
    return np.clip(np.round(8 * (x + 1)), 0, 16) / 8 - 1


def draw_normal(rng, x, y, digits):
    """Draws digits from the normal distribution of the scans of each."""
    drawn = np.empty((len(digits), PIXELS), np.float32)
    for digit in range(DIGITS):
        scans, places = x[y == digit], digits == digit
        drawn[places] = rng.multivariate_normal(scans.mean(0), np.cov(scans.T), places.sum())
    return drawn


def energy_distance(a, b):
    """Zero if both come from the same distribution (Szekely and Rizzo, 2013)."""
    within = sum(cdist(x, x).sum() / (len(x) * (len(x) - 1)) for x in (a, b))
    return 2 * cdist(a, b).mean() - within


def report(candidates, x, y, x_test, y_test):
    """Compares images with digits that they should show to scans that no model has seen."""
    judge = SVC(C=10).fit(x, y)
    table = Table("images", "recognized", "accuracy", "energy distance", "to nearest")
    for name, (images, digits) in candidates.items():
        images = on_grays(images)
        table.add_row(
            name,
            f"{judge.score(images, digits):.1%}",
            f"{SVC(C=10).fit(images, digits).score(x_test, y_test):.1%}",
            f"{energy_distance(images, x_test):.3f}",
            f"{np.median(cdist(images, x).min(axis=1)):.2f}",
        )
    Console().print(table)
    print("recognized: as the digit they should show, by a classifier of training scans")
    print("accuracy: of a classifier of these images, on held-out scans")
    print("energy distance: to the held-out scans; 0 for the same distribution")
    print("to nearest: median distance to the nearest training scan; 0 for copies")


def mosaic(images):
    """One picture of many, `[rows, columns, pixels]`, with a margin around each."""
    rows, columns, _ = images.shape
    framed = np.pad(images.reshape(rows, columns, 8, 8), [(0, 0), (0, 0), (1, 1), (1, 1)])
    return framed.swapaxes(1, 2).reshape(rows * 10, columns * 10)


def save_picture(images, x, path):
    """Draws images `[time, digits, drawings, pixels]` in time, at the end, and what is nearest."""
    last = images[-1]
    times = np.linspace(0, STEPS_OF_DRAWING, 8).round().astype(int)
    few = last[:, -2:].reshape(-1, PIXELS)
    pairs = np.stack([few, x[cdist(few, x).argmin(axis=1)]], axis=1).reshape(DIGITS, 4, PIXELS)
    parts = {
        "From noise to digits": images[times, :, 0].swapaxes(0, 1),
        "Drawn digits": last[:, :16],
        "Drawn, nearest scan": pairs,
    }
    ratios = [part.shape[1] for part in parts.values()]
    figure, axes = plt.subplots(1, 3, figsize=(14, 5), layout="constrained", width_ratios=ratios)
    figure.get_layout_engine().set(wspace=0.04)
    for axis, (title, part) in zip(axes, parts.items(), strict=True):
        axis.imshow(mosaic((np.clip(part, -1, 1) + 1) / 2), cmap="gray_r")
        axis.set_title(title, fontsize=11)
        axis.axis("off")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Learn to draw handwritten digits.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 8 - 1).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    model, losses = train(x, y, epochs=3 if options.quick else 300)
    print(f"loss: {losses[0]:.3f} in the first epoch, {losses[-1]:.3f} in the last")
    digits = np.repeat(np.arange(DIGITS), 20 if options.quick else 100)
    images = np.asarray(draw(model, jax.random.key(1), digits))
    normal = draw_normal(np.random.default_rng(0), x, y, digits)
    candidates = {
        "drawn by the flow": (images[-1], digits),
        "normal distributions": (normal, digits),
        "training scans": (x, y),
    }
    report(candidates, x, y, x_test, y_test)
    nearest = np.median(cdist(x_test, x).min(axis=1))
    print(f"(held-out scans: {nearest:.2f} to the nearest)")
    images = images.reshape(len(images), DIGITS, -1, PIXELS)
    save_picture(images, x, options.out / "diffusion_digits.png")


if __name__ == "__main__":
    main()
