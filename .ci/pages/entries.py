"""The entries of the reference on the site, and the links to them from all pages."""

import re
from functools import cache
from typing import Any

import topic_pages
from metric_pages import SECTION_OF_METRIC
from public_api import Name, names

import jax_metrics as jm
from jax_metrics._other_names import OTHER_NAMES

NOTE_OF_MAKING = re.compile(r"Made by `\.ci/write_pages`\. ?")
ROW = re.compile(r"^\| `(jm\.[\w.]+)`.*\|$", re.M)
CODE_ELEMENT = re.compile(r"<(a|h[1-6])\b[^>]*>.*?</\1>|<pre\b.*?</pre>|<code>([^<]+)</code>", re.S)
# mkdocstrings takes options without a default, such as `**options`, for required ones.
NO_DEFAULT = re.compile(r"(<code>\*+\w+</code>(?:(?!</tr>).)*?)<em>required</em>\s*</td>", re.S)
SHORT = re.compile(r"^(?:jm\.[\w.]+|[A-Z]\w+)$")


@cache
def by_place() -> dict[str, Name]:
    """The public names by each of their places."""
    return {place: name for name in names() for place in name.places}


@cache
def by_last() -> dict[str, Name | None]:
    """The classes by their name alone; None for names of several."""
    found: dict[str, Name | None] = {}
    for name in names():
        found[name.last] = None if name.last in found else name
    return found


@cache
def page_by_name() -> dict[str, str]:
    """The page of each name, by its short form."""
    return {
        name.short: topic.file.replace(".md", ".html")
        for topic in topic_pages.topics()
        for name in topic.names
    }


@cache
def by_path() -> dict[str, str]:
    """The short forms of names by their full ones, which are the anchors of their entries."""
    return {name.path: name.short for name in names()}


@cache
def elsewhere() -> dict[str, str]:
    """What other libraries call a name."""
    found: dict[str, list[str]] = {}
    for ours, others in OTHER_NAMES.items():
        name = by_place().get(ours.partition("(")[0])
        if name:
            found.setdefault(name.short, []).extend(others)
    return {short: ", ".join(f"`{other}`" for other in others) for short, others in found.items()}


def title(location: str, shown: str) -> str:
    """The title of a search result: of an entry with its package and its names elsewhere."""
    path = location.partition("#")[2]
    short = by_path().get(path, "")
    if short:
        shown = shown.replace(short, path.replace("jax_metrics.", "jm."))
    return f"{shown} ({elsewhere()[short].replace('`', '')})" if short in elsewhere() else shown


def boost(location: str) -> float | None:
    """How much more the entry at a location counts in searches; None if it is no entry.

    Searches look for words that begin as the query does, and rare words count more: `Linear` would
    find `LinearCrossentropy` first. So short names count more.
    """
    short = by_path().get(location.partition("#")[2])
    return short and max(1.0, (30 / len(short.rpartition(".")[2])) ** 1.5)


def members(cls: type) -> list[str]:
    """The methods and properties that an entry shows."""
    if issubclass(cls, jm.Metric | jm.Loss) and cls not in (jm.Metric, jm.Loss):
        return []  # they do what those of the base say
    public = (name for name in vars(cls) if not name.startswith("_") or name == "__call__")
    return [
        name
        for name in public
        if isinstance(vars(cls)[name], property) or callable(getattr(cls, name, None))
    ]


def directive(name: Name) -> str:
    """The entry of a name, which mkdocstrings fills."""
    own = members(name.value) if isinstance(name.value, type) else []
    options = [
        f"heading: {name.short}",
        f"toc_label: {name.short.removeprefix('jm.')}",
        f"members: {own}",
    ]
    others = elsewhere().get(name.short)
    also = f"In other libraries: {others}.\n\n" if others else ""
    body = "\n".join(f"      {option}" for option in options)
    return f"::: {name.path}\n    options:\n{body}\n\n{also}"


def foreign(name: Name) -> str:
    """The entry of a name that JAX or Flax documents."""
    also = f" In other libraries: {elsewhere()[name.short]}." if name.short in elsewhere() else ""
    origin = "Flax" if "flax" in name.module else "JAX"
    line = topic_pages.first_line(name)
    return f"## `{name.short}` {{ #{name.path} }}\n\n{line} It is {origin}'s own.{also}\n\n"


def entry(name: Name) -> str:
    """The entry of a name in a table."""
    known = name.is_ours and callable(name.value) and name.module.startswith("jax_metrics")
    return directive(name) if known else foreign(name) if not name.is_ours else plain(name)


def plain(name: Name) -> str:
    """The entry of a constant or a type."""
    return f"## `{name.short}` {{ #{name.path} }}\n\n{topic_pages.first_line(name)}\n\n"


def with_entries(markdown: str) -> str:
    """A page of the reference with an entry for each row, and the pictures of metrics."""

    def metric(match: re.Match[str]) -> str:
        name = by_place().get(f"jm.metrics.{match['name']}") or by_place()[f"jm.{match['name']}"]
        picture = (match["picture"] or "").strip()
        shown = f"{picture}{{ .plot loading=lazy }}\n\n" if picture else ""
        return f"{directive(name)}{match['facts']}\n{shown}"

    markdown = NOTE_OF_MAKING.sub("", SECTION_OF_METRIC.sub(metric, markdown))
    if markdown.startswith("# Reference\n"):
        return markdown
    rows = [by_place()[place] for place in ROW.findall(markdown)]
    return markdown + "\n" + "".join(entry(name) for name in rows)


def with_links(html: str, file: Any) -> str:
    """HTML in which public names, written as code, lead to their entries."""

    def link(match: re.Match[str]) -> str:
        word = (match[2] or "").strip().removesuffix("()")
        if not SHORT.match(word):
            return match[0]
        name = by_place().get(word) if word.startswith("jm.") else by_last().get(word)
        if name is None or (not word.startswith("jm.") and not isinstance(name.value, type)):
            return match[0]
        page = f"reference/{page_by_name()[name.short]}"
        up = "../" * file.url.count("/")
        return f'<a href="{up}{page}#{name.path}">{match[0]}</a>'

    return CODE_ELEMENT.sub(link, NO_DEFAULT.sub(r"\1</td>", html))
