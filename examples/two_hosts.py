"""Trains a classifier of handwritten digits on two hosts: here, two processes on this machine.

The data are real scans, 8 x 8 pixels each, that come with scikit-learn. Run it with

    python examples/two_hosts.py

The script starts itself twice, and the two processes connect over the network of the machine. On
real hosts a launcher does that: see docs/guide/many-hosts.md. Each process has two CPU devices. The
model is split over all four, each process loads half of each batch, and both save checkpoints. It
prints the results on held-out digits, and saves a picture to the current folder.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HOSTS = 2
DEVICES = 2  # of each host
SIZE = 128  # of the batch of both hosts


def main():
    parser = argparse.ArgumentParser(description="Train a classifier on two hosts.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    parser.add_argument("--host", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    parser.add_argument("--checkpoints", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.host is None:
        start_hosts()
    else:
        run_host(options)


def start_hosts():
    """Starts the script once for each host, as a launcher does, and waits for them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    flags = f"--xla_force_host_platform_device_count={DEVICES}"
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    with tempfile.TemporaryDirectory() as checkpoints:
        command = [sys.executable, *sys.argv, "--address", address, "--checkpoints", checkpoints]
        hosts = [
            subprocess.Popen([*command, "--host", str(host)], env=environment)
            for host in range(HOSTS)
        ]
        codes = [host.wait() for host in hosts]
    if any(codes):
        sys.exit(f"The hosts ended with {codes}.")


def run_host(options):
    """What each host runs, as it would with the whole machine for itself."""
    # Imported here, so that the process that starts the hosts does not wait for JAX.
    import jax
    import numpy as np
    import optax
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    import jax_metrics as jm

    jm.sharding.initialize(options.address, HOSTS, options.host)
    mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    split = jax.NamedSharding(mesh, jax.P("data"))
    rules = jm.sharding.fsdp(mesh)

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    data = jm.training.batches({"x": x, "y": y}, SIZE, shuffle=0, sharding=split)
    test = jm.training.batches({"x": x_test, "y": y_test}, SIZE, sharding=split)

    model = jm.Sequential(jm.Linear(512), jax.nn.relu, jm.Linear(512), jax.nn.relu, jm.Linear(10))
    model = jm.sharding.init(model, 0, jax.ShapeDtypeStruct((SIZE, 64), x.dtype), mesh, rules)
    optimizer = jm.Optimizer(optax.adamw(1e-3)).init(model)
    crossentropy = jm.losses.Crossentropy()

    @jax.jit
    def train_step(model, optimizer, mean_loss, batch):
        def loss_fn(model):
            return crossentropy(target=batch["y"], preds=model(batch["x"]), mask=batch["mask"])

        (loss, model), grads = jm.value_and_grad(loss_fn)(model)
        model = optimizer.update(grads, model)
        return model, optimizer, mean_loss.update(loss)

    @jax.jit
    def evaluate(model, metrics, batch):
        preds = jax.nn.softmax(model(batch["x"]))
        return metrics.update(target=batch["y"], preds=preds, mask=batch["mask"])

    def held_out(model):
        metrics = jm.metrics.Metrics(
            {"accuracy": jm.metrics.Accuracy(), "auroc": jm.metrics.AUROC(num_classes=10)}
        )
        for batch in test:
            metrics = evaluate(model, metrics, batch)
        return {name: float(value) for name, value in metrics.compute().items()}

    if jm.sharding.is_main():
        print(f"{jax.process_count()} hosts with {jax.local_device_count()} devices each")
        print(jm.sharding.describe(model))
    curve = []
    with jm.Checkpointer(options.checkpoints, keep=1) as checkpoints:
        for epoch in range(1, 4 if options.quick else 31):
            mean_loss = jm.metrics.Mean()
            for batch in data:
                model, optimizer, mean_loss = train_step(model, optimizer, mean_loss, batch)
            results = held_out(model.eval())
            loss = float(mean_loss.compute())
            curve.append((loss, results["accuracy"]))
            checkpoints.save(epoch, model=model, optimizer=optimizer, data=data.state)
            if jm.sharding.is_main() and (epoch % 5 == 0 or options.quick):
                print(f"epoch {epoch}: loss {loss:.4f}, held-out {results['accuracy']:.2%}")
        # The checkpoint has the parts of both hosts, and gives the same results.
        restored = checkpoints.restore({"model": model})["model"]
        assert held_out(restored.eval()) == results
    if jm.sharding.is_main():
        print(f"held-out accuracy: {results['accuracy']:.2%}, AUROC: {results['auroc']:.4f}")
        save_picture(curve, options.out / "two_hosts.png")


def save_picture(curve, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    epochs = range(1, len(curve) + 1)
    losses, accuracies = zip(*curve, strict=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(epochs, losses)
    left.set(xlabel="epoch", ylabel="training loss", yscale="log")
    right.plot(epochs, [1 - accuracy for accuracy in accuracies])
    right.set(xlabel="epoch", ylabel="held-out error", ylim=0)
    figure.suptitle("Two hosts, a model split over four devices")
    figure.savefig(path)
    print(f"saved: {path}")


if __name__ == "__main__":
    main()
