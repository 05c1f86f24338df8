"""Trains an ensemble of sixteen networks in one program, and measures its uncertainty.

The data are real scans of handwritten digits, 8 x 8 pixels each, that come with scikit-learn. Run
it with

    python examples/ensemble.py

A model is a pytree, so `jax.vmap` over models trains an ensemble. The members see 100 scans of the
digits 0 to 8, and no 9. The script prints how accurate and how well calibrated one member and the
ensemble are on held-out scans, and how well their uncertainty detects the 9 as a digit that they do
not know. It saves a picture to the current folder.
"""

import argparse
from pathlib import Path

import jax
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

MEMBERS = 16
EXAMPLES = 100
UNKNOWN = 9
CLASSES = 9
BATCH = 50
crossentropy = jm.losses.Crossentropy()


def make_member(key, x):
    return jm.MLP([256, 256, 256, 256, CLASSES]).init(key, x)


def loss_fn(model, x, y):
    return crossentropy(target=y, preds=model(x))


def train_step(model, optimizer, x, y):
    """A step of one member."""
    grads, model = jm.grad(loss_fn)(model, x, y)
    return optimizer.update(grads, model), optimizer


# A step of all of them: everything has a leading axis of members, also the batches.
train_step_of_all = jax.jit(jax.vmap(train_step))


def train(x, y, epochs):
    keys = jax.random.split(jax.random.key(0), MEMBERS)
    members = jax.vmap(make_member, in_axes=(0, None))(keys, x[:1])
    optimizers = jax.vmap(jm.Optimizer(optax.adam(5e-3)).init)(members)
    print(f"{MEMBERS} members, {jm.num_parameters(members):,} parameters in all")
    rng = np.random.default_rng(0)
    for _ in track(range(epochs), description="training"):
        order = np.stack([rng.permutation(len(x)) for _ in range(MEMBERS)])
        for start in range(0, len(x), BATCH):
            chosen = order[:, start : start + BATCH]
            members, optimizers = train_step_of_all(members, optimizers, x[chosen], y[chosen])
    return members.eval()


@jax.jit
def probabilities_of_all(members, x):
    """The probabilities that each member gives, `[members, examples, classes]`."""
    return jax.vmap(lambda model: jax.nn.softmax(model(x)))(members)


def entropy(probabilities):
    return jax.scipy.special.entr(probabilities).sum(-1)


@jax.jit
def evaluate(probabilities, y):
    """Metrics of the known digits, and of the entropy as a sign of the unknown one."""
    known = y != UNKNOWN
    of_known = jm.metrics.Metrics(
        {
            "accuracy": jm.metrics.Accuracy(num_classes=CLASSES),
            "log loss": jm.metrics.LogLoss(num_classes=CLASSES),
            "calibration error": jm.metrics.CalibrationError(num_classes=CLASSES),
        }
    )
    # The mask leaves out the unknown, so that its label, 9 % 9, does not count.
    of_known = of_known.update(target=y % CLASSES, preds=probabilities, mask=known)
    surprise = entropy(probabilities) / np.log(CLASSES)
    auroc = jm.metrics.AUROC().update(target=~known, preds=surprise)
    return {**of_known.compute(), "AUROC of the unknown": auroc.compute()}


def report(one, together):
    table = Table("metric", "one member", "ensemble", title="Held out")
    for name in ("accuracy", "log loss", "calibration error", "AUROC of the unknown"):
        table.add_row(name, f"{float(one[name].mean()):.3f}", f"{float(together[name]):.3f}")
    Console().print(table)


def reliability(probabilities, y, bins=10):
    """The confidence and the accuracy of predictions, in bins of equally many."""
    order = np.argsort(probabilities.max(-1))
    confidence = probabilities.max(-1)[order]
    right = (probabilities.argmax(-1) == y)[order]
    return [
        [part.mean() for part in np.array_split(values, bins)] for values in (confidence, right)
    ]


def save_picture(by_member, x, y, path):
    """Draws the calibration, the entropy of known and unknown digits, and the votes on some."""
    together = by_member.mean(0)
    known = y != UNKNOWN
    figure = plt.figure(figsize=(13, 4.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.6, 1))
    calibration, surprise = left.subplots(1, 2)
    for number, member in enumerate(by_member):
        label = "the members" if number == 0 else None
        line = reliability(member[known], y[known])
        calibration.plot(*line, color="tab:blue", alpha=0.3, linewidth=1, label=label)
    line = reliability(together[known], y[known])
    calibration.plot(*line, color="tab:orange", marker="o", label="the ensemble")
    calibration.plot([0, 1], [0, 1], ":", color="gray", label="perfect")
    calibration.set(xlabel="probability of the prediction", ylabel="right", xlim=(0.3, 1.02))
    calibration.set(ylim=(0.3, 1.02), title="Calibration, 0 to 8")
    for axis in (calibration.xaxis, calibration.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    calibration.grid(alpha=0.3)
    calibration.legend()
    entropies = np.asarray(entropy(together) / np.log(2))
    for chosen, label in ((known, "0 to 8"), (~known, "9, which is unknown")):
        surprise.ecdf(entropies[chosen], complementary=True, label=label)
    surprise.set(xlabel="entropy of the ensemble in bits", title="Held-out scans above an entropy")
    surprise.yaxis.set_major_formatter(PercentFormatter(1))
    surprise.grid(alpha=0.3)
    surprise.legend()
    votes = by_member.argmax(-1)
    for axis, i in zip(right.subplots(3, 5).flat, np.argsort(-entropies), strict=False):
        axis.imshow(x[i].reshape(8, 8), cmap="gray_r")
        axis.axis("off")
        counts = np.bincount(votes[:, i], minlength=CLASSES)
        first, second = np.argsort(-counts)[:2]
        axis.set_title(f"{counts[first]}x {first}\n{counts[second]}x {second}", fontsize=9)
    right.suptitle("The most uncertain scans, and most votes")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train an ensemble of networks on digits.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.75, random_state=0, stratify=y)
    x, y = x[y != UNKNOWN][:EXAMPLES], y[y != UNKNOWN][:EXAMPLES]
    members = train(x, y, epochs=5 if options.quick else 60)
    by_member = probabilities_of_all(members, x_test)
    one = jax.vmap(evaluate, in_axes=(0, None))(by_member, y_test)
    report(one, evaluate(by_member.mean(0), y_test))
    save_picture(np.asarray(by_member), x_test, y_test, options.out / "ensemble.png")


if __name__ == "__main__":
    main()
