"""Teaches a network that reads digits to add them, from few examples.

The data are real scans of handwritten digits, 8 x 8 pixels each, that come with scikit-learn. Run
it with

    python examples/transfer_learning.py

A network learns to read single digits. Then it gets a new head that predicts the sum of two digits:
first the head is trained alone, on a frozen body, then both. The script prints the accuracy of the
sums of held-out scans, for several numbers of examples, compared with a network that is trained
from scratch for the same number of steps. It saves a picture to the current folder.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from matplotlib.ticker import PercentFormatter
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

DIGITS, SUMS = 10, 19
BATCH = 64
NUMBERS_OF_EXAMPLES = (30, 100, 300, 1000)
SHOWN = 300  # of those, the one to draw answers for
crossentropy = jm.losses.Crossentropy()


class Network(jm.Module):
    """Adds up what the body makes of each scan, and classifies it: `[batch, scans, pixels]`."""

    def __init__(self, classes: int):
        self.body = jm.Sequential(
            *(jm.Linear(256), jm.BatchNorm(momentum=0.9), jax.nn.relu, jm.Dropout(0.2)),
            *(jm.Linear(64), jm.BatchNorm(momentum=0.9), jax.nn.relu),
        )
        self.head = jm.MLP([64, classes])

    def __call__(self, scans: jax.Array) -> jax.Array:
        return self.head(self.body(scans).sum(axis=1))


def loss_fn(model, x, y):
    return crossentropy(target=y, preds=model(x))


@jax.jit
def train(model, optimizer, x, y):
    """Takes a step for each batch, `[steps, batch, ...]`, in one program."""

    def step(state, batch):
        model, optimizer = state
        grads, model = jm.grad(loss_fn)(model, *batch)
        return (optimizer.update(grads, model), optimizer), None

    (model, optimizer), _ = jax.lax.scan(step, (model, optimizer), (x, y))
    return model, optimizer


@jax.jit
def accuracy(model, x, y):
    return jm.metrics.Accuracy().update(target=y, preds=model(x)).compute()


def random_batches(rng, x, y, steps):
    chosen = rng.integers(0, len(x), (steps, BATCH))
    return x[chosen], y[chosen]


def random_sums(rng, x, y, number):
    pairs = rng.integers(0, len(x), (number, 2))
    return x[pairs, 0], y[pairs].sum(1)


def from_scratch(seed, batches, more_batches):
    model = Network(SUMS).init(seed, batches[0][0])
    optimizer = jm.Optimizer(optax.adam(2e-3)).init(model)
    model, optimizer = train(model, optimizer, *batches)
    model, optimizer = train(model, optimizer, *more_batches)
    return model.eval()


def transfer(reader, seed, batches, more_batches):
    """Returns two models: with only the head trained, and with all of it trained after that."""
    # A new head. The rest has its values, so that `init` makes those of the head only.
    model = reader.replace(head=jm.MLP([64, SUMS])).init(seed, batches[0][0])

    # A frozen body is not trained, and is in evaluation mode: no dropout, fixed statistics.
    model = model.at[".body"].apply(lambda body: body.freeze())
    by_part = jm.optim.groups({".head": optax.adam(2e-3), ".body": optax.adam(5e-4)})
    optimizer = jm.Optimizer(by_part).init(model)
    with_head, optimizer = train(model, optimizer, *batches)

    # The optimizer keeps the state of the head, and gets some for the body.
    model = with_head.unfreeze()
    optimizer = optimizer.adapt(model)
    tuned, _ = train(model, optimizer, *more_batches)
    return with_head.eval(), tuned.eval()


def compare(reader, scans, labels, held_out, number, draws, steps):
    """The three models after training on so many sums, and their accuracies in several draws."""
    accuracies = []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        examples = random_sums(rng, scans, labels, number)
        batches, more = (random_batches(rng, *examples, steps) for _ in range(2))
        scratch = from_scratch(draw, batches, more)
        with_head, tuned = transfer(reader, draw, batches, more)
        models = {"from scratch": scratch, "new head": with_head, "new head, then all": tuned}
        accuracies.append([float(accuracy(model, *held_out)) for model in models.values()])
    return models, np.array(accuracies)


def report(names, results):
    table = Table("examples", *names, title="Held-out sums that are right")
    for number, accuracies in results.items():
        table.add_row(str(number), *(f"{mean:.1%}" for mean in accuracies.mean(axis=0)))
    Console().print(table)


def draw_sums(axes, model, x, y):
    """Draws pairs of scans with the sums that a model gives; mistakes in red."""
    answers = np.asarray(jnp.argmax(model(x), axis=-1))
    for axis, pair, right, answer in zip(axes.flat, x, y, answers, strict=False):
        first, second = pair.reshape(2, 8, 8)
        axis.imshow(np.hstack([first, np.zeros((8, 2)), second]), cmap="gray_r")
        title, color = (answer, "black") if answer == right else (f"{answer}, not {right}", "red")
        axis.set_title(title, color=color, fontsize=11)
        axis.axis("off")


def save_picture(models, results, x, y, path):
    figure = plt.figure(figsize=(13, 4.6), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(1, 1, 1.1))
    for part, name in ((left, "from scratch"), (middle, "new head, then all")):
        part.suptitle(f"{name}, {SHOWN} examples")
        draw_sums(part.subplots(4, 4), models[name], x, y)
    axis = right.subplots()
    for name, values in zip(models, np.stack([*results.values()]).T, strict=True):
        axis.plot(list(results), values.mean(0), marker="o", label=name)
        axis.fill_between(list(results), values.min(0), values.max(0), alpha=0.15)
    axis.set(xscale="log", xlabel="examples of sums", ylim=(0, 1))
    axis.set_xticks(list(results), list(results))
    axis.minorticks_off()
    axis.set_title("Held-out sums that are right, and their range")
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Teach a network that reads digits to add them.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)[:, None]
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    rng = np.random.default_rng(0)
    held_out = random_sums(rng, x_test, y_test, 2000)

    reader = Network(DIGITS).init(42, x[:BATCH])
    optimizer = jm.Optimizer(optax.adam(2e-3)).init(reader)
    draws, steps = (1, 20) if options.quick else (4, 300)
    reader, _ = train(reader, optimizer, *random_batches(rng, x, y, steps))
    print(f"held-out digits: {float(accuracy(reader.eval(), x_test, y_test)):.1%} read right")
    models, results = {}, {}
    for number in track(NUMBERS_OF_EXAMPLES, description="sums"):
        models[number], results[number] = compare(reader, x, y, held_out, number, draws, steps)
    report(list(models[SHOWN]), results)
    save_picture(models[SHOWN], results, *held_out, options.out / "transfer_learning.png")


if __name__ == "__main__":
    main()
