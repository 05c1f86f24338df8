"""Forecasts brain waves with a recurrent network, and compares with the naive forecast.

The data are ten seconds of an electroencephalogram with four channels, which come with matplotlib.
Run it with

    python examples/rnn_series.py

It prints the errors of one-step-ahead forecasts on the held-out last seconds, compared with
repeating the last value, and saves a picture to the current folder.
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
TRAINING = 600  # the samples to train on; the rest is held out
WINDOW = 32
BATCH = 64
STEPS_OF_AN_EPOCH = 10
mean_squared_error = jm.losses.MeanSquaredError()


class Forecaster(jm.Module):
    """Forecasts the next value at each step of a series, `[batch, steps, channels]`."""

    def __init__(self, width: int = 16):
        self.rnn = jm.nn.GRU(width, return_sequences=True)
        self.dropout = jm.Dropout(0.5)
        # With zeros, training starts from the naive forecast.
        self.head = jm.Linear(CHANNELS, kernel_init=jm.initializers.zeros)

    def __call__(self, x: jax.Array) -> jax.Array:
        change = jnp.diff(x, axis=1, prepend=x[:, :1])
        hidden = self.dropout(self.rnn(jnp.concatenate([x, change], axis=-1)))
        return x + self.head(jnp.concatenate([hidden, change], axis=-1))


def make_metrics():
    return jm.metrics.Metrics(
        {
            "RMSE": jm.metrics.RootMeanSquaredError(),
            "MAE": jm.metrics.MeanAbsoluteError(),
            "R2": jm.metrics.R2Score(num_outputs=CHANNELS),
            "RMSE by channel": jm.metrics.RootMeanSquaredError(num_outputs=CHANNELS),
        }
    )


def read_series():
    """Reads the series, standardized by mean and deviation of the training part."""
    with get_sample_data("eeg.dat") as file:
        series = np.frombuffer(file.read(), dtype=float).reshape(SAMPLES, CHANNELS)
    start = series[:TRAINING]
    return ((series - start.mean(0)) / start.std(0)).astype(np.float32)


def loss_fn(model, x, y):
    preds = model(x)
    return mean_squared_error(target=y, preds=preds), preds


@jax.jit
def train_step(model, optimizer, average, rmse, x, y):
    grads, model, preds = jm.grad(loss_fn, has_aux=True)(model, x, y)
    model = optimizer.update(grads, model)
    return model, optimizer, average.update(model), rmse.update(target=y, preds=preds)


@jax.jit
def forecast(model, series):
    """The forecast of each held-out step from all previous steps."""
    return model(series[None, :-1])[0, TRAINING - 1 :]


@jax.jit
def evaluate(metrics, truth, preds):
    return metrics.update(target=truth, preds=preds)


def train(series, epochs):
    model = Forecaster().init(42, series[None, :WINDOW])
    schedule = optax.cosine_decay_schedule(3e-3, epochs * STEPS_OF_AN_EPOCH)
    optimizer = jm.Optimizer(optax.adamw(schedule, weight_decay=0.1)).init(model)
    average = jm.nn.ExponentialMovingAverage(model, 0.99)
    rng = np.random.default_rng(0)
    history = []
    for _ in track(range(epochs), description="training"):
        rmse = jm.metrics.RootMeanSquaredError()
        for _ in range(STEPS_OF_AN_EPOCH):
            starts = rng.integers(0, TRAINING - WINDOW, size=BATCH)
            windows = series[starts[:, None] + np.arange(WINDOW + 1)]
            model, optimizer, average, rmse = train_step(
                model, optimizer, average, rmse, windows[:, :-1], windows[:, 1:]
            )
        preds = forecast(average.model.eval(), series)
        held_out = evaluate(jm.metrics.RootMeanSquaredError(), series[TRAINING:], preds)
        history.append((float(rmse.compute()), float(held_out.compute())))
    return average.model.eval(), history


def report(model, naive):
    table = Table("metric", "last value", "model", title="Held-out errors, in deviations")
    for name in ("RMSE", "MAE", "R2"):
        table.add_row(name, f"{float(naive[name]):.3f}", f"{float(model[name]):.3f}")
    by_channel = zip(naive["RMSE by channel"], model["RMSE by channel"], strict=True)
    for channel, values in enumerate(by_channel, start=1):
        table.add_row(f"RMSE of channel {channel}", *(f"{float(value):.3f}" for value in values))
    Console().print(table)
    less = 1 - float(model["RMSE"]) / float(naive["RMSE"])
    print(f"held-out RMSE: {float(model['RMSE']):.3f}, {less:.0%} below that of the last value")


def save_picture(truth, preds, history, naive, path):
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 4), layout="constrained", width_ratios=(1, 2)
    )
    training, held_out = zip(*history, strict=True)
    epochs = range(1, len(history) + 1)
    left.axhline(float(naive["RMSE"]), color="gray", linestyle=":", label="held out, last value")
    left.plot(epochs, held_out, label="held out", color="tab:orange")
    left.plot(epochs, training, label="training, with dropout", color="tab:blue")
    left.set(xlabel=f"epoch of {STEPS_OF_AN_EPOCH} steps", title="RMSE, in deviations")
    left.set_ylim(top=1.12 * float(naive["RMSE"]))  # room for the legend
    left.legend(loc="upper right")
    seconds = (TRAINING + np.arange(len(truth))) * SECONDS / SAMPLES
    right.plot(seconds, truth[:, 0], label="measured", color="black", linewidth=1)
    right.plot(seconds, preds[:, 0], label="forecast a step ahead", color="tab:orange", linewidth=1)
    right.set(xlabel="seconds", ylabel="deviations", title="Channel 1, held out")
    right.legend()
    for axis in (left, right):
        axis.grid(alpha=0.3)
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Forecast brain waves.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    series = read_series()
    model, history = train(series, epochs=3 if options.quick else 30)
    truth, preds = series[TRAINING:], forecast(model, series)
    naive = evaluate(make_metrics(), truth, series[TRAINING - 1 : -1]).compute()
    report(evaluate(make_metrics(), truth, preds).compute(), naive)
    save_picture(truth, preds, history, naive, options.out / "rnn_series.png")


if __name__ == "__main__":
    main()
