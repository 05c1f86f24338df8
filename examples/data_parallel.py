"""Trains a classifier on all devices together, and again on one of them, to compare.

Each device has the whole model and a part of the batch. Without GPUs or TPUs, eight devices are
simulated on the CPU: that is not faster than one, but shows what happens. Run it with

    python examples/data_parallel.py

The data are scans of handwritten digits that come with scikit-learn. The script prints what the
devices send each other, and the held-out accuracy of both runs, and saves a picture to the current
folder: the learning curves, and a batch with the device of each scan.
"""

import argparse
from pathlib import Path

import jax
import matplotlib
import numpy as np
import optax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm
from jax_metrics.testing import collectives

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

jax.config.update("jax_num_cpu_devices", 8)  # counts where the CPU is all there is

CLASSES = 10
BATCH = 128
SHOWN = 12  # scans of a device in the picture
crossentropy = jm.losses.Crossentropy()


def make_classifier():
    return jm.Sequential(
        jm.Linear(128, use_bias=False),
        jm.BatchNorm(momentum=0.9),  # its statistics are those of the whole batch
        jax.nn.relu,
        jm.Linear(128),
        jax.nn.relu,
        jm.Linear(CLASSES),
    )


def loss_fn(model, batch):
    return crossentropy(target=batch["y"], preds=model(batch["x"]), mask=batch["mask"])


@jax.jit
def train_step(model, optimizer, mean_loss, batch):
    (loss, model), grads = jm.value_and_grad(loss_fn)(model, batch)
    model = optimizer.update(grads, model)
    return model, optimizer, mean_loss.update(loss)


@jax.jit
def eval_step(model, accuracy, batch):
    preds = model(batch["x"])
    return accuracy.update(target=batch["y"], preds=preds, mask=batch["mask"])


def training_state(mesh, x):
    """A model and an optimizer on each device of the mesh, and where batches go."""
    model = jm.sharding.init(make_classifier(), 42, x[:1], mesh, {...: None})
    optimizer = jm.Optimizer(optax.adamw(3e-3, weight_decay=1e-3)).init(model)
    model, optimizer = jm.sharding.shard((model, optimizer), mesh, {...: None})
    return model, optimizer, NamedSharding(mesh, PartitionSpec("data"))


def train(mesh, train_data, test_data, epochs):
    """The trained model, and the loss and the held-out accuracy of each epoch."""
    model, optimizer, split = training_state(mesh, train_data["x"])
    data = jm.training.batches(train_data, BATCH, shuffle=jax.random.key(0), sharding=split)
    held_out = jm.training.batches(test_data, BATCH, sharding=split)
    history = []
    for _ in track(range(epochs), description=f"training on {mesh.size} device(s)"):
        mean_loss, accuracy = jm.metrics.Mean(), jm.metrics.Accuracy()
        for batch in data:
            model, optimizer, mean_loss = train_step(model, optimizer, mean_loss, batch)
        for batch in held_out:
            accuracy = eval_step(model.eval(), accuracy, batch)
        history.append((float(mean_loss.compute()), float(accuracy.compute())))
    return model, np.array(history)


def mesh_of(devices):
    return Mesh(np.array(devices), ("data",), axis_types=(AxisType.Auto,))


def describe_step(mesh, train_data):
    """Prints what the devices send each other in one step; returns a batch."""
    model, optimizer, split = training_state(mesh, train_data["x"])
    batch = next(iter(jm.training.batches(train_data, BATCH, sharding=split)))
    found = collectives(train_step, model, optimizer, jm.metrics.Mean(), batch)
    print(f"the batch: {batch['x'].sharding.shard_shape(batch['x'].shape)[0]} scans a device")
    print(f"a step sends {found.bytes / 1000:.0f} kB in {found.counts}")
    parameters = sum(leaf.nbytes for leaf in jax.tree.leaves(model.parameters()))
    print(f"the gradients alone are {parameters / 1000:.0f} kB")
    return batch


def save_picture(histories, batch, path):
    figure, (curves, scans) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
    styles = ({"linewidth": 5, "alpha": 0.4}, {"color": "black", "linestyle": "--"})
    for (label, history), style in zip(histories.items(), styles, strict=True):
        curves.plot(range(1, len(history) + 1), history[:, 0], label=label, **style)
    curves.set(yscale="log", xlabel="epoch", title="training loss")
    curves.grid(alpha=0.3)
    curves.legend()
    shards = sorted(batch["x"].addressable_shards, key=lambda shard: shard.index[0].start or 0)
    rows = [np.hstack(np.asarray(shard.data)[:SHOWN].reshape(-1, 8, 8)) for shard in shards]
    scans.imshow(np.vstack(rows), cmap="gray_r")
    scans.set_yticks([8 * i + 4 for i in range(len(rows))], [str(s.device) for s in shards])
    for i in range(1, len(rows)):
        scans.axhline(8 * i - 0.5, color="tab:blue")
    scans.set(xticks=[], title=f"a batch: {rows[0].shape[1] // 8} scans of each device")
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train a classifier on all devices together.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    train_data, test_data = {"x": x, "y": y}, {"x": x_test, "y": y_test}

    devices = jax.devices()
    batch = describe_step(mesh_of(devices), train_data)
    epochs = 3 if options.quick else 30
    histories = {}
    for used in (devices, devices[:1]):
        _, history = train(mesh_of(used), train_data, test_data, epochs)
        label = f"{len(used)} device{'s' if len(used) > 1 else ''}"
        histories[label] = history
        print(
            f"{label}: held-out accuracy {history[-1, 1]:.2%}, training loss {history[-1, 0]:.4f}"
        )
    together, alone = histories.values()
    difference = np.abs(together[0, 0] - alone[0, 0]) / alone[0, 0]
    print(f"relative difference of the losses: {difference:.0e} after the first epoch")
    save_picture(histories, batch, options.out / "data_parallel.png")


if __name__ == "__main__":
    main()
