"""The pages of docs/reference: one for each topic, which is a folder of the code or a part of one.

Here a page has a table of its names; the site adds an entry for each row, see `site_hooks.py`.
The pages of metrics have entries of their own, see `metric_pages.py`.
"""

import ast
from itertools import groupby
from typing import NamedTuple

import metric_pages
from public_api import ROOT, Name, names

PACKAGE = ROOT / "src" / "jax_metrics"
NOTE = "Made by `.ci/write_pages`."
GROUPS = {
    "tree": "Trees",
    "module": "Modules",
    "nn": "Layers",
    "losses": "Losses",
    "regularizers": "Regularizers",
    "metrics": "Metrics",
    "optim": "The optimizer",
    "training": "Training",
    "checkpoint": "Files and checkpoints",
    "sharding": "Sharding",
    "models": "Models",
    "testing": "Tests of your own parts",
    "errors": "Errors and warnings",
}
# Pages of single files, where a folder has several topics, and what they are about.
PARTS = {
    "tree/classes": "Classes that are pytrees, and the parts that they are made of.",
    "tree/fields": "Fields: which of them are children, which are static, and their kinds.",
    "tree/functions": "Functions that select, combine, change, compare and print trees.",
    "module/base": "The class `Module`, its inputs and its gradients.",
    "module/keys": "Random keys.",
    "module/kinds": "Kinds of fields, by which `filter` selects them.",
    "module/ties": "One value in several positions of a model.",
    "metrics/base": "What all metrics share, and what metrics of your own are made of.",
    "nn/functions": "Activations and other functions. Those of JAX and Flax are documented there.",
    "nn/initializers": "Functions that make the first values of parameters.",
    "errors": "What is raised, and what is warned of.",
}
FILES = {
    "tree/_tree": "tree/classes",
    "tree/_mixins": "tree/classes",
    "tree/_dataclass": "tree/classes",
    "tree/_mutability": "tree/classes",
    "tree/_compact": "tree/classes",
    "tree/_field": "tree/fields",
    "tree/_context": "tree/fields",
    "tree/_types": "tree/fields",
    "module/_key_seq": "module/keys",
    "module/_keys": "module/keys",
    "module/_kinds": "module/kinds",
    "module/_ties": "module/ties",
    "tree/_tied": "module/ties",
}
# Where most names of a folder that has no page of its own are.
REST = {"tree": "tree/functions", "module": "module/base", "metrics": "metrics/base"}
GUIDES = {
    "tree": "trees",
    "module/ties": "ties",
    "module": "modules",
    "nn": "layers",
    "losses": "losses",
    "regularizers": "losses",
    "metrics": "metrics",
    "optim": "optimizer",
    "training/callbacks": "fit",
    "training/data": "data",
    "training/debugging": "debugging",
    "training/logs": "logs",
    "training/loop": "fit",
    "checkpoint": "checkpoints",
    "sharding": "sharding",
    "models/pretrained": "pretrained",
    "models": "models",
    "testing": "metrics",
    "errors": "what-changes-in-place",
}


class Topic(NamedTuple):
    """A page.

    Attributes:
        key: Folder of the code, or a key of `PARTS`.
        names: Its public names.
    """

    key: str
    names: list[Name]

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.key.replace('/', '-')}.md"

    @property
    def group(self) -> str:
        """The part of the library that it belongs to."""
        return GROUPS.get(self.key.split("/")[0], self.key.split("/")[0])

    @property
    def title(self) -> str:
        """The title of the page."""
        part = self.key.partition("/")[2].replace("_", " ")
        return f"{self.group}: {part}" if part else self.group

    @property
    def about(self) -> str:
        """What the page is about."""
        if self.key in PARTS:
            return PARTS[self.key]
        source = (PACKAGE / self.key / "__init__.py").read_text()
        return (ast.get_docstring(ast.parse(source)) or "").split("\n")[0]


def topic_of(name: Name) -> str:
    """The key of the topic that a name belongs to."""
    if isinstance(name.value, type) and issubclass(name.value, BaseException):
        return "errors"
    if not name.is_ours:
        if not name.short.startswith("jm.nn."):
            return "/".join(name.short.split(".")[1:-1]).replace("initializers", "nn/initializers")
        return "nn/attention" if "attention" in name.last else "nn/functions"
    if not name.module.startswith("jax_metrics"):
        return FILES["tree/_types"]
    parts = name.module.split(".")[1:]
    if (key := "/".join(parts)) in FILES:
        return FILES[key]
    folder = "/".join(part for part in parts[:2] if not part.startswith("_"))
    return REST.get(folder, folder)


def topics() -> list[Topic]:
    """All topics, in the order of the layers of the library."""
    order = list(GROUPS)

    def place(key: str) -> tuple[int, str]:
        first = key.split("/")[0]
        return (order.index(first) if first in order else len(order), key)

    groups = groupby(sorted(names(), key=topic_of), key=topic_of)
    found = [Topic(key, list(group)) for key, group in groups]
    return sorted(found, key=lambda topic: place(topic.key))


def first_line(name: Name) -> str:
    """What a name is, in a line of a table."""
    if not name.doc:
        return f"the type `{name.value}`".replace("jax_metrics.tree._types.", "").replace("|", "or")
    paragraph = " ".join(name.doc.split("\n\n")[0].split())
    return paragraph.replace("|", "\\|")


def row(name: Name) -> str:
    """The row of a name."""
    others = sorted({place for place in name.places if place.split(".")[-1] != name.last})
    also = f", also `{'`, `'.join(others)}`" if others else ""
    origin = "" if name.is_ours else f" From {'Flax' if 'flax' in name.module else 'JAX'}."
    return f"| `{name.short}`{also} | {first_line(name)}{origin} |"


def page(topic: Topic) -> str:
    """The text of a page."""
    keys = (topic.key, topic.key.split("/")[0])
    guide = next((GUIDES[key] for key in keys if key in GUIDES), None)
    link = f" Guide: [{guide.replace('-', ' ')}](../guide/{guide}.md)." if guide else ""
    rows = "\n".join(row(name) for name in topic.names)
    head = f"# {topic.title}\n\n{topic.about}\n\n{NOTE}{link}"
    return f"{head}\n\n| name | what it is |\n|---|---|\n{rows}\n"


def index(found: list[Topic]) -> str:
    """The page that links to all pages."""
    parts = ["# Reference\n\nEvery public name, by topic. " + NOTE + "\n"]
    for group, members in groupby(found, key=lambda topic: topic.group):
        rows = "\n".join(
            f"| [{topic.title.split(': ')[-1]}]({topic.file}) | "
            + ", ".join(f"`{name.short}`" for name in topic.names)
            + " |"
            for topic in members
        )
        parts.append(f"## {group}\n\n| topic | names |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def pages() -> dict[str, str]:
    """The text of each page by the name of its file."""
    found, of_metrics = topics(), metric_pages.pages()
    made = {"README.md": index(found)}
    for topic in found:
        name = topic.file
        if name in of_metrics:
            documented = of_metrics[name].documented
            rest = [row(name) for name in topic.names if name.last not in documented]
            table = "\n".join(["| name | what it is |", "|---|---|", *rest])
            more = f"\n## Functions and other names\n\n{table}\n" if rest else ""
            made[name] = of_metrics[name].text + more
        else:
            made[name] = page(topic)
    return made
