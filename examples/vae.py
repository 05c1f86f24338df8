"""Trains a variational autoencoder on handwritten digits, and draws a map of its latent space.

The data are real scans, 8 x 8 pixels of 17 grays each, that come with scikit-learn. Run it with

    python examples/vae.py

The model describes each digit by two latents. The script prints the bits per pixel of held-out
digits, compared with a model of independent pixels, and how well the two latents separate the
digits, compared with two principal components. It saves a picture to the current folder.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from jax.scipy.stats import norm
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

PIXELS, GRAYS = 64, 17
LATENTS = 2
BATCH = 64
TO_BITS_PER_PIXEL = 1 / (PIXELS * np.log(2))
# One number for each pixel: those of a digit are summed, as log probabilities are.
crossentropy = jm.losses.Crossentropy(reduction="none")


class VAE(jm.Module):
    """A distribution of digits: latent numbers from a normal distribution, and pixels from those.

    The encoder guesses the latents of a digit: it returns their mean and log deviation.
    """

    grays: jax.Array = jm.Parameter.node()

    def __init__(self):
        self.encoder = jm.Sequential(jm.MLP([256, 128], jax.nn.gelu), jax.nn.gelu, jm.Dropout(0.1))
        self.mean = jm.Linear(LATENTS)
        self.log_deviation = jm.Linear(LATENTS, kernel_init=jm.initializers.zeros)
        self.decoder = jm.MLP([128, 256, PIXELS * 2], jax.nn.gelu)
        self.grays = jnp.zeros(GRAYS)
        self.keys = jm.KeySeq()  # a new key in each call, kept in the model

    def encode(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        hidden = self.encoder(x / (GRAYS - 1) - 0.5)
        return self.mean(hidden), self.log_deviation(hidden)

    def decode(self, latents: jax.Array) -> jax.Array:
        """Logits of the grays: all alike, but for a parabola of each pixel."""
        gray = jnp.linspace(-1, 1, GRAYS)
        parabola = self.decoder(latents).reshape(*latents.shape[:-1], PIXELS, 2)
        return self.grays + parabola @ jnp.stack([gray, gray**2])

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """The logits of the grays, and log probabilities of the latents: prior and guessed."""
        mean, log_deviation = self.encode(x)
        latents = mean + jnp.exp(log_deviation) * jax.random.normal(self.keys(), mean.shape)
        guessed = norm.logpdf(latents, mean, jnp.exp(log_deviation)).sum(-1)
        return self.decode(latents), norm.logpdf(latents).sum(-1), guessed


def log_weights(model, x):
    """Samples of `log p(x, latents) - log q(latents)`; their mean is below `log p(x)`."""
    logits, prior, guessed = model(x)
    return prior - guessed - crossentropy(target=x, preds=logits).sum(-1)


@jax.jit
def train_step(model, optimizer, mean_bits, x):
    def loss_fn(model, x):
        return -TO_BITS_PER_PIXEL * log_weights(model, x).mean()

    (bits, model), grads = jm.value_and_grad(loss_fn)(model, x)
    model = optimizer.update(grads, model)
    return model, optimizer, mean_bits.update(bits)


@jax.jit
def sampled_log_weights(model, x):
    # The model is returned, because it has a new key.
    return log_weights(model, x), model


def held_out_bits(model, x, samples):
    """Bits per pixel: a bound of the first sample, and an estimate from the mean of all weights."""
    weights = []
    for _ in range(samples):
        weight, model = sampled_log_weights(model, x)
        weights.append(weight)
    weights = jnp.array(weights)
    log_probability = jax.nn.logsumexp(weights, axis=0) - np.log(samples)
    return tuple(-TO_BITS_PER_PIXEL * float(w.mean()) for w in (weights[0], log_probability))


def train(x, epochs):
    model = VAE().init(42, x[:BATCH])
    schedule = optax.cosine_decay_schedule(2e-3, epochs * (len(x) // BATCH))
    rule = optax.adamw(schedule, weight_decay=0.05, mask=jm.optim.decay_mask(".grays"))
    optimizer = jm.Optimizer(rule).init(model)
    print(model.tabulate(x[:BATCH], depth=1))
    data = jm.training.batches({"x": x}, BATCH, shuffle=0, drop_last=True)
    mean_bits = jm.metrics.Mean()
    for _ in track(range(epochs), description="training"):
        mean_bits = mean_bits.reset()
        for batch in data:
            model, optimizer, mean_bits = train_step(model, optimizer, mean_bits, batch["x"])
    print(f"in training, with latents: below {float(mean_bits.compute()):.3f} bits per pixel")
    return model.eval()


def bits_of_pixels_alone(x, x_test):
    """Bits per pixel when each pixel has a distribution of its own, and no latents."""
    counts = np.stack([(x == gray).sum(0) for gray in range(GRAYS)]) + 0.5
    probabilities = counts / counts.sum(0)
    return float(-np.log2(probabilities[x_test, np.arange(PIXELS)]).mean())


def accuracy_of_neighbors(train, y, test, y_test):
    return KNeighborsClassifier(10).fit(train, y).score(test, y_test)


def mean_gray(model, latents):
    """The expected digit, from 0 to 1, at some latents."""
    probabilities = jax.nn.softmax(model.decode(latents))
    return np.asarray(probabilities @ jnp.linspace(0, 1, GRAYS)).reshape(-1, 8, 8)


def mosaic(digits, columns):
    """One picture of many digits, with a margin around each."""
    framed = np.pad(digits, ((0, 0), (1, 1), (1, 1))).reshape(-1, columns, 10, 10)
    return framed.swapaxes(1, 2).reshape(-1, columns * 10)


def save_map(model, x, y, path, side=16):
    """Draws where held-out digits are, what is decoded there, and some reconstructions."""
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(13, 5.8), layout="constrained", width_ratios=(side, side, 4)
    )
    mean, _ = model.encode(x)
    # In quantiles, the latents of all digits fill the unit square evenly.
    places = norm.cdf(mean)
    for digit in range(10):
        left.scatter(*places[y == digit].T, s=40, marker=f"${digit}$", label=str(digit))
    left.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[])
    left.set_title("Held-out digits by their two latents")
    steps = (np.arange(side) + 0.5) / side
    latents = norm.ppf(np.stack(np.meshgrid(steps, steps[::-1]), -1).reshape(-1, LATENTS))
    middle.imshow(mosaic(mean_gray(model, latents), side), cmap="gray_r")
    middle.set_title("Decoded from the same places")
    pairs = np.stack([x.reshape(-1, 8, 8) / (GRAYS - 1), mean_gray(model, mean)], axis=1)
    right.imshow(mosaic(pairs[: 2 * side].reshape(-1, 8, 8), columns=4), cmap="gray_r")
    right.set_title("Held out,\nand decoded", fontsize=10)
    for axis in (middle, right):
        axis.axis("off")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train a variational autoencoder of digits.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = x.astype(np.int32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    model = train(x, epochs=3 if options.quick else 100)
    bound, estimate = held_out_bits(model, x_test, samples=10 if options.quick else 200)
    alone = bits_of_pixels_alone(x, x_test)
    print(f"held out, each pixel alone: {alone:.3f} bits per pixel")
    print(f"held out, with latents: {estimate:.3f} bits per pixel, and below {bound:.3f}")
    latents, latents_test = model.encode(x)[0], model.encode(x_test)[0]
    pca = PCA(LATENTS).fit(x)
    for name, numbers in (
        ("principal components", (pca.transform(x), pca.transform(x_test))),
        ("latents", (latents, latents_test)),
    ):
        accuracy = accuracy_of_neighbors(numbers[0], y, numbers[1], y_test)
        print(f"held-out accuracy of nearest neighbors by two {name}: {accuracy:.1%}")
    save_map(model, x_test, y_test, options.out / "vae.png")


if __name__ == "__main__":
    main()
