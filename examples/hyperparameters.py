"""Tunes the hyperparameters of a training run by gradients through the whole run.

The data are real scans of handwritten digits, 8 x 8 pixels each, that come with scikit-learn. Run
it with

    python examples/hyperparameters.py

Each layer of a network has its own learning rate and weight decay, and they change after each tenth
of the training. The validation loss at the end is a function of these 80 settings, which JAX
differentiates: all steps are in a `lax.scan`, and `jax.checkpoint` keeps the state of every tenth
step only. The script prints the losses on test scans, compared with a search for one learning rate
and one weight decay, and saves a picture to the current folder.
"""

import argparse
import itertools
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

WIDTHS = [128, 128, 128, 10]
LAYERS = [".linear", ".linear2", ".linear3", ".linear4"]
TENTHS, STEPS_OF_A_TENTH, BATCH = 10, 10, 50
REPEATS = 4  # trainings from other parameters, in another order of examples
crossentropy = jm.losses.Crossentropy()


def sgd(learning_rate, weight_decay):
    decay = optax.add_decayed_weights(weight_decay)
    return optax.chain(decay, optax.sgd(learning_rate, momentum=0.9))


def loss_fn(model, x, y):
    return crossentropy(target=y, preds=model(x))


def train(settings, key, x, y):
    """Trains a model; `settings` has values of each layer in each tenth of the training."""
    for_init, for_order = jax.random.split(key)
    model = jm.MLP(WIDTHS).init(for_init, x[:1])
    by_layer = jm.optim.with_hyperparams(sgd, learning_rate=0.1, weight_decay=0.0)
    optimizer = jm.Optimizer(jm.optim.groups(dict.fromkeys(LAYERS, by_layer))).init(model)

    def step(state, chosen):
        model, optimizer = state
        grads, model = jm.grad(loss_fn)(model, x[chosen], y[chosen])
        return (optimizer.update(grads, model), optimizer), None

    @jax.checkpoint  # for the gradients, the steps are computed again instead of stored
    def tenth(state, inputs):
        settings, order = inputs
        model, optimizer = state
        optimizer.learning_rate = settings["learning_rate"]
        optimizer.weight_decay = settings["weight_decay"]
        return jax.lax.scan(step, (model, optimizer), order)

    order = jax.random.randint(for_order, (TENTHS, STEPS_OF_A_TENTH, BATCH), 0, len(x))
    (model, _), _ = jax.lax.scan(tenth, (model, optimizer), (settings, order))
    return model.eval()


def validation_loss(logarithms, keys, data):
    """The mean validation loss after trainings from several keys."""

    def of_one(key):
        model = train(jax.tree.map(jnp.exp, logarithms), key, *data["training"])
        return loss_fn(model, *data["validation"])

    return jax.vmap(of_one)(keys).mean()


jitted_loss = jax.jit(validation_loss)


@jax.jit
def test_scores(logarithms, keys, data):
    """The mean loss and accuracy on test scans after trainings from several keys."""

    def of_one(key):
        model = train(jax.tree.map(jnp.exp, logarithms), key, *data["training"])
        x, y = data["test"]
        metrics = jm.metrics.Metrics(
            {
                "loss": jm.metrics.LogLoss(num_classes=WIDTHS[-1], from_logits=True),
                "accuracy": jm.metrics.Accuracy(),
            }
        )
        return metrics.update(target=y, preds=model(x)).compute()

    return jax.tree.map(jnp.mean, jax.vmap(of_one)(keys))


def alike(learning_rate, weight_decay, schedule):
    """Logarithms of settings that are the same for all layers, times a schedule of the rate."""
    each = {
        "learning_rate": learning_rate * schedule,
        "weight_decay": jnp.full(TENTHS, weight_decay),
    }
    return {name: {layer: jnp.log(values) for layer in LAYERS} for name, values in each.items()}


def search(data, schedule, number):
    """The best of the first pairs of settings, by the validation loss; and that loss."""
    keys = jax.random.split(jax.random.key(1), REPEATS)
    pairs = itertools.product((0.003, 0.01, 0.03, 0.1, 0.3), (1e-4, 1e-3, 1e-2))
    candidates = [alike(*pair, schedule) for pair in itertools.islice(pairs, number)]
    losses = [float(jitted_loss(logarithms, keys, data)) for logarithms in candidates]
    best = int(np.nanargmin(losses))
    return candidates[best], losses[best]


def tune(logarithms, data, steps):
    """Follows the gradients of the validation loss with respect to the settings."""
    tuner = jm.Optimizer(optax.adam(optax.cosine_decay_schedule(0.15, steps))).init(logarithms)

    @jax.jit
    def tuning_step(logarithms, tuner, key):
        keys = jax.random.split(key, REPEATS)
        loss, grads = jax.value_and_grad(validation_loss)(logarithms, keys, data)
        return loss, tuner.update(grads, logarithms), tuner

    history = []
    for key in track(jax.random.split(jax.random.key(2), steps), description="tuning"):
        loss, logarithms, tuner = tuning_step(logarithms, tuner, key)
        history.append(float(loss))
    return logarithms, history


def report(scores):
    table = Table("settings", "loss", "accuracy", title="Test scans, means of trainings")
    for name, values in scores.items():
        table.add_row(name, f"{float(values['loss']):.3f}", f"{float(values['accuracy']):.1%}")
    Console().print(table)


def save_picture(logarithms, history, best_loss, path):
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    axes[0].plot(range(1, len(history) + 1), history, color="tab:red", label="by gradients")
    axes[0].axhline(best_loss, color="gray", linestyle=":", label="best that was searched")
    axes[0].set(yscale="log", xlabel="step of the tuning", title="Validation loss")
    axes[0].legend()
    tenths = 10 * np.arange(1, TENTHS + 1)
    for axis, (name, by_layer) in zip(axes[1:], logarithms.items(), strict=True):
        for number, layer in enumerate(LAYERS, start=1):
            axis.plot(tenths, np.exp(by_layer[layer]), marker=".", label=f"layer {number}")
        title = name.replace("_", " ").capitalize()
        axis.set(yscale="log", xlabel="percent of the training", title=f"{title} that was found")
        axis.legend()
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Tune a training by gradients through it.")
    parser.add_argument("--quick", action="store_true", help="tune for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    x, y = load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
    x, x_test, y, y_test = train_test_split(x, y, train_size=600, random_state=0, stratify=y)
    parts = {"training": (x[:300], y[:300]), "validation": (x[300:], y[300:])}
    data = jax.tree.map(jnp.asarray, parts | {"test": (x_test, y_test)})

    constant = jnp.ones(TENTHS)
    cosine = (1 + jnp.cos(jnp.pi * (jnp.arange(TENTHS) + 0.5) / TENTHS)) / 2
    first = alike(0.01, 1e-3, constant)
    steps, number = (2, 1) if options.quick else (80, 15)
    tuned, history = tune(first, data, steps)
    with_constant, constant_loss = search(data, constant, number)
    with_cosine, cosine_loss = search(data, cosine, number)
    found = {
        "before tuning": first,
        "best constant ones": with_constant,
        "best with cosine decay": with_cosine,
        "tuned by gradients": tuned,
    }
    keys = jax.random.split(jax.random.key(3), 2 if options.quick else 8)
    report({name: test_scores(logarithms, keys, data) for name, logarithms in found.items()})
    best_loss = min(constant_loss, cosine_loss)
    save_picture(tuned, history, best_loss, options.out / "hyperparameters.png")


if __name__ == "__main__":
    main()
