"""Trains a transformer that is split over all devices, and shows which device holds what.

The parameters and the state of the optimizer are split in two ways at once: heads and hidden
features over the devices of a row of the mesh, which compute each layer together (tensor parallel),
and the resulting parts over the rows, which have different parts of the batch (fully sharded). No
device ever holds the whole model. Without GPUs or TPUs, eight devices are simulated on the CPU:
that is not faster than one, but shows what happens. Run it with

    python examples/fsdp_transformer.py

The text comes with every installation: the sources of Python's standard library. The script prints
a table of which device holds what, what the devices send each other, and the bits per character on
held-out modules, and saves a picture to the current folder: the learning curve, and the memory that
the training state takes on each device in four layouts.
"""

import argparse
import math
import sysconfig
from pathlib import Path

import jax
import matplotlib
import numpy as np
import optax
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from rich.progress import track

import jax_metrics as jm
from jax_metrics.testing import collectives

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

jax.config.update("jax_num_cpu_devices", 8)  # counts where the CPU is all there is

LENGTH = 64
BATCH = 64
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # printable ASCII, and the end of a line
HELD_OUT = 5  # every fifth module
MIN_SIZE = 2**10  # smaller parameters are whole on each device
crossentropy = jm.losses.Crossentropy()


class LanguageModel(jm.Module):
    """Logits of the next character at each position: a pre-norm, decoder-only transformer."""

    def __init__(self, width: int = 128, layers: int = 2):
        self.embed = jm.Embed(len(CHARACTERS), width)
        block = jm.nn.TransformerEncoderLayer(
            num_heads=4,
            norm_first=True,
            causal=True,
            dropout_rate=0.0,
            activation=jax.nn.gelu,
            rope=jm.nn.RotaryEmbedding(),
        )
        self.blocks = jm.nn.TransformerEncoder(block, layers, norm=jm.LayerNorm())
        self.head = jm.Linear(len(CHARACTERS), use_bias=False)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        return self.head(self.blocks(self.embed(tokens)))


def load_text():
    """The standard library as integers, in two parts: for training, and held out."""
    folder = Path(sysconfig.get_path("stdlib"))
    numbers = {character: i for i, character in enumerate(CHARACTERS)}
    parts = ([], [])
    for i, path in enumerate(sorted(folder.glob("*.py"))):
        text = path.read_text(encoding="utf-8", errors="ignore")
        parts[i % HELD_OUT == 0].extend(numbers[c] for c in text if c in numbers)
    return [np.array(part, np.int32) for part in parts]


def crops(rng, text, number):
    starts = rng.integers(0, len(text) - LENGTH, number)
    return text[starts[:, None] + np.arange(LENGTH + 1)]


def bits_of_frequencies(train, test):
    """The bits per character of always predicting the character frequencies."""
    counts = np.bincount(train, minlength=len(CHARACTERS)) + 1
    return float(-np.log2(counts / counts.sum())[test[:, 1:]].mean())


def make_mesh():
    """Two devices compute a layer together if there is an even number; rows split the batch."""
    devices = jax.device_count()
    model = 2 if devices % 2 == 0 else 1
    return jax.make_mesh(
        (devices // model, model), ("data", "model"), axis_types=(AxisType.Auto,) * 2
    )


def layouts(mesh, shapes):
    """Rules for four ways to split a model, which is given by its shapes."""
    tensor = jm.sharding.tensor_parallel(mesh, shapes, rules={r"\.head\.kernel": (None, "model")})
    return {
        "whole": {...: None},
        "tensor parallel": tensor,
        "fully sharded": jm.sharding.fsdp(mesh, min_size=MIN_SIZE),
        "both": jm.sharding.fsdp(mesh, rules=tensor, min_size=MIN_SIZE),
    }


def bytes_on_a_device(state):
    """What arrays, or shapes with shardings, take on each device."""
    return sum(
        math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize
        for leaf in jax.tree.leaves(state)
    )


def make_optimizer(steps):
    schedule = optax.warmup_cosine_decay_schedule(0, 3e-3, steps // 10 + 1, steps + 1)
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))
    return jm.Optimizer(rule)


def loss_fn(model, tokens):
    return crossentropy(target=tokens[:, 1:], preds=model(tokens[:, :-1]))


def make_step(mesh, rules):
    @jax.jit
    def train_step(model, optimizer, mean_loss, tokens):
        (loss, model), grads = jm.value_and_grad(loss_fn)(model, tokens)
        model = optimizer.update(grads, model)
        # Everything stays where it is.
        model, optimizer = jm.sharding.shard((model, optimizer), mesh, rules)
        return model, optimizer, mean_loss.update(loss)

    return train_step


@jax.jit
def evaluate(model, tokens):
    return loss_fn(model, tokens)


def train(mesh, rules, train_text, held_out, steps):
    """The steps, and the bits per character in training and on held-out text after them."""
    rng = np.random.default_rng(0)
    split = NamedSharding(mesh, PartitionSpec("data"))
    example = jax.ShapeDtypeStruct((BATCH, LENGTH), np.int32)
    model = jm.sharding.init(LanguageModel(), 42, example, mesh, rules)
    axes = {"batch": "data", "features": None, "heads": "model", "hidden": "model"}
    model = jm.sharding.activations(model, mesh, axes)
    optimizer = make_optimizer(steps).init(model)
    model, optimizer = jm.sharding.shard((model, optimizer), mesh, rules)
    print(jm.sharding.describe(model))

    held_out = jax.device_put(held_out, split)
    train_step = make_step(mesh, rules)
    tokens = jax.device_put(crops(rng, train_text, BATCH), split)
    found = collectives(train_step, model, optimizer, jm.metrics.Mean(), tokens)
    print(f"a step sends {found.bytes / 1e6:.1f} MB to each device in {found.counts}")

    history, mean_loss = [], jm.metrics.Mean()
    for step in track(range(1, steps + 1), description=f"training on {mesh.size} device(s)"):
        tokens = jax.device_put(crops(rng, train_text, BATCH), split)
        model, optimizer, mean_loss = train_step(model, optimizer, mean_loss, tokens)
        if step % max(steps // 20, 1) == 0:
            losses = float(mean_loss.compute()), float(evaluate(model.eval(), held_out))
            history.append((step, *(loss / math.log(2) for loss in losses)))
            mean_loss = jm.metrics.Mean()
    return history


def save_picture(history, baseline, memory, path):
    figure, (curves, bars) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    steps, training, held_out = zip(*history, strict=True)
    curves.plot(steps, training, label="training")
    curves.plot(steps, held_out, label="held-out modules")
    curves.axhline(baseline, color="gray", linestyle=":", label="frequencies alone")
    curves.set(xlabel="step", title="bits per character")
    curves.grid(alpha=0.3)
    curves.legend()
    shown = bars.bar(list(memory), [size / 1e6 for size in memory.values()])
    bars.bar_label(shown, fmt="%.2f")
    bars.set(title="model and optimizer on each device, MB")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train a transformer split over all devices.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    train_text, test_text = load_text()
    print(f"{len(train_text):,} characters to train on, {len(test_text):,} held out")
    held_out = crops(np.random.default_rng(1), test_text, BATCH if options.quick else 4 * BATCH)
    mesh = make_mesh()
    example = jax.ShapeDtypeStruct((BATCH, LENGTH), np.int32)
    shapes = jax.eval_shape(lambda tokens: LanguageModel().init(42, tokens), example)
    state = jax.eval_shape(lambda model: (model, make_optimizer(1).init(model)), shapes)
    rules = layouts(mesh, shapes)
    memory = {
        name: bytes_on_a_device(jm.sharding.shard(state, mesh, each))
        for name, each in rules.items()
    }
    history = train(mesh, rules["both"], train_text, held_out, steps=8 if options.quick else 200)
    for name, size in memory.items():
        print(f"{name}: {size / 1e6:.2f} MB of model and optimizer on each device")
    baseline = bits_of_frequencies(train_text, held_out)
    print(f"frequencies alone: {baseline:.2f} bits per character, held out")
    print(f"transformer: {history[-1][-1]:.2f} bits per character, held out")
    save_picture(history, baseline, memory, options.out / "fsdp_transformer.png")


if __name__ == "__main__":
    main()
