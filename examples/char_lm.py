"""Trains a small transformer to write Python, character by character.

The text comes with every installation: the sources of Python's standard library. Run it with

    python examples/char_lm.py

It generates text with a cache of keys and values, prints the bits per character on held-out
modules, compared with a model of character frequencies alone, and saves the learning curves as a
picture to the current folder.
"""

import argparse
import math
import sysconfig
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from rich.progress import track

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

LENGTH = 128
BATCH = 16
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))  # printable ASCII, and the end of a line
HELD_OUT = 5  # every fifth module
PROMPTS = ("def main(", "class Err", "    for i")
crossentropy = jm.losses.Crossentropy()


class LanguageModel(jm.Module):
    """Logits of the next character at each position: a pre-norm, decoder-only transformer."""

    def __init__(self, width: int = 128, layers: int = 3):
        self.embed = jm.Embed(len(CHARACTERS), width)
        block = jm.nn.TransformerEncoderLayer(
            num_heads=4,
            num_kv_heads=2,
            norm_first=True,
            causal=True,
            dropout_rate=0.0,
            activation=jax.nn.gelu,
            rope=jm.nn.RotaryEmbedding(),
        )
        self.blocks = jm.nn.TransformerEncoder(block, layers, norm=jm.LayerNorm())
        self.head = jm.Linear(len(CHARACTERS), use_bias=False)
        # One matrix for both: a character is read as it is written.
        jm.tie(self, ".embed.embedding", ".head.kernel", transform=jnp.transpose, inplace=True)

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


def frequencies_alone(train, test):
    """The scores of always predicting the character frequencies."""
    counts = np.bincount(train, minlength=len(CHARACTERS)) + 1
    right = test[:, 1:] == counts.argmax()
    bits = -np.log2(counts / counts.sum())[test[:, 1:]]
    return {"bits": float(bits.mean()), "accuracy": float(right.mean())}


def crops(rng, text, number):
    starts = rng.integers(0, len(text) - LENGTH, number)
    return text[starts[:, None] + np.arange(LENGTH + 1)]


def make_metrics():
    """Bits per character, and how often the most likely character is correct."""
    log_loss = jm.metrics.LogLoss(num_classes=len(CHARACTERS), from_logits=True)
    return jm.metrics.Metrics({"bits": log_loss / math.log(2), "accuracy": jm.metrics.Accuracy()})


def loss_fn(model, tokens):
    logits = model(tokens[:, :-1])
    return crossentropy(target=tokens[:, 1:], preds=logits), logits


@jax.jit
def train_step(model, optimizer, metrics, tokens):
    grads, model, logits = jm.grad(loss_fn, has_aux=True)(model, tokens)
    model = optimizer.update(grads, model)
    return model, optimizer, metrics.update(target=tokens[:, 1:], preds=logits)


@jax.jit
def evaluate(model, metrics, tokens):
    return metrics.update(target=tokens[:, 1:], preds=model(tokens[:, :-1]))


def train(train_text, held_out, steps):
    rng = np.random.default_rng(0)
    model = LanguageModel().init(42, crops(rng, train_text, 1)[:, :-1])
    schedule = optax.warmup_cosine_decay_schedule(0, 3e-3, steps // 10 + 1, steps + 1)
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))
    optimizer = jm.Optimizer(rule).init(model)
    print(model.tabulate(depth=2))
    history = []
    metrics = make_metrics()
    for step in track(range(1, steps + 1), description="training"):
        tokens = crops(rng, train_text, BATCH)
        model, optimizer, metrics = train_step(model, optimizer, metrics, tokens)
        if step % max(steps // 20, 1) == 0:
            scores = evaluate(model.eval(), make_metrics(), held_out)
            history.append((step, metrics.compute(), scores.compute()))
            metrics = make_metrics()
    return model.eval(), history


@jax.jit
def advance(model, tokens, key, temperature):
    """Feeds tokens to the model, and samples the next one."""
    logits = model(tokens)[:, -1] / temperature
    return model, jax.random.categorical(key, logits)[:, None]


def write(model, prompts, number, temperature=0.6, seed=0):
    """Continues prompts of equal length; returns the texts and the characters per second."""
    tokens = jnp.array([[CHARACTERS.index(c) for c in prompt] for prompt in prompts])
    keys = list(jax.random.split(jax.random.key(seed), number))

    def run():
        decoding = jm.nn.init_cache(model, len(prompts), max_length=tokens.shape[1] + number)
        written = [tokens]
        for key in keys:
            decoding, token = advance(decoding, written[-1], key, temperature)
            written.append(token)
        return np.asarray(jnp.concatenate(written, axis=1))

    run()  # compiles
    start = time.perf_counter()
    written = run()
    seconds = time.perf_counter() - start
    texts = ["".join(CHARACTERS[i] for i in row) for row in written]
    return texts, len(prompts) * number / seconds


def save_learning_curves(history, baseline, path):
    steps, training, held_out = zip(*history, strict=True)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, name in zip(axes, ("bits", "accuracy"), strict=True):
        for label, scores in (("training", training), ("held-out modules", held_out)):
            axis.plot(steps, [float(values[name]) for values in scores], label=label)
        axis.axhline(baseline[name], color="gray", linestyle=":", label="frequencies alone")
        axis.set(xlabel="step", title=f"{name} per character" if name == "bits" else name)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Train a transformer to write Python.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    train_text, test_text = load_text()
    print(f"{len(train_text):,} characters to train on, {len(test_text):,} held out")
    held_out = crops(np.random.default_rng(1), test_text, 16 if options.quick else 128)
    model, history = train(train_text, held_out, steps=10 if options.quick else 400)
    # No longer than in training: the model has not learned positions beyond that.
    number = 20 if options.quick else LENGTH - len(PROMPTS[0])
    texts, speed = write(model, PROMPTS, number)
    print(*texts, "", sep="\n" + "-" * 80 + "\n")
    print(f"wrote {speed:.0f} characters a second")
    baseline = frequencies_alone(train_text, held_out)
    for name, scores in (("frequencies alone", baseline), ("transformer", history[-1][-1])):
        bits, accuracy = float(scores["bits"]), float(scores["accuracy"])
        print(f"{name}: {bits:.2f} bits per character, {accuracy:.1%} right, held out")
    save_learning_curves(history, baseline, options.out / "char_lm_learning_curves.png")


if __name__ == "__main__":
    main()
