"""Adapts a language model of code to documentation with few trainable parameters.

The texts come with every installation: the sources of Python's standard library, and the chapters
of its documentation that `help()` shows. Run it with

    python examples/lora.py

A small transformer learns the sources, character by character. Then it learns the documentation in
three ways: with LoRA of two ranks, where only small factors are trained beside the frozen matrices,
and with all parameters. The script prints how many parameters each way trains, and the bits per
character of held-out documentation and held-out sources. It saves a picture to the current folder.
"""

import argparse
import math
import sysconfig
from pathlib import Path
from pydoc_data.topics import topics

import jax
import matplotlib
import numpy as np
import optax
from rich.console import Console
from rich.table import Table

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

LENGTH = 96
BATCH = 16
FIRST, PRINTABLE = 32, 95  # the characters of ASCII; 0 is the end of a line
CHARACTERS = 1 + PRINTABLE
HELD_OUT = 5  # every fifth file or chapter
crossentropy = jm.losses.Crossentropy()


class LanguageModel(jm.Module):
    """Logits of the next character at each position: a pre-norm, decoder-only transformer."""

    def __init__(self, layers: int, width: int = 96):
        self.embed = jm.Embed(CHARACTERS, width)
        block = jm.nn.TransformerEncoderLayer(
            num_heads=4,
            norm_first=True,
            causal=True,
            dropout_rate=0.0,
            activation=jax.nn.gelu,
            rope=jm.nn.RotaryEmbedding(),
        )
        self.blocks = jm.nn.TransformerEncoder(block, layers, norm=jm.LayerNorm())
        self.head = jm.Linear(CHARACTERS)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        return self.head(self.blocks(self.embed(tokens)))


def bits(model, batch):
    """The loss: bits per character."""
    tokens = batch["tokens"]
    return crossentropy(target=tokens[:, 1:], preds=model(tokens[:, :-1])) / math.log(2)


def windows_of(texts, most):
    """Windows of some texts, `[windows, length]`: to train on, and some that are held out."""
    parts = ([], [])
    for i, text in enumerate(texts):
        codes = np.frombuffer(text.encode("ascii", "ignore"), np.uint8)
        codes = codes[(codes == ord("\n")) | ((codes >= FIRST) & (codes < FIRST + PRINTABLE))]
        parts[i % HELD_OUT == 0].append(np.where(codes == ord("\n"), 0, codes + 1 - FIRST))
    training, held_out = (
        text[: len(text) // (LENGTH + 1) * (LENGTH + 1)].reshape(-1, LENGTH + 1).astype(np.int32)
        for text in map(np.concatenate, parts)
    )
    return training, held_out[:: max(len(held_out) // most, 1)][:most]


def train(model, training, held_out, learning_rate, steps):
    """Trains what is not frozen."""
    schedule = optax.warmup_cosine_decay_schedule(0, learning_rate, steps // 10, steps)
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    return jm.training.fit(
        model,
        jm.Optimizer(rule),
        bits,
        jm.training.batches({"tokens": training}, BATCH, shuffle=0, drop_last=True),
        validation=jm.training.batches({"tokens": held_out}, BATCH),
        steps=steps,
        validate_every=max(steps // 10, 1),
    )


def with_lora(model, rank):
    """Everything is frozen but factors beside the matrices of these layers."""
    layers = (jm.nn.GroupedQueryAttention, jm.nn.FeedForward)
    return jm.nn.apply_lora(model, layers, rank, alpha=2 * rank)


def report(rows):
    table = Table("documentation learned by", "trained", "bits, documentation", "bits, sources")
    for name, (trained, *values) in rows.items():
        table.add_row(name, f"{trained:,}", *(f"{value:.2f}" for value in values))
    Console().print(table)


def save_picture(rows, runs, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.3), layout="constrained")
    (_, *start), *_ = rows.values()
    right.plot(*start, "o", color="gray", label="before")
    for name, run in runs.items():
        trained, *values = rows[name]
        steps, losses = run.history["val/loss"]
        (line,) = left.plot([0, *steps], [start[0], *losses], marker=".", label=name)
        right.plot(*values, "o", color=line.get_color(), label=f"{name}: {trained:,} trained")
    left.set(xlabel="step", ylabel="bits per character", title="Held-out documentation")
    right.set(xlabel="held-out documentation", ylabel="held-out sources")
    right.set_title("Bits per character: what is learned, what is forgotten")
    for axis, place in ((left, "upper right"), (right, "lower left")):
        axis.grid(alpha=0.3)
        axis.legend(loc=place)
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Adapt a language model with LoRA.")
    parser.add_argument("--quick", action="store_true", help="train for a moment only")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    sources = [path.read_text(encoding="utf-8", errors="ignore") for path in files]
    most = BATCH if options.quick else 16 * BATCH
    code, held_out_code = windows_of(sources, most)
    documentation, held_out_documentation = windows_of(topics.values(), most)
    compiled_bits = jax.jit(bits)

    def scores(model):
        held_out = (held_out_documentation, held_out_code)
        return [float(compiled_bits(model.eval(), {"tokens": tokens})) for tokens in held_out]

    steps, more_steps = (3, 3) if options.quick else (600, 200)
    print("learning the sources")
    base = LanguageModel(layers=1 if options.quick else 3).init(42, np.zeros((1, LENGTH), np.int32))
    base = train(base, code, held_out_code, 3e-3, steps).model

    rows, runs = {"nothing": (0, *scores(base))}, {}
    for name, model, learning_rate in (
        ("LoRA of rank 1", with_lora(base, 1), 1e-2),
        ("LoRA of rank 8", with_lora(base, 8), 1e-2),
        ("all parameters", base, 1e-3),
    ):
        print(f"learning the documentation with {name}")
        runs[name] = train(model, documentation, held_out_documentation, learning_rate, more_steps)
        trained = jm.num_parameters(model.trainable_parameters())
        # The factors are added to the matrices: the model is of the same kind and size as before.
        rows[name] = trained, *scores(jm.nn.merge_lora(runs[name].model).unfreeze())
    report(rows)
    save_picture(rows, runs, options.out / "lora.png")


if __name__ == "__main__":
    main()
