"""Forecasts brain waves with a recurrent network, and compares with the naive forecast.

The data are ten seconds of an electroencephalogram with four channels, which come with matplotlib.
Run it with

    python examples/rnn_series.py

It prints the error on the last seconds, which the model has not seen, against that of forecasting
the last value, and saves a picture into the current folder.
"""

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from matplotlib.cbook import get_sample_data
from rich.console import Console
from rich.progress import track
from rich.table import Table

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

SAMPLES, CHANNELS = 800, 4
SECONDS = 10
TRAINING = 600
WINDOW = 32
BATCH = 64


class Forecaster(jm.Module):
    """Says of each step of a series how far the next one is from it."""

    def __init__(self, width: int = 16):
        self.rnn = jm.nn.GRU(width, return_sequences=True)
        self.dropout = jm.Dropout(0.5)
        self.head = jm.Linear(CHANNELS, kernel_init=jm.initializers.zeros)

    def __call__(self, x: jax.Array) -> jax.Array:
        return x + self.head(self.dropout(self.rnn(x)))


def read_series():
    with get_sample_data("eeg.dat") as file:
        series = np.frombuffer(file.read(), dtype=float).reshape(SAMPLES, CHANNELS)
    start = series[:TRAINING]
    return ((series - start.mean(0)) / start.std(0)).astype(np.float32)


@jax.jit
def train_step(model, optimizer, average, x, y):
    def loss_fn(params):
        changed = model.merge(params)
        return jnp.mean((changed(x) - y) ** 2), changed

    (loss, model), grads = jax.value_and_grad(loss_fn, has_aux=True)(model.parameters())
    model = optimizer.update(grads, model)
    return loss, model, optimizer, average.update(model)


def train(series, steps):
    model = Forecaster().init(42, series[None, :WINDOW])
    schedule = optax.cosine_decay_schedule(3e-3, steps)
    optimizer = jm.Optimizer(optax.adamw(schedule, weight_decay=0.1)).init(model)
    average = jm.nn.ExponentialMovingAverage(model, 0.99)
    rng = np.random.default_rng(0)
    losses = []
    for _ in track(range(steps), description="training"):
        starts = rng.integers(0, TRAINING - WINDOW - 1, size=BATCH)
        windows = series[starts[:, None] + np.arange(WINDOW + 1)]
        loss, model, optimizer, average = train_step(
            model, optimizer, average, windows[:, :-1], windows[:, 1:]
        )
        losses.append(loss)
    return average.model.eval(), np.sqrt(np.asarray(jnp.stack(losses)))


def root_mean_square(errors):
    return float(np.sqrt(np.mean(np.square(errors))))


def report(truth, forecast, last):
    table = Table("channel", "last value", "model", title="Held-out error (RMSE, in deviations)")
    for channel in range(CHANNELS):
        errors = [root_mean_square((f - truth)[:, channel]) for f in (last, forecast)]
        table.add_row(str(channel + 1), *(f"{error:.3f}" for error in errors))
    Console().print(table)
    naive, ours = root_mean_square(last - truth), root_mean_square(forecast - truth)
    print(
        f"held-out error: {ours:.3f}; of the last value: {naive:.3f} ({1 - ours / naive:.0%} less)"
    )


def save_picture(truth, forecast, errors, path):
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 4), layout="constrained", width_ratios=(1, 2)
    )
    left.plot(errors)
    left.set(xlabel="step", ylabel="training error")
    seconds = (TRAINING + np.arange(len(truth))) * SECONDS / SAMPLES
    right.plot(seconds, truth[:, 0], label="measured", color="black", linewidth=1)
    right.plot(seconds, forecast[:, 0], label="forecast a step ahead", linewidth=1)
    right.set(xlabel="seconds", ylabel="channel 1, in deviations", title="Held-out series")
    right.legend()
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Forecast brain waves.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    series = read_series()
    model, errors = train(series, steps=50 if options.quick else 300)
    # The network runs over all of the series, and sees the held-out part step by step.
    forecast = np.asarray(jax.jit(model)(series[None, :-1]))[0, TRAINING - 1 :]
    truth, last = series[TRAINING:], series[TRAINING - 1 : -1]
    report(truth, forecast, last)
    save_picture(truth, forecast, errors, options.out / "rnn_series.png")


if __name__ == "__main__":
    main()
