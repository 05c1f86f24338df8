"""What the site adds to the pages of docs: navigation, files of the repository, entries.

- The navigation follows the tables of docs/index.md, which each page is in.
- Links to files outside of docs lead to pages with these files.
- Each name in the tables of docs/reference gets an entry by mkdocstrings.
- Names such as `jm.Linear`, written as code on any page, are links to their entries.
"""

import json
import os
import posixpath
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import entries  # noqa: E402
import links  # noqa: E402
import topic_pages  # noqa: E402
from links import ROOT  # noqa: E402
from mkdocs.config.defaults import MkDocsConfig  # noqa: E402
from mkdocs.structure.files import File, Files  # noqa: E402
from mkdocs.structure.pages import Page  # noqa: E402

DOCS = ROOT / "docs"


def page_of(path: Path) -> str:
    """The place on the site, relative to its root, of the page with a file of the repository."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    place = path.relative_to(ROOT).as_posix()
    if place == "README.md":
        return "readme.md"  # the home page is docs/index.md
    if path.is_dir():
        return f"{place}/README.md"
    return place if path.suffix == ".md" else f"{place}.md"


def linked_files() -> set[Path]:
    """The files outside of docs that pages of the site link to, also those linked there."""
    found: set[Path] = set()
    waiting = sorted(DOCS.rglob("*.md"))
    while waiting:
        page = waiting.pop()
        for link in links.links(page.read_text()):
            target = links.target_of(page, link)
            if target and not target.is_relative_to(DOCS) and target not in found:
                if target.exists() and target.is_relative_to(ROOT):
                    found.add(target)
                    waiting += [target] if target.suffix == ".md" else []
    return found


def contents(path: Path) -> str:
    """The Markdown of the page with a file of the repository."""
    if path.is_dir():
        rows = [f"- `{item.name}`" for item in sorted(path.iterdir()) if item.name[0] not in "._"]
        return f"# {path.relative_to(ROOT)}\n\n" + "\n".join(rows) + "\n"
    if path.suffix == ".md":
        return path.read_text()
    language = {".py": "python", ".toml": "toml", ".txt": "text"}.get(path.suffix, "bash")
    # Four backquotes, since the file may have three.
    return f"# {path.name}\n\n````{language}\n{path.read_text().rstrip()}\n````\n"


def navigation() -> list[dict[str, Any]]:
    """The navigation: the sections of docs/index.md, and the pages that are linked there."""
    text = (DOCS / "index.md").read_text()
    nav: list[dict[str, Any]] = [{"Home": "index.md"}]
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        if title == "Reference":
            nav.append({title: reference()})
            continue
        members: list[Any] = []
        for link in links.links(body):
            target = links.target_of(DOCS / "index.md", link)
            if target is not None:
                name = link.text[0].upper() + link.text[1:]
                place = page_of(target)
                folder = place.removesuffix("/README.md")
                inner: Any = place
                if place != folder:
                    others = sorted(page_of(path) for path in linked_in(target))
                    inner = [place, *(other for other in others if other.startswith(folder))]
                members.append({name: inner})
        nav.append({title: members})
    return nav


def linked_in(page: Path) -> set[Path]:
    """The files that a page links to, other than itself."""
    text = page.read_text()
    targets = {links.target_of(page, link) for link in links.links(text)}
    return {path for path in targets if path and path.exists()} - {page}


def reference() -> list[Any]:
    """The navigation of the reference: the topics by the part of the library."""
    nav: list[Any] = ["reference/README.md"]
    groups: dict[str, list[Any]] = {}
    for topic in topic_pages.topics():
        title = topic.title.split(": ")[-1]
        entry = {title[0].upper() + title[1:]: f"reference/{topic.file}"}
        groups.setdefault(topic.group, []).append(entry)
    for group, members in groups.items():
        nav.append({group: members} if len(members) > 1 else {group: [*members[0].values()][0]})
    return nav


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Sets the navigation; versions are shown only where mike publishes several."""
    config.nav = navigation()
    if "MIKE_DOCS_VERSION" not in os.environ:
        config.extra.pop("version", None)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the files of the repository that pages link to."""
    for path in linked_files():
        text = contents(path)
        files.append(File.generated(config, page_of(path), content=text))
    return files


def source_of(page: Page) -> Path:
    """The file of the repository that a page shows."""
    place = page.file.src_uri
    if (DOCS / place).exists():
        return DOCS / place
    path = ROOT / place.replace("readme.md", "README.md")
    return path if path.exists() else ROOT / place.removesuffix(".md").removesuffix("/README")


def on_page_markdown(markdown: str, page: Page, **kwargs: Any) -> str:
    """Leads links to the pages of the site, and adds the entries of the reference."""
    source = source_of(page)
    here = posixpath.dirname(page.file.src_uri)

    def place(link: links.Link) -> str | None:
        target = links.target_of(source, link)
        if target is None or not link.path or not target.exists():
            return None
        is_page = target.suffix == ".md" or not target.is_relative_to(DOCS)
        found = page_of(target) if is_page else target.relative_to(DOCS).as_posix()
        hash_sign = "#" if link.fragment else ""
        return f"{posixpath.relpath(found, here or '.')}{hash_sign}{link.fragment}"

    if source.suffix == ".md":
        markdown = links.replaced(markdown, place)
    if page.file.src_uri == "guide/names.md":
        page.meta["search"] = {"boost": 4}  # it is made to be found
    if '<div class="grid"' in markdown:
        page.meta["hide"] = ["toc"]  # two columns of code need the room
    if page.file.src_uri.startswith("tests/"):
        page.meta["search"] = {"exclude": True}
    if page.file.src_uri.startswith("reference/"):
        markdown = entries.with_entries(markdown)
    return markdown


def on_page_content(html: str, page: Page, files: Files, **kwargs: Any) -> str:
    """Makes links of public names that are written as code."""
    return entries.with_links(html, page.file)


def on_post_build(config: MkDocsConfig, **kwargs: Any) -> None:
    """Adds to the search what it lacks: names of other libraries, and whole names first."""
    path = Path(config.site_dir) / "search" / "search_index.json"
    if path.exists():
        index = json.loads(path.read_text())
        for found in index["docs"]:
            found["title"] = entries.title(found["location"], found["title"])
            if boost := entries.boost(found["location"]):
                found["boost"] = boost
        path.write_text(json.dumps(index))
