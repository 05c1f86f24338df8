"""Links lead somewhere, pictures have alternative texts, and each page can be reached."""

import links
import pytest
from links import ROOT, Link

PAGES = [str(page.relative_to(ROOT)) for page in links.pages()]
INDEX = ROOT / "docs" / "index.md"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert links.faults(ROOT / page) == []


def test_each_page_of_the_documentation_is_reached_from_the_index():
    lost = {*(ROOT / "docs").rglob("*.md")} - links.reached(INDEX)
    names = sorted(str(page.relative_to(ROOT)) for page in lost)
    assert not lost, f"nothing links to {names}: add them to docs/index.md"


def test_each_page_of_the_guide_is_in_the_index():
    linked = {links.target_of(INDEX, link) for link in links.links(INDEX.read_text())}
    lost = sorted(page.name for page in {*(ROOT / "docs/guide").glob("*.md")} - linked)
    assert not lost, f"add {lost} to docs/index.md, which is also the navigation of the site"


def test_the_readme_leads_to_the_index():
    assert INDEX in links.reached(ROOT / "README.md")


def test_links_in_code_are_none():
    text = "a [b](c.md#d) `[e](f)`\n\n```\n[g](h)\n```\n![i](j.png)\n[`k`](l.md)"
    assert links.links(text) == [
        Link("b", "c.md#d", False),
        Link("i", "j.png", True),
        Link("`k`", "l.md", False),
    ]


def test_anchors_are_those_of_github():
    text = "# A `b.c` & d\n## Twice\n## Twice\n```\n# none\n```\n### What's [new](x.md)?\n"
    assert links.anchors(text) == {"a-bc--d", "twice", "twice-1", "whats-new"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](missing.md)", "missing.md leads to no file"),
        ("[a](#missing)", "#missing leads to no heading of page.md"),
        ("![](page.md)", "page.md has no alternative text"),
    ],
)
def test_faults_are_named(text, fault, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n\n{text}\n")
    (found,) = links.faults(page)
    assert found.endswith(fault)
    page.write_text("[a](#title) [b](https://example.org/missing) ![c](page.md)\n# Title\n")
    assert links.faults(page) == []
