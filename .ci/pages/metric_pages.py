"""Entries of metrics in docs/reference, from docstrings, attributes and the cases of the tests."""

import inspect
import re
import runpy
import sys
import textwrap
from collections import Counter
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import jax

import jax_metrics as jm

ROOT = Path(__file__).parents[2]
PLOTS_OF = ROOT / "docs" / "reference" / "plots"
TESTS = ROOT / "tests" / "metrics"
# Where the guide is not named for the folder.
GUIDES = {"pairwise": "metrics-clustering", "shape": "metrics-multimodal"}
SECTION = re.compile(r"^(Args|Attributes|Raises|Example):\n((?:(?: .*)?\n)+)", re.M)
# What an entry looks like in a page, for those who change it.
SECTION_OF_METRIC = re.compile(
    r"^## (?P<name>\w+)\n\n(?P<facts>\| \| \|\n(?:\|[^\n]*\n)+)\n"
    r"(?P<picture>!\[[^\n]*\n\n)?.*?(?=^## |\Z)",
    re.M | re.S,
)
BETTER = {True: "yes", False: "no, a lower one", None: "neither, or it depends on the value"}
PLOTS = {"value": "bars, one for each number", "matrix": "a matrix with the number in each cell"}


def folder(cls: type) -> str:
    """The folder of the code of a metric, which is its domain."""
    return cls.__module__.split(".")[2]


@cache
def cases() -> dict[Any, dict[str, Any]]:
    """The first case in the tests of each exported metric, by folder and name."""
    sys.path += [str(TESTS / name) for name in ("image", "text")]
    files = sorted((TESTS / "cases").glob("*.py"))
    known = [case for file in files for case in runpy.run_path(str(file))["CASES"]]
    found = {type(case["metric"]): case for case in reversed(known)}
    names = {cls for cls in found if vars(jm.metrics).get(cls.__name__) is cls}
    in_folder = (cls for cls in names if folder(cls)[0] != "_")
    order = sorted(in_folder, key=lambda cls: (folder(cls), cls.__name__))
    return {cls: found[cls] for cls in order}


def metrics() -> dict[Any, jm.Metric]:
    """The exported metrics by folder and name, each as in the first of its cases."""
    return {cls: case["metric"] for cls, case in cases().items()}


def items(body: str) -> str:
    """The entries of a section as a list."""
    entries = re.split(r"\n(?=\S)", textwrap.dedent(body).strip())
    pairs = [" ".join(entry.split()).partition(": ") for entry in entries]
    return "\n".join(f"- `{name}`: {text}" for name, _, text in pairs)


def text(cls: type) -> str:
    """The docstring in Markdown."""

    def section(match: re.Match[str]) -> str:
        name, body = match.groups()
        if name == "Example":
            return f"```pycon\n{textwrap.dedent(body).strip()}\n```\n\n"
        return f"{name}:\n\n{items(body)}\n\n"

    return SECTION.sub(section, inspect.cleandoc(cls.__doc__ or "") + "\n").strip()


def function(cls: type) -> str | None:
    """The name of the function with the value of one batch."""
    plain = cls.__name__.lower()
    functions = [name for name in vars(jm.metrics) if name.islower() and name[0] != "_"]
    same = [name for name in functions if name.replace("_", "") == plain]
    shown = re.findall(r"jm\.metrics\.([a-z0-9_]+)\(", cls.__doc__ or "")
    return next((name for name in (*same, *shown) if name in functions), None)


def limits(cls: Any) -> str:
    """The bounds in words."""
    low, high = (None if bound is None else f"{bound:.4g}" for bound in cls.bounds)
    if low is None and high is None:
        return "none by default"
    return f"at least {low}" if high is None else f"{low or 'any number'} to {high}"


def state(metric: Any) -> str:
    """The arrays of each field, and the options that give their shapes."""
    leaves = jax.tree_util.tree_flatten_with_path(metric)[0]
    fields = []
    for field, group in groupby(leaves, key=lambda leaf: leaf[0][0]):
        arrays = Counter(f"{leaf.dtype}{list(leaf.shape)}" for _, leaf in group)
        shapes = ", ".join(f"{n} of {a}" if n > 1 else a for a, n in arrays.items())
        fields.append(f"`{str(field).strip('.')}` ({shapes})")
    options = []
    for name, parameter in inspect.signature(type(metric)).parameters.items():
        value = getattr(metric, name, getattr(getattr(metric, "labels", None), name, None))
        if isinstance(value, int | float | str) and value != parameter.default and name != "name":
            options.append(f"`{name}={value!r}`")
    size = sum(leaf.nbytes for _, leaf in leaves)
    given = f" with {', '.join(options)}" if options else ""
    return f"{', '.join(fields) or 'none'}; {size} bytes{given}"


def entry(cls: Any, metric: Any) -> str:
    """The part of a page about one metric."""
    jittable = cls.jittable if isinstance(cls.jittable, bool) else "depends on what it is made of"
    form = cls.plot_form
    rows = {
        "function": f"`{function(cls)}`" if function(cls) else "none",
        "arguments of `update`": ", ".join(
            f"`{name}`" for name in inspect.signature(cls.update).parameters if name != "self"
        ),
        "state": state(metric),
        "jittable": {True: "yes", False: "no, it runs on the host"}.get(jittable, jittable),
        "bounds": limits(cls),
        "higher is better": BETTER[cls.higher_is_better],
        "`plot()`": PLOTS.get(form) or f"a curve of `{form[1]}` over `{form[0]}`",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    name = cls.__name__
    alt = f"What plot() draws for the value of {name} in its tests"
    picture = f"![{alt}](plots/{name}.svg)\n\n" if (PLOTS_OF / f"{name}.svg").exists() else ""
    return f"## {name}\n\n| | |\n|---|---|\n{table}\n\n{picture}{text(cls)}\n"


class Page(NamedTuple):
    """The part of a page about metrics.

    Attributes:
        text: The text.
        documented: The names of the classes in it.
    """

    text: str
    documented: set[str]


def pages() -> dict[str, Page]:
    """The part of each page about metrics, by the name of its file."""
    made: dict[str, Page] = {}
    known = metrics()
    for domain, classes in groupby(known, key=folder):
        guide = GUIDES.get(domain, f"metrics-{domain}")
        guide = guide if (ROOT / f"docs/guide/{guide}.md").exists() else "metrics"
        about = sys.modules[f"jax_metrics.metrics.{domain}"].__doc__
        head = (
            f"# Metrics: {domain}\n\n{about}\n\nMade by `.ci/write_pages`. The "
            f"[guide](../guide/{guide}.md) explains the usage and the differences from other "
            "libraries, and `jm.Metric` the rows of the tables and the arguments `name`, `on` and "
            "`dtype`. The sizes of the state and the [plots](../guide/metrics.md#plots) are those "
            "of an example.\n\n"
        )
        members = list(classes)
        text = head + "\n".join(entry(cls, known[cls]) for cls in members)
        made[f"metrics-{domain}.md"] = Page(text, {cls.__name__ for cls in members})
    return made
