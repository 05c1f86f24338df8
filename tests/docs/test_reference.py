"""The files made from the code are up to date; each public name has a docstring and an example."""

import re
from pathlib import Path

import public_api
import pytest
import topic_pages
import write
from public_api import ROOT, Name

REMEDY = "run `.ci/write_pages` and commit what it writes"
CODE_LINE = re.compile(r"^\s*(?:>>>|\.\.\.) (.*)$", re.M)
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", re.M | re.S)
ATTRIBUTE = re.compile(r"(?<![\w.])jm((?:\.\w+)+)")
IMPORT = re.compile(r"^\s*from jax_metrics[\w.]* import (\([^)]*\)|.*)$", re.M)
MENTION = re.compile(r"`([\w.]+)(?:\(.*?\))?`")


def test_what_is_made_from_the_code_is_up_to_date():
    made = write.made()
    outdated = [path.name for path, text in made.items() if not same(path, text)]
    assert not outdated, f"{outdated}: {REMEDY}"
    gone = sorted(path.name for path in {*write.REFERENCE.glob("*.md")} - made.keys())
    assert not gone, f"{gone} belong to no topic: {REMEDY}"


def same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


def code_that_runs() -> str:
    """What the tests run: the examples of docstrings, and the blocks of the documentation."""
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    blocks = [block for page in pages for _, block in BLOCK.findall(page.read_text())]
    return "\n".join([*(line for source in sources for line in CODE_LINE.findall(source)), *blocks])


CODE = code_that_runs()
USED = {word for dotted in ATTRIBUTE.findall(CODE) for word in dotted.split(".")} | {
    word for names in IMPORT.findall(CODE) for word in re.findall(r"\w+", names)
}
NAMES = {name.short: name for name in public_api.names()}
BY_LAST = {place.split(".")[-1]: name for name in NAMES.values() for place in name.places}


def has_example(name: Name) -> bool:
    return ">>>" in name.doc or any(place.split(".")[-1] in USED for place in name.places)


def example_of_what_it_is_explained_by(name: Name) -> bool:
    """Whether its docstring says by what it is explained, and that has an example."""
    mentioned = {mention.split(".")[-1] for mention in MENTION.findall(name.doc)}
    return any(word in BY_LAST and has_example(BY_LAST[word]) for word in mentioned)


@pytest.mark.parametrize("name", [name for name in NAMES if NAMES[name].is_ours])
def test_a_public_name_has_a_docstring_and_an_example(name):
    entry = NAMES[name]
    if name == "jm.tree.FilterLike":  # a union of types has no docstring
        return
    assert len(entry.doc) > 15, f"{name} needs a docstring ({entry.module})"
    assert has_example(entry) or example_of_what_it_is_explained_by(entry), (
        f"{name} ({entry.module}) needs an example: `>>>` in its docstring, or its name in a "
        "`>>>` of another docstring or in a python block of docs; or let its docstring name in "
        "backquotes what has one, as a function names its class"
    )


def test_each_public_name_has_a_page():
    text = "\n".join(path.read_text() for path in write.REFERENCE.glob("*-*.md"))
    text += "\n".join((write.REFERENCE / topic.file).read_text() for topic in topic_pages.topics())
    lost = [
        name for name in NAMES if f"`{name}`" not in text and f"## {NAMES[name].last}\n" not in text
    ]
    assert not lost, f"{lost} have no page: {REMEDY}"


def test_an_example_is_found():
    assert has_example(BY_LAST["Linear"]) and "MLP" in USED
    assert not {"no_such_name", "Exponential"} & USED
