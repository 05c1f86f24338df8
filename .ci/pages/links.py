"""The links of the project's Markdown files, and whether they lead somewhere."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^\1\2 *$", re.M | re.S)
CODE = re.compile(r"`+[^`\n]+`+")
LINK = re.compile(r"(!?)\[((?:[^][]|\[[^][]*\])*)\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)
OUTSIDE = re.compile(r"[a-z]+:|//")


class Link(NamedTuple):
    """A link or picture.

    Attributes:
        text: What is shown, or the alternative text of a picture.
        target: The path and fragment as written.
        is_picture: Whether it is a picture.
    """

    text: str
    target: str
    is_picture: bool

    @property
    def path(self) -> str:
        """The path without the fragment."""
        return self.target.partition("#")[0]

    @property
    def fragment(self) -> str:
        """What follows `#`."""
        return self.target.partition("#")[2]


def pages() -> list[Path]:
    """The Markdown files that readers see."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")]
    return sorted([*found, *ROOT.glob("examples/*.md"), *ROOT.glob("benchmarks/*.md")])


def prose(text: str) -> str:
    """A text without its blocks of code."""
    return FENCE.sub("", text)


def matches(text: str) -> Iterator[re.Match[str]]:
    """The links of a text, less those in code; a link may have code in its own text."""
    plain = FENCE.sub(lambda match: " " * len(match[0]), text)
    code = [match.span() for match in CODE.finditer(plain)]
    for match in LINK.finditer(plain):
        if not any(start < match.start() < end for start, end in code):
            yield match


def as_link(match: re.Match[str]) -> Link:
    """A match of `LINK`."""
    return Link(match[2], match[3], match[1] == "!")


def links(text: str) -> list[Link]:
    """The links of a text, less those in code."""
    return [as_link(match) for match in matches(text)]


def replaced(text: str, target: Callable[[Link], str | None]) -> str:
    """A text whose links lead elsewhere.

    Args:
        text: The text.
        target: From a link to where it shall lead; None to leave it.
    """
    pieces, position = [], 0
    for match in matches(text):
        if (place := target(as_link(match))) is not None:
            pieces += [text[position : match.start(3)], place]
            position = match.end(3)
    return "".join([*pieces, text[position:]])


def anchors(text: str) -> set[str]:
    """The fragments that lead to the headings of a text, as GitHub and the site make them."""
    found: set[str] = set()
    for match in HEADING.finditer(prose(text)):
        title = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", match[1])
        base = re.sub(r"[^\w\- ]", "", re.sub(r"<[^>]+>", "", title).lower()).replace(" ", "-")
        number, slug = 0, base
        while slug in found:
            number += 1
            slug = f"{base}-{number}"
        found.add(slug)
    return found


def target_of(page: Path, link: Link) -> Path | None:
    """The file that a link leads to; None for addresses outside of the project."""
    if OUTSIDE.match(link.target):
        return None
    return (page.parent / link.path).resolve() if link.path else page.resolve()


def faults(page: Path) -> list[str]:
    """What is wrong with the links of a page."""
    found = []
    for link in links(page.read_text()):
        target = target_of(page, link)
        if target is None:
            continue
        where = f"{page.relative_to(ROOT) if page.is_relative_to(ROOT) else page}: {link.target}"
        if not target.exists():
            found.append(f"{where} leads to no file")
        elif link.fragment and target.suffix == ".md":
            if link.fragment not in anchors(target.read_text()):
                found.append(f"{where} leads to no heading of {target.name}")
        if link.is_picture and not link.text.strip():
            found.append(f"{where} has no alternative text")
    return found


def reached(start: Path) -> set[Path]:
    """The Markdown files that one gets to by links."""
    seen, waiting = {start.resolve()}, deque([start.resolve()])
    while waiting:
        page = waiting.popleft()
        for link in links(page.read_text()):
            target = target_of(page, link)
            if target and target.suffix == ".md" and target.exists() and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen
